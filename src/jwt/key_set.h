/* SPDX-License-Identifier: Apache-2.0
 *
 * Building and counting references of key sets; for src/jwt/ only. The readers' part is in jwt/keys.h.
 */
#ifndef ST_JWT_KEY_SET_H
#define ST_JWT_KEY_SET_H

#include "jwt/keys.h"

/* An empty set with room for N keys; NULL: out of memory. */
struct key_set *key_set_new(size_t n);
const struct key_set *key_set_ref(const struct key_set *set);
void key_set_unref(void *set); /* for arena_on_reset */

/* The dynamic ones first. Takes over the reference. */
void key_set_add(struct key_set *set, struct rsa_key *key, bool dynamic);
bool key_set_keep_refresh_key(struct key_set *set, struct str key); /* copies; false: out of memory */

bool key_set_equal(const struct key_set *a, const struct key_set *b);
/* The part of NEEDS that the set does not fulfil at NOW. STALE: be content with keys that still work although
 * a successor is due. */
unsigned key_set_lacks(const struct key_set *set, const struct key_rules *rules, unsigned needs, int64_t now,
                       bool stale);

#endif
