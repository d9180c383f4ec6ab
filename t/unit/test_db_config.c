/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/from_config.c: the public functions, with a configuration from the environment.
 */
#include "db_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "db/hosts.h"

static const struct config *load(char *const *environment)
{
    static char *none[] = {NULL};
    const struct config *config = NULL;
    struct config_error error = {{0}};
    struct config_options options = {.environment = environment ? environment : none};
    enum st_err err = config_load(&options, &config, &error);
    if (err != ST_OK)
        fail_msg("%s", error.text);
    return config;
}

static void test_from_environment(void **state)
{
    (void)state;
    struct db_settings s = fixture_settings();
    char uri[512];
    snprintf(uri, sizeof uri, "POSTGRESQL_CONNECTION_URI=postgresql://%s@", fixture_parameter(&s, "user"));
    for (const char *p = fixture_parameter(&s, "host"); *p; p++) /* a socket's folder */
        snprintf(uri + strlen(uri), sizeof uri - strlen(uri), *p == '/' ? "%%2F" : "%c", *p);
    snprintf(uri + strlen(uri), sizeof uri - strlen(uri), "/%s?currentSchema=St_Config",
             fixture_parameter(&s, "dbname"));
    char *environment[] = {uri,
                           (char[]){"POSTGRESQL_TABLE_NAMES_PREFIX=pre"},
                           (char[]){"POSTGRESQL_SESSION_INFO_TABLE_NAME=My_Sessions"},
                           (char[]){"POSTGRESQL_CONNECTION_POOL_SIZE=2"},
                           (char[]){"POSTGRESQL_MINIMUM_IDLE_CONNECTIONS=0"},
                           (char[]){"POSTGRESQL_IDLE_CONNECTION_TIMEOUT=1"},
                           NULL};
    const struct config *config = load(environment);
    struct fixture f = {0};
    arena_init(&f.arena);
    fixture_next(&f);
    f.db = db_open(config);
    assert_non_null(f.db);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_drop_schema), ST_OK);
    assert_int_equal(schema_prepare(&f.c, config, NULL), ST_OK);
    assert_int_equal(schema_ensure(&f.c, config), ST_OK);
    assert_int_equal(schema_migrate(&f.c, config, true), ST_OK);
    const PGresult *r;
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_table_names), ST_OK);
    assert_int_equal(ROWS(r), 2);
    assert_true(str_is(db_text(r, 0, 0), STR("my_sessions")));
    assert_true(str_is(db_text(r, 1, 0), STR("pre_key_value")));
    fixture_sleep_ms(20);
    db_tick(f.db);
    assert_int_equal(fixture_open_connections(&f), 0);
    fixture_close(&f);
    config_free(config);
}

struct tries {
    const char *host, *address, *port, *attributes, *expected;
};

/* Each try as host/address/port/attributes, with a blank between them. */
static void check_tries(const struct tries *t)
{
    const char *keywords[] = {"user", "host", "hostaddr", "port", "target_session_attrs", NULL};
    const char *values[] = {"u", t->host, t->address, t->port, t->attributes, NULL};
    char text[512] = "";
    bool ordered;
    for (unsigned i = 0, n = db_hosts_count(keywords, values, &ordered); i < n; i++) {
        struct db_host one;
        assert_true(db_hosts_pick(keywords, values, i, &one));
        const char *shown[] = {"host", "hostaddr", "port", "target_session_attrs"};
        for (unsigned k = 0; k < 4; k++) {
            const char *value = "";
            for (unsigned j = 0; one.keywords[j]; j++)
                if (strcmp(one.keywords[j], shown[k]) == 0)
                    value = one.values[j];
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", k ? "/" : i ? " " : "", value);
        }
        assert_string_equal(one.values[0], "u");
    }
    assert_string_equal(text, t->expected);
}

static void test_several_hosts(void **state)
{
    (void)state;
    static const struct tries cases[] = {
        {NULL, NULL, NULL, NULL, "///"},
        {"a", NULL, "1", "read-write", "a//1/read-write"},
        {"a,b", NULL, "1", "read-write", "a//1/read-write b//1/read-write"},
        {"a,/s", NULL, "1,2", NULL, "a//1/ /s//2/"},
        {"a,b", "1.1.1.1,2.2.2.2", "", NULL, "a/1.1.1.1// b/2.2.2.2//"},
        {NULL, "1.1.1.1,2.2.2.2", NULL, "any", "/1.1.1.1//any /2.2.2.2//any"},
        {"a,b", NULL, "1", "prefer-standby", "a//1/standby b//1/standby a//1/any b//1/any"},
        {"a", NULL, "1", "prefer-standby", "a//1/prefer-standby"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_tries(&cases[i]);
    char host[HOSTS_NAME_MAX + 1];
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    const char *keywords[] = {"host", NULL}, *values[] = {host, NULL};
    struct db_host one;
    assert_false(db_hosts_pick(keywords, values, 0, &one));
}

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_environment),
                                       cmocka_unit_test(test_several_hosts)};
    return cmocka_run_group_tests_name("db from config", tests, NULL, NULL);
}
