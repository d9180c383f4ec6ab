/* SPDX-License-Identifier: Apache-2.0
 *
 * Compact JSON Web Tokens signed with RS256 (RFC 7515 7.1, RFC 7519).
 */
#ifndef ST_CRYPTO_JWT_H
#define ST_CRYPTO_JWT_H

#include <json-c/json.h>

#include "crypto/rsa_key.h"

enum { JWT_MAX_SIZE = 1024 * 1024 }; /* longer tokens are not looked at */

struct jwt_parts {
    struct str header, payload, signature; /* encoded */
    struct str signed_text;                /* header.payload */
};

bool jwt_split(struct str token, struct jwt_parts *out); /* exactly three parts, none of them empty */

/* A part as a JSON object: both base64 alphabets, padding optional. NULL when it is not one. */
json_object *jwt_object(struct arena *a, struct str part);

/* b64url(HEADER).b64url(PAYLOAD).signature; both are JSON text. */
struct str jwt_sign(struct arena *a, const struct rsa_key *key, struct str header, struct str payload);
bool jwt_verify(struct arena *a, const struct rsa_key *key, const struct jwt_parts *parts);

#endif
