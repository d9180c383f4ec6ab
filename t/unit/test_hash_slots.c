/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/hash_slots.h"

static int make_slots(void **state)
{
    struct hash_slots *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *state = s;
    return s == MAP_FAILED || hash_slots_init(s, 2) != 0;
}

static int drop_slots(void **state)
{
    return munmap(*state, sizeof(struct hash_slots));
}

static void test_count(void **state)
{
    struct hash_slots *s = *state;
    assert_int_equal(hash_slots_init(s, 0), 0);
    assert_int_equal(s->count, 1);
    assert_int_equal(hash_slots_init(s, 100000), 0);
    assert_int_equal(s->count, HASH_SLOTS_MAX);
}

static void test_each_slot_once(void **state)
{
    struct hash_slots *s = *state;
    unsigned a = hash_slot_acquire(s), b = hash_slot_acquire(s);
    assert_int_not_equal(a, b);
    hash_slot_release(s, a);
    assert_int_equal(hash_slot_acquire(s), a);
    hash_slot_release(s, a);
    hash_slot_release(s, b);
}

struct later {
    struct hash_slots *slots;
    pthread_barrier_t has_both;
    atomic_bool gives_back;
};

static void *release_later(void *arg)
{
    struct later *l = arg;
    unsigned a = hash_slot_acquire(l->slots);
    unsigned b = hash_slot_acquire(l->slots);
    pthread_barrier_wait(&l->has_both);
    usleep(50 * 1000);
    l->gives_back = true;
    hash_slot_release(l->slots, b);
    usleep(50 * 1000);
    hash_slot_release(l->slots, a);
    return NULL;
}

static void test_waits_for_a_free_slot(void **state)
{
    struct later l = {.slots = *state};
    pthread_t thread;
    assert_int_equal(pthread_barrier_init(&l.has_both, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, release_later, &l), 0);
    pthread_barrier_wait(&l.has_both);
    unsigned slot = hash_slot_acquire(l.slots);
    assert_true(l.gives_back);
    hash_slot_release(l.slots, slot);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_barrier_destroy(&l.has_both);
}

static void hold_both(struct hash_slots *s, int ready)
{
    (void)hash_slot_acquire(s);
    (void)hash_slot_acquire(s);
    (void)!write(ready, "x", 1);
    pause();
    _exit(1);
}

static void test_killed_holder(void **state)
{
    struct hash_slots *s = *state;
    for (int i = 0; i < 20; i++) {
        int ends[2], status;
        char byte;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            hold_both(s, ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        unsigned a = hash_slot_acquire(s), b = hash_slot_acquire(s);
        assert_int_not_equal(a, b);
        hash_slot_release(s, a);
        hash_slot_release(s, b);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        close(ends[0]);
        close(ends[1]);
    }
}

static void test_try(void **state)
{
    struct hash_slots *s = *state;
    unsigned a, b;
    assert_true(hash_slot_try(s, 1, &a));
    assert_false(hash_slot_try(s, 1, &b)); /* the other one is beyond the limit */
    assert_true(hash_slot_try(s, 2, &b));
    assert_int_not_equal(a, b);
    assert_false(hash_slot_try(s, 100, &b)); /* there are two */
    hash_slots_wait(s);                      /* ends by itself when nothing is released */
    hash_slot_release(s, a);
    assert_true(hash_slot_try(s, 2, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_count, make_slots, drop_slots),
        cmocka_unit_test_setup_teardown(test_each_slot_once, make_slots, drop_slots),
        cmocka_unit_test_setup_teardown(test_waits_for_a_free_slot, make_slots, drop_slots),
        cmocka_unit_test_setup_teardown(test_try, make_slots, drop_slots),
        cmocka_unit_test_setup_teardown(test_killed_holder, make_slots, drop_slots),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
