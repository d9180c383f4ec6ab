# SPDX-License-Identifier: Apache-2.0
# What goes when a tenant, an app or a domain is removed, and what stays. (Who may: multitenancy-permissions.t)
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env          qw(wait_until);
use ST::Multitenancy qw(CREATED F T get post put session_input signup tenants_of told);
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core = $s->core;

use constant { GONE => '200 {"status":"OK","didExist":true}', NOTHING => '200 {"status":"OK","didExist":false}' };

my $not_found = '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: ';

sub session ($user, %at) {
    my $answer = $core->post('/recipe/session', session_input($user), %at);
    return $answer->{json} // die told($answer) . "\n";
}

sub session_status ($session, %at) {
    my $answer = $core->get('/recipe/session', %at, query => { sessionHandle => $session->{session}{handle} });
    return $answer->{json} ? $answer->{json}{status} : told($answer);
}

subtest 'a tenant' => sub {
    my @factors = (firstFactors => ['emailpassword'], requiredSecondaryFactors => ['totp']);
    is put($core, 'tenant/v2', { tenantId => 't', @factors }), CREATED, 'made';
    put($core, 'config/thirdparty', { config => { thirdPartyId => 'google', clients => [{ clientId => 'c' }] } }, prefix => '/t');
    my $user   = signup($core, 'only@example.com', prefix => '/t');
    my $shared = signup($core, 'both@example.com');
    is post($core, 'tenant/user', { recipeUserId => $shared }, prefix => '/t'), '200 {"status":"OK","wasAlreadyAssociated":false}',
      'a user of two tenants';
    my $inside  = session($user, prefix => '/t');
    my $outside = session($shared);

    is post($core, 'tenant/remove', { tenantId => 't' }), GONE, 'removed';
    is tenants_of($core, $user), q{}, 'its user is there, in no tenant';
    is tenants_of($core, $shared), 'public', 'the other one in one';
    is session_status($outside), 'OK', 'whose session goes on';
    is get($core, 'tenant/v2', prefix => '/t'), '200 {"status":"TENANT_NOT_FOUND_ERROR"}', 'the tenant is gone';
    is told($core->post('/recipe/signin', { email => 'only@example.com', password => 'password1' }, prefix => '/t')), "$not_found(, public, t)",
      'nobody signs in';
    unlike get($core, 'tenant/list/v2'), qr/"t"/, 'nor is it listed';
    is post($core, 'tenant/remove', { tenantId => 't' }), NOTHING, 'a second time there is nothing';
    is post($core, 'tenant/remove', { tenantId => 'never' }), NOTHING, 'like where never was any';

    is put($core, 'tenant/v2', { tenantId => 't' }), CREATED, 'made again';
    is get($core, 'tenant/v2', prefix => '/t'), '200 {"tenantId":"t","thirdParty":{"providers":[]},"firstFactors":[],"coreConfig":{},"status":"OK"}',
      'as a new one';
    is session_status($inside, prefix => '/t'), 'UNAUTHORISED', 'the old session is gone';
    is $s->pg->value("SELECT count(*) FROM session_info WHERE tenant_id = 't'"), 0, 'also from the database';
    is $core->post('/recipe/signin', { email => 'only@example.com', password => 'password1' }, prefix => '/t')->{json}{status},
      'WRONG_CREDENTIALS_ERROR',
      'users do not come back by themselves';
    is post($core, 'tenant/user', { recipeUserId => $user }, prefix => '/t'), '200 {"status":"OK","wasAlreadyAssociated":false}',
      'they may be asked in';
    is $core->post('/recipe/signin', { email => 'only@example.com', password => 'password1' }, prefix => '/t')->{json}{status}, 'OK', 'and sign in';
};

sub key_ids (%at) {
    return join q{ }, sort map { $_->{kid} } @{ $core->get('/.well-known/jwks.json', %at)->{json}{keys} };
}

subtest 'an app' => sub {
    my %app = (prefix => '/appid-a');
    is put($core, 'app/v2', { appId => 'a', coreConfig => { access_token_validity => 77 } }), CREATED, 'made';
    is put($core, 'tenant/v2', { tenantId => 't' }, %app), CREATED, 'with a tenant';
    my $user    = signup($core, 'x@example.com', %app);
    my $session = session($user, %app);
    my $keys    = key_ids(%app);
    my $verify  = { accessToken => $session->{accessToken}{token}, doAntiCsrfCheck => F, enableAntiCsrf => F, checkDatabase => F };
    is post($core, 'tenant/remove', { tenantId => 't' }, %app), GONE, 'the tenant first';
    is post($core, 'app/remove', { appId => 'a' }), GONE, 'removed';
    is post($core, 'app/remove', { appId => 'a' }), NOTHING, 'once';
    is get($core, 'tenant', %app), '200 {"status":"TENANT_NOT_FOUND_ERROR"}', 'gone';
    is told($core->post('/recipe/session/verify', $verify, %app)),
      '400 AppId or tenantId not found => App with the following connectionURIDomain and appId combination not found: (, a)', 'its tokens are worth nothing';
    my @tables = qw(apps tenants app_id_to_user_id emailpassword_users session_info tenant_configs);
    is join(q{ }, map { $s->pg->value("SELECT count(*) FROM $_ WHERE app_id = 'a'") } @tables), '0 0 0 0 0 0',
      'nothing is left of it';

    is put($core, 'app/v2', { appId => 'a' }), CREATED, 'made again';
    my %new = map { ($_ => 1) } split / /, key_ids(%app);
    ok !(grep { $new{$_} } split / /, $keys), 'it has other signing keys';
    is $core->post('/recipe/session/verify', $verify, %app)->{json}{status},
      'TRY_REFRESH_TOKEN', 'so old tokens stay worthless';
    is tenants_of($core->with(%app), $user), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'and no users';
    is get($core, 'tenant/v2', %app), '200 {"tenantId":"public","thirdParty":{"providers":[]},"coreConfig":{},"status":"OK"}',
      'nor its old configuration';
};

subtest 'a domain' => sub {
    my %one = (host => 'one.example.com');
    my %input = (connectionUriDomain => 'one.example.com', coreConfig => { postgresql_database_name => $s->pg->create_db('one') });
    is put($core, 'connectionuridomain/v2', \%input), CREATED, 'made';
    my $there = signup($core, 'x@example.com', %one);
    my $here  = signup($core, 'x@example.com');
    is post($core, 'connectionuridomain/remove', { connectionUriDomain => 'one.example.com' }), GONE, 'removed';
    is post($core, 'connectionuridomain/remove', { connectionUriDomain => 'one.example.com' }), NOTHING, 'once';
    is tenants_of($core->with(%one), $here), 'public', 'its name leads to the default domain now';
    is $s->pg->value('SELECT count(*) FROM app_id_to_user_id', 'one'), 0, 'its users are gone from its database';
    is put($core, 'connectionuridomain/v2', \%input), CREATED, 'made again';
    is tenants_of($core->with(%one), $there), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'without them';
};

subtest 'a domain that shares the base database, as other cores may have left one' => sub {
    my $user = signup($core, 'stays@example.com');
    $s->pg->query(q{INSERT INTO tenant_configs (connection_uri_domain, core_config) VALUES ('shared.example.com', '{}'),
        ('pool.example.com', '{"postgresql_connection_pool_size":3}'); SELECT pg_notify('supertokens_fcgi', '*')});
    ok wait_until(10, sub { get($core, 'tenant/v2', host => 'pool.example.com') =~ /pool_size/ }), 'both are known';
    for my $domain ('shared.example.com', 'pool.example.com') {
        is tenants_of($core->with(host => $domain), $user), 'public', "$domain is served";
        is post($core, 'connectionuridomain/remove', { connectionUriDomain => $domain }), NOTHING, 'but not removed';
    }
    is tenants_of($core, $user), 'public', 'nobody is lost';
};

done_testing;
