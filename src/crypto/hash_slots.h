/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits how many threads of the whole service hash passwords at once. Robust process-shared mutexes: a
 * worker that is killed while hashing gives its slot back. Lock rule: a thread holds one slot of a kind at a
 * time (any algorithm's first, then without waiting one of its algorithm's own) and takes no other lock while
 * it holds them, except its worker's queue lock.
 */
#ifndef ST_CRYPTO_HASH_SLOTS_H
#define ST_CRYPTO_HASH_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { HASH_SLOTS_MAX = 256 };

struct hash_slots {
    unsigned count;
    _Atomic uint32_t freed; /* futex word: counts releases */
    pthread_mutex_t slot[HASH_SLOTS_MAX];
};

/* By the master, before forking. COUNT is clipped to 1..HASH_SLOTS_MAX. Returns 0 or an errno value. */
int hash_slots_init(struct hash_slots *s, unsigned count);
unsigned hash_slot_acquire(struct hash_slots *s); /* waits; returns the slot's number */
/* Takes one of the first LIMIT slots, if one is free, without waiting. */
bool hash_slot_try(struct hash_slots *s, unsigned limit, unsigned *slot);
/* Returns when a slot has been released, or after a tenth of a second. */
void hash_slots_wait(struct hash_slots *s);
void hash_slot_release(struct hash_slots *s, unsigned slot);

#endif
