/* SPDX-License-Identifier: Apache-2.0
 *
 * Compact JSON Web Tokens of ours signed with ES256 (RFC 7518 3.4), by a key that somebody else has made: the
 * client secrets of Sign in with Apple.
 */
#ifndef ST_CRYPTO_ES256_H
#define ST_CRYPTO_ES256_H

#include "base/arena.h"

/* PEM: a private key on P-256 as PKCS#8. HEADER and PAYLOAD are JSON text. False: PEM is no such key. */
bool es256_sign(struct arena *a, struct str pem, struct str header, struct str payload, struct str *token);

#endif
