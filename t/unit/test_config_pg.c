/* SPDX-License-Identifier: Apache-2.0
 *
 * Database keys: connection URIs, libpq arguments, table names, identity.
 */
#include "config_fixture.h"

#include "config/pg.h"

static struct loaded load_pg(const char *lines)
{
    char yaml[4096];
    snprintf(yaml, sizeof yaml, "core_config_version: 0\n%s\n", lines);
    return load(yaml, NULL);
}

static const struct config *load_pg_fine(const char *lines)
{
    struct loaded l = load_pg(lines);
    if (l.err != ST_OK)
        fail_msg("%s: %s", lines, l.error.text);
    return l.config;
}

/* NULL: the key below it. */
static const struct {
    const char *uri, *user, *password, *pool, *attributes;
} uris[] = {
    {"postgresql://u:p@h:1/d?x=y", "u", "p", "|h|1|d|public", "x=y&allowPublicKeyRetrieval=true"},
    {"postgresql://u:p@h:1/d?allowPublicKeyRetrieval=false", "u", "p", "|h|1|d|public",
     "allowPublicKeyRetrieval=false"},
    {"postgresql://h", NULL, NULL, "|h|99|keydb|public", NULL},
    {"postgres://h/", NULL, NULL, "|h|99|keydb|public", NULL},
    {"postgresql://u@h", "u", NULL, "|h|99|keydb|public", NULL},
    {"postgresql://:p@h", NULL, "p", "|h|99|keydb|public", NULL},
    {"postgresql://:@h:/", NULL, NULL, "|h|99|keydb|public", NULL},
    {"postgresql://h:0/", NULL, NULL, "|h|99|keydb|public", NULL},
    {"postgresql://u:a:b@h", "u", "a", "|h|99|keydb|public", NULL}, /* cut at its colon */
    {"postgresql://u%40x:a%3Ab%25@h", "u@x", "a:b%", "|h|99|keydb|public", NULL},
    {"postgresql:///d", NULL, NULL, "|keyhost|99|d|public", NULL},
    {"postgresql://:7/d", NULL, NULL, "|keyhost|7|d|public", NULL},
    {"postgresql://h/d?currentSchema=s", NULL, NULL, "|h|99|d|s",
     "currentSchema=s&allowPublicKeyRetrieval=true"},
    {"postgresql://h/d?a=b&currentSchema=s%20&c=d#f", NULL, NULL, "|h|99|d|s",
     "a=b&currentSchema=s%20&c=d&allowPublicKeyRetrieval=true"},
    {"postgresql://my_host/d%20e", NULL, NULL, "|my_host|99|d e|public", NULL},
    {"postgresql://[::1]:7/d", NULL, NULL, "|::1|7|d|public", NULL},
    {"postgresql://h1:1,h2:2/d", NULL, NULL, "|h1,h2|1,2|d|public", NULL},
    {"postgresql://h1,h2:2/d", NULL, NULL, "|h1,h2|,2|d|public", NULL},
    {"postgresql://h1,h2/d", NULL, NULL, "|h1,h2|99|d|public", NULL},
    {"postgresql://u@%2Frun%2Fpostgresql:7/d", "u", NULL, "|/run/postgresql|7|d|public", NULL},
    {"postgresql:///d?host=/run/postgresql&user=q&password=w%26&port=8&dbname=e", "q", "w&",
     "|/run/postgresql|8|e|public",
     "host=/run/postgresql&user=q&password=w%26&port=8&dbname=e&allowPublicKeyRetrieval=true"},
    {"postgresql://h/a%7Cb", NULL, NULL, "|h|99|a\\|b|public", NULL},
};

static void parses_uris(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        char lines[512];
        snprintf(lines, sizeof lines,
                 "postgresql_connection_uri: '%s'\npostgresql_user: keyuser\npostgresql_password: keypw\n"
                 "postgresql_host: keyhost\npostgresql_port: 99\npostgresql_database_name: ' keydb '\n",
                 uris[i].uri);
        const struct config *c = load_pg_fine(lines);
        assert_string_equal(c->pg.user, uris[i].user ? uris[i].user : "keyuser");
        assert_string_equal(c->pg.password, uris[i].password ? uris[i].password : "keypw");
        assert_string_equal(c->user_pool_id, uris[i].pool);
        assert_string_equal(c->pg.attributes,
                            uris[i].attributes ? uris[i].attributes : "allowPublicKeyRetrieval=true");
        config_free(c);
    }
}

static void refuses_uris(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "h",           "h:1/d",          "postgresql:/h",      "postgresql//h", "1a://h",
        "a://h:x",    "a://h:70000", "a://h:-1",       "a://h:+1",           "a://u@v@h",     "a://h h",
        "a://h/d%",   "a://h/d%0g",  "a://h/d%00",     "a://u:p^w@h",        "a://[::1",      "a://[::1]x",
        "a://h/?q=|", "a://h/?q=%1", "a://h?port=abc", "a://h?port=1,70000", "a://h\\",       "a://<h>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char lines[128];
        snprintf(lines, sizeof lines, "postgresql_connection_uri: '%s'", bad[i]);
        struct loaded l = load_pg(lines);
        if (l.err == ST_OK)
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(l.error.text, "incorrect format"));
    }
}

static void schema_from_attributes_only_with_uri(void **state)
{
    (void)state;
    const struct config *c =
        load_pg_fine("postgresql_user: u\npostgresql_connection_attributes: currentSchema=x\n"
                     "postgresql_table_schema: ' s '\n");
    assert_string_equal(c->pg.schema, "s");
    config_free(c);
    c = load_pg_fine(
        "postgresql_connection_uri: postgresql://h\npostgresql_connection_attributes: a=b&currentSchema=x\n"
        "postgresql_table_schema: s\n");
    assert_string_equal(c->pg.schema, "x");
    config_free(c);
}

static const char *value_of(const struct config_pg_conninfo *info, const char *keyword)
{
    for (size_t i = 0; info->keywords[i]; i++)
        if (strcmp(info->keywords[i], keyword) == 0)
            return info->values[i];
    return NULL;
}

static void check_conninfo(const char *lines, enum config_pg_which which, const char *const (*expected)[2])
{
    struct config_pg_conninfo info;
    const struct config *c = load_pg_fine(lines);
    assert_int_equal(config_pg_conninfo(c, which, &info), ST_OK);
    for (; (*expected)[0]; expected++) {
        const char *value = value_of(&info, (*expected)[0]);
        if ((*expected)[1] && value)
            assert_string_equal(value, (*expected)[1]);
        else
            assert_ptr_equal(value, (*expected)[1]);
    }
    config_pg_conninfo_free(&info);
    config_free(c);
}

#define CONNINFO(LINES, WHICH, ...)                                                                          \
    check_conninfo(LINES, WHICH, (const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

static void libpq_arguments(void **state)
{
    (void)state;
    CONNINFO("postgresql_user: u\npostgresql_password: ''", CONFIG_PG_MAIN, {"host", "localhost"},
             {"port", "5432"}, {"user", "u"}, {"password", NULL}, {"dbname", "supertokens"},
             {"client_encoding", "UTF8"}, {"connect_timeout", "5"}, {"application_name", "supertokens"},
             {"keepalives", "1"}, {"keepalives_idle", "30"}, {"tcp_user_timeout", "30000"}, {"sslmode", NULL},
             {"allowPublicKeyRetrieval", NULL});
    CONNINFO("postgresql_connection_uri: 'postgresql://h/d?sslmode=require&connectTimeout=9&currentSchema=s"
             "&ApplicationName=x%20y&prepareThreshold=0&host=h2&targetServerType=primary&tcpKeepAlive=false&"
             "options=&tcp_user_timeout=5000'",
             CONFIG_PG_MAIN, {"sslmode", "require"}, {"connect_timeout", "9"}, {"application_name", "x y"},
             {"currentSchema", NULL}, {"prepareThreshold", NULL}, {"host", "h2"},
             {"target_session_attrs", "primary"}, {"keepalives", "0"}, {"options", NULL}, {"user", NULL},
             {"tcp_user_timeout", "5000"});
    CONNINFO("postgresql_connection_uri: 'postgresql://h/d?ssl=true'", CONFIG_PG_MAIN,
             {"sslmode", "verify-full"});
    CONNINFO("postgresql_connection_uri: 'postgresql://h/d?sslmode=prefer&ssl=true'", CONFIG_PG_MAIN,
             {"sslmode", "prefer"});
    CONNINFO("postgresql_connection_uri: "
             "'postgresql://h/d?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory'",
             CONFIG_PG_MAIN, {"sslmode", "require"});
    CONNINFO("postgresql_connection_uri: 'postgresql://h/d?ssl=false'", CONFIG_PG_MAIN, {"sslmode", NULL});
    /* Attributes of the key cannot redirect the connection, nor carry its own password. */
    CONNINFO("postgresql_user: u\npostgresql_connection_attributes: "
             "host=evil&password=x&service=y&sslmode=disable",
             CONFIG_PG_MAIN, {"host", "localhost"}, {"password", NULL}, {"service", NULL},
             {"sslmode", "disable"});
}

static void listen_connection(void **state)
{
    (void)state;
#define MAIN "postgresql_connection_uri: postgresql://u:p@bouncer:6432/d?sslmode=require\n"
    CONNINFO(MAIN, CONFIG_PG_LISTEN, {"host", "bouncer"}, {"port", "6432"}, {"sslmode", "require"});
    CONNINFO(MAIN "fcgi_listen_connection_uri: postgresql://direct", CONFIG_PG_LISTEN, {"host", "direct"},
             {"port", "5432"}, {"user", "u"}, {"password", "p"}, {"dbname", "d"}, {"sslmode", "require"});
    CONNINFO(MAIN "fcgi_listen_connection_uri: postgresql://v:q@/e?host=/run/pg&sslmode=disable",
             CONFIG_PG_LISTEN, {"host", "/run/pg"}, {"port", "5432"}, {"user", "v"}, {"password", "q"},
             {"dbname", "e"}, {"sslmode", "disable"});
    CONNINFO(MAIN "fcgi_listen_connection_uri: postgresql://direct", CONFIG_PG_MAIN, {"host", "bouncer"});
    CONNINFO(MAIN "fcgi_read_only_connection_uri: postgresql://standby", CONFIG_PG_READ_ONLY,
             {"host", "standby"}, {"user", "u"}, {"dbname", "d"});
    CONNINFO(MAIN "fcgi_read_only_connection_uri: postgresql://standby", CONFIG_PG_LISTEN,
             {"host", "bouncer"});
}

static void check_table(const char *lines, const char *table, const char *expected)
{
    char all[512], name[CONFIG_PG_TABLE_NAME_SIZE];
    snprintf(all, sizeof all, "postgresql_user: u\n%s", lines);
    const struct config *c = load_pg_fine(all);
    config_pg_table_name(c, table, name);
    assert_string_equal(name, expected);
    config_free(c);
}

static void table_names(void **state)
{
    (void)state;
    check_table("", "session_info", "session_info");
    check_table("postgresql_table_names_prefix: ' st '", "apps", "st_apps");
    check_table("postgresql_table_names_prefix: aaaaaaaaaabbbbbbbbbbcccccccc", "apps",
                "aaaaaaaaaabbbbbbbbbbcccccccc_apps");
    check_table("postgresql_table_schema: auth", "apps", "auth.apps");
    check_table("postgresql_table_schema: auth\npostgresql_table_names_prefix: st", "key_value",
                "auth.st_key_value");
    check_table("postgresql_table_schema: auth\npostgresql_table_names_prefix: st\n"
                "postgresql_key_value_table_name: kv",
                "key_value", "auth.kv");
    static const char *const renamed[] = {
        "key_value",
        "session_info",
        "emailpassword_users",
        "emailpassword_pswd_reset_tokens",
        "emailverification_tokens",
        "emailverification_verified_emails",
        "thirdparty_users",
    };
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++) {
        char lines[128];
        snprintf(lines, sizeof lines, "postgresql_table_names_prefix: p\npostgresql_%s_table_name: t%zu\n",
                 renamed[i], i);
        check_table(lines, renamed[i], (char[]){'t', (char)('0' + i), '\0'});
    }
}

static void names_are_identifiers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "postgresql_table_schema: 'a b'",
        "postgresql_table_schema: a.b",
        "postgresql_table_schema: 'a\"b'",
        "postgresql_table_schema: \"a;b\"",
        "postgresql_table_schema: 1a",
        "postgresql_table_schema: ' '",
        "postgresql_table_schema: \xc3\xa4",
        "postgresql_table_names_prefix: a-b",
        "postgresql_table_names_prefix: 1a",
        "postgresql_table_names_prefix: aaaaaaaaaabbbbbbbbbbccccccccc",
        "postgresql_key_value_table_name: a b",
        "postgresql_session_info_table_name: ''",
        "postgresql_table_schema: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char lines[256];
        snprintf(lines, sizeof lines, "postgresql_user: u\n%s", bad[i]);
        struct loaded l = load_pg(lines);
        if (l.err == ST_OK)
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(l.error.text, "must start with a letter or an underscore"));
    }
    struct loaded l = load_pg("postgresql_user: u\npostgresql_table_names_prefix: a-b");
    assert_string_equal(l.error.text,
                        "'postgresql_table_names_prefix' must start with a letter or an underscore, contain "
                        "only letters, digits and underscores, and have at most 28 characters");
    l = load_pg("postgresql_user: u\npostgresql_port: 65536");
    assert_string_equal(l.error.text, "'postgresql_port' must be between 1 and 65535");
    l = load_pg("postgresql_user: u\npostgresql_host: ''");
    assert_string_equal(l.error.text, "'postgresql_host' must not be empty");
    const struct config *c = load_pg_fine("postgresql_user: u\npostgresql_port: -1"); /* as if not set */
    assert_int_equal(c->pg.port, 5432);
    config_free(c);
}

static void connection_pools(void **state)
{
    (void)state;
    static const char *const different[] = {
        "postgresql_connection_pool_size: 11",
        "postgresql_user: v",
        "postgresql_password: x",
        "postgresql_connection_attributes: a=b",
        "postgresql_connection_scheme: x",
        "postgresql_idle_connection_timeout: 1",
        "migration_mode: MIGRATED",
        "postgresql_minimum_idle_connections: 1",
    };
    const struct config *base = load_pg_fine("postgresql_user: u");
    const struct config *same =
        load_pg_fine("postgresql_user: u\nmigration_mode: legacy\npostgresql_port: 5432");
    assert_string_equal(base->connection_pool_id, same->connection_pool_id);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        char lines[128];
        bool has_user = strncmp(different[i], "postgresql_user", 15) == 0;
        snprintf(lines, sizeof lines, "%s%s", has_user ? "" : "postgresql_user: u\n", different[i]);
        const struct config *c = load_pg_fine(lines);
        assert_string_equal(c->user_pool_id, base->user_pool_id);
        assert_string_not_equal(c->connection_pool_id, base->connection_pool_id);
        config_free(c);
    }
    config_free(same);
    config_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_uris),       cmocka_unit_test(refuses_uris),
        cmocka_unit_test(libpq_arguments),   cmocka_unit_test(schema_from_attributes_only_with_uri),
        cmocka_unit_test(listen_connection), cmocka_unit_test(table_names),
        cmocka_unit_test(connection_pools),  cmocka_unit_test(names_are_identifiers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config_pg", tests, NULL, NULL);
}
