/* SPDX-License-Identifier: Apache-2.0
 *
 * What an identity provider sends: a line with a token, then its key set. Whatever is in them, nothing but a
 * signature that a key of the set has made is accepted, and a token that was changed is not.
 */
#include "crypto/jwk.h"
#include "fuzz.h"
#include "json/json.h"

static void check_changed(struct arena *a, json_object *set, struct str token)
{
    struct jwt_parts parts;
    struct str copy = arena_str(a, token);
    char *payload = (char *)copy.p + str_find(copy, '.') + 1;
    *payload = *payload == 'e' ? 'f' : 'e';
    FUZZ_EXPECT(jwt_split(copy, &parts));
    FUZZ_EXPECT(jwk_verify(a, set, &parts) != JWK_VERIFIED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str rest = {(const char *)data, size}, token = str_split(&rest, '\n');
    struct jwt_parts parts;
    json_object *set = rest.p ? json_parse(&arena, rest) : NULL;
    if (jwt_split(token, &parts)) {
        enum jwk_result result = jwk_verify(&arena, set, &parts);
        FUZZ_EXPECT(result != JWK_VERIFIED || jwk_is_set(set));
        if (result == JWK_VERIFIED)
            check_changed(&arena, set, token);
    }
    arena_reset(&arena);
    return 0;
}
