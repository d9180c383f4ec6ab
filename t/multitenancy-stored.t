# SPDX-License-Identifier: Apache-2.0
# Configuration that an existing database holds: what is wrong with that of one tenant is nobody else's trouble.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED UPDATED put told);
use ST::Stack;

my $s    = ST::Stack->new(config => { access_token_validity => 100 });
my $core = $s->core;
my $pg   = $s->pg;

my @tenants = qw(fine broken text unknown);
is put($core, 'tenant/v2', { tenantId => $_ }), CREATED, "tenant $_" for @tenants;
is put($core, 'app/v2', { appId => 'a' }), CREATED, 'an app';
is put($core, 'tenant/v2', { tenantId => 't' }, prefix => '/appid-a'), CREATED, 'with a tenant';

my %stored = (
    public  => '{"access_token_validity":5}',
    broken  => '{"access_token_validity":0}',
    text    => 'no json',
    unknown => '{"of_a_newer_core":1,"port":1,"ip_deny_regex":null}',
);
$pg->query("INSERT INTO tenant_configs (tenant_id, core_config) VALUES ('public', '{}') ON CONFLICT DO NOTHING");
$pg->query("UPDATE tenant_configs SET core_config = '$stored{$_}' WHERE app_id = 'public' AND tenant_id = '$_'") for keys %stored;
$pg->query(q{UPDATE tenant_configs SET core_config = '{"access_token_validity":-1}' WHERE app_id = 'a' AND tenant_id = 'public'});
$s->restart_service;

sub ask ($prefix) { return told($core->get("$prefix/recipe/user?email=x")) }
sub not_there ($app, $tenant) {
    return "400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, $app, $tenant)";
}
my $served = '200 {"status":"UNKNOWN_EMAIL_ERROR"}';

subtest 'what is wrong is not loaded' => sub {
    is ask('/broken'),  not_there('public', 'broken'), 'a value out of range';
    is ask('/text'),    not_there('public', 'text'),   'something else than JSON';
    is ask('/appid-a'), not_there('a', 'public'),      'that of a whole app';
    is ask('/appid-a/t'), not_there('a', 'public'),    'with its tenants';
    like $s->service->log_text, qr/ERROR .*configuration of \(, public, broken\) is invalid, so it is not loaded: 'access_token_validity' must be between/,
      'the log says why';
    like $s->service->log_text, qr/\(, public, text\) is invalid, so it is not loaded: it is not JSON/, 'in each case';
};

subtest 'others are not concerned' => sub {
    is ask("/$_"), $served, $_ for qw(fine unknown public);
    is $core->post('/recipe/handshake', undef, cdi => '2.9')->{json}{accessTokenValidity}, 100_000, 'the base tenant has what the file says, whatever is stored';
};

subtest 'what was wrong can be put right' => sub {
    is put($core, 'tenant/v2', { tenantId => 'broken', coreConfig => { access_token_validity => undef } }), UPDATED, 'the tenant';
    is ask('/broken'), $served, 'is served again';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { access_token_validity => 100 } }), UPDATED, 'the app';
    is ask('/appid-a'), $served, 'too';
    is put($core, 'tenant/v2', { tenantId => 'broken' }), UPDATED, 'after which all is as ever';
};

done_testing;
