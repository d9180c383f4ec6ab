/* SPDX-License-Identifier: Apache-2.0
 *
 * Base configuration: the table of keys, defaults, conversion, checks, normalisation.
 */
#include "config_fixture.h"

#include <ctype.h>

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

/* Environment names are the keys in capitals, but for these (spec: config 2 and 3). */
static void environment_names(void **state)
{
    (void)state;
    static const char *const others[][2] = {
        {"port", "SUPERTOKENS_PORT"},
        {"host", "SUPERTOKENS_HOST"},
        {"migration_mode", "SUPERTOKENS_MIGRATION_MODE"},
        {"core_config_version", NULL},
        {"postgresql_config_version", NULL},
        {"webserver_https_enabled", NULL},
        {"bulk_migration_sleep_between_rounds_in_batch_ms", NULL},
    };
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        char capitals[96] = "";
        for (size_t i = 0; key->name[i]; i++)
            capitals[i] = (char)toupper((unsigned char)key->name[i]);
        const char *expected = capitals;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (strcmp(others[i][0], key->name) == 0)
                expected = others[i][1];
        if (expected && key->env)
            assert_string_equal(key->env, expected);
        else
            assert_ptr_equal(key->env, expected);
    }
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
    assert_string_equal(c->fcgi_socket, "/run/supertokens/fcgi.sock");
    assert_int_equal(c->fcgi_max_body, 1048576);
    assert_true(c->fcgi_named_statements);
    assert_false(c->test_mode);
    config_free(c);
}

/* Of several errors the one that the reference checks first is reported. (All texts: t/config-errors.t) */
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
        cmocka_unit_test(environment_names),
        cmocka_unit_test(dashboard_list_is_complete),
        cmocka_unit_test(dashboard_values),
        cmocka_unit_test(defaults),
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
