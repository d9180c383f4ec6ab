# SPDX-License-Identifier: Apache-2.0
# An app with tenants that have databases of their own: sessions of a user wherever they are, activity in one place, and GET /hello.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED post put told);
use ST::Session      qw(F T create refresh verify);
use ST::Stack;

my $s    = ST::Stack->new(config => { fcgi_workers => 1, bcrypt_log_rounds => 4 });    # the memory of recent writes is a process's own
my $core = $s->core->with(cdi => '5.6');
my $own  = $core->with(prefix => '/own');
my $pg   = $s->pg;

$pg->create_db('own');
is put($core, 'tenant/v2', { tenantId => $_->[0], coreConfig => $_->[1] }), CREATED, "tenant $_->[0]"
  for ['own', { postgresql_database_name => 'own' }], ['own2', { postgresql_database_name => 'own', postgresql_connection_pool_size => 3 }],
  ['pool', { postgresql_connection_pool_size => 3 }], ['plain', {}];

sub handle ($core, $user) { return create($core, { userId => $user })->{session}{handle} }
sub list ($core, $user, %query) { return [sort @{ $core->get('/recipe/session/user', query => { userId => $user, %query })->{json}{sessionHandles} // ['?'] }] }
sub remove ($core, %input) { return [sort @{ $core->post('/recipe/session/remove', \%input)->{json}{sessionHandlesRevoked} // ['?'] }] }
sub sorted (@list) { return [sort @list] }
sub stored ($db) { return [map { $_->[0] } @{ $pg->query('SELECT session_handle FROM session_info ORDER BY 1', $db) }] }
sub active ($db) { return join q{ }, map { $_->[0] } @{ $pg->query('SELECT user_id FROM user_last_active ORDER BY 1', $db) } }
sub events ($db) { return join q{ }, map { $_->[0] } @{ $pg->query('SELECT event_type FROM activity_log ORDER BY 1', $db) } }

sub start_over {
    $s->restart_service;    # forgets who was active
    for my $db ('own', 'supertokens') {
        $pg->query("DELETE FROM $_", $db) for qw(session_info user_last_active activity_log);
    }
    return;
}

sub signup ($core, $name) { return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' })->{json}{recipeUserId} }

subtest 'sessions of a user' => sub {
    my %of = map { ($_ => handle($core->with(prefix => $_ ? "/$_" : q{}), 'u')) } q{}, qw(own own2 pool plain);
    is_deeply stored('own'), sorted(@of{qw(own own2)}), 'those of two tenants are in their database';
    is_deeply list($core, 'u'), sorted(values %of), 'in all tenants, each once';
    is_deeply list($core->with(prefix => "/$_"), 'u', fetchAcrossAllTenants => 'false'), [$of{$_}], "in $_" for sort grep { $_ } keys %of;

    is_deeply remove($own, userId => 'u', revokeAcrossAllTenants => F), [$of{own}], 'removed in one tenant';
    delete $of{own};
    is_deeply list($core, 'u'), sorted(values %of), 'the others are still there';
    my $other = handle($own, 'v');
    is_deeply remove($core, userId => 'u'), sorted(values %of), 'removed in all';
    is_deeply [@{ stored('own') }, @{ stored('supertokens') }], [$other], 'from both databases, and only these';
    my @both = ($other, handle($core, 'v'));
    is_deeply remove($core, sessionHandles => \@both), sorted(@both), 'by handle as well';
    is_deeply [@{ stored('own') }, @{ stored('supertokens') }], [], 'nothing is left';
};

subtest 'linked users' => sub {
    my ($primary, $linked) = map { signup($own, $_) } qw(primary linked);
    $pg->query("UPDATE app_id_to_user_id SET primary_or_recipe_user_id = '$primary', is_linked_or_is_a_primary_user = true", 'own');
    my @handles = (handle($own, $primary), handle($own, $linked), handle($core, $linked));
    is_deeply list($core, $primary), sorted(@handles), 'of all login methods, in all databases';
    is_deeply list($core, $primary, fetchSessionsForAllLinkedAccounts => 'false'), [$handles[0]], 'of the one that was named';
    is_deeply list($own, $primary, fetchAcrossAllTenants => 'false'), sorted(@handles[0, 1]), 'of all, in the tenant';
    is_deeply remove($core, userId => $linked, revokeSessionsForLinkedAccounts => F), sorted(@handles[1, 2]), 'removing one of them';
    is_deeply remove($core, userId => $linked), [$handles[0]], 'and the rest';
};

# Last activity belongs to the app, what happened to the tenant.
subtest 'activity' => sub {
    start_over();
    my $user = signup($own, 'active');
    is active('supertokens') . ' / ' . active('own'), "$user / ", 'sign-up';
    is events('supertokens') . ' / ' . events('own'), 'user_last_active / emailpassword_sign_up', 'and its events';
    start_over();
    is $own->post('/recipe/signin', { email => 'active@example.com', password => 'secret-1' })->{json}{status}, 'OK', 'sign-in';
    is active('supertokens') . ' / ' . active('own'), "$user / ", 'is activity';
    is events('supertokens') . ' / ' . events('own'), 'user_last_active / emailpassword_sign_in', 'and its events';
    start_over();
    my $session = create($own, { userId => $user });
    is active('supertokens') . ' / ' . active('own'), "$user / ", 'a new session';
    is events('supertokens') . ' / ' . events('own'), 'user_last_active / session_created', 'and its events';

    $pg->query("INSERT INTO userid_mapping (supertokens_user_id, external_user_id) VALUES ('$user', 'ext')", 'own');
    for my $cdi ('5.6', '5.4') {
        my $mapped = create($own, { userId => 'ext' });
        $s->restart_service;
        $pg->query("DELETE FROM $_") for qw(user_last_active activity_log);
        for my $again ($session, $mapped) {
            my $fresh = refresh($core, $again->{refreshToken}{token}, {}, cdi => $cdi);
            is $fresh->{status}, 'OK', "CDI $cdi: a refresh";
            is active('supertokens') . ' / ' . active('own'), "$user / ", 'of a user by an id of any kind';
            is events('supertokens'), 'user_last_active', 'once in five minutes';
            $session = $fresh if $again == $session;
        }
    }
    for my $id ($user, 'ext') {
        start_over();
        remove($core, userId => $id);
        is active('supertokens') . ' / ' . active('own'), "$user / ", 'removing all sessions of a user';
    }
};

subtest 'GET /hello' => sub {
    $s->restart_service;
    is told($core->get('/hello')), '200 Hello', 'when all databases are well';
    $pg->query('ALTER TABLE key_value RENAME TO key_value_away', 'own');
    is $core->get($_)->{status}, 500, "$_ when one is not" for '/hello', '/own/hello', '/own';
    $pg->query('ALTER TABLE key_value_away RENAME TO key_value', 'own');
    is told($core->get('/hello')), '200 Hello', 'and again';
};

subtest 'a tenant that moves out' => sub {
    $pg->create_db('new');
    create($core->with(prefix => '/plain'), { userId => 'w' });
    is told($core->put('/recipe/multitenancy/tenant/v2', { tenantId => 'plain', coreConfig => { postgresql_database_name => 'new' } })),
      '200 {"status":"OK","createdNew":false}', 'gets a database later';
    my $handle = handle($core->with(prefix => '/plain'), 'w');
    is_deeply [grep { $_ eq $handle } @{ list($core, 'w') }], [$handle], 'and is looked for there at once';
    is post($core, 'tenant/remove', { tenantId => 'plain' }), '200 {"status":"OK","didExist":true}', 'removed';
    is_deeply [grep { $_ eq $handle } @{ list($core, 'w') }], [], 'it is left out';
};

done_testing;
