/* SPDX-License-Identifier: Apache-2.0
 *
 * src/db/: pipelines, arguments, errors, transactions and their retries.
 */
#include "db_fixture.h"

#include <pthread.h>

#include "base/random.h"

static struct fixture f;

static void create_tables(struct fixture *x)
{
    assert_int_equal(DB_RUN(&x->c, x->db, NULL, STMT_test_drop), ST_OK);
    struct db_call calls[] = {DB_CALL(STMT_test_create), DB_CALL(STMT_test_create_children)};
    assert_int_equal(db_run(&x->c, x->db, calls, 2), ST_OK);
}

static int start(void **state)
{
    (void)state;
    struct db_settings s = fixture_settings();
    fixture_open(&f, &s);
    create_tables(&f);
    fixture_next(&f);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static enum st_err insert(struct fixture *x, const char *id, int64_t value)
{
    return DB_RUN(&x->c, x->db, NULL, STMT_test_insert, db_str(str_of(id)), db_null(), db_i64(value));
}

static int64_t sum(struct fixture *x)
{
    const PGresult *r;
    assert_int_equal(DB_RUN(&x->c, x->db, &r, STMT_test_sum), ST_OK);
    return db_int(r, 0, 0);
}

static void test_pipeline(void **state)
{
    (void)state;
    struct db_call calls[] = {
        DB_CALL(STMT_test_insert, db_str(STR("a")), db_str(STR("short")), db_i64(INT64_MIN)),
        DB_CALL(STMT_test_insert, db_str(STR("b")), db_null(), db_i64(7)),
        DB_CALL(STMT_test_get, db_str(STR("a"))),
        DB_CALL(STMT_test_get, db_str(STR("b"))),
        DB_CALL(STMT_test_get, db_str(STR("nobody"))),
        DB_CALL(STMT_test_add, db_str(STR("b")), db_i64(1)),
    };
    assert_int_equal(db_run(&f.c, f.db, calls, 6), ST_OK);
    assert_int_equal(f.c.statements, 6);
    assert_int_equal(f.c.round_trips, 1);
    assert_int_equal(db_affected(calls[0].result), 1);
    assert_int_equal(ROWS(calls[2].result), 1);
    assert_int_equal(db_text(calls[2].result, 0, 0).n, 36);
    assert_true(str_is_c(db_id(calls[2].result, 0, 0), "short"));
    assert_true(db_int(calls[2].result, 0, 1) == INT64_MIN);
    assert_true(db_is_null(calls[3].result, 0, 0));
    assert_null(db_text(calls[3].result, 0, 0).p);
    assert_int_equal(db_int(calls[3].result, 0, 0), 0);
    assert_int_equal(ROWS(calls[4].result), 0);
    assert_int_equal(db_affected(calls[5].result), 1);
}

/* One implicit transaction: what stands before a failed statement is undone, what follows does not run. */
static void test_pipeline_is_atomic(void **state)
{
    (void)state;
    struct db_call calls[] = {
        DB_CALL(STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1)),
        DB_CALL(STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1)),
        DB_CALL(STMT_test_insert, db_str(STR("b")), db_null(), db_i64(1)),
    };
    assert_int_equal(db_run(&f.c, f.db, calls, 3), ST_CONSTRAINT);
    assert_null(calls[0].result);
    assert_int_equal(sum(&f), 0);
    assert_int_equal(fixture_open_connections(&f), 1);
}

static void test_prepared_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct db_call calls[] = {DB_CALL(STMT_test_get, db_str(STR("x"))),
                                  DB_CALL(STMT_test_get, db_str(STR("y"))), DB_CALL(STMT_test_prepared)};
        assert_int_equal(db_run(&f.c, f.db, calls, 3), ST_OK);
        assert_int_equal(db_int(calls[2].result, 0, 0), 1);
    }
}

/* A Parse that was skipped or failed is not taken for done. */
static void test_prepared_after_failure(void **state)
{
    (void)state;
    struct db_call calls[] = {DB_CALL(STMT_test_divide, db_i64(0)), DB_CALL(STMT_test_get, db_str(STR("x")))};
    assert_int_equal(db_run(&f.c, f.db, calls, 2), ST_INTERNAL);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_get, db_str(STR("x"))), ST_OK);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_drop), ST_OK);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_lock, db_str(STR("x"))), ST_INTERNAL);
    create_tables(&f);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_lock, db_str(STR("x"))), ST_OK);
    assert_int_equal(fixture_open_connections(&f), 1);
}

static void test_arguments(void **state)
{
    (void)state;
    const PGresult *r;
    static const char in_the_middle[] = "xx\303\244\\'\"$1{#}yy";
    struct str text = {in_the_middle + 2, sizeof in_the_middle - 5};
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_echo, db_str(text), db_i64(INT64_MAX), db_bool(true),
                            db_str(STR(""))),
                     ST_OK);
    assert_true(str_is(db_text(r, 0, 0), text));
    assert_true(db_int(r, 0, 1) == INT64_MAX);
    assert_true(db_true(r, 0, 2));
    assert_non_null(db_text(r, 0, 3).p);
    assert_int_equal(db_text(r, 0, 3).n, 0);

    const struct str values[] = {STR("a"), STR("NULL"), STR("b\"\\,{}"), STR(""), STR_NONE, STR("\303\266")};
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_unnest, db_strs(&f.arena, values, 6)), ST_OK);
    assert_int_equal(ROWS(r), 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(str_is(db_text(r, i, 0), values[i]) && db_is_null(r, i, 0) == !values[i].p);
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_unnest, db_strs(&f.arena, NULL, 0)), ST_OK);
    assert_int_equal(ROWS(r), 0);
}

static void test_refused_text(void **state)
{
    (void)state;
    struct str with_nul = {"a\0b", 3}, not_utf8 = STR("\377\376");
    assert_int_equal(insert(&f, "x", 1), ST_OK);
    unsigned before = f.c.round_trips;
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_get, db_str(with_nul)), ST_BAD_REQUEST);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_unnest, db_strs(&f.arena, &with_nul, 1)),
                     ST_BAD_REQUEST);
    assert_int_equal(f.c.round_trips, before);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_get, db_str(not_utf8)), ST_BAD_REQUEST);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_get), ST_INTERNAL); /* arguments are missing */
    assert_int_equal(sum(&f), 1);
}

/* More than the sockets can hold in both directions at once. */
static void test_large_pipeline(void **state)
{
    (void)state;
    enum { N = 100, SIZE = 100 * 1000 };
    char *big = arena_alloc(&f.arena, SIZE);
    memset(big, 'x', SIZE);
    struct db_call *calls = ARENA_ARRAY(&f.arena, N, struct db_call);
    for (int i = 0; i < N; i++) {
        struct db_arg text = db_str((struct str){big, SIZE});
        calls[i] = DB_CALL(STMT_test_echo, text, db_i64(i), db_bool(false), text);
    }
    assert_int_equal(db_run(&f.c, f.db, calls, N), ST_OK);
    for (int i = 0; i < N; i++) {
        assert_int_equal(db_text(calls[i].result, 0, 0).n, SIZE);
        assert_int_equal(db_int(calls[i].result, 0, 1), i);
        assert_false(db_true(calls[i].result, 0, 2));
    }
}

static void check_constraints(struct fixture *x)
{
    create_tables(x);
    assert_int_equal(insert(x, "a", 1), ST_OK);
    assert_int_equal(insert(x, "a", 1), ST_CONSTRAINT);
    assert_true(db_violated(&x->c, x->db, "test_items", "_pkey"));
    assert_false(db_violated(&x->c, x->db, "test_items", "_key"));
    assert_false(db_violated(&x->c, x->db, "unknown_table", "_pkey"));
    assert_int_equal(DB_RUN(&x->c, x->db, NULL, STMT_test_insert_child, db_i64(1), db_str(STR("b"))),
                     ST_CONSTRAINT);
    assert_false(db_violated(&x->c, x->db, "test_items", "_pkey"));
    assert_true(
        db_violated(&x->c, x->db, "test_item_children", "_item_with_a_name_longer_than_63_bytes_fkey"));
    /* A deferred constraint fails at the commit of the implicit transaction. */
    assert_int_equal(DB_RUN(&x->c, x->db, NULL, STMT_test_insert_child, db_i64(1), db_str(STR("a"))), ST_OK);
    assert_int_equal(DB_RUN(&x->c, x->db, NULL, STMT_test_insert_child, db_i64(1), db_str(STR("a"))),
                     ST_CONSTRAINT);
    assert_true(db_violated(&x->c, x->db, "test_item_children", "_id_key"));
    assert_int_equal(sum(x), 1);
    assert_int_equal(DB_RUN(&x->c, x->db, NULL, STMT_test_drop), ST_OK);
}

static void test_constraints(void **state)
{
    (void)state;
    static const struct names names[] = {
        {"", NULL, NULL}, {"Pre_", NULL, NULL}, {"p_", "test_items", "My_Items"}};
    static const char *const schemas[] = {"public", "Other_Schema"};
    check_constraints(&f);
    for (size_t i = 0; i < 6; i++) {
        struct db_settings s = fixture_settings();
        struct fixture x;
        s.schema = schemas[i % 2];
        s.table_source = &names[i / 2];
        fixture_open(&x, &s);
        assert_int_equal(DB_RUN(&x.c, x.db, NULL, STMT_test_create_schema), ST_OK);
        check_constraints(&x);
        fixture_close(&x);
    }
}

static void test_names_are_checked(void **state)
{
    (void)state;
    static const char *const bad_schemas[] = {
        "",     "a.b",      "a b",
        "a\"b", "1a",       "a;",
        "a-b",  "\303\244", "a123456789a123456789a123456789a123456789a123456789a123456789abcd"};
    static const struct names bad_names[] = {{"x\"_", NULL, NULL}, {"", "test_items", "a; DROP TABLE b"}};
    char why[256];
    struct db_settings s = fixture_settings();
    for (size_t i = 0; i < sizeof bad_schemas / sizeof bad_schemas[0]; i++) {
        s.schema = bad_schemas[i];
        assert_null(db_open_settings(&s, why, sizeof why));
    }
    s.schema = "public";
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        s.table_source = &bad_names[i];
        assert_null(db_open_settings(&s, why, sizeof why));
        assert_non_null(strstr(why, "plain identifier"));
    }
}

static void test_changed_columns(void **state)
{
    (void)state;
    const PGresult *r;
    assert_int_equal(insert(&f, "a", 1), ST_OK);
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_get_all), ST_OK);
    assert_int_equal(PQnfields(r), 3);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_add_column), ST_OK);
    assert_int_equal(DB_RUN(&f.c, f.db, &r, STMT_test_get_all), ST_OK);
    assert_int_equal(PQnfields(r), 4);
}

/* ---- transactions ---- */

struct script {
    bool commit_with_last, nested, fail_with_constraint, swallow, read_outside;
    enum st_err result;
    int runs;
    struct fixture *other;
};

static enum st_err add_one(struct ctx *c, struct db *db, void *arg)
{
    (void)arg;
    db_commit_with_next(c); /* joined: without effect */
    return DB_RUN(c, db, NULL, STMT_test_add, db_str(STR("a")), db_i64(1));
}

static enum st_err play(struct ctx *c, struct db *db, void *arg)
{
    struct script *s = arg;
    s->runs++;
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_add, db_str(STR("a")), db_i64(10)));
    if (s->read_outside)
        assert_int_equal(sum(s->other), 1);
    if (s->nested)
        ST_TRY(db_tx(c, db, add_one, NULL));
    if (s->fail_with_constraint) {
        enum st_err err = DB_RUN(c, db, NULL, STMT_test_insert, db_str(STR("a")), db_null(), db_i64(1));
        return s->swallow ? ST_OK : err;
    }
    if (s->commit_with_last)
        db_commit_with_next(c);
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_add, db_str(STR("a")), db_i64(100)));
    return s->result;
}

static void test_transaction(void **state)
{
    (void)state;
    static const struct {
        struct script script;
        enum st_err result;
        int64_t sum;
        unsigned round_trips, statements;
    } rows[] = {
        {{.result = ST_OK}, ST_OK, 111, 3, 4},
        {{.commit_with_last = true}, ST_OK, 111, 2, 4},
        {{.nested = true, .commit_with_last = true}, ST_OK, 112, 3, 5},
        {{.result = ST_NOT_FOUND}, ST_NOT_FOUND, 1, 3, 4},
        {{.fail_with_constraint = true}, ST_CONSTRAINT, 1, 3, 4},
        {{.fail_with_constraint = true, .swallow = true}, ST_INTERNAL, 1, 3, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        create_tables(&f);
        assert_int_equal(insert(&f, "a", 1), ST_OK);
        fixture_next(&f);
        struct script s = rows[i].script;
        assert_int_equal(db_tx(&f.c, f.db, play, &s), rows[i].result);
        assert_int_equal(f.c.round_trips, rows[i].round_trips);
        assert_int_equal(f.c.statements, rows[i].statements);
        assert_int_equal(s.runs, 1);
        assert_null(f.c.lease);
        assert_int_equal(sum(&f), rows[i].sum);
        assert_int_equal(fixture_leased(&f), 0);
        assert_int_equal(fixture_open_connections(&f), 1);
    }
}

static void test_transaction_is_isolated(void **state)
{
    (void)state;
    struct db_settings settings = fixture_settings();
    struct fixture other;
    fixture_open(&other, &settings);
    assert_int_equal(insert(&f, "a", 1), ST_OK);
    struct script s = {.read_outside = true, .other = &other};
    assert_int_equal(db_tx(&f.c, f.db, play, &s), ST_OK);
    assert_int_equal(sum(&other), 111);
    fixture_close(&other);
}

static enum st_err nothing(struct ctx *c, struct db *db, void *arg)
{
    (void)c;
    (void)db;
    int *runs = arg;
    return ++*runs < 3 ? ST_RETRY : ST_OK;
}

static void test_empty_transaction(void **state)
{
    (void)state;
    int runs = 0;
    assert_int_equal(db_tx(&f.c, f.db, nothing, &runs), ST_OK); /* also: a function may ask for a retry */
    assert_int_equal(runs, 3);
    assert_int_equal(f.c.round_trips, 0);
}

static enum st_err always_lose(struct ctx *c, struct db *db, void *arg)
{
    (void)c;
    (void)db;
    ++*(int *)arg;
    return ST_RETRY;
}

static void test_retries_end_at_deadline(void **state)
{
    (void)state;
    int runs = 0;
    f.c.deadline_ms = clock_monotonic_ms() + 3000;
    assert_int_equal(db_tx(&f.c, f.db, always_lose, &runs), ST_UNAVAILABLE);
    assert_true(runs > 1 && runs < 50); /* tries, which would take half a minute */
}

/* ---- two threads that conflict ---- */

struct racer {
    struct fixture fixture;
    enum st_err (*fn)(struct ctx *c, struct db *db, void *arg);
    const char *first, *second;
    pthread_barrier_t *barrier;
    int runs;
    enum st_err result;
};

static enum st_err add_in_order(struct ctx *c, struct db *db, void *arg)
{
    struct racer *r = arg;
    ST_TRY(DB_RUN(c, db, NULL, STMT_test_add, db_str(str_of(r->first)), db_i64(1)));
    if (r->runs++ == 0)
        pthread_barrier_wait(r->barrier);
    return DB_RUN(c, db, NULL, STMT_test_add, db_str(str_of(r->second)), db_i64(1));
}

static enum st_err add_sum(struct ctx *c, struct db *db, void *arg)
{
    struct racer *r = arg;
    struct db_call calls[] = {DB_CALL(STMT_test_serializable), DB_CALL(STMT_test_sum)};
    ST_TRY(db_run(c, db, calls, 2));
    if (r->runs++ == 0)
        pthread_barrier_wait(r->barrier);
    db_commit_with_next(c);
    return DB_RUN(c, db, NULL, STMT_test_insert, db_str(str_of(r->first)), db_null(),
                  db_i64(db_int(calls[1].result, 0, 0)));
}

static void *race(void *arg)
{
    struct racer *r = arg;
    r->result = db_tx(&r->fixture.c, r->fixture.db, r->fn, r);
    return NULL;
}

static int run_race(db_tx_fn *fn)
{
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    struct racer racers[2] = {{.first = "a", .second = "b"}, {.first = "b", .second = "a"}};
    pthread_t threads[2];
    struct db_settings s = fixture_settings();
    for (int i = 0; i < 2; i++) {
        fixture_open(&racers[i].fixture, &s);
        racers[i].fn = fn;
        racers[i].barrier = &barrier;
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].result, ST_OK);
        fixture_close(&racers[i].fixture);
    }
    pthread_barrier_destroy(&barrier);
    return racers[0].runs + racers[1].runs;
}

static void test_deadlock(void **state)
{
    (void)state;
    assert_int_equal(insert(&f, "a", 0), ST_OK);
    assert_int_equal(insert(&f, "b", 0), ST_OK);
    assert_true(run_race(add_in_order) >= 3);
    assert_int_equal(sum(&f), 4);
}

static void test_serialization_failure(void **state)
{
    (void)state;
    assert_int_equal(insert(&f, "start", 1), ST_OK);
    assert_true(run_race(add_sum) >= 3);
    assert_int_equal(sum(&f), 1 + 1 + 2); /* as if one had run after the other */
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, start, stop)

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {
        TEST(test_pipeline),          TEST(test_pipeline_is_atomic),
        TEST(test_prepared_once),     TEST(test_prepared_after_failure),
        TEST(test_arguments),         TEST(test_refused_text),
        TEST(test_large_pipeline),    TEST(test_constraints),
        TEST(test_names_are_checked), TEST(test_changed_columns),
        TEST(test_transaction),       TEST(test_transaction_is_isolated),
        TEST(test_empty_transaction), TEST(test_retries_end_at_deadline),
        TEST(test_deadlock),          TEST(test_serialization_failure),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
