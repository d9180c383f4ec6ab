/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jwt.h"

#include "crypto/base64.h"
#include "json/json.h"

bool jwt_split(struct str token, struct jwt_parts *out)
{
    if (token.n > JWT_MAX_SIZE)
        return false;
    struct str rest = token;
    out->header = str_split(&rest, '.');
    out->payload = rest.p ? str_split(&rest, '.') : STR_NONE;
    out->signature = rest.p ? str_split(&rest, '.') : STR_NONE;
    if (rest.p || !out->header.n || !out->payload.n || !out->signature.n)
        return false;
    out->signed_text = str_head(token, out->header.n + 1 + out->payload.n);
    return true;
}

json_object *jwt_object(struct arena *a, struct str part)
{
    struct str text;
    json_object *value = base64_decode_lenient(a, part, &text) ? json_parse(a, text) : NULL;
    return json_object_is_type(value, json_type_object) ? value : NULL;
}

struct str jwt_sign(struct arena *a, const struct rsa_key *key, struct str header, struct str payload)
{
    struct str signed_text = ARENA_CONCAT(a, base64_encode(a, BASE64_URL_UNPADDED, header), STR("."),
                                          base64_encode(a, BASE64_URL_UNPADDED, payload));
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    if (!rsa_key_sign(key, signed_text, signature, &n))
        arena_out_of_memory(a);
    return ARENA_CONCAT(a, signed_text, STR("."),
                        base64_encode(a, BASE64_URL_UNPADDED, (struct str){(char *)signature, n}));
}

bool jwt_verify(struct arena *a, const struct rsa_key *key, const struct jwt_parts *parts)
{
    struct str signature;
    return base64_decode(a, BASE64_URL_UNPADDED, parts->signature, &signature) &&
           rsa_key_verify(a, key, parts->signed_text, signature);
}
