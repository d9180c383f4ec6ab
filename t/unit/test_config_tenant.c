/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration of connection URI domains, apps and tenants: inheritance and the checks of create requests.
 */
#include "config_fixture.h"

#include "config/keys.h"

#define K20 "abcdefghij0123456789"

/* Derives from PARENT and gives the reference to it back. */
static const struct config *derive(const struct config *parent, const char *own)
{
    const struct config *c = NULL;
    struct config_error e;
    struct json_object *object = json(own);
    if (config_derive(parent, object, &c, &e) != ST_OK)
        fail_msg("%s", e.text);
    json_object_put(object);
    config_free(parent);
    return c;
}

static void inherits(void **state)
{
    (void)state;
    const struct config *base = load_fine(MINIMAL "totp_max_attempts: 1\npassword_reset_token_lifetime: 1\n"
                                                  "passwordless_code_lifetime: 1\nsaml_claims_validity: 1\n");
    const struct config *cud =
        derive(config_ref(base), "{\"totp_max_attempts\":2,\"passwordless_code_lifetime\":2,"
                                 "\"password_reset_token_lifetime\":2,"
                                 "\"postgresql_host\":\"db2\"}");
    const struct config *app =
        derive(config_ref(cud), "{\"totp_max_attempts\":3,\"passwordless_code_lifetime\":3}");
    const struct config *tenant = derive(app, "{\"totp_max_attempts\":4}");
    assert_int_equal(tenant->totp_max_attempts, 4);
    assert_int_equal(tenant->passwordless_code_lifetime, 3);
    assert_int_equal(tenant->password_reset_token_lifetime, 2);
    assert_int_equal(tenant->saml_claims_validity, 1);
    assert_string_equal(tenant->pg.host, "db2");
    assert_ptr_equal(tenant->user_pool_id, cud->user_pool_id); /* inherited strings are shared */
    assert_string_equal(cud->user_pool_id, "|db2|5432|supertokens|public");
    assert_string_equal(base->user_pool_id, "|localhost|5432|supertokens|public");
    assert_string_equal(tenant->connection_pool_id, base->connection_pool_id);
    config_free(base);
    config_free(cud);
    /* The parents live on through the tenant. */
    assert_string_equal(tenant->fcgi_socket, "/run/supertokens/fcgi.sock");
    assert_string_equal(tenant->postgresql_user, "u");
    config_free(tenant);
}

static void nothing_of_its_own(void **state)
{
    (void)state;
    struct config_error e;
    const struct config *base = load_fine(MINIMAL), *same;
    assert_int_equal(config_derive(base, NULL, &same, &e), ST_OK);
    assert_ptr_equal(base, same);
    config_free(same);
    same = derive(config_ref(base), "{\"unknown\":1,\"port\":\"x\",\"log_level\":\"NONE\"}"); /* skipped */
    assert_ptr_equal(base, same);
    config_free(same);
    config_free(base);
}

static void nulls(void **state)
{
    (void)state;
    const struct config *base =
        load_fine(MINIMAL "totp_max_attempts: 1\napi_keys: " K20 "\nip_deny_regex: x\nsaml_sp_entity_id: x\n"
                          "postgresql_host: db\nmigration_mode: MIGRATED\n");
    const struct config *c =
        derive(base, "{\"totp_max_attempts\":null,\"api_keys\":null,\"ip_deny_regex\":null,"
                     "\"saml_sp_entity_id\":null,\"postgresql_host\":null,"
                     "\"bulk_migration_sleep_between_rounds_in_batch_ms\":null,"
                     "\"migration_mode\":null}");
    assert_int_equal(c->totp_max_attempts, 5); /* the default, not the inherited value */
    assert_null(c->api_keys);
    assert_null(c->api_key_list);
    assert_int_equal(c->api_key_count, 0);
    assert_null(c->ip_deny_regex);
    assert_string_equal(c->saml_sp_entity_id, "https://saml.supertokens.com");
    assert_string_equal(c->pg.host, "localhost");
    assert_false(c->bulk_migration_sleep_between_rounds_in_batch_ms.set);
    assert_int_equal(c->migration, CONFIG_LEGACY);
    assert_false(config_is_set(c, CONFIG_KEY_migration_mode));
    config_free(c);
}

/* Values as SDKs send them: numbers and booleans in strings. */
static void values_of_sdks(void **state)
{
    (void)state;
    static const char yaml[] = MINIMAL;
    struct loaded l = load_bytes(yaml, strlen(yaml), (struct config_options){.test_mode = true});
    const struct config *c =
        derive(l.config, "{\"access_token_signing_key_dynamic\":\"false\","
                         "\"access_token_signing_key_update_interval\":\"0.0011\","
                         "\"access_token_validity\":1,\"passwordless_code_lifetime\":1000}");
    assert_false(c->access_token_signing_key_dynamic);
    assert_int_equal(c->signing_key_update_interval_ms, 3960);
    assert_int_equal(c->access_token_validity_ms, 1000);
    config_free(c);
}

/* What a value follows from may change below the level that the value was set at. */
static void dependent_values(void **state)
{
    (void)state;
#define URLS(X)                                                                                              \
    "{\"oauth_provider_public_service_url\":\"http://" X                                                     \
    "\",\"oauth_provider_admin_service_url\":\"http://" X                                                    \
    "\",\"oauth_provider_consent_login_base_url\":\"http://" X "\"}"
    const struct config *app = derive(load_fine(MINIMAL "postgresql_table_names_prefix: st\n"), URLS("a"));
    assert_string_equal(app->oauth_provider_url_configured_in_oauth_provider, "http://a");
    const struct config *tenant = derive(app, URLS("b"));
    assert_string_equal(tenant->oauth_provider_url_configured_in_oauth_provider, "http://b");
    assert_string_equal(tenant->pg.table_prefix, "st_");
    config_free(tenant);

    /* A URI that is inherited still wins over a key of the tenant. */
    tenant = derive(load_fine("core_config_version: 0\npostgresql_connection_uri: postgresql://u@h:7/d\n"),
                    "{\"postgresql_host\":\"other\",\"postgresql_table_schema\":\"s\"}");
    assert_string_equal(tenant->user_pool_id, "|h|7|d|s");
    config_free(tenant);
}

static void keys_are_shared(void **state)
{
    (void)state;
    const struct config *base = load_fine(MINIMAL "api_keys: b" K20 ",a" K20 "\n");
    const struct config *c =
        derive(config_ref(base), "{\"totp_max_attempts\":4,\"api_keys\":\"a" K20 ",b" K20 "\"}");
    assert_ptr_equal(c->api_key_list, base->api_key_list);
    config_free(c);
    c = derive(base, "{\"api_keys\":\"c" K20 "\"}");
    assert_int_equal(c->api_key_count, 1);
    assert_string_equal(c->api_keys, "c" K20);
    config_free(c);
}

/* ---- checks ---- */

struct request {
    const struct config *base;
    struct config_check check;
    struct config_error error;
};

static const struct config_tenant app_public = {.cud = {"", 0}, .app = {"a1", 2}, .tenant = {"public", 6}};

/* Runs the check of OWN for REQUEST's target and returns the answer's text, NULL when it is accepted. */
static const char *check(struct request *r, const char *own)
{
    const struct config *c = NULL;
    r->check.own = json(own);
    r->check.parent = r->base;
    enum st_err err = config_check_tenant(&r->check, &c, &r->error);
    json_object_put(r->check.own);
    config_free(c);
    if (err == ST_FORBIDDEN)
        assert_true(r->check.protect);
    else
        assert_true(err == ST_OK ? c != NULL : err == ST_BAD_REQUEST);
    return err == ST_OK ? NULL : r->error.text;
}

static void rejects(void **state)
{
    (void)state;
    struct request r = {.base = load_fine(MINIMAL), .check = {.target = app_public}};
    static const char *const cases[][2] = {
        {"{\"nope\":1}", "Invalid core config: Invalid config key: nope"},
        {"{\"port\":1}", "Invalid core config: port can only be set via the core's base config setting"},
        {"{\"port\":null}", "Invalid core config: port can only be set via the core's base config setting"},
        {"{\"port\":\"x\"}", "Invalid core config: 'port' must be of type int"},
        {"{\"fcgi_workers\":1}",
         "Invalid core config: fcgi_workers can only be set via the core's base config setting"},
        {"{\"nope\":1,\"port\":\"x\"}", "Invalid core config: Invalid config key: nope"},
        {"{\"email_verification_token_lifetime\":true}",
         "Invalid core config: 'email_verification_token_lifetime' must be of type long"},
        {"{\"host\":[]}", "Invalid core config: 'host' must be of type String"},
        {"{\"access_token_validity\":0}",
         "Invalid core config: 'access_token_validity' must be between 1 and 86400000 seconds inclusive."},
        {"{\"password_hashing_alg\":\"x\"}",
         "Invalid core config: 'password_hashing_alg' must be one of 'ARGON2' or 'BCRYPT'"},
        {"{\"postgresql_connection_pool_size\":0}",
         "Invalid core config: 'postgresql_connection_pool_size' in the config.yaml file must be > 0"},
        {"{\"postgresql_user\":null}",
         "Invalid core config: 'postgresql_user' and 'postgresql_connection_uri' are not "
         "set. Please set at least one of these values"},
        {"{\"totp_max_attempts\":3,\"log_level\":\"debug\"}",
         "Invalid core config: log_level can only be set via the core's base config setting"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(check(&r, cases[i][0]), cases[i][1]);
    assert_null(check(&r, "{}"));
    assert_null(check(&r, "{\"totp_max_attempts\":\"3\",\"access_token_signing_key_update_interval\":2}"));

    r.check.target = (struct config_tenant){.cud = STR(""), .app = STR("public"), .tenant = STR("public")};
    assert_string_equal(check(&r, "{\"totp_max_attempts\":3}"), "Cannot modify base config");
    assert_null(check(&r, "{}"));
    config_free(r.base);
}

/* The levels of the spec's page (cdi-multitenancy 1.3), counted. */
static void levels(void **state)
{
    (void)state;
    int n[3] = {0};
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if (!(key->marks & CONFIG_PLUGIN) && strncmp(key->name, "fcgi_", 5) != 0 &&
            strcmp(key->name, "core_config_version") != 0)
            n[key->level]++;
    assert_int_equal(n[CONFIG_CORE], 20);
    assert_int_equal(n[CONFIG_APP], 22);
    assert_int_equal(n[CONFIG_TENANT], 11);
}

static void equal_within_app(void **state)
{
    (void)state;
    struct request r = {.base = load_fine(MINIMAL)};
    const struct config *app = derive(config_ref(r.base), "{\"access_token_validity\":100}");
    struct config_tenant others[] = {app_public, app_public};
    others[0].config = app;
    others[1].config = r.base;
    others[1].app = STR("a2");
    r.check = (struct config_check){.target = app_public, .others = others, .n_others = 2};
    r.check.target.tenant = STR("t1");
    assert_string_equal(check(&r, "{}"),
                        "Invalid core config: You cannot set different values for access_token_validity "
                        "for the same appId");
    assert_null(check(&r, "{\"access_token_validity\":\"100\",\"totp_max_attempts\":9}"));
    r.check.target.app = STR("a2");
    assert_null(check(&r, "{}"));
    r.check.target = app_public; /* an entry for the target itself does not count */
    assert_null(check(&r, "{\"access_token_validity\":50}"));

    /* Compared is what is in effect. */
    const struct config *keys = derive(config_ref(r.base), "{\"api_keys\":\"a" K20 ", b" K20 "\"}");
    others[0].config = keys;
    r.check.target.tenant = STR("t1");
    assert_null(check(&r, "{\"api_keys\":\"b" K20 ",a" K20 "\",\"access_token_validity\":3600.0}"));
    config_free(keys);
    config_free(app);
    config_free(r.base);
}

static void user_pools(void **state)
{
    (void)state;
    struct request r = {.base = load_fine(MINIMAL)};
    const struct config *prefixed = derive(config_ref(r.base), "{\"postgresql_table_names_prefix\":\"p\","
                                                               "\"postgresql_host\":\"h2\"}");
    struct config_tenant others[] = {app_public, app_public};
    others[0].config = r.base;
    others[1].config = prefixed;
    others[1].cud = STR("one.com");
    r.check = (struct config_check){.target = app_public, .others = others, .n_others = 2};
    r.check.target.cud = STR("two.com");
    assert_string_equal(check(&r, "{}"),
                        "Invalid core config: ConnectionUriDomain:  cannot be mapped to the same user "
                        "pool as two.com");
    assert_string_equal(
        check(&r, "{\"postgresql_connection_uri\":\"postgresql://x@h2\"}"),
        "Invalid core config: ConnectionUriDomain: one.com cannot be mapped to the same user pool as "
        "two.com");
    assert_null(check(&r, "{\"postgresql_database_name\":\"two\"}"));

    r.check.target.cud = STR("one.com");
    r.check.target.app = STR("b");
    assert_string_equal(
        check(&r, "{\"postgresql_host\":\"h2\"}"),
        "Invalid core config: You cannot set different values for postgresql_table_names_prefix for the "
        "same user pool");
    assert_string_equal(
        check(&r, "{\"postgresql_host\":\"h2\",\"postgresql_table_names_prefix\":\"p\","
                  "\"postgresql_key_value_table_name\":\"kv\"}"),
        "Invalid core config: You cannot set different values for postgresql_key_value_table_name for "
        "the same user pool");
    assert_null(check(&r, "{\"postgresql_host\":\"h2\",\"postgresql_table_names_prefix\":\" p \","
                          "\"postgresql_key_value_table_name\":\"p_key_value\",\"postgresql_user\":\"v\"}"));
    config_free(prefixed);
    config_free(r.base);
}

static void protected_keys(void **state)
{
    (void)state;
    struct request r = {.base = load_fine(MINIMAL), .check = {.target = app_public, .protect = true}};
    static const char db[] = "Not allowed to modify DB related configs.";
    static const char core[] = "Not allowed to modify protected configs.";
    assert_string_equal(check(&r, "{\"postgresql_host\":\"x\"}"), db);
    assert_string_equal(check(&r, "{\"ip_allow_regex\":\"x\",\"postgresql_host\":\"x\"}"), db);
    assert_string_equal(check(&r, "{\"ip_allow_regex\":null}"), core);
    assert_string_equal(check(&r, "{\"saml_legacy_acs_url\":\"(\"}"), core);
    assert_string_equal(check(&r, "{\"nope\":1,\"postgresql_host\":\"x\"}"),
                        "Invalid core config: Invalid config key: nope");
    assert_null(check(&r, "{\"migration_mode\":\"MIGRATED\",\"totp_max_attempts\":3}"));

    r.check.stored = json("{\"postgresql_host\":\"x\"}");
    assert_null(check(&r, "{\"postgresql_host\":\"x\"}"));
    assert_string_equal(check(&r, "{\"postgresql_host\":\"y\"}"), db);
    json_object_put(r.check.stored);

    int n_core = 0, n_db = 0;
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if (key->marks & CONFIG_PROTECTED)
            ++*(key->marks & CONFIG_PLUGIN ? &n_db : &n_core);
    assert_int_equal(n_core, 7);
    assert_int_equal(n_db, 13);
    config_free(r.base);
}

static void connection_uri_domains(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {" Example.COM:8080 ", "example.com", NULL},
        {"localhost", "localhost", NULL},
        {"127.0.0.1:1", "127.0.0.1", NULL},
        {"a-b.c", "a-b.c", NULL},
        {"  ", NULL, "connectionUriDomain should not be an empty String"},
        {"http://a", NULL, "connectionUriDomain is invalid"},
        {"a/b", NULL, "connectionUriDomain is invalid"},
        {"a..b", NULL, "connectionUriDomain is invalid"},
        {".a", NULL, "connectionUriDomain is invalid"},
        {"a.", NULL, "connectionUriDomain is invalid"},
        {"a_b", NULL, "connectionUriDomain is invalid"},
        {"a:", NULL, "connectionUriDomain is invalid"},
        {":80", NULL, "connectionUriDomain is invalid"},
        {"a:8x", NULL, "connectionUriDomain is invalid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        const char *error = config_normalise_cud(str_of(cases[i][0]), out);
        if (cases[i][1]) {
            assert_null(error);
            assert_string_equal(out, cases[i][1]);
        } else {
            assert_string_equal(error, cases[i][2]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inherits),
        cmocka_unit_test(nothing_of_its_own),
        cmocka_unit_test(nulls),
        cmocka_unit_test(values_of_sdks),
        cmocka_unit_test(dependent_values),
        cmocka_unit_test(keys_are_shared),
        cmocka_unit_test(rejects),
        cmocka_unit_test(levels),
        cmocka_unit_test(equal_within_app),
        cmocka_unit_test(user_pools),
        cmocka_unit_test(protected_keys),
        cmocka_unit_test(connection_uri_domains),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config_tenant", tests, NULL, NULL);
}
