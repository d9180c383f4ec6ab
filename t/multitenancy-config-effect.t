# SPDX-License-Identifier: Apache-2.0
# What coreConfig does: lifetimes, keys, addresses, inherited from domain to app to tenant, and at once.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA      qw(sha256_hex);
use Test::More;
use Time::HiRes      qw(time);
use ST::Multitenancy qw(CREATED F T UPDATED get put session_input signup told);
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, access_token_validity_jitter => 0, password_reset_token_lifetime => 10_000 });
my $core = $s->core;

my $domain = 'one.example.com';
is put($core, 'connectionuridomain/v2', { connectionUriDomain => $domain, coreConfig => { postgresql_database_name => $s->pg->create_db('one') } }),
  CREATED, 'a domain';
my %one = (host => $domain);
is put($core, 'app/v2', { appId => 'a' }, %one), CREATED, 'its app';
is put($core, 'tenant/v2', { tenantId => 't', firstFactors => ['emailpassword'] }, %one, prefix => '/appid-a'), CREATED, 'its tenant';
is put($core, 'tenant/v2', { tenantId => 't', firstFactors => ['emailpassword'] }), CREATED, 'a tenant of the default domain';

sub configure ($what, $config, %at) {
    my $answer = put($core, "$what/v2", { coreConfig => $config, $what eq 'connectionuridomain' ? (connectionUriDomain => $domain) : () }, %at);
    return $answer eq UPDATED ? 1 : diag $answer;
}

# Milliseconds that a password reset token made here lives.
my %user;

sub reset_lifetime (%at) {
    my $place = join q{ }, $at{host} // q{}, $at{prefix} // q{};
    my $user  = $user{$place} //= signup($core, 'user' . keys(%user) . '@example.com', %at);
    my $db    = $at{host} ? 'one' : 'supertokens';
    my $from  = time * 1000;
    my $input = { userId => $user, email => 'x@example.com' };
    my $made  = $core->post('/recipe/user/password/reset/token', $input, %at)->{json};
    is $made->{status}, 'OK', 'a reset token';
    my $till   = time * 1000;
    my $expiry = $s->pg->value("SELECT token_expiry FROM emailpassword_pswd_reset_tokens WHERE token = '" . sha256_hex($made->{token}) . q{'}, $db);
    my $best   = $expiry - ($from + $till) / 2;    # off by half of what the call took
    my ($known) = grep { abs($best - $_) <= ($till - $from) / 2 + 2 } 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000;
    return $known // "about $best";
}

my %tenant = (%one, prefix => '/appid-a/t');
my %app    = (%one, prefix => '/appid-a');

subtest 'a lifetime of one tenant' => sub {
    is reset_lifetime(), 10_000, 'the base configuration';
    is reset_lifetime(prefix => '/t'), 10_000, 'is inherited';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { password_reset_token_lifetime => 100_000 } }), UPDATED, 'tenant t gets its own';
    is reset_lifetime(prefix => '/t'), 100_000, 'its tokens live longer';
    is reset_lifetime(), 10_000, 'those of the public tenant do not';
};

subtest 'domain, app, tenant' => sub {
    is reset_lifetime(%tenant), 10_000, 'nothing set: the base configuration';
    ok configure('connectionuridomain', { password_reset_token_lifetime => 100_000 }), 'set for the domain';
    is reset_lifetime(%tenant), 100_000, 'reaches the tenant of an app';
    is reset_lifetime(%app),    100_000, 'and the app';
    is reset_lifetime(%one),    100_000, 'and the public app';
    is reset_lifetime(),        10_000,  'but no other domain';
    ok configure('app', { password_reset_token_lifetime => 1_000_000 }, %one) , 'for the public app of the domain, which is the domain';
    is reset_lifetime(%tenant), 1_000_000, 'reaches the tenant as well';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { password_reset_token_lifetime => 10_000_000 } }, %one), UPDATED, 'for the app';
    is reset_lifetime(%tenant), 10_000_000, 'is nearer to the tenant';
    is reset_lifetime(%one),    1_000_000,  'and is not the domain\'s';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { password_reset_token_lifetime => 100_000_000 } }, %app), UPDATED, 'for the tenant';
    is reset_lifetime(%tenant), 100_000_000, 'is nearest';
    is reset_lifetime(%app),    10_000_000,  'the app keeps its own';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { password_reset_token_lifetime => undef } }, %app), UPDATED, 'removed';
    is reset_lifetime(%tenant), 10_000_000, 'the app\'s again';
    is get($core, 'tenant/v2', %tenant),
      '200 {"tenantId":"t","thirdParty":{"providers":[]},"firstFactors":["emailpassword"],"coreConfig":{},"status":"OK"}',
      'what is inherited is not shown';
};

sub access_lifetime (%at) {
    my $token = $core->post('/recipe/session', session_input('u'), %at)->{json}{accessToken};
    return ($token->{expiry} - $token->{createdTime}) / 1000;
}

subtest 'a lifetime of one app' => sub {
    is access_lifetime(%app), 3600, 'the default';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { access_token_validity => 7 } }, %one), UPDATED, 'set';
    is access_lifetime(%app),    7,    'for its public tenant';
    is access_lifetime(%tenant), 7,    'and all others';
    is access_lifetime(%one),    3600, 'not for another app';
};

subtest 'API keys of one app' => sub {
    my ($key, $other) = ('first-key-of-the-app', 'other-key-of-the-app');
    is put($core, 'app/v2', { appId => 'a', coreConfig => { api_keys => " $key , $other" } }, %one), UPDATED, 'set';
    for my $at (\%app, \%tenant) {
        is told($core->get('/telemetry', %$at, prefix => $app{prefix})), '401 Invalid API key', 'a request without key';
        is get($core, 'tenant', %$at), '401 Invalid API key', 'also to a tenant';
        like get($core, 'tenant', %$at, api_key => $_), qr/\A200 /, $_ for $key, $other;
    }
    like get($core, 'tenant', %one), qr/\A200 /, 'the domain itself needs none';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { api_keys => "$other,$key" } }, %app, api_key => $key), UPDATED,
      'the same keys in another order are the same';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { api_keys => undef } }, %app, api_key => $key), UPDATED, 'removed from the tenant';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { api_keys => undef } }, %one), UPDATED, 'removed';
    like get($core, 'tenant', %tenant), qr/\A200 /, 'open again';
};

subtest 'addresses that a tenant denies' => sub {
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { ip_deny_regex => '127\.0\.0\..*' } }, %app), UPDATED, 'from the public tenant';
    is $core->get('/recipe/multitenancy/tenant', %tenant)->{status}, 403, 'denied there';
    is $core->get('/hello', %tenant)->{status}, 403, 'everywhere there';
    like get($core, 'tenant', %app), qr/\A200 /, 'not in the rest of the app';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { ip_deny_regex => '127.*' } }, %one), UPDATED, 'for the app';
    like put($core, 'tenant/v2', { tenantId => 't', coreConfig => { ip_deny_regex => 'none' } }, %app), qr/\A403 /, 'it is denied now';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { ip_deny_regex => undef } }, %one), UPDATED, 'the domain is not';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { ip_deny_regex => undef } }, %app), UPDATED, 'and so on';
    like get($core, 'tenant', %tenant), qr/\A200 /, 'open again';
};

subtest 'interface versions of one app' => sub {
    is put($core, 'app/v2', { appId => 'a', coreConfig => { supertokens_max_cdi_version => '5.0', supertokens_min_cdi_version => '4.0' } }, %one),
      UPDATED, 'limits';
    is get($core, 'tenant', %tenant, cdi => '5.1'), '400 cdi-version 5.1 not supported', 'above';
    is get($core, 'tenant', %tenant, cdi => '3.1'), '400 cdi-version 3.1 is lower than the minimum allowed version 4.0', 'below';
    like get($core, 'tenant', %tenant, cdi => '5.0'), qr/\A200 /, 'within';
};

done_testing;
