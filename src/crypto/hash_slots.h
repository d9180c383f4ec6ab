/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits how many threads of the whole service hash passwords at once. Robust process-shared mutexes: a
 * worker that is killed while hashing gives its slot back. Lock rule: a thread holds one slot at a time and
 * takes no other lock while it holds it, except its worker's queue lock.
 */
#ifndef ST_CRYPTO_HASH_SLOTS_H
#define ST_CRYPTO_HASH_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>
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
void hash_slot_release(struct hash_slots *s, unsigned slot);

#endif
