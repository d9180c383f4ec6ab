/* SPDX-License-Identifier: Apache-2.0
 *
 * When dynamic signing keys are made, published, used and forgotten (spec: cdi-session 1.3). Pure functions
 * of creation times in ms, newest first; I, A and O are the spec's letters.
 *
 *   created ---- O ----> signs ---------------- I - O: successor made ---- I: successor signs ---- I + 2A:
 * forgotten
 */
#ifndef ST_JWT_KEY_RULES_H
#define ST_JWT_KEY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_PUBLISH_MS = 60000 };

/* From the configuration of the app's public tenant. */
struct key_rules {
    int64_t interval_ms;        /* I: access_token_dynamic_signing_key_update_interval */
    int64_t access_validity_ms; /* A: access_token_validity */
    bool legacy_is_dynamic;     /* access_token_signing_key_dynamic: what a key of very old data becomes */
};

/* O: so long a key is in the JWKS before it signs. A fifth of an interval that is shorter than that, which
 * only test mode allows; the reference does so too. */
int64_t key_publish_ms(const struct key_rules *r);

int64_t key_rotates_at(int64_t created, const struct key_rules *r); /* created + I */
int64_t key_expires_at(int64_t created, const struct key_rules *r); /* created + I + 2A */
int64_t key_keep_since(int64_t now, const struct key_rules *r);     /* older keys have expired */

/* How many of N keys have not expired. */
size_t key_count_live(const int64_t *created, size_t n, int64_t now, const struct key_rules *r);
/* True when a new key must be made: none is young enough to sign for O longer. */
bool key_is_due(const int64_t *created, size_t n, int64_t now, const struct key_rules *r);
/* Index of the key that signs; N must not be 0. */
size_t key_choose(const int64_t *created, size_t n, int64_t now, const struct key_rules *r);
/* Seconds a JWKS may be cached for: until the next key is published, at least 1. */
int64_t key_set_max_age(int64_t newest_created, int64_t now, const struct key_rules *r);

#endif
