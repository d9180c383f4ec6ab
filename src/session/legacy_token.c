/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens V1 and V2: three parts of standard base64 with padding, the user's data nested (spec:
 * cdi-session 1.4).
 */
#include "crypto/base64.h"
#include "json/json.h"
#include "json/write.h"
#include "session/token_versions.h"

struct str legacy_token_mint(struct arena *a, const struct rsa_key *key, const struct token_version *version,
                             struct access_token *t, json_object *user_data)
{
    t->user_data = user_data ? json_text(a, user_data) : STR("{}");
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    token_write_keys(&j, version, t);
    json_add_raw(&j, "userData", t->user_data);
    json_close(&j, '}');
    struct str signed_text =
        ARENA_CONCAT(a, str_of(version->header), STR("."), base64_encode(a, BASE64_STANDARD, json_done(&j)));
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    if (!rsa_key_sign(key, signed_text, signature, &n))
        arena_out_of_memory(a);
    return ARENA_CONCAT(a, signed_text, STR("."),
                        base64_encode(a, BASE64_STANDARD, (struct str){(char *)signature, n}));
}

bool legacy_token_is_signed_by(struct arena *a, const struct jwt_parts *parts, const struct rsa_key *key)
{
    struct str signature;
    return base64_decode(a, BASE64_STANDARD, parts->signature, &signature) &&
           rsa_key_verify(a, key, parts->signed_text, signature);
}

struct str legacy_token_user_data(struct arena *a, json_object *payload)
{
    json_object *data;
    bool is_object =
        json_object_object_get_ex(payload, "userData", &data) && json_object_is_type(data, json_type_object);
    return is_object ? json_text(a, data) : STR("{}");
}
