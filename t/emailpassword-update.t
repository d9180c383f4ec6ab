# SPDX-License-Identifier: Apache-2.0
# PUT /recipe/user: another address or password; conflicts with users of the recipe and with primary users.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);

my $ok      = '200 {"status":"OK"}';
my $unknown = '200 {"status":"UNKNOWN_USER_ID_ERROR"}';
my $exists  = '200 {"status":"EMAIL_ALREADY_EXISTS_ERROR"}';
my $refused = '200 {"status":"EMAIL_CHANGE_NOT_ALLOWED_ERROR","reason":"New email is associated with another primary user ID"}';

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub put ($id, %change) { return line($core->put('/recipe/user', { recipeUserId => $id, %change })) }

sub signup ($email, %opt) {
    return $core->post('/recipe/signup', { email => $email, password => 'secret-1' }, %opt)->{json}{user}{id};
}

sub signin ($email, $password = 'secret-1', %opt) {
    return $core->post('/recipe/signin', { email => $email, password => $password }, %opt)->{json}{status};
}

# The addresses that each table knows of a user.
sub addresses ($id) {
    return join ' | ', map { join ' ', map { $_->[0] } @{ $pg->query($_) } } "SELECT email FROM emailpassword_users WHERE user_id = '$id'",
      "SELECT account_info_value FROM recipe_user_account_infos WHERE recipe_user_id = '$id'",
      "SELECT tenant_id || ':' || account_info_value FROM recipe_user_tenants WHERE recipe_user_id = '$id' ORDER BY 1";
}

is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ })->{json}{status}, 'OK', "tenant $_" for qw(t1 t2);

sub add_tenant ($id, $tenant) {
    $pg->query("INSERT INTO recipe_user_tenants SELECT app_id, recipe_user_id, '$tenant', recipe_id, account_info_type, account_info_value, '', ''
        FROM recipe_user_tenants WHERE recipe_user_id = '$id' AND tenant_id = 'public'");
    return;
}

subtest 'address and password' => sub {
    my $id = signup('a@example.com');
    is put($id, email => " New\@Example.com "), $ok, 'another address';
    is addresses($id), 'new@example.com | new@example.com | public:new@example.com', 'is normalised, and stored everywhere';
    is signin('a@example.com'), 'WRONG_CREDENTIALS_ERROR', 'the old one is over';
    is signin('new@example.com'), 'OK', 'the new one is good';
    is put($id, password => 'secret-2'), $ok, 'another password';
    is signin('new@example.com', 'secret-1'), 'WRONG_CREDENTIALS_ERROR', 'the old one is over';
    is signin('new@example.com', 'secret-2'), 'OK', 'the new one is good';
    is put($id, email => 'both@example.com', password => 'secret-3'), $ok, 'both';
    is signin('both@example.com', 'secret-3'), 'OK', 'at once';
    is put($id, email => 'BOTH@example.com'), $ok, 'the same address is fine';
    is put($id, password => q{}), $ok, 'an empty password is not refused here';
    is signin('both@example.com', q{}), 'OK', 'and works';
    is put($id, email => 'x' x 257), '400 a value is too long', 'an address that is too long';
    is put($id, email => 'x' x 5000), '400 a value is too long', 'for an index, too';
    is addresses($id), 'both@example.com | both@example.com | public:both@example.com', 'changes nothing';
    is signup('a@example.com') =~ /-/, 1, 'an address that was given up is free';
};

subtest 'whose' => sub {
    my $id = signup('who@example.com');
    is put($_, email => 'z@example.com'), $unknown, "the id '$_'" for ST::Users::uuid(), q{}, 'x', "$id ", 'x' x 1000, 'who@example.com';
    my $tp = $users->add('thirdparty', email => 'z@example.com', tp => ['google', 'z']);
    is put($tp, email => 'y@example.com'), $unknown, 'a user of another recipe';
    is line($core->put('/recipe/user', { userId => $id, email => 'who2@example.com' }, cdi => '3.0')), $ok, 'before 4.0 the field is userId';
    is line($core->put('/recipe/user', { userId => $id, email => 'x' })), q(400 Field name 'recipeUserId' is invalid in JSON input), 'and not since';
    is line($core->put('/recipe/user', { recipeUserId => $id, email => 'x' }, cdi => '3.1')), q(400 Field name 'userId' is invalid in JSON input), 'nor the other way round';
    is put($id), '400 You have to provide either email or password.', 'nothing to change';
    $users->map_id($id, 'external');
    is put('external', email => 'who3@example.com'), $ok, 'an external id';
    is put($id, email => 'who4@example.com'), $ok, 'the internal one still';
    is line($core->put('/t1/recipe/user', { recipeUserId => $id, email => 'x' })), '403 Only public tenantId can call this app specific API', 'app scope';
    is line($core->put('/t1/recipe/user', { recipeUserId => $id })), '400 You have to provide either email or password.', 'behind the fields';
    my $verified = signup('v@example.com');
    $users->verify($verified, 'v@example.com');
    is put($verified, email => 'v2@example.com'), $ok, 'a verified address is replaced';
    is_deeply $pg->query("SELECT email FROM emailverification_verified_emails WHERE user_id = '$verified'"), [['v@example.com']], 'its row stays';
};

subtest 'taken by the recipe' => sub {
    my ($one, $two) = map { signup("taken$_\@example.com") } 1, 2;
    is put($one, email => 'taken2@example.com'), $exists, 'an address of another user';
    is put($one, email => 'Taken2@example.com', password => 'secret-9'), $exists, 'however it is written';
    is signin('taken1@example.com'), 'OK', 'and the password is not changed either';
    my $there = signup('t1@example.com', prefix => '/t1');
    is put($one, email => 't1@example.com'), $ok, 'an address of another tenant is free';
    add_tenant($one, 't2');
    my $t2 = signup('t2@example.com', prefix => '/t2');
    is put($one, email => 't2@example.com'), $exists, 'unless the user is there too';
    is put($one, email => 'in-two@example.com'), $ok, 'a user of two tenants';
    is addresses($one), 'in-two@example.com | in-two@example.com | public:in-two@example.com t2:in-two@example.com', 'changes in both';
    $users->add('passwordless', email => 'pl@example.com');
    is put($one, email => 'pl@example.com'), $ok, 'an address of another recipe is free';
};

subtest 'primary users' => sub {
    my $me = signup('me@example.com');
    $users->make_primary($me);
    is_deeply $users->reserved($me), ['public email me@example.com'], 'a primary user holds its address';
    is put($me, email => 'me2@example.com'), $ok, 'and may change it';
    is_deeply $users->reserved($me), ['public email me2@example.com'], 'then it holds the new one';
    my $other = $users->make_primary($users->add('thirdparty', email => 'other@example.com', tp => ['google', 'o']));
    is put($me, email => 'other@example.com'), $refused, 'an address of another primary user';
    is put($me, email => 'other@example.com', password => 'secret-9'), $refused, 'with a password';
    is signin('me2@example.com'), 'OK', 'nothing has changed';
    is addresses($me), 'me2@example.com | me2@example.com | public:me2@example.com', 'nowhere';
    is_deeply $users->reserved($me), ['public email me2@example.com'], 'nor what it holds';
    my $alone = signup('alone@example.com');
    is put($me, email => 'alone@example.com'), $refused, 'an address that another user of the recipe has';
    is put($alone, email => 'other@example.com'), $ok, 'a user who is not primary may share it';
    is put($alone, email => 'me2@example.com'), $exists, 'but not within the recipe';
    $users->make_primary($users->add('passwordless', email => 'far@example.com', tenants => ['t1']));
    is put($me, email => 'far@example.com'), $ok, 'a primary user of another tenant is no obstacle';
};

subtest 'linked users' => sub {
    my $primary = $users->make_primary($users->add('thirdparty', email => 'group@example.com', tp => ['google', 'g'], tenants => ['t1']));
    my $mine    = $users->link(signup('mine@example.com'), $primary);
    my $all     = ['public email group@example.com', 'public email mine@example.com', 'public tparty google::g',
        't1 email group@example.com', 't1 email mine@example.com', 't1 tparty google::g'];
    is_deeply $users->reserved($primary), $all, 'the group holds everything in all its tenants';
    is put($mine, email => 'mine@example.com'), $ok, 'the same address';
    is_deeply $users->reserved($primary), $all, 'changes nothing of that';
    is put($mine, email => 'mine2@example.com'), $ok, 'another one';
    is_deeply $users->reserved($primary), ['public email group@example.com', 'public email mine2@example.com', 'public tparty google::g',
        't1 email group@example.com', 't1 tparty google::g'], 'is held where its login method is';
    is put($mine, email => 'group@example.com'), $ok, 'one that the group has already';
    is_deeply [grep { /mine/ } @{ $users->reserved($primary) }], [], 'the former is given up';
    is put($mine, email => 'mine3@example.com'), $ok, 'and away from it';
    is_deeply [grep { /group/ } @{ $users->reserved($primary) }], ['public email group@example.com', 't1 email group@example.com'],
      'what another login method needs is kept';
    my $foreign = $users->make_primary(signup('foreign@example.com'));
    is put($mine, email => 'foreign@example.com'), $refused, 'an address of another primary user';
    is put($mine, password => 'secret-9'), $ok, 'a password concerns nobody else';
};

subtest 'a primary id without its login method' => sub {
    my $gone = $users->make_primary(signup('gone@example.com'));
    $users->link($users->add('passwordless', phone => '+441234567890'), $gone);
    $pg->query("DELETE FROM $_ WHERE '$gone' IN (" . (/^emailp/ ? 'user_id' : 'recipe_user_id') . ')')
      for qw(emailpassword_users recipe_user_tenants recipe_user_account_infos);
    is put($gone, email => 'back@example.com'), $unknown, 'has no address';
    is put($gone, password => 'secret-2'), $unknown, 'and no password';
};

subtest 'at the same time' => sub {
    my @id = map { signup("race$_\@example.com") } 1 .. 5;
    my @got = parallel(map { my $id = $_; sub { line($core->with->put('/recipe/user', { recipeUserId => $id, email => 'won@example.com' })) } } @id);
    is_deeply [sort @got], [sort $ok, ($exists) x 4], 'of five users who want one address one gets it';
    @got = parallel(map { my $n = $_; sub { line($core->with->put('/recipe/user', { recipeUserId => $id[0], email => "mine$n\@example.org" })) } } 1 .. 5);
    is_deeply \@got, [($ok) x 5], 'one user who is given five addresses';
    like addresses($id[0]), qr/\A(mine\d\@example[.]org) \| \1 \| public:\1\z/, 'has one of them in the end, the same everywhere';
};

done_testing;
