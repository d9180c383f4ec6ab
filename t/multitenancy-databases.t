# SPDX-License-Identifier: Apache-2.0
# Domains and tenants with databases of their own: made ready when they are needed, and kept apart.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env          qw(wait_until);
use ST::Multitenancy qw(CREATED F T UPDATED get post put session_input signup tenants_of told);
use ST::Parallel     qw(parallel);
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core = $s->core;
my $pg   = $s->pg;

sub on ($db, %more) { return { postgresql_database_name => $db, %more } }

sub signin ($email, %at) {
    my $answer = $core->post('/recipe/signin', { email => $email, password => 'password1' }, %at);
    return $answer->{json} ? $answer->{json}{status} : told($answer);
}

sub users_in ($db, $prefix = q{}) { return join q{ }, map { $_->[0] } @{ $pg->query("SELECT email FROM ${prefix}emailpassword_users ORDER BY email", $db) } }

subtest 'a domain' => sub {
    $pg->create_db('one');
    is put($core, 'connectionuridomain/v2', { connectionUriDomain => 'one.example.com', coreConfig => on('one') }), CREATED, 'with a database';
    my $tables = q{SELECT count(*) FROM pg_tables WHERE schemaname = 'public'};
    is $pg->value($tables, 'one'), $pg->value($tables), 'which has all tables now';
    is $pg->value('SELECT app_id FROM apps', 'one'), 'public', 'its public app';
    is $pg->value('SELECT tenant_id FROM tenants', 'one'), 'public', 'and public tenant';
    is put($core, 'connectionuridomain/v2', { connectionUriDomain => 'one.example.com' }), UPDATED, 'changed: that stays';

    my %one  = (host => 'one.example.com');
    my $user = signup($core, 'x@example.com', %one);
    is users_in('one'), 'x@example.com', 'who signs up there is there';
    is users_in('supertokens'), q{}, 'and only there';
    signup($core, 'x@example.com');
    is signin('x@example.com', host => $_), 'OK', "$_ is the same" for 'ONE.Example.com', 'one.example.com:8080';
    is tenants_of($core->with(%one), $user), 'public', 'known there';
    is tenants_of($core, $user), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'unknown elsewhere';

    my $token = $core->post('/recipe/session', session_input($user), %one)->{json}{accessToken}{token};
    my $verify = { accessToken => $token, doAntiCsrfCheck => F, enableAntiCsrf => F, checkDatabase => F };
    is $core->post('/recipe/session/verify', $verify, host => $_->[0])->{json}{status}, $_->[1], "a session of one in $_->[0]"
      for ['one.example.com', 'OK'], ['two.example.com', 'TRY_REFRESH_TOKEN'];
};

subtest 'its apps and tenants' => sub {
    my %one = (host => 'one.example.com');
    is put($core, 'app/v2', { appId => 'a' }, %one), CREATED, 'an app';
    is put($core, 'tenant/v2', { tenantId => 't' }, %one, prefix => '/appid-a'), CREATED, 'a tenant of it';
    is $pg->value(q{SELECT count(*) FROM tenants WHERE app_id = 'a'}, 'one'), 2, 'are in its database';
    is $pg->value(q{SELECT count(*) FROM tenants WHERE app_id = 'a'}), 0, 'not in the base database';
    is $pg->value(q{SELECT count(*) FROM tenant_configs WHERE connection_uri_domain = 'one.example.com'}), 3, 'where they are configured';
    signup($core, 'y@example.com', %one, prefix => '/appid-a/t');
    is signin('y@example.com', %one, prefix => '/appid-a/t'), 'OK', 'a user of the tenant';
    is signin('y@example.com', %one, prefix => '/appid-a'), 'WRONG_CREDENTIALS_ERROR', 'not of the app';
    is put($core, 'app/v2', { appId => 'a' }), CREATED, 'an app of the same name in the default domain';
    is signin('y@example.com', prefix => '/appid-a'), 'WRONG_CREDENTIALS_ERROR', 'is another one';
};

my $clash = '400 Invalid core config: ConnectionUriDomain: %s cannot be mapped to the same user pool as %s';

subtest 'no two domains on one database' => sub {
    my %two = (connectionUriDomain => 'two.example.com');
    is put($core, 'connectionuridomain/v2', { %two }), sprintf($clash, q{}, 'two.example.com'), 'the base one';
    is put($core, 'connectionuridomain/v2', { %two, coreConfig => on('one') }), sprintf($clash, 'one.example.com', 'two.example.com'),
      'that of another domain';
    is put($core, 'connectionuridomain/v2', { %two, coreConfig => on('one', postgresql_connection_pool_size => 3) }),
      sprintf($clash, 'one.example.com', 'two.example.com'), 'with another pool';
    is put($core, 'connectionuridomain/v2', { connectionUriDomain => 'one.example.com', coreConfig => on(undef) }),
      sprintf($clash, q{}, 'one.example.com'), 'by losing its own';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => on('one') }), sprintf($clash, 'one.example.com', q{}), 'a tenant of another domain';
    is put($core, 'app/v2', { appId => 'b', coreConfig => on('supertokens') }, host => 'one.example.com'), sprintf($clash, q{}, 'one.example.com'),
      'an app of the domain on the base database';
    is put($core, 'connectionuridomain/v2', { %two, coreConfig => on('one', postgresql_table_schema => 'two') }), CREATED,
      'another schema is another database';
    is $pg->value('SELECT app_id FROM two.apps', 'one'), 'public', 'it has its own tables';
};

subtest 'a tenant of the base app' => sub {
    $pg->create_db('own');
    my $elsewhere = signup($core, 'elsewhere@example.com');
    is put($core, 'tenant/v2', { tenantId => 'own', coreConfig => on('own', postgresql_table_names_prefix => 'st') }), CREATED, 'made';
    signup($core, 'x@example.com', prefix => '/own');
    is users_in('own', 'st_'), 'x@example.com', 'its user is in its database, in tables with the prefix';
    is join(q{ }, map { $_->[0] } @{ $pg->query('SELECT tenant_id FROM st_tenants ORDER BY 1', 'own') }), 'own public',
      'which knows this tenant, and the public one that ids hang on';
    is signin('x@example.com', prefix => '/own'), 'OK', 'signs in there';
    is post($core, 'tenant/user', { recipeUserId => $elsewhere }, prefix => '/own'), '200 {"status":"UNKNOWN_USER_ID_ERROR"}',
      'users of other databases cannot be asked in';
    is put($core, 'tenant/v2', { tenantId => 'own2', coreConfig => on('own', postgresql_table_names_prefix => 'other') }),
      '400 Invalid core config: You cannot set different values for postgresql_table_names_prefix for the same user pool', 'a second tenant there has the same tables';
    is put($core, 'tenant/v2', { tenantId => 'own2', coreConfig => on('own', postgresql_table_names_prefix => 'st') }), CREATED,
      'then it may be there';
    is signin('x@example.com', prefix => '/own2'), 'WRONG_CREDENTIALS_ERROR', 'users are kept apart all the same';

    is post($core, 'tenant/remove', { tenantId => 'own' }), '200 {"status":"OK","didExist":true}', 'removed';
    is join(q{ }, map { $_->[0] } @{ $pg->query('SELECT tenant_id FROM st_tenants ORDER BY 1', 'own') }), 'own2 public', 'also from its database';
    is users_in('own', 'st_'), 'x@example.com', 'which keeps its users';
};

subtest 'a database that is not there' => sub {
    my %input = (tenantId => 'lost', coreConfig => on('lost'));
    is put($core, 'tenant/v2', \%input), '503 the database of this tenant cannot be prepared', 'an error that tells nothing of the server';
    like $s->service->log_text, qr/the database of this tenant cannot be prepared: .*database "lost" does not exist/, 'but the log does';
    like get($core, 'tenant/v2', prefix => '/lost'), qr/"postgresql_database_name":"lost"/, 'it is configured';
    like signin('x@example.com', prefix => '/lost'), qr{\A503 }, 'but does not work';
    is signin('x@example.com'), 'OK', 'which harms no other';
    $pg->create_db('lost');
    is put($core, 'tenant/v2', \%input), UPDATED, 'asked again with a database';
    is signin('x@example.com', prefix => '/lost'), 'WRONG_CREDENTIALS_ERROR', 'it works';
};

subtest 'a database that takes its time' => sub {
    $pg->create_db('slow');
    my $lock = q{SELECT pg_advisory_lock(hashtext('stfcgi schema'), hashtext('public.apps')); SELECT pg_sleep(1.5)};
    my $held = q{SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = 'slow' AND l.locktype = 'advisory'};
    my (undef, $answer) = parallel(
        sub { $pg->query($lock, 'slow') },
        sub {
            wait_until(20, sub { $pg->value($held) }) or die "no lock\n";
            return put($core->with, 'tenant/v2', { tenantId => 'slow', coreConfig => on('slow') });
        },
    );
    is $answer, CREATED, 'is waited for';
};

done_testing;
