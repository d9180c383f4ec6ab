/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/ without named statements behind a private PgBouncer in transaction mode: more clients than servers.
 */
#include "db_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 60 };

static struct fixture f;

/* Writes the configuration and starts it; false: there is no PgBouncer. */
static bool start_pgbouncer(const char *dir, const struct db_settings *s)
{
    const char *user = fixture_parameter(s, "user"), *database = fixture_parameter(s, "dbname");
    char path[256];
    snprintf(path, sizeof path, "%s/pgbouncer.ini", dir);
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file,
            "[databases]\n%s = host=%s port=%s user=%s dbname=%s\n[pgbouncer]\nlisten_port = 6543\n"
            "unix_socket_dir = %s\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
            "max_client_conn = 50\nlogfile = %s/pgbouncer.log\npidfile = %s/pgbouncer.pid\n",
            database, dir, fixture_parameter(s, "port"), user, database, dir, dir, dir);
    fclose(file);
    const char *as = getuid() == 0 ? "runuser -u postgres --" : "";
    return fixture_shell("PATH=$PATH:/usr/sbin; command -v pgbouncer >/dev/null && %s pgbouncer -q -d %s", as,
                         path);
}

static int stop_pgbouncer(void **state)
{
    (void)state;
    const char *dir = getenv("ST_TEST_TMP");
    if (dir)
        (void)fixture_shell("test ! -f %s/pgbouncer.pid || kill $(cat %s/pgbouncer.pid)", dir, dir);
    return 0;
}

static enum st_err transfer(struct ctx *c, struct db *db, void *arg)
{
    (void)arg;
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_test_lock, db_str(STR("a"))));
    if (db_int(r, 0, 0) <= 0)
        return ST_INTERNAL;
    struct db_call calls[] = {DB_CALL(STMT_test_add, db_str(STR("a")), db_i64(-1)),
                              DB_CALL(STMT_test_add, db_str(STR("b")), db_i64(1))};
    db_commit_with_next(c);
    return db_run(c, db, calls, 2);
}

static void *work(void *arg)
{
    atomic_int *failed = arg;
    struct arena arena;
    arena_init(&arena);
    for (int i = 0; i < ROUNDS; i++) {
        struct ctx c = {.arena = &arena};
        if (db_tx(&c, f.db, transfer, NULL) != ST_OK)
            ++*failed;
        struct db_call calls[] = {DB_CALL(STMT_test_get, db_str(STR("a"))),
                                  DB_CALL(STMT_test_get, db_str(STR("b")))};
        if (db_run(&c, f.db, calls, 2) != ST_OK)
            ++*failed;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return NULL;
}

static void test_behind_pgbouncer(void **state)
{
    (void)state;
    const char *dir = getenv("ST_TEST_TMP");
    struct db_settings s = fixture_settings();
    if (!dir || !start_pgbouncer(dir, &s))
        skip();
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo, "host=%s port=6543 user=%s dbname=%s", dir,
             fixture_parameter(&s, "user"), fixture_parameter(&s, "dbname"));
    s = fixture_settings_of(conninfo);
    s.named_statements = false;
    s.pool_size = THREADS;
    fixture_open(&f, &s);

    for (int i = 0; i < 100 && DB_RUN(&f.c, f.db, NULL, STMT_test_pid) != ST_OK; i++)
        fixture_sleep_ms(50); /* it forks before it listens */
    fixture_next(&f);
    struct db_call calls[] = {
        DB_CALL(STMT_test_drop),
        DB_CALL(STMT_test_create),
        DB_CALL(STMT_test_create_children),
        DB_CALL(STMT_test_insert, db_str(STR("a")), db_null(), db_i64(THREADS * ROUNDS)),
        DB_CALL(STMT_test_insert, db_str(STR("b")), db_null(), db_i64(0)),
    };
    assert_int_equal(db_run(&f.c, f.db, calls, 5), ST_OK);
    assert_int_equal(f.c.round_trips, 1);
    atomic_int failed = 0;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, &failed);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failed, 0);
    const PGresult *r;
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_get, db_str(STR("b"))), ST_OK);
    assert_int_equal(db_int(r, 0, 1), THREADS * ROUNDS);

    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1)),
                     ST_CONSTRAINT);
    assert_true(db_violated(&f.c, f.db, "test_items", "_pkey"));
    f.c.deadline_ms = clock_monotonic_ms() + 200;
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_sleep, db_str(STR("30"))), ST_UNAVAILABLE);
    fixture_next(&f);
    int64_t active = 1; /* what was given up is cancelled in the background */
    for (int i = 0; i < 200 && active; i++) {
        fixture_sleep_ms(50);
        assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_active), ST_OK);
        active = db_int(r, 0, 0);
    }
    assert_int_equal(active, 0);
    fixture_close(&f);
}

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_behind_pgbouncer, stop_pgbouncer)};
    return cmocka_run_group_tests_name("db behind PgBouncer", tests, NULL, NULL);
}
