/* SPDX-License-Identifier: Apache-2.0
 *
 * What one process remembers of tokens whose signature it has checked, so that the next request with the same
 * token costs one hash. Bounded in entries and in bytes; what was used least recently goes first.
 *
 * Lock rule: one mutex per shard, held for a look-up or a replacement only.
 */
#ifndef ST_CRYPTO_VERIFIED_TOKENS_H
#define ST_CRYPTO_VERIFIED_TOKENS_H

#include "base/arena.h"
#include "crypto/digest.h"

enum {
    VERIFIED_TOKENS = 8192,
    VERIFIED_TOKENS_BYTES = 8 * 1024 * 1024,
    VERIFIED_TOKEN_MAX = 16 * 1024, /* longer infos are not kept */
};

struct verified_tokens;

/* SCOPE says by what a token was verified, i.e. the serial of a set of keys (src/jwt/keys.h): a token is good
 * for one app, and only as long as its keys are the same. */
struct verified_token_id {
    unsigned char hash[SHA256_SIZE]; /* SHA-256 of the token's text */
    uint64_t scope;
};

struct verified_tokens *verified_tokens_new(void);    /* NULL: out of memory */
void verified_tokens_free(struct verified_tokens *v); /* NULL is allowed */

/* *INFO (what was put, aligned for any type) lives until the arena is reset. False: unknown, or expired: NOW
 * is not before what was put. */
bool verified_tokens_get(struct verified_tokens *v, struct arena *a, const struct verified_token_id *id,
                         int64_t now_ms, struct str *info);
/* Call it only for a token whose signature is good. */
void verified_tokens_put(struct verified_tokens *v, const struct verified_token_id *id, int64_t expires_ms,
                         struct str info);

#endif
