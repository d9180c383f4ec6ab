# SPDX-License-Identifier: Apache-2.0
# What is wrong with a configuration: `supertokens config test` says it and so does the service that cannot start, each with
# the reference's words and status 1; of several errors the one that the reference finds first.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env qw(bare_environment build_dir read_file temp_dir watchdog write_file);

use constant PATH => 1;    # the text is followed by that of the file

watchdog(180);
my $KEY     = 'abcdefghij0123456789';
my $dir     = temp_dir('config');
my $file    = "$dir/config.yaml";
my $invalid = 'io.supertokens.pluginInterface.exceptions.InvalidConfigException: ';

# Lines that follow core_config_version and postgresql_user; the text.
my @errors = (
    ['core_config_version: -1', "'core_config_version' is not set in the config.yaml file. Please redownload and install SuperTokens"],
    ['access_token_validity: 0', "'access_token_validity' must be between 1 and 86400000 seconds inclusive.", PATH],
    ['access_token_validity: 86400001', "'access_token_validity' must be between 1 and 86400000 seconds inclusive.", PATH],
    ['refresh_token_validity: 60', "'refresh_token_validity' must be strictly greater than 'access_token_validity'.", PATH],
    ['access_token_dynamic_signing_key_update_interval: 0.99',
        "'access_token_dynamic_signing_key_update_interval' must be greater than, equal to 1 hour.", PATH],
    ['refresh_token_rotation_grace_period: -1', "'refresh_token_rotation_grace_period' must be between 0 and 300 seconds inclusive.", PATH],
    ['refresh_token_rotation_grace_period: 301', "'refresh_token_rotation_grace_period' must be between 0 and 300 seconds inclusive.", PATH],
    ['access_token_validity_jitter: 0.26', "'access_token_validity_jitter' must be between 0 and 0.25 inclusive.", PATH],
    ['access_token_validity_jitter: -0.01', "'access_token_validity_jitter' must be between 0 and 0.25 inclusive.", PATH],
    ['password_reset_token_lifetime: 0', "'password_reset_token_lifetime' must be >= 0"],
    ['email_verification_token_lifetime: 0', "'email_verification_token_lifetime' must be >= 0"],
    ['passwordless_code_lifetime: 0', "'passwordless_code_lifetime' must be > 0"],
    ['passwordless_max_code_input_attempts: 0', "'passwordless_max_code_input_attempts' must be > 0"],
    ['totp_max_attempts: 0', "'totp_max_attempts' must be > 0"],
    ['totp_rate_limit_cooldown_sec: -5', "'totp_rate_limit_cooldown_sec' must be > 0"],
    ['max_server_pool_size: 0', "'max_server_pool_size' must be >= 1.", PATH],
    ["api_keys: $KEY,short", 'One of the API keys is too short. Please use at least 20 characters'],
    ["api_keys: ''", 'One of the API keys is too short. Please use at least 20 characters'],
    ["api_keys: ','", 'One of the API keys is too short. Please use at least 20 characters'],
    ["api_keys: ${KEY}_", "Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including capitals)"],
    ['api_keys: abcdefghij 0123456789', "Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including capitals)"],
    ["supertokens_saas_secret: $KEY$KEY", 'supertokens_saas_secret can only be used when api_key is also defined'],
    ["api_keys: $KEY\nsupertokens_saas_secret: $KEY", 'supertokens_saas_secret is too short. Please use at least 40 characters'],
    ["api_keys: $KEY\nsupertokens_saas_secret: $KEY$KEY!",
        "Invalid characters in supertokens_saas_secret key. Please only use '=', '-' and alpha-numeric (including capitals)"],
    ['password_hashing_alg: scrypt', "'password_hashing_alg' must be one of 'ARGON2' or 'BCRYPT'"],
    ['bcrypt_log_rounds: 0', "'bcrypt_log_rounds' must be >= 1"],
    ["password_hashing_alg: argon2\nargon2_iterations: 0", "'argon2_iterations' must be >= 1"],
    ["password_hashing_alg: argon2\nargon2_parallelism: 0", "'argon2_parallelism' must be >= 1"],
    ["password_hashing_alg: argon2\nargon2_memory_kb: 0", "'argon2_memory_kb' must be >= 1"],
    ["password_hashing_alg: argon2\nargon2_hashing_pool_size: 0", "'argon2_hashing_pool_size' must be >= 1"],
    ["password_hashing_alg: argon2\nargon2_hashing_pool_size: 11", "'argon2_hashing_pool_size' must be <= 'max_server_pool_size'"],
    ['base_path: /a b', 'Invalid characters in base_path config'],
    ['log_level: loud', "'log_level' config must be one of \"NONE\",\"DEBUG\", \"INFO\", \"WARN\" or \"ERROR\"."],
    ["ip_allow_regex: '('", 'Provided regular expression is invalid for ip_allow_regex config'],
    ["ip_deny_regex: '*'", 'Provided regular expression is invalid for ip_deny_regex config'],
    ['supertokens_max_cdi_version: 5.x', 'supertokens_max_cdi_version is not a valid semantic version'],
    ['supertokens_max_cdi_version: 5.7', 'supertokens_max_cdi_version is not a supported version'],
    ['supertokens_max_cdi_version: 5.4.1', 'supertokens_max_cdi_version is not a supported version'],
    ['supertokens_min_cdi_version: 5.', 'supertokens_min_cdi_version is not a valid semantic version'],
    ['supertokens_min_cdi_version: 2.6', 'supertokens_min_cdi_version is not a supported version'],
    ["supertokens_min_cdi_version: 5.1\nsupertokens_max_cdi_version: 5.0",
        'supertokens_min_cdi_version cannot be greater than supertokens_max_cdi_version'],
    ['bulk_migration_parallelism: 0', 'Provided bulk_migration_parallelism must be >= 1'],
    ['bulk_migration_batch_size: 0', 'Provided bulk_migration_batch_size must be >= 1'],
    ['webauthn_recover_account_token_lifetime: 0', 'Provided webauthn_recover_account_token_lifetime must be > 0'],
    ['recent_token_reuse_behaviour: SHRUG',
        'recent_token_reuse_behaviour property is not set correctly. It must be one of [TOKEN_THEFT, UNAUTHORISED]'],
    ['supertokens_saas_load_only_cud: http://x', 'supertokens_saas_load_only_cud is invalid'],
    ["supertokens_saas_load_only_cud: ' '", 'supertokens_saas_load_only_cud is invalid'],
    ['oauth_provider_public_service_url: nowhere', 'oauth_provider_public_service_url is not a valid URL'],
    ["oauth_provider_admin_service_url: 'http://:x'", 'oauth_provider_admin_service_url is not a valid URL'],
    ["oauth_provider_consent_login_base_url: 'http://h:99999'", 'oauth_provider_consent_login_base_url is not a valid URL'],
    ["oauth_provider_url_configured_in_oauth_provider: '//h'", 'oauth_provider_url_configured_in_oauth_provider is not a valid URL'],
    ['oauth_provider_public_service_url: http://a',
        'If any of the following is set, all of them has to be set: oauth_provider_public_service_url, '
          . 'oauth_provider_admin_service_url, oauth_provider_consent_login_base_url'],
    ['port: x', "'port' must be of type int"],
    ['port: 1.5', "'port' must be of type int"],
    ["port: '5.0'", "'port' must be of type int"],
    ['port: 2147483648', "'port' must be of type int"],
    ['port: true', "'port' must be of type int"],
    ['port: [1]', "'port' must be of type int"],
    ['access_token_validity: 1e30', "'access_token_validity' must be of type long"],
    ['refresh_token_validity: 0x10', "'refresh_token_validity' must be of type double"],
    ['refresh_token_validity: .inf', "'refresh_token_validity' must be of type double"],
    ['disable_telemetry: yes', "'disable_telemetry' must be of type boolean"],
    ['disable_telemetry: 1', "'disable_telemetry' must be of type boolean"],
    ['bulk_migration_sleep_between_rounds_in_batch_ms: a', "'bulk_migration_sleep_between_rounds_in_batch_ms' must be of type Integer"],
    ['host: {a: b}', "'host' must be of type String"],
    ['host: "a\\0b"', "'host' contains a NUL character"],
    ['fcgi_socket: core.sock', "'fcgi_socket' must be an absolute path of at most 107 bytes"],
    ['fcgi_workers: -1', "'fcgi_workers' must be between 0 and 1024"],
    ['fcgi_hash_slots: 1025', "'fcgi_hash_slots' must be between 0 and 1024"],
    ['fcgi_call_queue: 0', "'fcgi_call_queue' must be between 1 and 100000"],
    ['fcgi_hash_queue: 0', "'fcgi_hash_queue' must be between 1 and 100000"],
    ['fcgi_request_timeout: 1', "'fcgi_request_timeout' must be between 100 and 3600000"],
    ['fcgi_max_body: 1', "'fcgi_max_body' must be between 1024 and 1073741824"],
    ['fcgi_drain_timeout: -1', "'fcgi_drain_timeout' must be between 0 and 3600000"],
    ['fcgi_read_only_connection_uri: pg', "'fcgi_read_only_connection_uri' is not a valid PostgreSQL connection URI"],
    ['fcgi_listen_connection_uri: pg', "'fcgi_listen_connection_uri' is not a valid PostgreSQL connection URI"],
    ['postgresql_user:', "'postgresql_user' and 'postgresql_connection_uri' are not set. Please set at least one of these values"],
    ["postgresql_connection_uri: 'h:5432/db'",
        'The provided postgresql connection URI has an incorrect format. Please use a format like '
          . 'postgresql://[user[:[password]]@]host[:port][/dbname][?attr1=val1&attr2=val2...'],
    ['postgresql_connection_pool_size: 0', "'postgresql_connection_pool_size' in the config.yaml file must be > 0"],
    ['postgresql_minimum_idle_connections: -1', "'postgresql_minimum_idle_connections' must be >= 0"],
    ['postgresql_minimum_idle_connections: 11',
        "'postgresql_minimum_idle_connections' must be less than or equal to 'postgresql_connection_pool_size'"],
    ['migration_mode: later', "Invalid migration_mode value: 'later'. Must be one of: LEGACY, DUAL_WRITE_READ_OLD, DUAL_WRITE_READ_NEW, MIGRATED"],
);

my @in_the_environment = (
    [{ SUPERTOKENS_PORT      => '1.0' },  'For input string: "1.0"'],
    [{ SUPERTOKENS_PORT      => 'x' },    'For input string: "x"'],
    [{ ACCESS_TOKEN_VALIDITY => '"1h"' }, 'For input string: "1h"'],
    [{ ACCESS_TOKEN_VALIDITY => '0' },    "'access_token_validity' must be between 1 and 86400000 seconds inclusive.", PATH],
    [{ LOG_LEVEL => 'loud' }, "'log_level' config must be one of \"NONE\",\"DEBUG\", \"INFO\", \"WARN\" or \"ERROR\"."],
    [{ SUPERTOKENS_MIGRATION_MODE => 'x' }, "Invalid migration_mode value: 'x'. Must be one of: LEGACY, DUAL_WRITE_READ_OLD, DUAL_WRITE_READ_NEW, MIGRATED"],
);

# All of these together; whatever is found is then taken out.
my @order = (
    ['port: x',                                'must be of type int'],
    ['core_config_version: -1',                'is not set in the config.yaml file'],
    ['access_token_validity: 0',               'access_token_validity'],
    ['refresh_token_validity: 60',             'must be strictly greater'],
    ['access_token_dynamic_signing_key_update_interval: 0.5', 'update_interval'],
    ['refresh_token_rotation_grace_period: 301', 'grace_period'],
    ['access_token_validity_jitter: 1',        'jitter'],
    ['password_reset_token_lifetime: 0',       'password_reset'],
    ['email_verification_token_lifetime: 0',   'email_verification'],
    ['passwordless_code_lifetime: 0',          'passwordless_code_lifetime'],
    ['passwordless_max_code_input_attempts: 0', 'passwordless_max'],
    ['totp_max_attempts: 0',                   'totp_max'],
    ['totp_rate_limit_cooldown_sec: 0',        'totp_rate'],
    ['max_server_pool_size: 0',                'max_server_pool_size'],
    ['api_keys: short',                        'One of the API keys is too short'],
    ['supertokens_saas_secret: short',         'can only be used when api_key is also defined'],
    ['password_hashing_alg: scrypt',           'password_hashing_alg'],
    ['bcrypt_log_rounds: 0',                   'bcrypt_log_rounds'],
    ['base_path: a b',                         'base_path'],
    ['log_level: loud',                        'log_level'],
    ['ip_allow_regex: (',                      'ip_allow_regex'],
    ['ip_deny_regex: (',                       'ip_deny_regex'],
    ['supertokens_max_cdi_version: x',         'supertokens_max_cdi_version'],
    ['supertokens_min_cdi_version: x',         'supertokens_min_cdi_version'],
    ['bulk_migration_parallelism: 0',          'bulk_migration_parallelism'],
    ['bulk_migration_batch_size: 0',           'bulk_migration_batch_size'],
    ['webauthn_recover_account_token_lifetime: 0', 'webauthn_recover'],
    ['recent_token_reuse_behaviour: x',        'recent_token_reuse_behaviour'],
    ['supertokens_saas_load_only_cud: x/y',    'supertokens_saas_load_only_cud'],
    ['oauth_provider_public_service_url: x',   'oauth_provider_public_service_url'],
    ['postgresql_port: x',                     "'postgresql_port' must be of type int"],
    ['postgresql_connection_uri: x',           'incorrect format'],
    ['postgresql_connection_pool_size: 0',     'postgresql_connection_pool_size'],
    ['postgresql_minimum_idle_connections: -1', 'postgresql_minimum_idle_connections'],
    ['migration_mode: x',                      'Invalid migration_mode'],
);

# Status, output and errors of one of our programs.
sub run ($env, $program, @args) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        %ENV = (bare_environment(), %$env);
        open STDOUT, '>', "$dir/out" or POSIX::_exit(126);
        open STDERR, '>', "$dir/err" or POSIX::_exit(126);
        no warnings 'exec';    ## no critic (ProhibitNoWarnings)
        exec { build_dir() . "/$program" } $program, @args;
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($? >> 8, read_file("$dir/out"), read_file("$dir/err"));
}

sub config_test ($env = {}) { return run($env, 'supertokens', 'config', 'test', '--config', $file) }

sub refused ($name, $text, $env = {}, $prefix = $invalid) {
    is_deeply [config_test($env)], [1, q{}, "$text\n"], "$name: supertokens config test";
    my ($status, undef, $err) = run($env, 'supertokens-fcgid', '--config', $file, '--socket', "$dir/s");
    my $crash = "\e[31mTenant(, public, public) | What caused the crash: $prefix$text\e[0m\n";
    is_deeply [$status, $err], [1, $crash x 2], "$name: the service, twice";
    return;
}

sub write_lines ($lines) {
    my $text = $lines =~ /^core_/ ? q{} : "core_config_version: 0\n";
    $text .= "postgresql_user: u\n" if $lines !~ /^postgresql_user/;
    return write_file($file, "$text$lines\n");
}

sub with_path ($text, $path) { return $path ? "$text The config file can be found here: $file" : $text }

for (@errors) {
    my ($lines, $text, $path) = @$_;
    write_lines($lines);
    refused($lines =~ s/\n/, /gr, with_path($text, $path));
}

for (@in_the_environment) {
    my ($env, $text, $path) = @$_;
    write_lines('port: 1');
    refused(join(q{ }, %$env), with_path($text, $path), $env);
}

while (my ($first) = @order) {
    my ($lines, $pattern) = @$first;
    my @given = map { $_->[0] } @order;
    unshift @given, 'core_config_version: 0' if !grep { /^core_config/ } @given;
    write_file($file, join q{}, map { "$_\n" } @given, 'postgresql_user: u');
    my (undef, undef, $err) = config_test();
    like $err, qr/\Q$pattern\E/, "of " . @order . " errors the first is: $lines";
    shift @order;
}

subtest 'files' => sub {
    write_file($file, "port: 1\nport: 2\n");
    refused('a key twice', "$file, line 2: 'port' is already set on line 1");
    write_file($file, "port: [1\n");
    my ($status, $out, $err) = config_test();
    is_deeply [$status, $out], [1, q{}], 'broken YAML';
    like $err, qr/\A\Q$file\E, line \d+: /, 'names file and line';
    unlink $file;
    refused('no file', "$file: No such file or directory", {}, q{});
};

subtest 'a valid one' => sub {
    write_lines("what_is_this: 1\nport: 1234");
    my $env = { API_KEYS => $KEY, POSTGRESQL_PASSWORD => 'hidden' };
    is_deeply [config_test($env)], [0, "The configuration is valid.\n", "$file:3: warning: unknown key 'what_is_this' is ignored\n"], 'is said to be one';
    is((run($env, 'supertokens-fcgid', '--config', $file, '--check'))[0], 0, 'also by the service');
    my ($status, $out) = run($env, 'supertokens', 'config', 'dump', '--config', $file);
    is $status, 0, 'config dump';
    like $out, qr/^port: 1234$/m, 'shows what is in effect';
    unlike $out, qr/hidden|$KEY/, 'without secrets';
    my $interval = 'access_token_dynamic_signing_key_update_interval: 0.1';
    write_lines($interval);
    is((config_test())[0], 1, 'what only test mode allows');
    is((run({}, 'supertokens', 'config', 'test', '--test-mode', "--config=$file"))[0], 0, 'it does');
};

subtest 'the command line' => sub {
    my $help = 'Please use "supertokens --help" to see the list of available commands';
    is_deeply [run({}, 'supertokens', 'dance')], [1, q{}, "Unknown command 'dance'. $help\n"], 'an unknown command';
    my ($status, $out) = run({}, 'supertokens');
    is $status, 0, 'none';
    like $out, qr/config test .*config dump.*migrate/s, 'shows them all';
    is_deeply [run({}, 'supertokens', '--help')], [0, $out, q{}], 'as does --help';
    is((run({}, 'supertokens', 'config', 'test', $_))[0], 1, "$_ is refused") for qw(--nonsense nonsense --config);
    like((run({}, 'supertokens', '--version'))[1], qr/\ASuperTokens|\Asupertokens/, '--version');
};

done_testing;
