/* SPDX-License-Identifier: Apache-2.0
 *
 * When keys are made and used, by a clock that the test moves; and the stock of keys. With a database:
 * test_keyring.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jwt/key_rules.h"
#include "jwt/key_stock.h"

enum { HOUR = 3600 * 1000, I = 168 * HOUR, A = HOUR, O = KEY_PUBLISH_MS };

static const struct key_rules rules = {.interval_ms = I, .access_validity_ms = A};

static void keys_are_made(void **state)
{
    (void)state;
    const int64_t t = 1700000000000;
    assert_true(key_is_due(NULL, 0, t, &rules));
    assert_false(key_is_due(&t, 1, t, &rules));
    assert_false(key_is_due(&t, 1, t + I - O, &rules));
    assert_true(key_is_due(&t, 1, t + I - O + 1, &rules)); /* 60 s before rotation */
    assert_true(key_is_due(&t, 1, t + I, &rules));
    const int64_t two[] = {t + I, t};
    assert_false(key_is_due(two, 2, t + I, &rules));
    const int64_t ahead = t + HOUR; /* made by a node whose clock is ahead */
    assert_false(key_is_due(&ahead, 1, t, &rules));
}

static void keys_sign(void **state)
{
    (void)state;
    const int64_t t = 1700000000000, made = t + I - O + 1;
    const int64_t two[] = {made, t};
    assert_int_equal(key_choose(&t, 1, t, &rules), 0); /* the very first one signs at once */
    assert_int_equal(key_choose(two, 2, made, &rules), 1);
    assert_int_equal(key_choose(two, 2, made + O - 2, &rules), 1);
    assert_int_equal(key_choose(two, 2, t + I - 1, &rules), 1);
    assert_int_equal(key_choose(two, 2, t + I, &rules), 0);
    assert_int_equal(key_choose(two, 2, made + O, &rules), 0);
    /* nobody needed a key for long: the old one must not sign any more, so the new one starts unpublished */
    const int64_t late[] = {t + I + HOUR, t};
    assert_int_equal(key_choose(late, 2, t + I + HOUR, &rules), 0);
    /* made early by hand: published for O, then it signs although the old one could */
    const int64_t early[] = {t + HOUR, t};
    assert_int_equal(key_choose(early, 2, t + HOUR + O - 1, &rules), 1);
    assert_int_equal(key_choose(early, 2, t + HOUR + O, &rules), 0);
}

static void keys_expire(void **state)
{
    (void)state;
    const int64_t t = 1700000000000;
    const int64_t three[] = {t + 2 * (int64_t)I, t + I, t};
    assert_int_equal(key_expires_at(t, &rules), t + I + 2 * A);
    assert_int_equal(key_rotates_at(t, &rules), t + I);
    assert_int_equal(key_count_live(three, 3, t + I + 2 * A, &rules), 3);
    assert_int_equal(key_count_live(three, 3, t + I + 2 * A + 1, &rules), 2);
    assert_int_equal(key_count_live(three, 3, t + 3 * (int64_t)I + 2 * A + 1, &rules), 0);
    assert_int_equal(key_count_live(NULL, 0, t, &rules), 0);
}

static void key_sets_may_be_cached(void **state)
{
    (void)state;
    const int64_t t = 1700000000000;
    assert_int_equal(key_set_max_age(t, t, &rules), (I - O) / 1000);
    assert_int_equal(key_set_max_age(t, t + 1, &rules), (I - O) / 1000 - 1);
    assert_int_equal(key_set_max_age(t, t + I - O - 2001, &rules), 2);
    assert_int_equal(key_set_max_age(t, t + I - O - 1999, &rules), 1);
    assert_int_equal(key_set_max_age(t, t + I - O, &rules), 1);
    assert_int_equal(key_set_max_age(t, t + 2 * (int64_t)I, &rules), 1);
}

/* What a node does on use at each second of three rotations: no gap, no key that signs unpublished. */
static void rotation_has_no_gap(void **state)
{
    (void)state;
    const struct key_rules quick = {.interval_ms = HOUR, .access_validity_ms = 600 * 1000};
    int64_t created[8];
    size_t n = 0;
    const int64_t start = 1700000000000, step = 1000;
    for (int64_t now = start; now < start + 4 * (int64_t)HOUR; now += step) {
        size_t live = key_count_live(created, n, now, &quick);
        if (key_is_due(created, live, now, &quick)) {
            memmove(created + 1, created, live * sizeof *created);
            created[0] = now;
            n = live = live + 1;
        }
        size_t at = key_choose(created, live, now, &quick);
        assert_true(now - created[at] >= O - step || now - start < O);
        /* a token signed now can be verified for as long as it lives */
        assert_true(key_expires_at(created[at], &quick) >= now + quick.access_validity_ms);
        assert_in_range(live, 1, 3);
    }
}

static void assert_usable(const unsigned char *der, size_t n)
{
    struct arena arena;
    struct str text;
    arena_init(&arena);
    assert_true(rsa_key_text(&arena, (struct str){(const char *)der, n}, &text));
    arena_free(&arena);
}

static struct key_stock *shared_stock(void)
{
    void *p = mmap(NULL, sizeof(struct key_stock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(key_stock_init(p), 0);
    return p;
}

static bool is_zero(const struct key_stock *s, unsigned slot)
{
    return sodium_is_zero((const unsigned char *)&s->slots[slot], sizeof s->slots[slot]);
}

static void stock_hands_out_each_key_once(void **state)
{
    (void)state;
    struct key_stock *s = shared_stock();
    unsigned char one[RSA_KEY_DER_MAX], two[RSA_KEY_DER_MAX], three[RSA_KEY_DER_MAX];
    size_t n1, n2, n3;
    assert_int_equal(key_stock_level(s), 0);
    pid_t jobs = fork();
    if (jobs == 0)
        _exit(key_stock_fill(s, 2) == 2 ? 0 : 1);
    int status;
    waitpid(jobs, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(key_stock_level(s), 2);
    assert_true(key_stock_take(s, one, &n1));
    assert_true(is_zero(s, 0)); /* wiped */
    assert_true(key_stock_take(s, two, &n2));
    assert_int_equal(key_stock_level(s), 0);
    assert_true(key_stock_take(s, three, &n3)); /* empty: made here */
    assert_usable(one, n1);
    assert_usable(two, n2);
    assert_usable(three, n3);
    assert_memory_not_equal(one, two, n1 < n2 ? n1 : n2);
    assert_memory_not_equal(two, three, n2 < n3 ? n2 : n3);
    munmap(s, sizeof *s);
}

static void stock_survives_a_dead_process(void **state)
{
    (void)state;
    struct key_stock *s = shared_stock();
    assert_int_equal(key_stock_fill(s, 1), 1);
    pid_t worker = fork();
    if (worker == 0) {
        pthread_mutex_lock(&s->lock);
        s->count = 9; /* half done */
        raise(SIGKILL);
    }
    waitpid(worker, NULL, 0);
    assert_int_equal(key_stock_level(s), 0);
    assert_true(is_zero(s, 0));
    assert_int_equal(key_stock_fill(s, 1), 1);
    assert_int_equal(key_stock_level(s), 1);
    key_stock_wipe(s);
    assert_int_equal(key_stock_level(s), 0);
    munmap(s, sizeof *s);
}

static void stock_stops_when_full(void **state)
{
    (void)state;
    struct key_stock *s = shared_stock();
    unsigned char der[RSA_KEY_DER_MAX];
    size_t n;
    assert_int_equal(key_stock_fill(s, 1), 1);
    s->count = KEY_STOCK_SIZE - 1; /* making all of them would take seconds */
    assert_int_equal(key_stock_fill(s, 0), 1);
    assert_int_equal(key_stock_fill(s, 0), 0);
    assert_true(key_stock_take(s, der, &n));
    assert_usable(der, n);
    s->first = KEY_STOCK_SIZE - 1; /* the last one made; the ring goes round */
    s->count = 1;
    assert_int_equal(key_stock_fill(s, 1), 1);
    assert_false(is_zero(s, 0));
    for (int i = 0; i < 2; i++) {
        assert_true(key_stock_take(s, der, &n));
        assert_usable(der, n);
    }
    munmap(s, sizeof *s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made),
        cmocka_unit_test(keys_sign),
        cmocka_unit_test(keys_expire),
        cmocka_unit_test(key_sets_may_be_cached),
        cmocka_unit_test(rotation_has_no_gap),
        cmocka_unit_test(stock_hands_out_each_key_once),
        cmocka_unit_test(stock_survives_a_dead_process),
        cmocka_unit_test(stock_stops_when_full),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
