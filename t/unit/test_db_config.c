/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/from_config.c: the public functions, with a configuration from the environment.
 */
#include "db_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

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

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_environment)};
    return cmocka_run_group_tests_name("db from config", tests, NULL, NULL);
}
