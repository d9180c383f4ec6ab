/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena_fixture.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/generations.h"
#include "base/held.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"

/* ---- arena ---- */

static void test_alloc(void **state)
{
    (void)state;
    unsigned char *all[200];
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i] = arena_alloc(&arena, i * 7);
        assert_int_equal((uintptr_t)all[i] % alignof(max_align_t), 0);
        memset(all[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < COUNT(all); i++) /* none overlaps another */
        for (size_t at = 0; at < i * 7; at++)
            assert_int_equal(all[i][at], i);
    char *big = arena_zalloc(&arena, 1 << 20);
    for (size_t at = 0; at < 1 << 20; at += 4095)
        assert_int_equal(big[at], 0);
    assert_true(arena.used >= 1 << 20);
    int64_t *numbers = ARENA_ARRAY(&arena, 9, int64_t);
    assert_int_equal(numbers[8], 0);
    assert_non_null(arena_alloc(&arena, 0));
}

/* The memory of one request is wiped before the next one gets it. */
static void test_reset_wipes(void **state)
{
    (void)state;
    char *secret = arena_alloc(&arena, 100);
    memset(secret, 'x', 100);
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    char *again = arena_alloc(&arena, 100);
    assert_ptr_equal(again, secret);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
}

static char order[16];

static void note(void *object)
{
    strncat(order, object, 1);
}

static void test_cleanup_order(void **state)
{
    (void)state;
    order[0] = 0;
    arena_on_reset(&arena, note, "a");
    struct arena_cleanup *filled_later = arena_reserve_cleanup(&arena, note);
    arena_reserve_cleanup(&arena, note); /* never filled: skipped */
    arena_on_reset(&arena, note, "c");
    filled_later->object = "b";
    arena_alloc(&arena, 100000);
    arena_reset(&arena);
    assert_string_equal(order, "cba");
    arena_reset(&arena);
    assert_string_equal(order, "cba"); /* once */
}

/* Runs out in ALLOCATE and comes back; what was tied to the arena is released, and it works again. */
static void runs_out(void (*allocate)(void))
{
    jmp_buf recover;
    static volatile int jumps;
    jumps = 0;
    order[0] = 0;
    arena.recover = &recover;
    arena.limit = 1000;
    arena_on_reset(&arena, note, "x");
    if (setjmp(recover) == 0) {
        allocate();
        fail_msg("did not run out");
    } else {
        jumps++;
    }
    assert_int_equal(jumps, 1);
    assert_true(arena.used <= 1000);
    arena_reset(&arena);
    assert_string_equal(order, "x");
    memset(arena_alloc(&arena, 900), 1, 900);
    arena_reset(&arena);
}

static void too_much_at_once(void)
{
    arena_alloc(&arena, 1001);
}

static void too_many(void)
{
    for (;;)
        arena_alloc(&arena, 64);
}

static void too_large_for_size_t(void)
{
    arena_array(&arena, SIZE_MAX / 4, 8);
}

static void nearly_size_t(void)
{
    static volatile size_t size = SIZE_MAX; /* volatile: compilers know that it cannot work */
    arena_alloc(&arena, size);
}

static void buffer_without_end(void)
{
    struct buf b = buf_in(&arena);
    for (;;)
        buf_add(&b, STR("0123456789"));
}

static void parts_too_long(void)
{
    struct str huge = {"", SIZE_MAX - 1};
    ARENA_CONCAT(&arena, huge, huge);
}

static void library_says_so(void)
{
    arena_out_of_memory(&arena);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    runs_out(too_much_at_once);
    runs_out(too_many);
    runs_out(too_large_for_size_t);
    runs_out(nearly_size_t);
    runs_out(buffer_without_end);
    runs_out(parts_too_long);
    runs_out(library_says_so);
}

static void test_out_of_memory_aborts(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        arena_out_of_memory(&arena);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_arena_text(void **state)
{
    (void)state;
    struct str copy = arena_str(&arena, str_head(STR("abcdef"), 3));
    assert_str(copy, "abc");
    assert_int_equal(copy.p[3], 0);
    assert_str(arena_str(&arena, STR_NONE), "");
    assert_str(arena_printf(&arena, "%s-%d", "x", 42), "x-42");
    assert_str(arena_printf(&arena, "%s", ""), "");
    struct str all = ARENA_CONCAT(&arena, STR("a"), STR_NONE, STR(""), STR("bc"));
    assert_str(all, "abc");
    assert_int_equal(all.p[3], 0);
}

/* ---- buffers ---- */

static void test_buf(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    assert_str(buf_str(&b), "");
    buf_i64(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MAX);
    buf_add(&b, STR_NONE);
    buf_i64(&b, 0);
    buf_printf(&b, "<%.*s>", STR_ARG(STR("abc")));
    assert_str(buf_str(&b), "-9223372036854775808 92233720368547758070<abc>");
}

static void test_buf_growth(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    for (int i = 0; i < 10000; i++) {
        buf_char(&b, (char)('a' + i % 26));
        if (i % 999 == 0) {
            struct str s = buf_str(&b); /* its NUL is not part of what follows */
            assert_int_equal(s.p[s.n], 0);
            assert_int_equal(s.n, i + 1);
        }
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(b.p[i], 'a' + i % 26);
    buf_add(&b, (struct str){b.p, 5000});
    assert_memory_equal(b.p + 10000, b.p, 5000);
}

/* ---- the rest ---- */

static void test_hex(void **state)
{
    (void)state;
    struct str s = hex_encode(&arena, "\x00\x7f\xab\xff", 4);
    assert_str(s, "007fabff");
    assert_int_equal(s.p[s.n], 0);
    assert_str(hex_encode(&arena, "", 0), "");
}

static void test_uuid(void **state)
{
    (void)state;
    struct str last = STR("");
    for (int i = 0; i < 200; i++) {
        struct str id = random_uuid_str(&arena);
        assert_int_equal(id.n, UUID_LEN);
        assert_int_equal(id.p[UUID_LEN], 0);
        for (size_t at = 0; at < id.n; at++) {
            bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
            assert_non_null(strchr(hyphen ? "-" : "0123456789abcdef", id.p[at]));
        }
        assert_int_equal(id.p[14], '4');
        assert_non_null(strchr("89ab", id.p[19]));
        assert_false(str_is(id, last));
        last = id;
    }
}

static void test_random(void **state)
{
    (void)state;
    double low = 1, high = 0;
    for (int i = 0; i < 1000; i++) {
        double d = random_unit();
        assert_true(d >= 0 && d < 1);
        low = d < low ? d : low;
        high = d > high ? d : high;
    }
    assert_true(low < 0.1 && high > 0.9);
    unsigned char a[32] = {0}, b[32] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_clock(void **state)
{
    (void)state;
    int64_t start = clock_monotonic_ms(), wall = clock_now_ms();
    assert_true(wall > INT64_C(1700000000000) && wall < INT64_C(100000000000000)); /* milliseconds */
    usleep(20000);
    int64_t passed = clock_monotonic_ms() - start;
    assert_true(passed >= 19 && passed < 10000);
}

static void test_ctx_fail(void **state)
{
    (void)state;
    struct ctx c = {.arena = &arena};
    assert_int_equal(ctx_fail(&c, ST_FORBIDDEN, "no %s", "entry"), ST_FORBIDDEN);
    assert_str(c.message, "no entry");
}

static void test_generations(void **state)
{
    (void)state;
    static struct generations g;
    char payload[16];
    unsigned slot = generation_slot(STR("public"));
    assert_true(slot < GENERATION_SLOTS);
    uint64_t tenants = generation_now(&g, GENERATION_TENANTS, slot),
             keys = generation_now(&g, GENERATION_KEYS, slot);
    assert_true(generation_payload(payload, sizeof payload, GENERATION_KEYS, slot) > 2);
    assert_true(generation_apply(&g, payload));
    assert_int_equal(generation_now(&g, GENERATION_TENANTS, slot), tenants);
    assert_true(generation_now(&g, GENERATION_KEYS, slot) != keys);
    keys = generation_now(&g, GENERATION_KEYS, slot);
    assert_true(generation_payload(payload, sizeof payload, GENERATION_TENANTS, slot) > 2);
    assert_true(generation_apply(&g, payload));
    assert_true(generation_now(&g, GENERATION_TENANTS, slot) != tenants);
    assert_true(generation_now(&g, GENERATION_KEYS, slot) != keys); /* a new app has other keys */
    tenants = generation_now(&g, GENERATION_TENANTS, 0);
    assert_true(generation_apply(&g, GENERATION_EVERYTHING));
    assert_true(generation_now(&g, GENERATION_TENANTS, 0) != tenants);
    static const char *const foreign[] = {"",    "t",    "t ",  "t256", "t 256", "t -1",
                                          "x 1", "t 1 ", "t x", "**",   "tt 1"};
    for (size_t i = 0; i < COUNT(foreign); i++)
        assert_false(generation_apply(&g, foreign[i]));
}

static struct str read_all(const char *path)
{
    static char text[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return (struct str){text, n};
}

static void test_log(void **state)
{
    (void)state;
    char info[] = "test-base-info-XXXXXX", error[] = "test-base-error-XXXXXX", why[200];
    close(mkstemp(info));
    close(mkstemp(error));
    struct log_options options = {LOG_INFO_LEVEL, info, error, false};
    struct ctx c = {.arena = &arena, .cud = STR("host"), .app = STR("a1"), .tenant = STR("t\n1")};
    assert_true(log_open(&options, why, sizeof why));
    LOG_DEBUG(&c, "not shown");
    LOG_INFO(&c, "first\nline");
    LOG_WARN(NULL, "%d", 5);
    struct str line = read_all(info);
    assert_non_null(strstr(line.p, " | INFO | pid: "));
    assert_non_null(strstr(
        line.p, " | test_log | Tenant(host, a1, t 1) | first line\n\n")); /* one line, whatever it holds */
    assert_null(strstr(line.p, "not shown"));
    assert_non_null(strstr(read_all(error).p, " | WARN | "));
    options.structured = true;
    assert_true(log_open(&options, why, sizeof why));
    LOG_ERROR(&c, "a \"quoted\"\nline");
    assert_non_null(
        strstr(read_all(error).p,
               "{\"message\":\"a \\\"quoted\\\"\\u000aline\",\"tenant\":{\"connectionUriDomain\":"));
    options.info_path = "/nonexistent/deeper/log";
    assert_false(log_open(&options, why, sizeof why));
    assert_non_null(strstr(why, "/nonexistent/deeper/log"));
    assert_true(log_open(&(struct log_options){.level = LOG_NONE}, why, sizeof why));
    unlink(info);
    unlink(error);
}

/* ---- what threads hold ---- */

static int released;

static void release(void *object)
{
    assert_non_null(object);
    released++;
}

static void *hold_in_thread(void *owner)
{
    static int object;
    const uint64_t *o = owner;
    held_keep(*o, 1, 1, &object, release);
    return held_find(*o, 1, 1) == &object ? owner : NULL;
}

static void test_held(void **state)
{
    (void)state;
    int a = 0, b = 0;
    uint64_t owner = held_owner(), other = held_owner();
    assert_int_not_equal(owner, other);
    assert_null(held_find(owner, 1, 1));
    held_keep(owner, 1, 1, &a, release);
    assert_ptr_equal(held_find(owner, 1, 1), &a);
    assert_null(held_find(owner, 1, 2));
    assert_null(held_find(owner, 2, 1));
    assert_null(held_find(other, 1, 1));
    held_keep(owner, 1, 2, &b, release);
    assert_int_equal(released, 1);
    assert_null(held_find(owner, 1, 1));
    assert_ptr_equal(held_find(owner, 1, 2), &b);
    for (uint64_t key = 0; key < 1000; key++) /* bounded */
        held_keep(owner, key, 3, &a, release);
    assert_in_range(released, 900, 1002);
}

/* Another thread sees nothing of it, and lets go of its own when it ends. */
static void test_held_by_threads(void **state)
{
    (void)state;
    uint64_t owner = held_owner();
    pthread_t thread;
    void *seen = NULL;
    released = 0;
    assert_int_equal(pthread_create(&thread, NULL, hold_in_thread, &owner), 0);
    assert_int_equal(pthread_join(thread, &seen), 0);
    assert_ptr_equal(seen, &owner);
    assert_int_equal(released, 1);
    assert_null(held_find(owner, 1, 1));
}

/* An object that all threads hold, while its generation changes under them. */
static struct {
    uint64_t owner;
    _Atomic uint64_t generation;
    _Atomic int references;
} shared;

static void release_shared(void *object)
{
    (void)object;
    atomic_fetch_sub(&shared.references, 1);
}

static void *use_shared(void *nothing)
{
    (void)nothing;
    for (int i = 0; i < 20000; i++) {
        uint64_t generation = atomic_load(&shared.generation);
        if (held_find(shared.owner, 1, generation))
            continue;
        atomic_fetch_add(&shared.references, 1);
        held_keep(shared.owner, 1, generation, &shared, release_shared);
    }
    return NULL;
}

static void test_held_while_it_changes(void **state)
{
    enum { THREADS = 4 };
    (void)state;
    pthread_t threads[THREADS];
    shared.owner = held_owner();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_shared, NULL), 0);
    for (int i = 0; i < 20000; i++)
        atomic_fetch_add(&shared.generation, 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.references, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_alloc, reset),
        cmocka_unit_test_teardown(test_reset_wipes, reset),
        cmocka_unit_test_teardown(test_cleanup_order, reset),
        cmocka_unit_test_teardown(test_out_of_memory, reset),
        cmocka_unit_test_teardown(test_out_of_memory_aborts, reset),
        cmocka_unit_test_teardown(test_arena_text, reset),
        cmocka_unit_test_teardown(test_buf, reset),
        cmocka_unit_test_teardown(test_buf_growth, reset),
        cmocka_unit_test_teardown(test_hex, reset),
        cmocka_unit_test_teardown(test_uuid, reset),
        cmocka_unit_test_teardown(test_random, reset),
        cmocka_unit_test_teardown(test_clock, reset),
        cmocka_unit_test_teardown(test_ctx_fail, reset),
        cmocka_unit_test_teardown(test_generations, reset),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_held_by_threads),
        cmocka_unit_test(test_held_while_it_changes),
        cmocka_unit_test_teardown(test_log, reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    arena_init(&arena);
    int failed = cmocka_run_group_tests_name("base", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
