/* SPDX-License-Identifier: Apache-2.0
 *
 * Public keys of other servers and what they have signed: JSON Web Key Sets (RFC 7517, 7518 6, 8037) and the
 * verification of compact tokens with RS256/384/512, PS256/384/512, ES256/384/512 and EdDSA (Ed25519). There
 * is no way to "none" and the HMAC algorithms.
 */
#ifndef ST_CRYPTO_JWK_H
#define ST_CRYPTO_JWK_H

#include <json-c/json.h>

#include "crypto/jwt.h"

enum {
    JWK_KEYS_MAX = 100, /* of a set; those behind are not looked at */
    JWK_TRIES_MAX = 16, /* keys that are tried for a token that does not say which one it is */
};

enum jwk_result {
    JWK_VERIFIED,
    JWK_FORGED,      /* its key has not signed it */
    JWK_UNKNOWN_KEY, /* no key of the set fits: a newer set may have it */
    JWK_REFUSED,     /* the header is malformed, or asks for what we do not do */
};

/* Whether SET, any JSON or NULL, has an array "keys". */
bool jwk_is_set(json_object *set);

/* Who of SET has signed the token. Its claims are the caller's to check. */
enum jwk_result jwk_verify(struct arena *a, json_object *set, const struct jwt_parts *parts);

#endif
