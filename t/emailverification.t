# SPDX-License-Identifier: Apache-2.0
# Verifying e-mail addresses: tokens, what they are good for, and what the database keeps of them.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA  qw(sha256_hex);
use MIME::Base64 qw(decode_base64url);
use Test::More;
use ST::Parallel qw(parallel);
use ST::Session  qw(F T);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new(config => { email_verification_token_lifetime => 3_600_000 });
my $core = $s->core;
my $pg   = $s->pg;

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub call ($path, $body, %opt) { return $core->post("/recipe/user/email/verify$path", $body, %opt) }
sub token ($user, $email, %opt) { return call('/token', { userId => $user, email => $email }, %opt)->{json}{token} }
sub verify ($token, %opt) { return line(call(q{}, { method => 'token', token => $token }, %opt)) }
sub is_verified ($user, $email, %opt) {
    my $got = $core->get('/recipe/user/email/verify', query => { userId => $user, email => $email }, %opt);
    return $got->{json} ? $got->{json}{isVerified} : line($got);
}

my $already = '200 {"status":"EMAIL_ALREADY_VERIFIED_ERROR"}';
my $invalid = '200 {"status":"EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"}';
sub good ($user, $email) { return qq(200 {"status":"OK","userId":"$user","email":"$email"}) }

subtest 'an address' => sub {
    ok !is_verified('u1', 'a@example.com'), 'is not verified at first';
    my $token = token('u1', " A\@Example.com\n");
    like $token, qr/\A[A-Za-z0-9_-]{128}\z/, 'a token';
    like decode_base64url($token), qr/\A[0-9a-f]{96}\z/, 'of the usual form';
    my $row = $pg->query('SELECT tenant_id, user_id, email, token, token_expiry FROM emailverification_tokens')->[0];
    is_deeply [@$row[0 .. 3]], ['public', 'u1', 'a@example.com', sha256_hex($token)], 'of which the database has the hash, and the address normalised';
    cmp_ok abs($row->[4] - 3_600_000 - time * 1000), '<', 60_000, 'and when it ends';
    ok !is_verified('u1', 'a@example.com'), 'still not';
    is verify($token), good('u1', 'a@example.com'), 'used';
    ok is_verified('u1', 'a@example.com'), 'now it is';
    is verify($token), $invalid, 'only once';
    is line(call('/token', { userId => 'u1', email => 'a@example.com' })), $already, 'no more tokens for it';
    ok !is_verified('u1', $_), "'$_' is compared as it is given" for 'A@example.com', ' a@example.com', 'b@example.com';
    ok !is_verified($_, 'a@example.com'), "of the user '$_' it is not" for 'u2', 'U1', q{};
    is line(call('/remove', { userId => 'u1', email => 'A@example.com ' })), '200 {"status":"OK"}', 'taken back' for 1 .. 2;
    ok !is_verified('u1', 'a@example.com'), 'it is not verified any more';
    is verify(token('u1', 'a@example.com')), good('u1', 'a@example.com'), 'it can be again';
};

subtest 'several tokens' => sub {
    my @tokens = map { token('u3', 'c@example.com') } 1 .. 3;
    my ($other_user, $other_email) = (token('u4', 'c@example.com'), token('u3', 'd@example.com'));
    is verify($tokens[1]), good('u3', 'c@example.com'), 'any of them';
    is verify($_), $invalid, 'ends the others' for @tokens;
    is verify($other_user), good('u4', 'c@example.com'), 'not those of another user';
    is verify($other_email), good('u3', 'd@example.com'), 'nor of another address';
    @tokens = map { token('u3', "$_\@example.com") } 'e', 'e', 'f';
    is line(call('/token/remove', { userId => 'u3', email => ' E@example.com' })), '200 {"status":"OK"}', 'revoked' for 1 .. 2;
    is verify($_), $invalid, 'the tokens of the address' for @tokens[0, 1];
    is verify($tokens[2]), good('u3', 'f@example.com'), 'not of others';
};

subtest 'tokens that are not good' => sub {
    is verify($_), $invalid, "'" . substr($_, 0, 10) . q{'} for q{}, 'x', 'x' x 128, 'ä', 'x' x 60_000;
    is line(call(q{}, { method => $_, token => 'x' })), '400 Unsupported method for email verification', "method '$_'" for q{}, 'Token', 'link';
    my ($old, $new) = map { token('u5', 'g@example.com') } 1 .. 2;
    $pg->query('UPDATE emailverification_tokens SET token_expiry = ' . (time * 1000 - 1) . q{ WHERE token = '} . sha256_hex($old) . q{'});
    is verify($old), $invalid, 'one that has expired';
    ok !is_verified('u5', 'g@example.com'), 'verifies nothing';
    is verify($new), $invalid, 'and ends the others of its address';
    $pg->query("INSERT INTO emailverification_tokens VALUES ('public', 'public', 'u6', 'h\@example.com', '" . sha256_hex('OldFormat12') . q{', 99999999999999)});
    is verify('OldFormat12'), good('u6', 'h@example.com'), 'tokens of older versions are';
};

subtest 'tenants' => sub {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', coreConfig => { email_verification_token_lifetime => 600_000 } });
    my ($here, $there) = (token('u7', 'i@example.com'), token('u7', 'i@example.com', prefix => '/t1'));
    is $pg->value(q{SELECT count(*) FROM emailverification_tokens WHERE tenant_id = 't1' AND token_expiry < } . (time * 1000 + 1_200_000)), 1, 'the lifetime is that of the tenant';
    is verify($here, prefix => '/t1'), $invalid, 'a token of another tenant';
    is line(call('/token/remove', { userId => 'u7', email => 'i@example.com' })), '200 {"status":"OK"}', 'revoked in one';
    is verify($there, prefix => '/t1'), good('u7', 'i@example.com'), 'it is good in the other';
    ok is_verified('u7', 'i@example.com'), 'for the app';
    is line(call('/token', { userId => 'u7', email => 'i@example.com' })), $already, 'in all tenants';
    is is_verified('u7', 'i@example.com', prefix => '/t1'), '403 Only public tenantId can call this app specific API', 'which is asked there';
    $core->put('/recipe/multitenancy/app/v2', { appId => 'a' });
    ok !is_verified('u7', 'i@example.com', prefix => '/appid-a'), 'another app knows nothing of it';
    $there = token('u8', 'i@example.com', prefix => '/t1');
    $here  = token('u8', 'i@example.com');
    verify($here);
    is verify($there, prefix => '/t1'), good('u8', 'i@example.com'), 'a token for what is verified meanwhile is good';
    is verify($there, prefix => '/t1'), $invalid, 'once';
};

subtest 'users' => sub {
    my $user = $core->post('/recipe/signup', { email => 'user@example.com', password => 'password1' })->{json}{user};
    my $verified = sub ($id) { $core->get('/user/id', query => { userId => $id })->{json}{user}{loginMethods}[0]{verified} };
    is verify(token($user->{id}, 'user@example.com')), good($user->{id}, 'user@example.com'), 'by its id';
    is $verified->($user->{id}), T, 'is shown as verified';
    my $mapped = $core->post('/recipe/signup', { email => 'mapped@example.com', password => 'password1' })->{json}{user};
    ST::Users->new($pg)->map_id($mapped->{id}, 'external-1');
    is verify(token('external-1', 'mapped@example.com')), good('external-1', 'mapped@example.com'), 'with an external id: that is the id';
    is $verified->('external-1'), T, 'under which it is known';
};

subtest 'sizes' => sub {
    is line(call('/token', { userId => $_->[0], email => $_->[1] })), '400 a value is too long', 'too long' for ['x' x 129, 'a@example.com'], ['u', 'x' x 257];
    like verify(token('ü' x 128, 'ä' x 256)), qr/\A200 \{"status":"OK"/, 'the longest';
    is is_verified('x' x 3000, 'x' x 3000), F, 'longer ones are not there';
    is line(call($_, { userId => 'x' x 3000, email => 'x' x 3000 })), '200 {"status":"OK"}', $_ for '/remove', '/token/remove';
};

subtest 'at the same time' => sub {
    for my $round (1 .. 3) {
        my $token = token("race$round", 'race@example.com');
        my @got = parallel(map { sub { line($core->with->post('/recipe/user/email/verify', { method => 'token', token => $token })) } } 1 .. 6);
        is_deeply [sort @got], [($invalid) x 5, good("race$round", 'race@example.com')], 'of six with one token one succeeds';
    }
    my @tokens = map { token('race', 'race@example.com') } 1 .. 6;
    my @got = parallel(map { my $token = $_; sub { line($core->with->post('/recipe/user/email/verify', { method => 'token', token => $token })) } } @tokens);
    is_deeply [sort @got], [($invalid) x 5, good('race', 'race@example.com')], 'also with a token each';
};

done_testing;
