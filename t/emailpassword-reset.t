# SPDX-License-Identifier: Apache-2.0
# Password reset tokens: making and taking them, once, in time, one of several; setting the password with one.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(sleep);
use ST::Parallel qw(parallel);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);

my $invalid = '200 {"status":"RESET_PASSWORD_INVALID_TOKEN_ERROR"}';
my $unknown = '200 {"status":"UNKNOWN_USER_ID_ERROR"}';

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub signup ($email, %opt) { return $core->post('/recipe/signup', { email => $email, password => 'secret-1' }, %opt)->{json}{user}{id} }
sub signin ($email, $password, %opt) { return $core->post('/recipe/signin', { email => $email, password => $password }, %opt)->{json}{status} }

sub ask ($id, $email = 'a@example.com', %opt) { return $core->post('/recipe/user/password/reset/token', { userId => $id, email => $email }, %opt) }
sub token ($id, @more) { return ask($id, @more)->{json}{token} }
sub consume ($token, %opt) { return line($core->post('/recipe/user/password/reset/token/consume', { token => $token }, %opt)) }

sub reset_with ($token, $password, %opt) {
    return line($core->post('/recipe/user/password/reset', { method => 'token', token => $token, newPassword => $password }, %opt));
}
sub stored ($id) { return $pg->query("SELECT app_id, token, email FROM emailpassword_pswd_reset_tokens WHERE user_id = '$id' ORDER BY token") }

my $id = signup('a@example.com');

subtest 'a token' => sub {
    my $got = ask($id, 'A@Example.com ');
    my $token = $got->{json}{token};
    is $got->{text}, qq({"status":"OK","token":"$token"}\n), 'the answer';
    like $token, qr/\A[A-Za-z0-9]{128}\z/, 'its form';
    is_deeply stored($id), [['public', sha256_hex($token), 'A@Example.com ']], 'its hash is stored, the address as it was given';
    my $expiry = $pg->value("SELECT token_expiry FROM emailpassword_pswd_reset_tokens WHERE user_id = '$id'");
    cmp_ok abs($expiry - time * 1000 - 3_600_000), '<', 60_000, 'it is good for an hour';
    is consume($token), qq(200 {"status":"OK","userId":"$id","email":"A\@Example.com "}), 'it is taken';
    is consume($token), $invalid, 'once';
    is_deeply stored($id), [], 'its row is gone';
    isnt token($id), $token, 'the next one differs';
};

subtest 'several' => sub {
    my @tokens = map { token($id) } 1 .. 3;
    my $other  = signup('other@example.com');
    my $theirs = token($other);
    like consume($tokens[1]), qr/"status":"OK"/, 'any of them is good';
    is consume($_), $invalid, 'then none is' for @tokens;
    like consume($theirs), qr/"userId":"$other"/, 'those of others are not touched';
};

subtest 'no token' => sub {
    is consume($_), $invalid, "'" . substr($_, 0, 20) . "'" for q{}, 'x', 'A' x 128, sha256_hex(token($id)), 'x' x 50_000;
    is line($core->post('/recipe/user/password/reset/token/consume', {})), q(400 Field name 'token' is invalid in JSON input), 'nothing';
    is consume(uc token($id)), $invalid, 'letters have a case';
};

subtest 'for whom' => sub {
    is line(ask($_)), $unknown, "the id '$_'" for q{}, 'x', "$id ", ST::Users::uuid(), 'a@example.com', 'x' x 500;
    is line($core->post('/recipe/user/password/reset/token', { userId => $id, %$_ })), q(400 Field name 'email' is invalid in JSON input), 'no address'
      for {}, { email => undef }, { email => 7 };
    is line($core->post('/recipe/user/password/reset/token', { userId => 'x', %$_ })), $unknown, 'which is not looked at for others' for {}, { email => 7 };
    is line($core->post('/recipe/user/password/reset/token', { userId => $id }, prefix => '/no-tenant')) =~ s/ =>.*//r, '400 AppId or tenantId not found',
      'nor in a tenant that is not there';
    is line(ask($id, 'x' x 257)), '400 a value is too long', 'an address that is too long';
    my $tp = $users->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g']);
    is consume(token($tp, 'other@example.com')), qq(200 {"status":"OK","userId":"$tp","email":"other\@example.com"}), 'since 4.0 any user, any address';
    is line(ask($tp, undef, cdi => '3.0')), $unknown, 'before: e-mail users';
    my $old = $core->post('/recipe/user/password/reset/token', { userId => $id }, cdi => '3.0')->{json}{token};
    is consume($old), qq(200 {"status":"OK","userId":"$id","email":"a\@example.com"}), 'with their own address';
    my $linked = $users->link(signup('linked@example.com'), $users->make_primary($tp));
    is line(ask($_, 'x', cdi => '3.1')), '400 Please use CDI version >= 4.0', 'not of a user with several login methods' for $linked, $tp;
    is consume(token($linked, 'linked@example.com')), qq(200 {"status":"OK","userId":"$linked","email":"linked\@example.com"}), 'since 4.0 the login method\'s id';
};

subtest 'external ids' => sub {
    my $mapped = signup('mapped@example.com');
    $users->map_id($mapped, 'ext-1');
    for my $known ('ext-1', $mapped) {
        is consume(token($known, 'm@example.com')), '200 {"status":"OK","userId":"ext-1","email":"m@example.com"}', "by '$known'";
    }
    token('ext-1');
    is scalar @{ stored($mapped) }, 1, 'stored is the internal one';
};

subtest 'the password' => sub {
    my $who = signup('pw@example.com');
    is reset_with(token($who), 'secret-2'), qq(200 {"status":"OK","userId":"$who"}), 'is set';
    is signin('pw@example.com', 'secret-1'), 'WRONG_CREDENTIALS_ERROR', 'the old one is over';
    is signin('pw@example.com', 'secret-2'), 'OK', 'the new one is good';
    my $token = token($who);
    is reset_with('x', 'secret-3'), $invalid, 'not without a token';
    is reset_with($token, 'secret-3', cdi => '2.12'), qq(200 {"status":"OK","userId":"$who"}), 'CDI 2.12';
    is reset_with($token, 'secret-4'), $invalid, 'not with a used one';
    is reset_with(token($who), 'secret-5', cdi => '2.11'), '200 {"status":"OK"}', 'before 2.12 the answer has no userId';
    is signin('pw@example.com', 'secret-5'), 'OK', 'the last one counts';
    $users->map_id($who, 'ext-2');
    is reset_with(token('ext-2'), 'secret-6'), '200 {"status":"OK","userId":"ext-2"}', 'an external id';
    my $kept = token($who);
    my %wrong = (
        'Unsupported method for password reset' => { method => 'Token', token => $kept, newPassword => q{} },
        'Password cannot be an empty string'    => { method => 'token', token => $kept, newPassword => q{} },
        q(Field name 'method' is invalid in JSON input)      => { token  => $kept,   newPassword => 'x' },
        q(Field name 'token' is invalid in JSON input)       => { method => 'other', newPassword => 'x' },
        q(Field name 'newPassword' is invalid in JSON input) => { method => 'other', token       => $kept },
    );
    for my $text (sort keys %wrong) {
        is line($core->post('/recipe/user/password/reset', $wrong{$text}, prefix => $_)), "400 $text", "$text $_" for q{}, '/no-tenant';
    }
    is reset_with($kept, 'secret-7', prefix => '/no-tenant') =~ s/ =>.*//r, '400 AppId or tenantId not found', 'an unknown tenant';
    like reset_with($kept, 'secret-7'), qr/"OK"/, 'none of them used the token up';
};

subtest 'tenants' => sub {
    my %short = (tenantId => 't1', coreConfig => { password_reset_token_lifetime => 1 });
    is $core->put('/recipe/multitenancy/tenant/v2', \%short)->{json}{status}, 'OK', 'a tenant whose tokens live for 1 ms';
    my $there = signup('t@example.com', prefix => '/t1');
    my $token = token($there, 't@example.com', prefix => '/t1');
    my $good  = token($there);
    is scalar @{ stored($there) }, 2, 'two tokens';
    sleep 0.05;
    is consume($token), $invalid, 'an expired one is refused';
    is_deeply stored($there), [], 'and ends all of them';
    is consume($good), $invalid, 'also a good one';
    $token = token($there);
    like consume($token, prefix => '/t1'), qr/"OK"/, 'a token of the app is good in each of its tenants';
    like token($id, 'x', prefix => '/t1'), qr/\A\w{128}\z/, 'a user of another tenant is known';
    $token = token($there, 't@example.com', prefix => '/t1');
    sleep 0.05;
    is reset_with($token, 'secret-2'), $invalid, 'no password is set with an expired one';
    is signin('t@example.com', 'secret-1', prefix => '/t1'), 'OK', 'the old one is still good';
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1' })->{json}{status}, 'OK', 'another app';
    $token = token($id);
    is consume($token, prefix => '/appid-a1'), $invalid, 'does not know the token';
    is line(ask($id, 'x', prefix => '/appid-a1')), $unknown, 'nor the user';
    like consume($token), qr/"OK"/, 'which is still good';
};

subtest 'rows of old versions, without an address' => sub {
    my $plain = sub ($who) {
        my $token = token($who);
        $pg->query("UPDATE emailpassword_pswd_reset_tokens SET email = NULL WHERE user_id = '$who'");
        return $token;
    };
    is consume($plain->($id)), qq(200 {"status":"OK","userId":"$id","email":"a\@example.com"}), 'the user\'s address is given';
    is reset_with($plain->($id), 'secret-9') =~ s/.*"status":"(\w+)".*/$1/r, 'OK', 'and a password set';
    my $tp = $users->add('thirdparty', email => 'tp2@example.com', tp => ['google', 'g2']);
    is consume($plain->($tp)), $invalid, 'not for another recipe';
    $users->link($id, $users->make_primary($tp));
    is consume($plain->($id)), $invalid, 'nor for several login methods';
};

subtest 'at the same time' => sub {
    my $who = signup('race@example.com');
    for my $round (1 .. 3) {
        my $token = token($who);
        my @got = parallel(map { sub { line($core->with->post('/recipe/user/password/reset/token/consume', { token => $token })) =~ s/.*"status":"(\w+)".*/$1/r } } 1 .. 6);
        is_deeply [sort @got], ['OK', ('RESET_PASSWORD_INVALID_TOKEN_ERROR') x 5], 'one token, taken six times, is good once';
        my @tokens = map { token($who) } 1 .. 4;
        @got = parallel(map { my $n = $_;
            sub { $core->with->post('/recipe/user/password/reset', { method => 'token', token => $tokens[$n], newPassword => "secret-$n" })->{json}{status} } } 0 .. 3);
        is scalar(grep { $_ eq 'OK' } @got), 1, 'of four tokens of one user one is good';
        my ($winner) = grep { $got[$_] eq 'OK' } 0 .. 3;
        is signin('race@example.com', "secret-$winner"), 'OK', 'and its password is the one that is set';
    }
};

done_testing;
