# SPDX-License-Identifier: Apache-2.0
# Users of one app in several databases: tenants that have one of their own, and tenants that only have a pool of their own.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F put session_input signup tenants_of told);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, fcgi_workers => 2 });
my $core = $s->core;
my $pg   = $s->pg;

my $unknown = '200 {"status":"UNKNOWN_USER_ID_ERROR"}';

sub tenant ($id, %config) { return put($core, 'tenant/v2', { tenantId => $id, coreConfig => { map { ("postgresql_$_" => $config{$_}) } keys %config } }) }
sub count () { return ST::Users::count($core, includeAllTenants => 'true') }
sub change ($id, %change) { return told($core->put('/recipe/user', { recipeUserId => $id, %change })) }
sub signin ($email, $password, %at) { return $core->post('/recipe/signin', { email => $email, password => $password }, %at)->{json}{status} }

# Every worker gets some of so many requests.
sub everywhere ($code) {
    my %seen;
    $seen{ $code->() }++ for 1 .. 12;
    return join ' or ', sort keys %seen;
}

my $here = signup($core, 'here@example.com');
is everywhere(sub { tenants_of($core, ST::Users::uuid()) }), $unknown, 'at first there is one database';

$pg->create_db($_) for qw(own other);
is tenant('own', database_name => 'own'), CREATED, 'a tenant with a database';
is tenant('own2', database_name => 'own'), CREATED, 'another one there';
is tenant('other', database_name => 'other'), CREATED, 'one with a third database';
is tenant('pool', connection_pool_size => 3), CREATED, 'one with connections of its own to the first';

my %at     = map { ($_ => [prefix => "/$_"]) } qw(own own2 other pool);
my %user   = map { ($_ => signup($core, "$_\@example.com", @{ $at{$_} })) } sort keys %at;

sub map_in ($db, $internal, $external) {
    return $pg->query("INSERT INTO userid_mapping (supertokens_user_id, external_user_id) VALUES ('$internal', '$external')", $db);
}

subtest 'by id' => sub {
    for my $tenant (sort keys %user) {
        is everywhere(sub { tenants_of($core, $user{$tenant}) }), $tenant, "the app knows the user of $tenant";
    }
    is tenants_of($core, $here), 'public', 'and that of the public tenant';
    is everywhere(sub { tenants_of($core, 'nobody') }), $unknown, 'and nobody else';
    is $core->get('/recipe/user', query => { userId => $user{own} })->{json}{user}{id}, $user{own}, 'the recipe does too';
    map_in('other', $user{other}, 'external');
    is tenants_of($core, 'external'), 'other', 'by an external id';
    map_in('supertokens', $here, $user{own});
    is tenants_of($core, $user{own}), 'own', 'an internal id wins over an external one of another database';
    put($core, 'app/v2', { appId => 'a' });
    is told($core->get('/user/id', query => { userId => $user{own} }, prefix => '/appid-a')), $unknown, 'another app does not know him';
    $pg->query('DELETE FROM userid_mapping');
};

subtest 'changes' => sub {
    is change($user{own}, email => 'new@example.com', password => 'password2'), '200 {"status":"OK"}', 'address and password';
    is signin('new@example.com', 'password2', @{ $at{own} }), 'OK', 'are changed where the user is';
    is change('external', password => 'password2'), '200 {"status":"OK"}', 'by an external id';
    is signin('other@example.com', 'password2', @{ $at{other} }), 'OK', 'too';
    is change($user{own2}, email => 'new@example.com'), '200 {"status":"OK"}', 'tenants of one database have addresses of their own';
    is change(ST::Users::uuid(), password => 'x'), $unknown, 'nobody';
};

subtest 'counting' => sub {
    is count(), 5, 'each database counts once, whatever the pool';
    is ST::Users::count($core, prefix => '/own'), 1, 'a tenant counts its own';
};

# Handles without what tells one from another.
sub revoked ($body) {
    my $got = $core->post('/recipe/session/remove', $body)->{json}{sessionHandlesRevoked};
    return join q{ }, sort map { s/[^_]*_?//r || 'public' } @$got;
}

subtest 'sessions' => sub {
    for my $id ($user{own}, 'anybody') {
        $core->post('/recipe/session', session_input($id), @$_)->{json} or die "no session\n" for [], values %at;
    }
    my $handles = $core->get('/recipe/session/user', query => { userId => 'anybody' })->{json}{sessionHandles};
    is scalar @$handles, 5, 'of all databases are listed';
    is revoked({ userId => 'anybody', revokeAcrossAllTenants => F }), 'public', 'those of one tenant end alone';
    is revoked({ userId => 'anybody' }), 'other own own2 pool', 'all others at once';
    is revoked({ userId => $user{own} }), 'other own own2 pool public', 'of a user as well';
    is revoked({ userId => $user{own} }), q{}, 'then there is none';
};

subtest 'last activity' => sub {
    my @places = ([own => 'user_last_active'], [supertokens => 'user_last_active'], [own => 'activity_log'], [supertokens => 'activity_log']);
    my $rows = sub ($id) {
        return join q{ }, map { $pg->value("SELECT count(*) FROM $_->[1] WHERE " . ($_->[1] eq 'activity_log' ? "event_type = 'user_last_active' AND recipe_user_id" : 'user_id')
              . " = '$id'", $_->[0]) } @places;
    };
    is $rows->(signup($core, 'active@example.com', @{ $at{own} })), '0 1 0 1', 'is kept where the app counts it';
    $s->restart_service;
    $pg->query('DELETE FROM user_last_active; DELETE FROM activity_log');
    is signin('new@example.com', 'password2', @{ $at{own} }), 'OK', 'a sign-in';
    is $rows->($user{own}), '0 1 0 1', 'too';
    is join(q{ }, map { $_->[0] } @{ $pg->query('SELECT event_type FROM activity_log WHERE recipe_user_id = ' . "'$user{own}' ORDER BY id DESC LIMIT 1", 'own') }),
      'emailpassword_sign_in', 'which is logged where the user is';
};

done_testing;
