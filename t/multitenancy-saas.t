# SPDX-License-Identifier: Apache-2.0
# Hosting for several customers: settings that only the hosting company sees and changes, and services that work for one
# domain only.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED UPDATED get post put);
use ST::Stack;

my ($key, $secret) = ('key-of-the-customers-app', 'secret-of-the-hosting-company-0123456789');

my $s    = ST::Stack->new(config => { api_keys => $key, supertokens_saas_secret => $secret }, api_key => $key);
my $core = $s->core;
my $host = $core->with(api_key => $secret);

is get($core->with(api_key => 'another'), 'tenant'), '401 Invalid API key', 'one of the two keys is needed';
is put($_, 'tenant/v2', { tenantId => 't' }), $_ == $core ? CREATED : UPDATED, 'both may make tenants' for $core, $host;

sub set ($client, $config, $what = 'tenant/v2') { return put($client, $what, qq({"tenantId":"t","coreConfig":$config})) }

sub shown ($client, $what = 'tenant/v2') { return get($client, $what, prefix => '/t') =~ s/.*"coreConfig":(.*),"status".*/$1/r }

my @database = map { "postgresql_$_" } qw(connection_pool_size connection_uri host port user password database_name table_schema
  idle_connection_timeout minimum_idle_connections connection_attributes connection_scheme table_names_prefix);
my @protected = (qw(ip_allow_regex ip_deny_regex saml_legacy_acs_url), map { "oauth_provider_$_" }
      qw(public_service_url admin_service_url consent_login_base_url url_configured_in_oauth_provider));

subtest 'the customer must not set' => sub {
    is set($core, qq({"$_":1})), '403 Not allowed to modify DB related configs.', $_ for @database;
    is set($core, qq({"$_":"x"}), 'tenant'), '403 Not allowed to modify protected configs.', $_ for @protected;
    is set($core, '{"ip_deny_regex":null}'), '403 Not allowed to modify protected configs.', 'not even null, where there is nothing';
    is set($core, '{"ip_deny_regex":"x","postgresql_host":"x"}'), '403 Not allowed to modify DB related configs.', 'database keys are named first';
    is set($core, '{"ip_deny_regex":"x","no_such_key":1}'), '400 Invalid core config: Invalid config key: no_such_key', 'behind unknown keys';
    is set($core, '{"ip_deny_regex":"x","totp_max_attempts":0}'), '403 Not allowed to modify protected configs.', 'before values';
    is put($core, 'app/v2', { appId => 'a', coreConfig => { ip_deny_regex => 'x' } }), '403 Not allowed to modify protected configs.',
      'also for an app';
    is put($core, 'connectionuridomain/v2', { connectionUriDomain => 'x.example.com', coreConfig => { postgresql_database_name => 'x' } }),
      '403 Not allowed to modify DB related configs.', 'or a domain';
    is set($core, '{"postgresql_key_value_table_name":"key_value","totp_max_attempts":3}'), UPDATED, 'anything else is free';
    is shown($core), '{"postgresql_key_value_table_name":"key_value","totp_max_attempts":3}', 'and shown';
};

subtest 'the hosting company may' => sub {
    is set($core, '{"totp_max_attempts":null,"postgresql_key_value_table_name":null}'), UPDATED, 'back to nothing';
    is set($host, '{"ip_deny_regex":"192[.].*","postgresql_idle_connection_timeout":50000,"saml_claims_validity":7}'), UPDATED, 'set';
    is shown($host), '{"ip_deny_regex":"192[.].*","postgresql_idle_connection_timeout":50000,"saml_claims_validity":7}', 'it sees everything';
    is shown($core), '{"saml_claims_validity":7}', 'the customer does not';
    is get($core, 'tenant', prefix => '/t', cdi => '4.0') =~ s/.*"coreConfig"/"coreConfig"/r,
      '"coreConfig":{"saml_claims_validity":7},"status":"OK"}', 'in no form';
    for my $list ('tenant/list', 'app/list/v2', 'connectionuridomain/list/v2') {
        unlike get($core, $list), qr/ip_deny|postgresql/, "nor in $list";
        like get($host, $list), qr/"coreConfig":\{"ip_deny_regex":"192\[.\].\*","postgresql_idle/, 'there the hosting company does';
    }
};

subtest 'what the hosting company has set' => sub {
    is set($core, '{"saml_claims_validity":8}'), UPDATED, 'does not hinder the customer';
    is put($core, 'tenant/v2', { tenantId => 't', firstFactors => ['emailpassword'] }), UPDATED, 'in nothing';
    is set($core, '{"ip_deny_regex":"192[.].*"}'), UPDATED, 'may be repeated';
    is set($core, '{"ip_deny_regex":"193[.].*"}'), '403 Not allowed to modify protected configs.', 'not changed';
    is set($core, '{"postgresql_idle_connection_timeout":50001}'), '403 Not allowed to modify DB related configs.', 'of the database too';
    is shown($host), '{"ip_deny_regex":"192[.].*","postgresql_idle_connection_timeout":50000,"saml_claims_validity":8}', 'all is as it was';
};

subtest 'a service for one domain' => sub {
    my ($one, $two) = map { "$_.example.com" } qw(one two);
    for my $domain ($one, $two) {
        my $db = $s->pg->create_db($domain =~ s/[.].*//r);
        is put($host, 'connectionuridomain/v2', { connectionUriDomain => $domain, coreConfig => { postgresql_database_name => $db } }), CREATED,
          $domain;
    }
    $s->service->write_config(supertokens_saas_load_only_cud => " One.Example.com:80 ");
    $s->restart_service;
    my $closed = '400 Creation of connection uri domain or app or tenant is disallowed';
    is put($host, 'connectionuridomain/v2', { connectionUriDomain => $two, coreConfig => { no_such_key => 1 } }), $closed,
      'others are not changed, whatever the change';
    is put($host, 'connectionuridomain/v2', { connectionUriDomain => 'three.example.com', firstFactors => ['!'] }), $closed, 'nor made';
    is get($host, 'tenant', host => $two), '400 Connection URI domain is disallowed', 'nor answered for';
    is put($host, 'tenant/v2', { tenantId => 't2' }, host => $one), CREATED, 'its own domain is served';
    is put($host, 'tenant/v2', { tenantId => 't2' }), CREATED, 'and the default one';
    is join(q{ }, map { $_->{connectionUriDomain} } @{ $host->get('/recipe/multitenancy/connectionuridomain/list')->{json}{connectionUriDomains} }),
      " $one", 'these are listed';
    is post($host, 'connectionuridomain/remove', { connectionUriDomain => $one }), '200 {"status":"OK","didExist":true}', 'and removed';
};

done_testing;
