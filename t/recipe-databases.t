# SPDX-License-Identifier: Apache-2.0
# Roles, verified addresses and third-party users of tenants that have a database of their own.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(F T);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;
my $pg   = $s->pg;
$pg->create_db('own');
$core->put('/recipe/multitenancy/tenant/v2', { tenantId => 'own', coreConfig => { postgresql_database_name => 'own' } });
my %own = (prefix => '/own');

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

subtest 'roles' => sub {
    my $roles = sub ($path, %query) { $core->get("/own/recipe/$path", query => \%query)->{json} };
    $core->put('/recipe/role', { role => $_, permissions => ['read', $_] }) for qw(admin editor);
    is line($core->put('/recipe/user/role', { userId => 'u1', role => 'admin' }, %own)), '200 {"status":"OK","didUserAlreadyHaveRole":false}', 'given';
    is line($core->put('/recipe/user/role', { userId => 'u1', role => 'admin' }, %own)), '200 {"status":"OK","didUserAlreadyHaveRole":true}', 'once';
    is line($core->put('/recipe/user/role', { userId => 'u1', role => 'nobody' }, %own)), '200 {"status":"UNKNOWN_ROLE_ERROR"}', 'not one that is unknown';
    is $pg->value('SELECT count(*) FROM user_roles', 'own'), 1, 'it is in the database of the tenant';
    is $pg->value('SELECT count(*) FROM user_roles') + $pg->value('SELECT count(*) FROM roles', 'own'), 0, 'the role in that of the app';
    is_deeply $roles->('user/roles', userId => 'u1'), { roles => ['admin'], status => 'OK' }, 'the roles of the user';
    is_deeply $roles->('role/users', role => 'admin'), { users => ['u1'], status => 'OK' }, 'the users of the role';
    is_deeply $roles->('role/users', role => 'nobody'), { status => 'UNKNOWN_ROLE_ERROR' }, 'of an unknown one';
    is line($core->post('/recipe/user/role/remove', { userId => 'u1', role => 'admin' }, %own)), '200 {"status":"OK","didUserHaveRole":true}', 'taken';
    is line($core->post('/recipe/user/role/remove', { userId => 'u1', role => 'nobody' }, %own)), '200 {"status":"UNKNOWN_ROLE_ERROR"}', 'an unknown one is not';
    $core->put('/recipe/user/role', { userId => 'u1', role => 'editor' }, %own);
    is line($core->post('/recipe/role/remove', { role => 'editor' })), '200 {"status":"OK","didRoleExist":true}', 'a role that is removed';
    is $pg->value('SELECT count(*) FROM user_roles', 'own'), 0, 'is taken from the users of all databases';
    $pg->query(q{INSERT INTO user_roles VALUES ('public', 'own', 'u1', 'orphan')}, 'own');
    is line($core->post('/recipe/role/remove', { role => 'orphan' })), '200 {"status":"OK","didRoleExist":true}', 'what is left of one, too';
};

subtest 'verified addresses' => sub {
    my %query = (userId => 'u1', email => 'a@example.com');
    my $is    = sub { $core->get('/recipe/user/email/verify', query => \%query)->{json}{isVerified} };
    my $token = $core->post('/recipe/user/email/verify/token', {%query}, %own)->{json}{token};
    ok !$is->(), 'not yet';
    is line($core->post('/recipe/user/email/verify', { method => 'token', token => $token })), '200 {"status":"EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"}',
      'a token is good in its tenant only';
    is $core->post('/recipe/user/email/verify', { method => 'token', token => $token }, %own)->{json}{status}, 'OK', 'there it is';
    is $pg->value('SELECT count(*) FROM emailverification_verified_emails', 'own'), 1, 'kept in the database of the tenant';
    ok $is->(), 'the app finds it';
    $core->post('/recipe/user/email/verify/remove', {%query});
    ok !$is->(), 'and takes it back';
};

subtest 'third-party users' => sub {
    my %input = (thirdPartyId => 'google', thirdPartyUserId => 'g1', email => { id => 'tp@example.com', isVerified => T });
    my ($here, $there) = map { $core->post('/recipe/signinup', \%input, prefix => $_)->{json} } q{}, '/own';
    is_deeply [$here->{createdNewUser}, $there->{createdNewUser}], [T, T], 'each database has its own';
    is $pg->value('SELECT user_id FROM thirdparty_users', 'own'), $there->{user}{id}, 'there';
    is $core->get('/recipe/user', query => { userId => $there->{user}{id} }, rid => 'thirdparty')->{json}{status}, 'OK', 'the app knows it by its id';
    is $pg->value("SELECT count(*) FROM user_last_active WHERE user_id = '$there->{user}{id}'"), 1, 'and when it was active';
    ok $core->get('/recipe/user/email/verify', query => { userId => $there->{user}{id}, email => 'tp@example.com' })->{json}{isVerified}, 'verified there';
    ok !$core->get('/recipe/user/email/verify', query => { userId => $here->{user}{id}, email => 'x@example.com' })->{json}{isVerified}, 'another address is not';
    $core->post('/recipe/signinup', { %input, email => { id => 'new@example.com', isVerified => F } });
    is $pg->value('SELECT email FROM thirdparty_users', 'own'), 'tp@example.com', 'a changed address is a matter of its database';
    is $core->get('/users/count', query => { includeAllTenants => 'true' })->{json}{count}, 2, 'the app counts both';
};

subtest 'two pools on one database' => sub {
    $core->put('/recipe/multitenancy/tenant/v2',
        { tenantId => 'own2', coreConfig => { postgresql_database_name => 'own', postgresql_connection_pool_size => 3 } });
    is $core->get('/users/count', query => { includeAllTenants => 'true' })->{json}{count}, 2, 'are one place: nobody is counted twice';
};

done_testing;
