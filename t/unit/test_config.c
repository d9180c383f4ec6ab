/* SPDX-License-Identifier: Apache-2.0
 *
 * Base configuration: the table of keys, defaults, conversion, checks, normalisation.
 */
#include "config_fixture.h"

#include "config/keys.h"

#define K20 "abcdefghij0123456789"
#define K40 K20 K20

static void table_is_consistent(void **state)
{
    (void)state;
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        assert_ptr_equal(config_key_find(str_of(key->name)), key);
        assert_true(key->help && strlen(key->help) > 3);
        assert_int_equal(key->type == CONFIG_ENUM, key->choices != NULL);
        bool ok = true;
        json_object_put(config_fallback_json(key, &ok));
        assert_true(ok);
        for (const struct config_key *other = config_keys; other < key; other++)
            assert_false(key->env && other->env && strcmp(key->env, other->env) == 0);
    }
    assert_string_equal(config_keys[0].section, "Service");
    assert_null(config_key_find(STR("nope")));
    assert_ptr_equal(config_key_find(STR("access_token_signing_key_update_interval")),
                     &config_keys[CONFIG_KEY_access_token_dynamic_signing_key_update_interval]);
}

static void dashboard_list_is_complete(void **state)
{
    (void)state;
    int core = 0, plugin = 0, editable = 0;
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        core += (key->marks & CONFIG_LISTED) && !(key->marks & CONFIG_PLUGIN);
        plugin += (key->marks & CONFIG_LISTED) && (key->marks & CONFIG_PLUGIN);
        editable += !!(key->marks & CONFIG_EDITABLE);
    }
    assert_int_equal(core, 23);
    assert_int_equal(plugin, 14);
    assert_int_equal(editable, 3);
}

static void defaults(void **state)
{
    (void)state;
    const struct config *c = load_fine(MINIMAL);
    assert_int_equal(c->port, 3567);
    assert_string_equal(c->host, "localhost");
    assert_string_equal(c->base_path, "");
    assert_int_equal(c->access_token_validity_ms, 3600000);
    assert_int_equal(c->refresh_token_validity_ms, INT64_C(8640000000));
    assert_int_equal(c->signing_key_update_interval_ms, 604800000);
    assert_int_equal(c->log_threshold, LOG_INFO_LEVEL);
    assert_int_equal(c->reuse, CONFIG_REUSE_IS_THEFT);
    assert_int_equal(c->hash_alg, CONFIG_HASH_BCRYPT);
    assert_int_equal(c->migration, CONFIG_LEGACY);
    assert_false(config_is_set(c, CONFIG_KEY_migration_mode));
    assert_true(config_is_set(c, CONFIG_KEY_postgresql_user));
    assert_int_equal(c->bulk_migration_parallelism, sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(c->bulk_migration_sleep_between_rounds_in_batch_ms.set);
    assert_string_equal(c->saml_sp_entity_id, "https://saml.supertokens.com");
    assert_null(c->info_log_path);
    assert_null(c->api_keys);
    assert_null(c->ip_allow_regex);
    assert_string_equal(c->fcgi_socket, "/run/supertokens/core.sock");
    assert_int_equal(c->fcgi_max_body, 1048576);
    assert_true(c->fcgi_named_statements);
    assert_false(c->test_mode);
    config_free(c);
}

/* Every error text of the two tables. LINES follow the two settings that are always needed. */
static const struct {
    const char *lines, *text;
    bool with_path;
} errors[] = {
    {"core_config_version: -1",
     "'core_config_version' is not set in the config.yaml file. Please redownload and "
     "install SuperTokens",
     false},
    {"access_token_validity: 0", "'access_token_validity' must be between 1 and 86400000 seconds inclusive.",
     true},
    {"access_token_validity: 86400001",
     "'access_token_validity' must be between 1 and 86400000 seconds inclusive.", true},
    {"refresh_token_validity: 60",
     "'refresh_token_validity' must be strictly greater than 'access_token_validity'.", true},
    {"access_token_dynamic_signing_key_update_interval: 0.99",
     "'access_token_dynamic_signing_key_update_interval' must be greater than, equal to 1 hour.", true},
    {"refresh_token_rotation_grace_period: -1",
     "'refresh_token_rotation_grace_period' must be between 0 and 300 seconds inclusive.", true},
    {"refresh_token_rotation_grace_period: 301",
     "'refresh_token_rotation_grace_period' must be between 0 and 300 seconds inclusive.", true},
    {"access_token_validity_jitter: 0.26",
     "'access_token_validity_jitter' must be between 0 and 0.25 inclusive.", true},
    {"access_token_validity_jitter: -0.01",
     "'access_token_validity_jitter' must be between 0 and 0.25 inclusive.", true},
    {"password_reset_token_lifetime: 0", "'password_reset_token_lifetime' must be >= 0", false},
    {"email_verification_token_lifetime: 0", "'email_verification_token_lifetime' must be >= 0", false},
    {"passwordless_code_lifetime: 0", "'passwordless_code_lifetime' must be > 0", false},
    {"passwordless_max_code_input_attempts: 0", "'passwordless_max_code_input_attempts' must be > 0", false},
    {"totp_max_attempts: 0", "'totp_max_attempts' must be > 0", false},
    {"totp_rate_limit_cooldown_sec: -5", "'totp_rate_limit_cooldown_sec' must be > 0", false},
    {"max_server_pool_size: 0", "'max_server_pool_size' must be >= 1.", true},
    {"api_keys: " K20 ",short", "One of the API keys is too short. Please use at least 20 characters", false},
    {"api_keys: ''", "One of the API keys is too short. Please use at least 20 characters", false},
    {"api_keys: ','", "One of the API keys is too short. Please use at least 20 characters", false},
    {"api_keys: " K20 "_",
     "Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including capitals)", false},
    {"api_keys: abcdefghij 0123456789",
     "Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including capitals)", false},
    {"supertokens_saas_secret: " K40, "supertokens_saas_secret can only be used when api_key is also defined",
     false},
    {"api_keys: " K20 "\nsupertokens_saas_secret: " K20,
     "supertokens_saas_secret is too short. Please use at least 40 characters", false},
    {"api_keys: " K20 "\nsupertokens_saas_secret: " K40 "!",
     "Invalid characters in supertokens_saas_secret key. Please only use '=', '-' and alpha-numeric "
     "(including "
     "capitals)",
     false},
    {"password_hashing_alg: scrypt", "'password_hashing_alg' must be one of 'ARGON2' or 'BCRYPT'", false},
    {"bcrypt_log_rounds: 0", "'bcrypt_log_rounds' must be >= 1", false},
    {"password_hashing_alg: argon2\nargon2_iterations: 0", "'argon2_iterations' must be >= 1", false},
    {"password_hashing_alg: argon2\nargon2_parallelism: 0", "'argon2_parallelism' must be >= 1", false},
    {"password_hashing_alg: argon2\nargon2_memory_kb: 0", "'argon2_memory_kb' must be >= 1", false},
    {"password_hashing_alg: argon2\nargon2_hashing_pool_size: 0", "'argon2_hashing_pool_size' must be >= 1",
     false},
    {"password_hashing_alg: argon2\nargon2_hashing_pool_size: 11",
     "'argon2_hashing_pool_size' must be <= 'max_server_pool_size'", false},
    {"base_path: /a b", "Invalid characters in base_path config", false},
    {"log_level: loud",
     "'log_level' config must be one of \"NONE\",\"DEBUG\", \"INFO\", \"WARN\" or \"ERROR\".", false},
    {"ip_allow_regex: '('", "Provided regular expression is invalid for ip_allow_regex config", false},
    {"ip_deny_regex: '*'", "Provided regular expression is invalid for ip_deny_regex config", false},
    {"supertokens_max_cdi_version: 5.x", "supertokens_max_cdi_version is not a valid semantic version",
     false},
    {"supertokens_max_cdi_version: 5.7", "supertokens_max_cdi_version is not a supported version", false},
    {"supertokens_max_cdi_version: 5.4.1", "supertokens_max_cdi_version is not a supported version", false},
    {"supertokens_min_cdi_version: 5.", "supertokens_min_cdi_version is not a valid semantic version", false},
    {"supertokens_min_cdi_version: 2.6", "supertokens_min_cdi_version is not a supported version", false},
    {"supertokens_min_cdi_version: 5.1\nsupertokens_max_cdi_version: 5.0",
     "supertokens_min_cdi_version cannot be greater than supertokens_max_cdi_version", false},
    {"bulk_migration_parallelism: 0", "Provided bulk_migration_parallelism must be >= 1", false},
    {"bulk_migration_batch_size: 0", "Provided bulk_migration_batch_size must be >= 1", false},
    {"webauthn_recover_account_token_lifetime: 0",
     "Provided webauthn_recover_account_token_lifetime must be > 0", false},
    {"recent_token_reuse_behaviour: SHRUG",
     "recent_token_reuse_behaviour property is not set correctly. It must be one of [TOKEN_THEFT, "
     "UNAUTHORISED]",
     false},
    {"supertokens_saas_load_only_cud: http://x", "supertokens_saas_load_only_cud is invalid", false},
    {"supertokens_saas_load_only_cud: ' '", "supertokens_saas_load_only_cud is invalid", false},
    {"oauth_provider_public_service_url: nowhere", "oauth_provider_public_service_url is not a valid URL",
     false},
    {"oauth_provider_admin_service_url: 'http://:x'", "oauth_provider_admin_service_url is not a valid URL",
     false},
    {"oauth_provider_consent_login_base_url: 'http://h:99999'",
     "oauth_provider_consent_login_base_url is not a valid URL", false},
    {"oauth_provider_url_configured_in_oauth_provider: '//h'",
     "oauth_provider_url_configured_in_oauth_provider is not a valid URL", false},
    {"oauth_provider_public_service_url: http://a",
     "If any of the following is set, all of them has to be set: oauth_provider_public_service_url, "
     "oauth_provider_admin_service_url, oauth_provider_consent_login_base_url",
     false},
    /* types */
    {"port: x", "'port' must be of type int", false},
    {"port: 1.5", "'port' must be of type int", false},
    {"port: '5.0'", "'port' must be of type int", false},
    {"port: 2147483648", "'port' must be of type int", false},
    {"port: true", "'port' must be of type int", false},
    {"port: [1]", "'port' must be of type int", false},
    {"access_token_validity: 1e30", "'access_token_validity' must be of type long", false},
    {"refresh_token_validity: 0x10", "'refresh_token_validity' must be of type double", false},
    {"refresh_token_validity: .inf", "'refresh_token_validity' must be of type double", false},
    {"disable_telemetry: yes", "'disable_telemetry' must be of type boolean", false},
    {"disable_telemetry: 1", "'disable_telemetry' must be of type boolean", false},
    {"bulk_migration_sleep_between_rounds_in_batch_ms: a",
     "'bulk_migration_sleep_between_rounds_in_batch_ms' must be of type Integer", false},
    {"host: {a: b}", "'host' must be of type String", false},
    {"host: \"a\\0b\"", "'host' contains a NUL character", false},
    /* our own keys */
    {"fcgi_socket: core.sock", "'fcgi_socket' must be an absolute path of at most 107 bytes", false},
    {"fcgi_workers: -1", "'fcgi_workers' must be between 0 and 1024", false},
    {"fcgi_hash_slots: 1025", "'fcgi_hash_slots' must be between 0 and 1024", false},
    {"fcgi_hash_queue: 0", "'fcgi_hash_queue' must be between 1 and 100000", false},
    {"fcgi_call_queue: 0", "'fcgi_call_queue' must be between 1 and 100000", false},
    {"fcgi_request_timeout: 1", "'fcgi_request_timeout' must be between 100 and 3600000", false},
    {"fcgi_max_body: 1", "'fcgi_max_body' must be between 1024 and 1073741824", false},
    {"fcgi_drain_timeout: -1", "'fcgi_drain_timeout' must be between 0 and 3600000", false},
    {"fcgi_listen_connection_uri: pg",
     "'fcgi_listen_connection_uri' is not a valid PostgreSQL connection URI", false},
    /* PostgreSQL */
    {"postgresql_user:",
     "'postgresql_user' and 'postgresql_connection_uri' are not set. Please set at least one of "
     "these values",
     false},
    {"postgresql_connection_uri: 'h:5432/db'",
     "The provided postgresql connection URI has an incorrect format. Please use a format like "
     "postgresql://[user[:[password]]@]host[:port][/dbname][?attr1=val1&attr2=val2...",
     false},
    {"postgresql_connection_pool_size: 0",
     "'postgresql_connection_pool_size' in the config.yaml file must be > 0", false},
    {"postgresql_minimum_idle_connections: -1", "'postgresql_minimum_idle_connections' must be >= 0", false},
    {"postgresql_minimum_idle_connections: 11",
     "'postgresql_minimum_idle_connections' must be less than or equal to 'postgresql_connection_pool_size'",
     false},
    {"migration_mode: later",
     "Invalid migration_mode value: 'later'. Must be one of: LEGACY, DUAL_WRITE_READ_OLD, "
     "DUAL_WRITE_READ_NEW, MIGRATED",
     false},
};

static void error_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char yaml[1024], expected[1024];
        const char *lines = errors[i].lines;
        snprintf(yaml, sizeof yaml, "%s%s%s\n", strncmp(lines, "core_", 5) ? "core_config_version: 0\n" : "",
                 strncmp(lines, "postgresql_user", 15) ? "postgresql_user: u\n" : "", lines);
        struct loaded l = load(yaml, NULL);
        snprintf(expected, sizeof expected, "%s%s%s", errors[i].text,
                 errors[i].with_path ? " The config file can be found here: " : "",
                 errors[i].with_path ? l.path : "");
        if (l.err == ST_OK)
            fail_msg("accepted: %s", lines);
        assert_int_equal(l.err, ST_BAD_REQUEST);
        assert_string_equal(l.error.text, expected);
    }
}

/* Of several errors the one that the reference checks first is reported. */
static void error_order(void **state)
{
    (void)state;
    struct loaded l = load(
        MINIMAL "webauthn_recover_account_token_lifetime: 0\nlog_level: x\ntotp_max_attempts: 0\n", NULL);
    assert_string_equal(l.error.text, "'totp_max_attempts' must be > 0");
    l = load(MINIMAL "totp_max_attempts: 0\nport: x\n", NULL); /* types before values */
    assert_string_equal(l.error.text, "'port' must be of type int");
    l = load("postgresql_user: u\nport: 1\n", NULL);
    assert_string_equal(l.error.text,
                        "'core_config_version' is not set in the config.yaml file. Please redownload "
                        "and install SuperTokens");
    l = load(MINIMAL "postgresql_port: x\nlog_level: x\n", NULL); /* core before database keys */
    assert_string_equal(l.error.text, config_keys[CONFIG_KEY_log_level].error);
}

static void conversions(void **state)
{
    (void)state;
    const struct config *c = load_fine(
        MINIMAL
        "port: 5.0\naccess_token_validity: '300'\nmax_server_pool_size: 1e2\n"
        "refresh_token_validity: ' 7.5 '\ndisable_telemetry: 'TRUE'\nfcgi_bcrypt_interleaved: False\n"
        "firebase_password_hashing_signer_key: 0123\nsaml_sp_entity_id: true\n"
        "saml_legacy_acs_url: !!str null\n"
        "totp_max_attempts: null\nsaml_claims_validity: ~\nhost:\n"
        "bulk_migration_sleep_between_rounds_in_batch_ms: null\nlog_level: Debug\n"
        "password_hashing_alg: argon2\nrecent_token_reuse_behaviour: unauthorised\n"
        "ip_allow_regex: '  '\nip_deny_regex: ' 10\\..* '\nargon2_hashing_pool_size: 1\n"
        "firebase_password_hashing_pool_size: -4\nsupertokens_saas_load_only_cud: ' Example.COM:80 '\n"
        "supertokens_max_cdi_version: 5.4.0\nsupertokens_min_cdi_version: '2.21'\n");
    assert_int_equal(c->port, 5);
    assert_int_equal(c->access_token_validity_ms, 300000);
    assert_int_equal(c->max_server_pool_size, 100);
    assert_int_equal(c->refresh_token_validity_ms, 450000);
    assert_true(c->disable_telemetry);
    assert_false(c->fcgi_bcrypt_interleaved);
    assert_string_equal(c->firebase_password_hashing_signer_key, "0123");
    assert_string_equal(c->saml_sp_entity_id, "true");
    assert_string_equal(c->saml_legacy_acs_url, "null");
    assert_int_equal(c->totp_max_attempts, 5);
    assert_int_equal(c->saml_claims_validity, 300000);
    assert_string_equal(c->host, "localhost");
    assert_false(c->bulk_migration_sleep_between_rounds_in_batch_ms.set);
    assert_string_equal(c->log_level, "DEBUG");
    assert_int_equal(c->log_threshold, LOG_DEBUG_LEVEL);
    assert_int_equal(c->hash_alg, CONFIG_HASH_ARGON2);
    assert_string_equal(c->recent_token_reuse_behaviour, "UNAUTHORISED");
    assert_int_equal(c->reuse, CONFIG_REUSE_IS_UNAUTHORISED);
    assert_null(c->ip_allow_regex);
    assert_string_equal(c->ip_deny_regex, "10\\..*");
    assert_int_equal(c->firebase_password_hashing_pool_size, 1);
    assert_string_equal(c->supertokens_saas_load_only_cud, "example.com");
    assert_int_equal(c->max_cdi, 504);
    assert_int_equal(c->min_cdi, 221);
    config_free(c);
}

static void base_path(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""},        {"/", ""},        {"//", ""},
                                           {"a", "/a"},     {"/a/", "/a"},    {"//a///b//", "/a/b"},
                                           {"a/b", "/a/b"}, {"null", "/null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[128];
        snprintf(yaml, sizeof yaml, MINIMAL "base_path: \"%s\"\n", cases[i][0]);
        const struct config *c = load_fine(yaml);
        assert_string_equal(c->base_path, cases[i][1]);
        config_free(c);
    }
}

static void api_keys(void **state)
{
    (void)state;
    const struct config *c = load_fine(MINIMAL "api_keys: ' z" K20 " , a" K20 "\t,Z" K20 ",,'\n"
                                               "supertokens_saas_secret: " K40 "\n");
    assert_string_equal(c->api_keys, "Z" K20 ",a" K20 ",z" K20);
    assert_int_equal(c->api_key_count, 3);
    assert_true(str_is_c(c->api_key_list[0], "Z" K20));
    assert_true(str_is_c(c->api_key_list[2], "z" K20));
    assert_string_equal(c->supertokens_saas_secret, K40);
    config_free(c);
}

static void urls(void **state)
{
    (void)state;
    static const char *const fine[] = {"http://h",           "https://h/p?q#f", "HTTP://h:80/",
                                       "http://u:p@h:1",     "http://[::1]:8",  "http://[::1]",
                                       " https://1.2.3.4/ ", "http://h:/"};
    static const char *const bad[] = {"",           "h",         "http:/h",    "http://",
                                      "http:///p",  "ftp://h",   "http://h:x", "http://h:-1",
                                      "http://a b", "http://u@", "http://:1",  "http://[::1]x"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, MINIMAL "oauth_provider_url_configured_in_oauth_provider: '%s'\n",
                 fine[i]);
        config_free(load_fine(yaml));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, MINIMAL "oauth_provider_url_configured_in_oauth_provider: '%s'\n",
                 bad[i]);
        struct loaded l = load(yaml, NULL);
        if (l.err == ST_OK)
            fail_msg("accepted: %s", bad[i]);
        assert_string_equal(l.error.text,
                            "oauth_provider_url_configured_in_oauth_provider is not a valid URL");
    }
}

static void test_mode(void **state)
{
    (void)state;
    static const char yaml[] =
        MINIMAL "access_token_dynamic_signing_key_update_interval: 0.001\n"
                "refresh_token_validity: 0.01\nrefresh_token_rotation_grace_period: 1000\n";
    assert_int_equal(load(yaml, NULL).err, ST_BAD_REQUEST);
    struct loaded l = load_bytes(yaml, strlen(yaml), (struct config_options){.test_mode = true});
    assert_int_equal(l.err, ST_OK);
    assert_int_equal(l.config->signing_key_update_interval_ms, 3600);
    assert_int_equal(l.config->refresh_token_validity_ms, 600);
    config_free(l.config);
    static const char other[] = MINIMAL "access_token_validity_jitter: 1\n"; /* not one of the three */
    assert_int_equal(load_bytes(other, strlen(other), (struct config_options){.test_mode = true}).err,
                     ST_BAD_REQUEST);
}

static void log_paths(void **state)
{
    (void)state;
    static const char yaml[] = MINIMAL "error_log_path: NULL\n", text[] = MINIMAL "error_log_path: 'Null'\n";
    struct config_options options = {.install_dir = "/usr/lib/supertokens/"};
    struct loaded l = load_bytes(yaml, strlen(yaml), options);
    assert_string_equal(l.config->info_log_path, "/usr/lib/supertokens/logs/info.log");
    assert_null(l.config->error_log_path);
    config_free(l.config);
    l = load_bytes(text, strlen(text), options);
    assert_null(l.config->error_log_path);
    config_free(l.config);
}

static void dashboard_values(void **state)
{
    (void)state;
    bool ok = true;
    const struct config *c = load_fine(MINIMAL "postgresql_connection_uri: postgresql://h:99/\n"
                                               "postgresql_table_names_prefix: st\n");
    static const struct {
        enum config_key_id id;
        const char *value, *fallback, *type;
    } cases[] = {
        {CONFIG_KEY_refresh_token_validity, "144000.0", "144000.0", "number"},
        {CONFIG_KEY_access_token_validity_jitter, "0.05", "0.05", "number"},
        {CONFIG_KEY_postgresql_port, "99", "5432", "number"},
        {CONFIG_KEY_postgresql_host, "\"h\"", "\"localhost\"", "string"},
        {CONFIG_KEY_postgresql_table_names_prefix, "\"st_\"", "\"\"", "string"},
        {CONFIG_KEY_postgresql_minimum_idle_connections, "null", "null", "number"},
        {CONFIG_KEY_password_hashing_alg, "\"BCRYPT\"", "\"BCRYPT\"", "enum"},
        {CONFIG_KEY_migration_mode, "\"LEGACY\"", "\"LEGACY\"", "string"},
        {CONFIG_KEY_disable_telemetry, "false", "false", "boolean"},
        {CONFIG_KEY_saml_sp_entity_id, "\"https:\\/\\/saml.supertokens.com\"", "null", "string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct config_key *key = &config_keys[cases[i].id];
        struct json_object *value = config_value_json(c, key, &ok),
                           *fallback = config_fallback_json(key, &ok);
        assert_string_equal(json_object_to_json_string(value), cases[i].value);
        assert_string_equal(json_object_to_json_string(fallback), cases[i].fallback);
        assert_string_equal(config_value_type(key), cases[i].type);
        json_object_put(value);
        json_object_put(fallback);
    }
    assert_true(ok);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_consistent),
        cmocka_unit_test(dashboard_list_is_complete),
        cmocka_unit_test(dashboard_values),
        cmocka_unit_test(defaults),
        cmocka_unit_test(error_texts),
        cmocka_unit_test(error_order),
        cmocka_unit_test(conversions),
        cmocka_unit_test(base_path),
        cmocka_unit_test(api_keys),
        cmocka_unit_test(urls),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(log_paths),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
