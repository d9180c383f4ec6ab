/* SPDX-License-Identifier: Apache-2.0
 *
 * Private keys: the input is the PEM of a provider's configuration, the text of a signing key, or the DER of
 * either. A key that is taken signs, and what it signs is good by its public half.
 */
#include <openssl/pem.h>

#include "../t/unit/key_fixture.h"
#include "crypto/base64.h"
#include "crypto/es256.h"
#include "crypto/jwk.h"
#include "crypto/rsa_key.h"
#include "fuzz.h"
#include "json/json.h"

static void sign_es256(struct arena *a, struct str pem)
{
    struct str token = STR_NONE, signature;
    struct jwt_parts parts;
    if (!es256_sign(a, pem, STR("{\"alg\":\"ES256\"}"), STR("{\"a\":1}"), &token)) {
        FUZZ_EXPECT(!token.p);
        return;
    }
    FUZZ_EXPECT(jwt_split(token, &parts));
    FUZZ_EXPECT(base64_decode(a, BASE64_URL_UNPADDED, parts.signature, &signature) && signature.n == 64);
}

static void sign_rsa(struct arena *a, struct str text)
{
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n = 0;
    struct rsa_key *key = rsa_key_parse(a, text, STR("kid"), 1);
    if (!key)
        return;
    FUZZ_EXPECT(rsa_key_sign(key, STR("message"), signature, &n) && n >= RSA_KEY_BITS / 8 &&
                n <= sizeof signature);
    FUZZ_EXPECT(rsa_key_verify(a, key, STR("message"), (struct str){(char *)signature, n}));
    FUZZ_EXPECT(!rsa_key_verify(a, key, STR("massage"), (struct str){(char *)signature, n}));
    FUZZ_EXPECT(json_check(key->jwk));
    rsa_key_unref(key);
}

static void read_der(struct arena *a, struct str der)
{
    struct str text = base64_encode(a, BASE64_STANDARD, der), stored = STR_NONE;
    sign_es256(
        a, ARENA_CONCAT(a, STR("-----BEGIN PRIVATE KEY-----\n"), text, STR("\n-----END PRIVATE KEY-----\n")));
    sign_rsa(a, ARENA_CONCAT(a, STR(KEY_FIXTURE_SPKI "|"), text));
    sign_rsa(a, ARENA_CONCAT(a, text, STR("|" KEY_FIXTURE_PKCS8)));
    if (rsa_key_text(a, der, &stored))
        FUZZ_EXPECT(str_find(stored, '|') < stored.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str input = {(const char *)data, size};
    if (str_starts(input, STR("-")))
        sign_es256(&arena, input);
    else if (str_find(input, '|') < size || str_find(input, ';') < size)
        sign_rsa(&arena, input);
    else
        read_der(&arena, input);
    arena_reset(&arena);
    return 0;
}
