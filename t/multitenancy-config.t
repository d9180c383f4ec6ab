# SPDX-License-Identifier: Apache-2.0
# coreConfig: how it is merged, and what is refused. (What it does: multitenancy-config-effect.t)
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F T UPDATED get put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;
my %app  = (prefix => '/appid-a');
my $bad  = '400 Invalid core config: ';

is put($core, 'app/v2', { appId => 'a' }), CREATED, 'an app';
is put($core, 'tenant/v2', { tenantId => 't' }, %app), CREATED, 'with a tenant';

# The answer to a changed configuration of the tenant (or of the app's public tenant), sent as JSON text.
sub set ($config, $tenant = 't') { return put($core, 'tenant/v2', qq({"tenantId":"$tenant","coreConfig":$config}), %app) }

sub stored ($tenant = 't') {
    my ($config) = get($core, 'tenant/v2', prefix => $app{prefix} . ($tenant eq 'public' ? q{} : "/$tenant")) =~ /"coreConfig":(.*),"status"/;
    return $config;
}

my @merge = (
    ['{}',                                                      '{}'],
    ['{"password_reset_token_lifetime":1000}',                  '{"password_reset_token_lifetime":1000}'],
    ['{"totp_max_attempts":7}',                                 '{"password_reset_token_lifetime":1000,"totp_max_attempts":7}', 'added'],
    ['{"password_reset_token_lifetime":2000}',                  '{"password_reset_token_lifetime":2000,"totp_max_attempts":7}', 'replaced'],
    ['null',                                                    '{"password_reset_token_lifetime":2000,"totp_max_attempts":7}', 'unchanged'],
    ['{}',                                                      '{"password_reset_token_lifetime":2000,"totp_max_attempts":7}', 'unchanged'],
    ['{"totp_max_attempts":null}',                              '{"password_reset_token_lifetime":2000}',                       'removed'],
    ['{"totp_max_attempts":null}',                              '{"password_reset_token_lifetime":2000,"totp_max_attempts":null}', 'null of what is not there is kept'],
    ['{"totp_max_attempts":null,"ip_deny_regex":null}',         '{"password_reset_token_lifetime":2000,"ip_deny_regex":null}',  'null of a null removes it'],
    ['{"password_reset_token_lifetime":null,"ip_deny_regex":null}', '{}', 'all gone'],
    ['{"password_reset_token_lifetime":"3000","saml_claims_validity":4e3,"passwordless_code_lifetime":5000.0}',
     '{"password_reset_token_lifetime":"3000","saml_claims_validity":4e3,"passwordless_code_lifetime":5000.0}', 'values keep their text'],
    ['{"saml_sp_entity_id":7,"saml_claims_validity":null,"passwordless_code_lifetime":null,"password_reset_token_lifetime":null}',
     '{"saml_sp_entity_id":7}', 'a number for a string'],
    ['{"saml_sp_entity_id":"\u00e9\u2028 \"/<"}', qq({"saml_sp_entity_id":"\x{c3}\x{a9}\\u2028 \\"/<"}), 'escapes'],
    ['{"saml_sp_entity_id":null}', '{}'],
);

subtest 'merging' => sub {
    for my $case (@merge) {
        my ($config, $want, $why) = @$case;
        is set($config), UPDATED, "sent $config";
        is stored(), $want, $why // 'stored';
    }
};

my $type     = sub ($of) { return "'%s' must be of type $of" };
my @lifetime = map { [$_, $type->('long')] } '"x"', 'true', '[]', '1.5', '"1.0"', '9223372036854775808';
# key, then values with the text of their refusal (%s is the key), for the tenant
my @refused = (
    ['no_such_key',                           ['1', 'Invalid config key: %s'], ['null', 'Invalid config key: %s']],
    ['password_reset_token_lifetime',         @lifetime, map { [$_, q{'%s' must be >= 0}] } 0, -1],
    ['email_verification_token_lifetime',     ['0', q{'%s' must be >= 0}]],
    ['passwordless_code_lifetime',            ['0', q{'%s' must be > 0}]],
    ['passwordless_max_code_input_attempts',  ['"x"', $type->('int')], ['2147483648', $type->('int')], ['0', q{'%s' must be > 0}]],
    ['totp_max_attempts',                     ['0', q{'%s' must be > 0}]],
    ['totp_rate_limit_cooldown_sec',          ['0', q{'%s' must be > 0}]],
    ['webauthn_recover_account_token_lifetime', ['0', 'Provided %s must be > 0']],
    ['access_token_validity',                 map { [$_, q{'%s' must be between 1 and 86400000 seconds inclusive.}] } 0, 86_400_001],
    ['access_token_validity_jitter',          ['"x"', $type->('double')], ['[]', $type->('double')],
     map { [$_, q{'%s' must be between 0 and 0.25 inclusive.}] } '-0.01', '0.26'],
    ['access_token_dynamic_signing_key_update_interval', ['0.5', q{'%s' must be greater than, equal to 1 hour.}]],
    ['refresh_token_validity',                ['60', q{'%s' must be strictly greater than 'access_token_validity'.}]],
    ['refresh_token_rotation_grace_period',   map { [$_, q{'%s' must be between 0 and 300 seconds inclusive.}] } -1, 301],
    ['access_token_blacklisting',             ['"maybe"', $type->('boolean')], ['1', $type->('boolean')]],
    ['disable_telemetry',                     ['{}', $type->('boolean')]],
    ['bulk_migration_sleep_between_rounds_in_batch_ms', ['"x"', $type->('Integer')]],
    ['bulk_migration_parallelism',            ['0', 'Provided %s must be >= 1']],
    ['bulk_migration_batch_size',             ['0', 'Provided %s must be >= 1']],
    ['password_hashing_alg',                  ['"MD5"', q{'%s' must be one of 'ARGON2' or 'BCRYPT'}]],
    ['ip_allow_regex',                        ['"("', 'Provided regular expression is invalid for %s config'], ['[]', $type->('String')]],
    ['ip_deny_regex',                         ['"*"', 'Provided regular expression is invalid for %s config']],
    ['supertokens_max_cdi_version',           ['"5.x"', '%s is not a valid semantic version'], ['"7.0"', '%s is not a supported version']],
    ['supertokens_min_cdi_version',           ['""', '%s is not a valid semantic version'], ['"2.6"', '%s is not a supported version']],
    ['api_keys',                              ['"short"', 'One of the API keys is too short. Please use at least 20 characters'],
     ['"0123456789012345678_"', q{Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including capitals)}]],
    ['oauth_provider_public_service_url',     ['"no url"', '%s is not a valid URL'],
     ['"http://o.example.com"', 'If any of the following is set, all of them has to be set: oauth_provider_public_service_url, '
          . 'oauth_provider_admin_service_url, oauth_provider_consent_login_base_url']],
    ['migration_mode',                        ['"NEW"', q{Invalid %s value: 'NEW'. Must be one of: LEGACY, DUAL_WRITE_READ_OLD, DUAL_WRITE_READ_NEW, MIGRATED}]],
    ['postgresql_connection_pool_size',       ['0', q{'%s' in the config.yaml file must be > 0}]],
    ['postgresql_minimum_idle_connections',   ['-1', q{'%s' must be >= 0}], ['11', q{'%s' must be less than or equal to 'postgresql_connection_pool_size'}]],
    ['postgresql_connection_uri',             ['"mysql:x"', 'The provided postgresql connection URI has an incorrect format. Please use a format like '
          . 'postgresql://[user[:[password]]@]host[:port][/dbname][?attr1=val1&attr2=val2...']],
);

subtest 'values that are refused' => sub {
    for my $row (@refused) {
        my ($key, @cases) = @$row;
        is set(qq({"$key":$_->[0]})), $bad . ($_->[1] =~ s/%s/$key/r), "$key $_->[0]" for @cases;
    }
    is set('{"totp_max_attempts":0,"no_such_key":1}'), "${bad}Invalid config key: no_such_key", 'unknown keys first';
    is set('{"port":1,"totp_max_attempts":0}'), "${bad}'totp_max_attempts' must be > 0", 'then values, then levels';
    is stored(), '{}', 'nothing was stored';
};

my %core_only = (
    recent_token_reuse_behaviour => '"UNAUTHORISED"', info_log_path => '"null"', error_log_path => '"null"', port => 3567, host => '"x"',
    max_server_pool_size => 3, argon2_iterations => 2, argon2_memory_kb => 8, argon2_parallelism => 1, argon2_hashing_pool_size => 1,
    firebase_password_hashing_pool_size => 1, bcrypt_log_rounds => 4, webserver_https_enabled => 'true', base_path => '"/x"', log_level => '"INFO"',
    oauth_client_secret_encryption_key => '"x"', supertokens_saas_secret => 'null', supertokens_saas_load_only_cud => '"x"',
    otel_collector_connection_uri => '"x"', deadlock_logger_enable => 'true', fcgi_workers => 2,
);

subtest 'keys of the whole service' => sub {
    for my $key (sort keys %core_only) {
        is set(qq({"$key":$core_only{$key}}), $_), "$bad$key can only be set via the core's base config setting", "$key for $_" for qw(public t);
    }
};

my $urls = join ',', map { qq("oauth_provider_$_":"http://o.example.com") } qw(public_service_url admin_service_url consent_login_base_url);
my %app_level = (
    access_token_validity => 100, access_token_validity_jitter => 0.1, access_token_blacklisting => 'true', access_token_signing_key_dynamic => 'false',
    access_token_dynamic_signing_key_update_interval => 24, access_token_signing_key_update_interval => 25, refresh_token_validity => 200_000,
    refresh_token_rotation_grace_period => 5, api_keys => '"01234567890123456789"', disable_telemetry => 'true', password_hashing_alg => '"ARGON2"',
    firebase_password_hashing_signer_key => '"x"', supertokens_max_cdi_version => '"5.0"', supertokens_min_cdi_version => '"3.0"',
    saml_legacy_acs_url => '"x"', bulk_migration_parallelism => 77, bulk_migration_batch_size => 5, bulk_migration_sleep_between_rounds_in_batch_ms => 'null',
    webauthn_recover_account_token_lifetime => 5, oauth_provider_public_service_url => qq("http://o.example.com",$urls),
);

subtest 'keys of an app' => sub {
    for my $key (sort keys %app_level) {
        my $name = $key eq 'access_token_signing_key_update_interval' ? 'access_token_dynamic_signing_key_update_interval' : $key;
        is set(qq({"$key":$app_level{$key}})), "${bad}You cannot set different values for $name for the same appId", "$key";
    }
    is set('{"access_token_validity":3600,"password_hashing_alg":"bcrypt"}'), UPDATED, 'the same values may be repeated';
    is set('{"access_token_validity":100}', 'public'), "${bad}You cannot set different values for access_token_validity for the same appId",
      'then they hold the app';
    is set('{"access_token_validity":null,"password_hashing_alg":null}'), UPDATED, 'no longer';
    is set('{"access_token_validity":100}', 'public'), UPDATED, 'now the app may change';
    is set('{"access_token_validity":3600}'), "${bad}You cannot set different values for access_token_validity for the same appId",
      'and the tenant follows';
    is set('{"access_token_validity":100}'), UPDATED, 'as long as it agrees';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { access_token_validity => 100 } }),
      "${bad}You cannot set different values for access_token_validity for the same appId", 'tenants of the base app follow the base configuration';
    is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { access_token_validity => 3600 } }), CREATED, 'also where nothing is stored of it';
};

subtest 'the base tenant' => sub {
    for my $what ('tenant', 'tenant/v2', 'app', 'app/v2', 'connectionuridomain/v2') {
        is put($core, $what, { coreConfig => $_ }), '400 Cannot modify base config', "$what " . join q{, }, %$_ for { totp_max_attempts => 3 },
          { no_such_key => 1 };
    }
    is put($core, 'tenant/v2', { coreConfig => {} }), UPDATED, 'with nothing in it';
    is put($core, 'tenant/v2', { coreConfig => { totp_max_attempts => undef } }), '400 Cannot modify base config', 'null is something';
};

subtest 'migration mode' => sub {
    my $terminal = "${bad}migration_mode is currently MIGRATED, which is terminal. Old tables are stale and cannot "
      . 'be re-introduced into the read path without first being repopulated out of band. Refusing transition to %s.';
    is set(qq({"migration_mode":"$_"})), sprintf($terminal, $_), $_ for qw(LEGACY DUAL_WRITE_READ_OLD DUAL_WRITE_READ_NEW);
    is set('{"migration_mode":"legacy","port":1}'), "${bad}port can only be set via the core's base config setting", 'looked at last';
    is set('{"migration_mode":"MIGRATED"}'), UPDATED, 'MIGRATED';
    is set('{"migration_mode":"migrated"}'), UPDATED, 'in any case';
};

subtest 'names of tables' => sub {
    my $pool = "${bad}You cannot set different values for %s for the same user pool";
    is set('{"postgresql_table_names_prefix":"x"}'), sprintf($pool, 'postgresql_table_names_prefix'), 'one database, one prefix';
    is set('{"postgresql_key_value_table_name":"kv"}'), sprintf($pool, 'postgresql_key_value_table_name'), 'and one name of each table';
    is set('{"postgresql_table_names_prefix":""}'), UPDATED, 'the same one';
    is set('{"postgresql_table_names_prefix":null}'), UPDATED, 'removed';
};

subtest 'limits' => sub {
    like set('{"saml_sp_entity_id":"' . 'x' x 40_000 . '"}'), qr/\A400 Invalid core config: 'saml_sp_entity_id' is longer than \d+ bytes\z/,
      'a long value';
};

done_testing;
