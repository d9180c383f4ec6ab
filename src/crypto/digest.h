/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes and key derivation.
 */
#ifndef ST_CRYPTO_DIGEST_H
#define ST_CRYPTO_DIGEST_H

#include "base/arena.h"

enum { SHA256_SIZE = 32 };

void digest_sha256(struct str s, unsigned char out[SHA256_SIZE]);
struct str digest_sha256hex(struct arena *a, struct str s); /* 64 lower-case digits (spec: cdi-session 1) */

/* PBKDF2-HMAC-SHA512 (RFC 8018 5.2). False only when out of memory. */
bool digest_pbkdf2_sha512(struct str password, struct str salt, unsigned iterations, unsigned char *out,
                          size_t out_size);

#endif
