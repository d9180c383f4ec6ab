# SPDX-License-Identifier: Apache-2.0
# A provider's account whose address has changed: it is taken over, unless it belongs to another primary user.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Session  qw(T F);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new;
my $core = $s->core;
my $pg   = $s->pg;
my $u    = ST::Users->new($pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

sub signinup ($user, $email, $verified = F, %opt) {
    return $core->post('/recipe/signinup', { thirdPartyId => 'google', thirdPartyUserId => $user, email => { id => $email, isVerified => $verified } }, %opt);
}
sub user_of ($id) { return $core->get('/user/id', query => { userId => $id })->{json}{user} }

# What is stored of a user's address, in all tables.
sub stored ($id) {
    return join q{ }, map { $_->[0] } @{ $pg->query("SELECT DISTINCT email FROM (
        SELECT email FROM thirdparty_users WHERE user_id = '$id'
        UNION ALL SELECT account_info_value FROM recipe_user_account_infos WHERE recipe_user_id = '$id' AND account_info_type = 'email'
        UNION ALL SELECT account_info_value FROM recipe_user_tenants WHERE recipe_user_id = '$id' AND account_info_type = 'email') x (email) ORDER BY 1") };
}

my $refused = '200 {"status":"EMAIL_CHANGE_NOT_ALLOWED_ERROR","reason":"Email already associated with another primary user."}';

subtest 'a user alone' => sub {
    my $id = signinup('alone', 'old@example.com', T)->{json}{user}{id};
    my $got = signinup('alone', ' New@Example.com')->{json};
    is_deeply [$got->{createdNewUser}, $got->{user}{id}, $got->{user}{emails}], [F, $id, ['new@example.com']], 'has the new address';
    is stored($id), 'new@example.com', 'everywhere';
    is_deeply $got->{user}, user_of($id), 'as it is read later';
    ok !$got->{user}{loginMethods}[0]{verified}, 'which is not verified, though the old one was';
    ok signinup('alone', 'newer@example.com', T)->{json}{user}{loginMethods}[0]{verified}, 'unless the provider vouches for it';
    ok signinup('alone', 'old@example.com')->{json}{user}{loginMethods}[0]{verified}, 'back to the old one: it still is';
    is_deeply $pg->query("SELECT account_info_value FROM recipe_user_account_infos WHERE recipe_user_id = '$id' AND account_info_type = 'tparty'"),
      [['google::alone']], 'the identity stays';
    is $pg->value("SELECT identifier FROM activity_log WHERE recipe_user_id = '$id' ORDER BY id DESC LIMIT 1"), 'old@example.com', 'the log has the new address';
    is line(signinup('alone', 'x' x 257)), '400 a value is too long', 'not one that no column can hold';
    is stored($id), 'old@example.com', 'then nothing is changed';
};

subtest 'addresses of others' => sub {
    my $id = signinup('mine', 'mine@example.com')->{json}{user}{id};
    $u->add('emailpassword', email => 'password@example.com');
    $u->add('thirdparty', email => 'provider@example.com', tp => ['google', 'other']);
    $u->make_primary($u->add('emailpassword', email => 'primary@example.com'));
    is signinup('mine', "$_\@example.com")->{json}{status}, 'OK', "a user that is no primary one may have one of a $_ user" for qw(password provider primary);
    is stored($id), 'primary@example.com', 'and has it';
};

subtest 'a primary user' => sub {
    my $id = $u->make_primary(signinup('primary', 'p1@example.com')->{json}{user}{id});
    my $taken = $u->make_primary($u->add('passwordless', email => 'taken@example.com'));
    is line(signinup('primary', 'taken@example.com', T)), $refused, 'cannot have an address of another primary user';
    is stored($id), 'p1@example.com', 'and keeps its own';
    is $pg->value("SELECT count(*) FROM emailverification_verified_emails WHERE user_id = '$id'"), 0, 'nothing is verified on the way';
    is signinup('primary', 'taken@example.com', F, cdi => '2.7')->{status}, 500, 'CDI 2.7 has no word for it';
    is signinup('primary', 'p2@example.com')->{json}{status}, 'OK', 'one that is free';
    is_deeply $u->reserved($id), ['public email p2@example.com', 'public tparty google::primary'], 'is reserved instead of the old one';

    my $linked = $u->link(signinup('linked', 'l1@example.com')->{json}{user}{id}, $id);
    is line(signinup('linked', 'taken@example.com')), $refused, 'nor can a linked one';
    my $got = signinup('linked', 'l2@example.com', T)->{json};
    is_deeply [$got->{user}{id}, $got->{recipeUserId}, $got->{user}{emails}], [$id, $linked, ['p2@example.com', 'l2@example.com']], 'answers with the whole user';
    is_deeply $got->{user}, user_of($id), 'as it is read later';
    is_deeply [map { $_->{verified} } @{ $got->{user}{loginMethods} }], [F, T], 'only this login is verified';
    is signinup('linked', 'p2@example.com')->{json}{status}, 'OK', 'an address of the same group is no conflict';
    is_deeply $u->reserved($id), ['public email p2@example.com', 'public tparty google::linked', 'public tparty google::primary'], 'reserved once';
};

subtest 'the same account in several tenants' => sub {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ }) for qw(t1 t2);
    my %id = map { ($_ => signinup('many', 'many@example.com', F, prefix => $_ && "/$_")->{json}{user}{id}) } q{}, 't1', 't2';
    signinup('many', 'many2@example.com', T);
    is_deeply [map { stored($_) } values %id], [('many2@example.com') x 3], 'all its users follow';
    is_deeply [map { user_of($id{$_})->{loginMethods}[0]{verified} } q{}, 't1'], [T, F], 'the one who signs in is verified';
    $u->make_primary($id{t1});
    $u->make_primary($u->add('emailpassword', email => 'many3@example.com', tenants => ['t1']));
    is signinup('many', 'many3@example.com')->{json}{status}, 'OK', 'one that cannot';
    is stored($id{$_}), 'many3@example.com', 'does not keep this one out' for q{};
    is stored($id{t1}), 'many2@example.com', 'and has what it had';
    is line(signinup('many', 'many3@example.com', F, prefix => '/t1')), $refused, 'until it can';

    $core->post('/t1/recipe/multitenancy/tenant/user', { recipeUserId => my $shared = signinup('shared', 's@example.com')->{json}{user}{id} });
    is signinup('shared', 's2@example.com', F, prefix => '/t1')->{json}{user}{id}, $shared, 'one user in two tenants';
    is_deeply $pg->query("SELECT DISTINCT tenant_id, account_info_value FROM recipe_user_tenants WHERE recipe_user_id = '$shared' AND account_info_type = 'email' ORDER BY 1"),
      [['public', 's2@example.com'], ['t1', 's2@example.com']], 'has it in both';
};

subtest 'at the same time' => sub {
    my $id = $u->make_primary(signinup('race', 'race@example.com')->{json}{user}{id});
    my @got = parallel(map { my $n = $_; sub { line($core->with->post('/recipe/signinup',
        { thirdPartyId => 'google', thirdPartyUserId => 'race', email => { id => "race$n\@example.com", isVerified => T } })) } } 1 .. 6);
    is scalar(grep { /\A200 \{"status":"OK"/ } @got), 6, 'six addresses';
    my $now = stored($id);
    like $now, qr/\Arace[1-6]\@example[.]com\z/, 'the last of them stays';
    is_deeply $u->reserved($id), ["public email $now", 'public tparty google::race'], 'and is the one that is reserved';

    my @ids = map { $u->make_primary(signinup("fight$_", "fight$_\@example.com")->{json}{user}{id}) } 1 .. 6;
    @got = parallel(map { my $n = $_; sub { line($core->with->post('/recipe/signinup',
        { thirdPartyId => 'google', thirdPartyUserId => "fight$n", email => { id => 'prize@example.com', isVerified => F } })) } } 1 .. 6);
    is scalar(grep { /\A200 \{"status":"OK"/ } @got), 1, 'of six primary users one gets an address';
    is scalar(grep { $_ eq $refused } @got), 5, 'the others are told';
    is scalar(grep { stored($_) eq 'prize@example.com' } @ids), 1, 'and have nothing of it';
};

done_testing;
