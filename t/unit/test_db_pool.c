/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/: the pool, dead connections, deadlines, running out of memory, and a PostgreSQL that goes and comes
 * back.
 */
#include "db_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDLE_MS = 100 };

static struct fixture f, admin;

static void open_with(struct fixture *x, unsigned pool_size, const char *application_name)
{
    static const char *keywords[17], *values[17]; /* copied by db_open_settings */
    struct db_settings s = fixture_settings();
    size_t n = 0;
    for (; s.keywords[n]; n++) {
        keywords[n] = s.keywords[n];
        values[n] = s.values[n];
    }
    keywords[n] = "application_name";
    values[n++] = application_name;
    keywords[n] = values[n] = NULL;
    s.keywords = keywords;
    s.values = values;
    s.pool_size = pool_size;
    s.min_idle = 1;
    s.idle_timeout_ms = IDLE_MS;
    fixture_open(x, &s);
}

static int start(void **state)
{
    (void)state;
    open_with(&admin, 1, "admin");
    open_with(&f, 2, "pool test");
    struct db_call calls[] = {DB_CALL(STMT_test_drop), DB_CALL(STMT_test_create),
                              DB_CALL(STMT_test_create_children)};
    assert_int_equal(db_run(&admin.c, admin.db, calls, 3), ST_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_close(&f);
    fixture_close(&admin);
    return 0;
}

static enum st_err insert(struct fixture *x, const char *id)
{
    return DB_RUN(&x->c, x->db, NULL, STMT_test_insert, db_str(str_of(id)), db_null(), db_i64(1));
}

static int64_t count(void)
{
    const PGresult *r;
    assert_int_equal(DB_RUN(&admin.c, admin.db, &r, STMT_test_sum), ST_OK);
    return db_int(r, 0, 1);
}

static int64_t pid_of(struct fixture *x)
{
    const PGresult *r;
    assert_int_equal(DB_RUN(&x->c, x->db, &r, STMT_test_pid), ST_OK);
    return db_int(r, 0, 0);
}

static void terminate_others(void)
{
    assert_int_equal(DB_RUN(&admin.c, admin.db, NULL, STMT_test_terminate_others, db_str(STR("pool test"))),
                     ST_OK);
}

/* Until so many run pg_sleep at the server. */
static void wait_for_sleeping(int64_t wanted)
{
    int64_t sleeping = -1;
    for (int tries = 0; tries < 2000 && sleeping != wanted; tries++) {
        const PGresult *r;
        fixture_sleep_ms(10);
        assert_int_equal(DB_RUN(&admin.c, admin.db, &r, STMT_test_active), ST_OK);
        sleeping = db_int(r, 0, 0);
        fixture_next(&admin);
    }
    assert_int_equal(sleeping, wanted);
}

/* ---- dead connections ---- */

static void test_dead_connection_is_replaced(void **state)
{
    (void)state;
    int64_t before = pid_of(&f);
    terminate_others();
    fixture_next(&f);
    assert_int_equal(insert(&f, "a"), ST_OK);
    assert_int_equal(f.c.round_trips, 1); /* noticed before use */
    assert_true(pid_of(&f) != before);
    assert_int_equal(fixture_open_connections(&f), 1);
}

/* The session ends in the middle of a write that was surely not committed: tried once more. */
static void test_terminated_write_is_repeated(void **state)
{
    (void)state;
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_terminate_self), ST_UNAVAILABLE);
    assert_int_equal(f.c.round_trips, 2);
    assert_int_equal(fixture_open_connections(&f), 0);
    assert_int_equal(count(), 0);
}

static enum st_err lose_once(struct ctx *c, struct db *db, void *arg)
{
    int *runs = arg;
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1)));
    if (++*runs == 1)
        terminate_others();
    return DB_RUN(c, db, NULL, STMT_test_insert, db_str(STR("b")), db_null(), db_i64(1));
}

static void test_lost_transaction_is_repeated(void **state)
{
    (void)state;
    int runs = 0;
    assert_int_equal(db_tx(&f.c, f.db, lose_once, &runs), ST_OK);
    assert_int_equal(runs, 2);
    assert_int_equal(count(), 2);
}

static enum st_err insert_child(struct ctx *c, struct db *db, void *arg)
{
    ++*(int *)arg;
    db_commit_with_next(c);
    return DB_RUN(c, db, NULL, STMT_test_insert_child, db_i64(1), db_str(STR("a")));
}

/* The session ends during COMMIT: never reported as success, never repeated. */
static void test_lost_commit(void **state)
{
    (void)state;
    int runs = 0;
    assert_int_equal(insert(&f, "a"), ST_OK);
    struct db_call calls[] = {DB_CALL(STMT_test_create_suicide), DB_CALL(STMT_test_create_suicide_trigger)};
    assert_int_equal(db_run(&admin.c, admin.db, calls, 2), ST_OK);
    assert_int_equal(db_tx(&f.c, f.db, insert_child, &runs), ST_UNAVAILABLE);
    assert_int_equal(runs, 1);
    assert_int_equal(f.c.round_trips, 2);
}

/* ---- waiting ---- */

struct holder {
    struct fixture *fixture;
    pthread_barrier_t barrier;
    int ms; /* 0: until RELEASE */
    atomic_bool release, released;
};

static enum st_err hold_connection(struct ctx *c, struct db *db, void *arg)
{
    struct holder *h = arg;
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_pid));
    pthread_barrier_wait(&h->barrier);
    if (h->ms)
        fixture_sleep_ms(h->ms);
    else
        while (!h->release)
            fixture_sleep_ms(5);
    h->released = true;
    return ST_OK;
}

static void *hold(void *arg)
{
    struct holder *h = arg;
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    enum st_err err = db_tx(&c, h->fixture->db, hold_connection, h);
    arena_free(&arena);
    return err == ST_OK ? h : NULL;
}

static void start_holder(struct holder *h, pthread_t *thread)
{
    pthread_barrier_init(&h->barrier, NULL, 2);
    pthread_create(thread, NULL, hold, h);
    pthread_barrier_wait(&h->barrier);
}

static void end_holder(struct holder *h, pthread_t thread)
{
    void *ok;
    h->release = true;
    pthread_join(thread, &ok);
    assert_non_null(ok);
    pthread_barrier_destroy(&h->barrier);
}

/* Another thread holds the only connection for HOLD_MS (0: longer than anybody waits). Returns how long
 * db_run took. */
static int64_t run_against_holder(int hold_ms, int deadline_ms, enum st_err *result)
{
    struct fixture one;
    open_with(&one, 1, "pool test");
    struct holder h = {.fixture = &one, .ms = hold_ms};
    pthread_t thread;
    start_holder(&h, &thread);
    int64_t begin = clock_monotonic_ms();
    one.c.deadline_ms = deadline_ms ? begin + deadline_ms : 0;
    *result = DB_RUN(&one.c, one.db, NULL, STMT_test_pid);
    int64_t took = clock_monotonic_ms() - begin;
    assert_int_equal(h.released, hold_ms > 0);
    end_holder(&h, thread);
    assert_int_equal(fixture_open_connections(&one), 1);
    fixture_close(&one);
    return took;
}

static void test_pool_exhausted(void **state)
{
    (void)state;
    enum st_err result;
    run_against_holder(200, 0, &result);
    assert_int_equal(result, ST_OK);
    assert_true(run_against_holder(0, 300, &result) >= 299);
    assert_int_equal(result, ST_UNAVAILABLE);
    assert_true(run_against_holder(0, 0, &result) >= 4999);
    assert_int_equal(result, ST_UNAVAILABLE);
}

static void test_deadline(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t begin = clock_monotonic_ms();
        f.c.deadline_ms = begin + 1000;
        enum st_err err =
            i ? DB_RUN(&f.c, f.db, NULL, STMT_test_sleep_insert, db_str(STR("x")), db_str(STR("30")))
              : DB_RUN(&f.c, f.db, NULL, STMT_test_sleep, db_str(STR("30")));
        assert_int_equal(err, ST_UNAVAILABLE);
        assert_true(clock_monotonic_ms() - begin >= 999);
        assert_int_equal(fixture_open_connections(&f), 0);
        wait_for_sleeping(0); /* it is cancelled at the server too, which nobody waits for */
    }
    assert_int_equal(count(), 0);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_pid), ST_UNAVAILABLE); /* passed already */
}

struct worker {
    struct fixture *fixture;
    atomic_int ok, failed;
    atomic_bool end;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct arena arena;
    arena_init(&arena);
    while (!w->end) {
        struct ctx c = {.arena = &arena};
        if (DB_RUN(&c, w->fixture->db, NULL, STMT_test_sleep, db_str(STR("0.001"))) == ST_OK)
            w->ok++;
        else
            w->failed++;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    enum { N = 8 };
    struct worker workers[N] = {0};
    pthread_t threads[N];
    for (int i = 0; i < N; i++) {
        workers[i].fixture = &f;
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int done = 0; done < N * 50;) {
        done = 0;
        fixture_sleep_ms(10);
        for (int i = 0; i < N; i++)
            done += workers[i].ok + workers[i].failed;
    }
    for (int i = 0; i < N; i++)
        workers[i].end = true;
    int least = 1 << 30, most = 0;
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failed, 0);
        least = workers[i].ok < least ? workers[i].ok : least;
        most = workers[i].ok > most ? workers[i].ok : most;
    }
    assert_true(least > 5 && most < 3 * least); /* nobody starves */
    assert_int_equal(fixture_open_connections(&f), 2);
}

static void test_idle_connections(void **state)
{
    (void)state;
    struct holder h = {.fixture = &f};
    pthread_t thread;
    start_holder(&h, &thread);
    assert_true(pid_of(&f) > 0);
    end_holder(&h, thread);
    assert_int_equal(fixture_open_connections(&f), 2);
    fixture_sleep_ms(IDLE_MS + 50);
    db_tick(f.db);
    assert_int_equal(fixture_open_connections(&f), 1);
    terminate_others();
    db_tick(f.db);
    assert_int_equal(fixture_open_connections(&f), 0);
}

/* ---- out of memory ---- */

static enum st_err exhaust(struct ctx *c, struct db *db, void *arg)
{
    (void)arg;
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1)));
    (void)arena_alloc(c->arena, (size_t)1 << 40);
    return ST_OK;
}

static enum st_err insert_all(struct ctx *c, struct db *db, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        ST_TRY(DB_RUN(c, db, NULL, STMT_test_insert, db_str(arena_printf(c->arena, "%d", i)), db_null(),
                      db_i64(1)));
    return ST_OK;
}

/* Runs FN with so little memory; true when it was enough. */
static bool run_within(db_tx_fn *fn, size_t limit, bool in_tx)
{
    jmp_buf recover;
    volatile bool enough = false;
    f.arena.limit = limit;
    if (setjmp(recover) == 0) {
        f.arena.recover = &recover;
        enum st_err err = in_tx ? db_tx(&f.c, f.db, fn, NULL) : fn(&f.c, f.db, NULL);
        assert_int_equal(err, ST_OK);
        enough = true;
    }
    f.arena.recover = NULL;
    f.arena.limit = 0;
    arena_reset(&f.arena);
    assert_null(f.c.lease);
    assert_int_equal(fixture_leased(&f), 0);
    return enough;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_false(run_within(exhaust, 0, true));
    assert_int_equal(fixture_open_connections(&f), 0); /* it was in a transaction */
    assert_int_equal(count(), 0);
    for (int in_tx = 0; in_tx < 2; in_tx++) {
        size_t limit = 0;
        do {
            assert_int_equal(DB_RUN(&admin.c, admin.db, NULL, STMT_test_clear), ST_OK);
            limit += 8;
        } while (!run_within(insert_all, limit, in_tx));
        assert_int_equal(count(), 3);
        assert_true(limit > 300);
    }
}

/* ---- PostgreSQL goes and comes back ---- */

static void *hammer(void *arg)
{
    struct worker *w = arg;
    struct arena arena;
    arena_init(&arena);
    while (!w->end) {
        struct ctx c = {.arena = &arena};
        if (DB_RUN(&c, w->fixture->db, NULL, STMT_test_pid) == ST_OK)
            w->ok++;
        else
            w->failed++;
        arena_reset(&arena);
        fixture_sleep_ms(2);
    }
    arena_free(&arena);
    return NULL;
}

struct total {
    int ok, failed;
};

static struct total total_of(const struct worker *workers, int n)
{
    struct total total = {0};
    for (int i = 0; i < n; i++) {
        total.ok += workers[i].ok;
        total.failed += workers[i].failed;
    }
    return total;
}

static void test_server_restart(void **state)
{
    (void)state;
    const char *ctl = getenv("ST_TEST_PG_CTL");
    if (!ctl)
        skip();
    enum { N = 4 };
    struct worker workers[N] = {0};
    pthread_t threads[N];
    for (int i = 0; i < N; i++) {
        workers[i].fixture = &f;
        pthread_create(&threads[i], NULL, hammer, &workers[i]);
    }
    while (total_of(workers, N).ok < N)
        fixture_sleep_ms(10);
    assert_true(fixture_shell("%s stop -m fast", ctl));
    while (total_of(workers, N).failed < 100) /* at once: if each waited for its deadline, minutes */
        fixture_sleep_ms(10);
    assert_int_equal(fixture_open_connections(&f), 0);
    int ok = total_of(workers, N).ok;
    assert_true(fixture_shell("%s start >/dev/null", ctl));
    while (total_of(workers, N).ok < ok + N) /* by itself */
        fixture_sleep_ms(10);
    for (int i = 0; i < N; i++) {
        workers[i].end = true;
        pthread_join(threads[i], NULL);
    }
    fixture_next(&f);
    assert_int_equal(insert(&f, "after"), ST_OK);
}

static void *sleep_and_insert(void *arg)
{
    enum st_err *result = arg;
    *result = DB_RUN(&f.c, f.db, NULL, STMT_test_sleep_insert, db_str(STR("x")), db_str(STR("30")));
    return NULL;
}

/* The server ends all sessions when it sees the crash: until then it may go on answering. */
static bool answers_anew(int64_t pid)
{
    const PGresult *r;
    fixture_next(&admin);
    return DB_RUN(&admin.c, admin.db, &r, STMT_test_pid) == ST_OK && db_int(r, 0, 0) != pid;
}

/* A crash tells nothing about the write in progress: it is not repeated. */
static void test_server_crash(void **state)
{
    (void)state;
    int64_t pid = pid_of(&f), admin_pid = pid_of(&admin);
    if (!getenv("ST_TEST_PG_CTL") || kill((pid_t)pid, 0) != 0)
        skip();
    enum st_err result = ST_OK;
    pthread_t thread;
    fixture_next(&f);
    pthread_create(&thread, NULL, sleep_and_insert, &result);
    wait_for_sleeping(1);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(result, ST_UNAVAILABLE);
    assert_int_equal(f.c.round_trips, 1);
    for (int tries = 0; tries < 600 && !answers_anew(admin_pid); tries++)
        fixture_sleep_ms(100);
    assert_int_equal(count(), 0);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, start, stop)

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {
        TEST(test_dead_connection_is_replaced),
        TEST(test_terminated_write_is_repeated),
        TEST(test_lost_transaction_is_repeated),
        TEST(test_lost_commit),
        TEST(test_pool_exhausted),
        TEST(test_deadline),
        TEST(test_many_threads),
        TEST(test_idle_connections),
        TEST(test_out_of_memory),
        TEST(test_server_restart),
        TEST(test_server_crash),
    };
    return cmocka_run_group_tests_name("db pool", tests, NULL, NULL);
}
