/* SPDX-License-Identifier: Apache-2.0
 *
 * libcrypto answers alike when a signature or a tag is wrong and when it has no memory to look at them. The
 * one ends a session, the other is 503, so its allocations are watched: a thread learns whether one has
 * failed.
 */
#ifndef ST_CRYPTO_MEMORY_H
#define ST_CRYPTO_MEMORY_H

#include "base/arena.h"

void crypto_memory_begin(void); /* forgets what has failed in this thread */

/* Jumps to the arena's recovery point when an allocation of libcrypto has failed in this thread since
 * crypto_memory_begin. Empties its error queue either way. */
void crypto_memory_check(struct arena *a);

#endif
