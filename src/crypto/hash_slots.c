/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash_slots.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A process that is killed frees its slots without waking anyone, so nobody sleeps longer than this. */
enum { NEVER_SLEEP_LONGER_MS = 100 };

int hash_slots_init(struct hash_slots *s, unsigned count)
{
    pthread_mutexattr_t attributes;
    int err = pthread_mutexattr_init(&attributes);
    if (err)
        return err;
    err = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (!err)
        err = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    s->count = count < 1 ? 1 : count > HASH_SLOTS_MAX ? HASH_SLOTS_MAX : count;
    atomic_init(&s->freed, 0);
    for (unsigned i = 0; !err && i < s->count; i++)
        err = pthread_mutex_init(&s->slot[i], &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    return err;
}

static bool take(pthread_mutex_t *slot)
{
    int err = pthread_mutex_trylock(slot);
    if (err == EOWNERDEAD) /* its holder was killed; a slot guards no data that could be half written */
        err = pthread_mutex_consistent(slot);
    return err == 0;
}

static void sleep_until_freed(_Atomic uint32_t *freed, uint32_t seen)
{
    struct timespec longest = {.tv_nsec = NEVER_SLEEP_LONGER_MS * 1000000L};
    (void)syscall(SYS_futex, freed, FUTEX_WAIT, seen, &longest, NULL, 0);
}

bool hash_slot_try(struct hash_slots *s, unsigned limit, unsigned *slot)
{
    for (unsigned i = 0; i < s->count && i < limit; i++)
        if (take(&s->slot[i])) {
            *slot = i;
            return true;
        }
    return false;
}

unsigned hash_slot_acquire(struct hash_slots *s)
{
    for (unsigned slot;;) {
        uint32_t seen = atomic_load_explicit(&s->freed, memory_order_acquire);
        if (hash_slot_try(s, s->count, &slot))
            return slot;
        sleep_until_freed(&s->freed, seen);
    }
}

void hash_slots_wait(struct hash_slots *s)
{
    sleep_until_freed(&s->freed, atomic_load_explicit(&s->freed, memory_order_acquire));
}

void hash_slot_release(struct hash_slots *s, unsigned slot)
{
    (void)pthread_mutex_unlock(&s->slot[slot]);
    atomic_fetch_add_explicit(&s->freed, 1, memory_order_acq_rel);
    (void)syscall(SYS_futex, &s->freed, FUTEX_WAKE, 1, NULL, NULL, 0);
}
