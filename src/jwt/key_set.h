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
/* What is expected of dynamic keys, less from row to row. */
enum key_demand {
    KEYS_FRESH,   /* the successor of a key that is about to be rotated out is there */
    KEYS_SIGNING, /* the newest one may still sign: no node has made another one just for now */
    KEYS_LIVE,    /* some have not expired */
};

/* The part of NEEDS that the set does not fulfil at NOW. */
unsigned key_set_lacks(const struct key_set *set, const struct key_rules *rules, unsigned needs, int64_t now,
                       enum key_demand demand);

#endif
