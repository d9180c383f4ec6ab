/* SPDX-License-Identifier: Apache-2.0
 *
 * Refresh tokens: the text as it comes from a client, and (behind an encryption that the fuzzer could not
 * pass) the content.
 */
#include "session/refresh_token.h"

#include "crypto/aes_gcm.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "fuzz.h"

static const struct str master = {"1000:00aa:ff", 12};

static struct str seal(struct arena *a, struct str payload)
{
    static unsigned char key[AES_GCM_KEY];
    static const unsigned char iv[AES_GCM_IV];
    if (key[0] == 0)
        FUZZ_EXPECT(
            digest_pbkdf2_sha512(master, (struct str){(const char *)iv, sizeof iv}, 100, key, sizeof key));
    unsigned char *sealed = arena_zalloc(a, AES_GCM_IV + payload.n + AES_GCM_TAG);
    FUZZ_EXPECT(aes_gcm_seal(key, iv, payload, sealed + AES_GCM_IV));
    return base64_encode(a, BASE64_STANDARD,
                         (struct str){(char *)sealed, AES_GCM_IV + payload.n + AES_GCM_TAG});
}

static bool decode(struct arena *a, struct str text, struct refresh_token *t)
{
    struct str message = STR_NONE;
    bool ok = refresh_token_decode(a, master, text, t, &message);
    FUZZ_EXPECT(ok == (message.p == NULL));
    FUZZ_EXPECT(!ok || (t->user_id.p && t->session_handle.p && t->nonce.p && t->tenant_id.p));
    return ok;
}

static void decode_again(struct arena *a, struct refresh_token t)
{
    struct refresh_token back;
    FUZZ_EXPECT(decode(a, refresh_token_mint(a, master, &t), &back));
    FUZZ_EXPECT(str_is(back.user_id, t.user_id) && str_is(back.session_handle, t.session_handle) &&
                str_is(back.tenant_id, t.tenant_id) && str_is(back.nonce, t.nonce));
    FUZZ_EXPECT(str_is(back.parent_hash1, t.parent_hash1) && str_is(back.anti_csrf_token, t.anti_csrf_token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str text = {(const char *)data, size};
    struct refresh_token t;
    decode(&arena, text, &t);
    if (size <= REFRESH_TOKEN_MAX / 2 &&
        decode(&arena, ARENA_CONCAT(&arena, seal(&arena, text), STR(".n.V2")), &t) &&
        t.user_id.n + t.session_handle.n < REFRESH_TOKEN_MAX / 16)
        decode_again(&arena, t);
    arena_reset(&arena);
    return 0;
}
