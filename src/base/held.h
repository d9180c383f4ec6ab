/* SPDX-License-Identifier: Apache-2.0
 *
 * What a thread has found behind a lock, so that it takes the lock again only after a change: references to
 * immutable, reference-counted objects, found by who owns the original and by the generation (base/
 * generations.h) at which it was true. A thread keeps few of them and lets them go when it ends; until then
 * they may outlive their original.
 */
#ifndef ST_BASE_HELD_H
#define ST_BASE_HELD_H

#include <stddef.h>
#include <stdint.h>

/* A number for an owner, never given twice in a process, unlike its address. */
uint64_t held_owner(void);

/* KEY tells the owner's objects apart; two objects may share one, so the caller looks whether it is the right
 * one. GENERATION is any number that changes with the object. NULL: this thread holds none of this
 * generation. The reference stays with the thread. */
void *held_find(uint64_t owner, uint64_t key, uint64_t generation);
/* Takes over a reference, which RELEASE gives back. */
void held_keep(uint64_t owner, uint64_t key, uint64_t generation, void *object, void (*release)(void *));

#endif
