/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/: creating the tables, refusing and migrating databases of a reference core.
 */
#include "db_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;
static struct db_settings settings;
static char printed[8192]; /* by the last call of migrate() */

static void open_as(const char *schema, const struct names *names)
{
    settings = fixture_settings();
    settings.schema = schema;
    if (names)
        settings.table_source = names;
    fixture_open(&f, &settings);
    if (strcmp(schema, "public") != 0)
        assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_drop_schema), ST_OK);
}

static int start(void **state)
{
    (void)state;
    open_as("st_test", NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static enum st_err prepare(void)
{
    fixture_next(&f);
    enum st_err err = schema_prepare_settings(&f.c, &settings, NULL);
    if (err != ST_OK && getenv("ST_TEST_LOG"))
        fprintf(stderr, "%.*s\n", STR_ARG(f.c.message));
    return err;
}

static int64_t number(enum stmt stmt, int col)
{
    const PGresult *r;
    assert_int_equal(db_run_one(&f.c, f.db, &r, (struct db_call){.stmt = stmt}), ST_OK);
    return db_int(r, 0, col);
}

static void run(enum stmt stmt)
{
    assert_int_equal(db_run_one(&f.c, f.db, NULL, (struct db_call){.stmt = stmt}), ST_OK);
}

/* What it prints goes to PRINTED instead of into the test's own output. */
static enum st_err migrate(bool dry_run)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    assert_true(saved >= 0 && file && dup2(fileno(file), STDOUT_FILENO) >= 0);
    fixture_next(&f);
    enum st_err err = schema_migrate_settings(&f.c, &settings, dry_run);
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = 0;
    fclose(file);
    if (getenv("ST_TEST_LOG"))
        fprintf(stderr, "%s%.*s\n", printed, STR_ARG(f.c.message));
    return err;
}

static bool message_has(const char *text)
{
    return memmem(f.c.message.p, f.c.message.n, text, strlen(text)) != NULL;
}

static void assert_ready(void)
{
    assert_true(number(STMT_test_tables, 0) > 45);
    assert_int_equal(number(STMT_test_base_rows, 0), 1);
    assert_int_equal(number(STMT_test_base_rows, 1), 1);
    assert_true(number(STMT_test_base_rows, 2) >= 3);
}

static void test_created_once(void **state)
{
    (void)state;
    assert_int_equal(prepare(), ST_OK);
    assert_ready();
    int64_t tables = number(STMT_test_tables, 0), indexes = number(STMT_test_indexes, 0);
    run(STMT_test_drop_table);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(prepare(), ST_OK);
        assert_int_equal(number(STMT_test_tables, 0), tables);
        assert_int_equal(number(STMT_test_indexes, 0), indexes);
    }
    assert_int_equal(schema_ensure_settings(&f.c, &settings), ST_OK);
    assert_int_equal(migrate(false), ST_OK); /* has nothing to do */
    assert_ready();
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        struct names names;
    } rows[] = {
        {"public", {"Pre_", NULL, NULL}},
        {"St_Other", {"Pre_", NULL, NULL}},
        {"st_third", {"x_", "session_info", "My_Sessions"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture outer = f;
        open_as(rows[i].schema, &rows[i].names);
        assert_int_equal(prepare(), ST_OK);
        assert_int_equal(prepare(), ST_OK);
        assert_ready();
        fixture_close(&f);
        f = outer;
    }
}

static void test_two_processes(void **state)
{
    (void)state;
    pid_t child[2];
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            struct arena arena;
            arena_init(&arena);
            struct ctx c = {.arena = &arena};
            _exit(schema_prepare_settings(&c, &settings, NULL) == ST_OK ? 0 : 1);
        }
        assert_true(child[i] > 0);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_ready();
}

static void make_legacy(int users)
{
    char count[16];
    snprintf(count, sizeof count, "%d", users);
    assert_int_equal(prepare(), ST_OK);
    run(STMT_test_forget_migrations);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_legacy_ids, db_str(str_of(count))), ST_OK);
    run(STMT_test_legacy_logins);
    run(STMT_test_legacy_memberships);
}

static void assert_refused(void)
{
    int64_t before = number(STMT_test_tables, 0);
    assert_int_equal(prepare(), ST_FORBIDDEN);
    assert_true(message_has("supertokens migrate"));
    assert_int_equal(number(STMT_test_tables, 0), before);
}

static void test_legacy(void **state)
{
    (void)state;
    make_legacy(2500);
    assert_refused();
    assert_int_equal(migrate(true), ST_OK);
    assert_non_null(strstr(printed, "App public: 2500 users, 2500 to be brought"));
    assert_non_null(strstr(printed, "Step: 0001_columns"));
    assert_int_equal(number(STMT_test_reserved, 0), 0);
    assert_refused();
    assert_int_equal(migrate(false), ST_OK);
    assert_non_null(strstr(printed, "App public: 2500 users\n"));
    for (int col = 0; col < 3; col++)
        assert_int_equal(number(STMT_test_reserved, col), 2500);
    assert_int_equal(prepare(), ST_OK);
    assert_ready();
    assert_int_equal(migrate(false), ST_OK);
    assert_int_equal(number(STMT_test_reserved, 0), 2500);
}

static void test_core_11(void **state)
{
    (void)state;
    make_legacy(3);
    run(STMT_test_age_to_core_11);
    run(STMT_test_drop_new_tables);
    assert_refused();
    assert_int_equal(migrate(true), ST_OK);
    assert_non_null(strstr(printed, "Table to be created: recipe_user_tenants"));
    assert_non_null(strstr(printed, "Column to be added: app_id_to_user_id.time_joined"));
    assert_non_null(strstr(printed, "App public: 3 users, 3 to be brought"));
    assert_refused();
    assert_int_equal(migrate(false), ST_OK);
    assert_int_equal(number(STMT_test_reserved, 0), 3);
    assert_int_equal(prepare(), ST_OK);
    assert_ready();
}

static void test_core_11_without_users(void **state)
{
    (void)state;
    assert_int_equal(prepare(), ST_OK);
    run(STMT_test_age_to_core_11);
    run(STMT_test_drop_new_tables);
    assert_int_equal(prepare(), ST_OK);
    assert_ready();
    assert_int_equal(number(STMT_test_reserved, 2), 0);
}

static void test_unsupported(void **state)
{
    (void)state;
    assert_int_equal(prepare(), ST_OK);
    run(STMT_test_age_to_core_6);
    assert_int_equal(prepare(), ST_FORBIDDEN);
    assert_true(message_has("key_value"));
    assert_int_equal(migrate(true), ST_FORBIDDEN);
    assert_int_equal(migrate(false), ST_FORBIDDEN);
}

static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(migrate(true), ST_OK);
    assert_int_equal(migrate(false), ST_OK);
    assert_non_null(strstr(printed, "nothing to migrate"));
    assert_int_equal(number(STMT_test_tables, 0), 0);
}

/* A user was changed in LEGACY mode after a backfill; nobody but the operator can say which tables are right.
 */
static void test_stale(void **state)
{
    (void)state;
    static const char *const stored[] = {NULL, NULL, NULL, "{\"migration_mode\":\"LEGACY\"}",
                                         "{\"migration_mode\":\"migrated\"}"};
    static const enum db_served served[] = {DB_SERVED_UNKNOWN, DB_SERVED_LEGACY, DB_SERVED_DUAL,
                                            DB_SERVED_DUAL, DB_SERVED_LEGACY};
    static const int changed[] = {-1, 1, 0, 1, 0};
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
        run(STMT_test_drop_schema);
        make_legacy(3);
        assert_int_equal(migrate(false), ST_OK);
        run(STMT_test_forget_migrations);
        run(STMT_test_change_email);
        if (stored[i])
            assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_store_mode, db_str(str_of(stored[i]))),
                             ST_OK);
        settings.served = served[i];
        run(STMT_test_legacy_late);
        run(STMT_test_legacy_logins);
        run(STMT_test_legacy_memberships);
        enum st_err err = migrate(false);
        settings.served = DB_SERVED_UNKNOWN;
        assert_int_equal(err, changed[i] < 0 ? ST_FORBIDDEN : ST_OK);
        assert_int_equal(number(STMT_test_reserved, 0), changed[i] < 0 ? 3 : 4);
        assert_int_equal(number(STMT_test_reserved, 3), changed[i] > 0);
    }
}

/* ---- connecting ---- */

static int asked;

static bool cancel_at_once(void)
{
    return ++asked > 2;
}

/* The first lines that are meant for people, in the reference's words. */
static const char not_there[] =
    "Error connecting to PostgreSQL instance. Please make sure that PostgreSQL is running and that you have "
    "specified the correct values for ('postgresql_host' and 'postgresql_port') or for "
    "'postgresql_connection_uri'";

static void test_patience(void **state)
{
    (void)state;
    const char *ctl = getenv("ST_TEST_PG_CTL");
    if (!ctl)
        skip();
    settings.retry_interval_ms = 300;
    fflush(stderr);
    FILE *said = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_true(said && dup2(fileno(said), STDERR_FILENO) >= 0);
    assert_true(fixture_shell("%s stop -m fast", ctl));
    assert_int_equal(schema_prepare_settings(&f.c, &settings, cancel_at_once), ST_UNAVAILABLE);
    assert_true(str_is_c(f.c.message, not_there));
    rewind(said);
    printed[fread(printed, 1, sizeof printed - 1, said)] = 0;
    assert_memory_equal(printed, not_there, strlen(not_there));
    assert_non_null(strstr(printed, "\nTrying again in a few seconds for 60.0 mins...\n"));
    int64_t begin = clock_monotonic_ms();
    assert_true(fixture_shell("(sleep 1; %s start >/dev/null) &", ctl));
    enum st_err err = schema_prepare_settings(&f.c, &settings, NULL);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    fclose(said);
    assert_int_equal(err, ST_OK);
    assert_true(clock_monotonic_ms() - begin >= 900);
}

static void test_other_errors_end_at_once(void **state)
{
    (void)state;
    struct db_settings s = settings;
    s.keywords = (const char *[]){"host", "port", "user", "dbname", NULL};
    s.values = (const char *[]){fixture_parameter(&settings, "host"), fixture_parameter(&settings, "port"),
                                fixture_parameter(&settings, "user"), "no_such_database", NULL};
    assert_int_equal(schema_prepare_settings(&f.c, &s, NULL), ST_INTERNAL);
    assert_true(message_has("no_such_database"));
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, start, stop)

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {
        TEST(test_created_once),  TEST(test_names),
        TEST(test_two_processes), TEST(test_legacy),
        TEST(test_core_11),       TEST(test_core_11_without_users),
        TEST(test_unsupported),   TEST(test_empty),
        TEST(test_stale),         TEST(test_other_errors_end_at_once),
        TEST(test_patience),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
