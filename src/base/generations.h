/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters that say "what you cached of this app may be old". Caches remember the generation they were read
 * at and read again when it has changed. A worker that writes bumps it for its own node at once and sends
 * NOTIFY for the others; the master, which listens, bumps it for what other nodes wrote. Lock-free: single
 * atomic counters.
 */
#ifndef ST_BASE_GENERATIONS_H
#define ST_BASE_GENERATIONS_H

#include <stdatomic.h>

#include "base/str.h"

enum generation_kind { GENERATION_TENANTS, GENERATION_KEYS, GENERATION_KINDS };
enum { GENERATION_SLOTS = 256 }; /* apps share slots by hash: a collision costs one read more */

struct generations {
    _Atomic uint64_t slot[GENERATION_KINDS][GENERATION_SLOTS];
    _Atomic uint64_t all; /* bumped after a lost listening connection and once a minute as a net */
};

static inline unsigned generation_slot(struct str app_id)
{
    return (unsigned)(str_hash(app_id, 0) % GENERATION_SLOTS);
}

static inline uint64_t generation_now(struct generations *g, enum generation_kind kind, unsigned slot)
{
    return atomic_load_explicit(&g->slot[kind][slot], memory_order_acquire) +
           (atomic_load_explicit(&g->all, memory_order_acquire) << 32);
}

static inline void generation_bump(struct generations *g, enum generation_kind kind, unsigned slot)
{
    atomic_fetch_add_explicit(&g->slot[kind][slot], 1, memory_order_acq_rel);
}

static inline void generation_bump_all(struct generations *g)
{
    atomic_fetch_add_explicit(&g->all, 1, memory_order_acq_rel);
}

/* The same, and what follows from it: a changed tenant may be a new app with other keys. */
void generation_changed(struct generations *g, enum generation_kind kind, unsigned slot);

/* NOTIFY payloads on this channel: "<kind letter> <slot>", t for tenants and k for keys, or "*" for
 * everything. */
#define GENERATION_CHANNEL "supertokens_fcgi"
#define GENERATION_EVERYTHING "*"
bool generation_apply(struct generations *g, const char *payload); /* false: not one of ours */
int generation_payload(char *out, size_t size, enum generation_kind kind, unsigned slot);

#endif
