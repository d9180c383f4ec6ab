/* SPDX-License-Identifier: Apache-2.0 */
#include "session/refresh_token.h"

#include <sodium.h>

#include "base/random.h"
#include "crypto/aes_gcm.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "json/json.h"
#include "json/write.h"

enum { ITERATIONS = 100 };

/* What the reference writes in front of some texts, word for word: recorded answers have it. */
#define FORMAT_ERROR "io.supertokens.session.refreshToken.RefreshToken$InvalidRefreshTokenFormatException: "

static const struct {
    const char *name;
    size_t member;
} members[] = {
    /* in the order of the payload */
    {"sessionHandle", offsetof(struct refresh_token, session_handle)},
    {"userId", offsetof(struct refresh_token, user_id)},
    {"parentRefreshTokenHash1", offsetof(struct refresh_token, parent_hash1)},
    {"nonce", offsetof(struct refresh_token, nonce)},
    {"antiCsrfToken", offsetof(struct refresh_token, anti_csrf_token)},
    {"tenantId", offsetof(struct refresh_token, tenant_id)},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static struct str *member_at(struct refresh_token *t, size_t i)
{
    return (struct str *)(void *)((char *)t + members[i].member);
}

struct str refresh_token_hash1(struct arena *a, struct str token)
{
    return digest_sha256hex(a, token);
}

struct str refresh_token_hash2(struct arena *a, struct str hash1)
{
    return digest_sha256hex(a, hash1);
}

/* A key of its own for every token, derived from the master key and the token's IV. */
static void derive(struct arena *a, struct str master_key, const unsigned char *iv, unsigned char *key)
{
    if (!digest_pbkdf2_sha512(master_key, (struct str){(const char *)iv, AES_GCM_IV}, ITERATIONS, key,
                              AES_GCM_KEY))
        arena_out_of_memory(a);
}

static struct str payload_json(struct arena *a, struct refresh_token t)
{
    if (str_is(t.tenant_id, STR("public")))
        t.tenant_id = STR_NONE;
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    for (size_t i = 0; i < MEMBERS; i++)
        json_add_str_if(&j, members[i].name, *member_at(&t, i));
    json_close(&j, '}');
    return json_done(&j);
}

struct str refresh_token_mint(struct arena *a, struct str master_key, struct refresh_token *t)
{
    t->nonce = digest_sha256hex(a, random_uuid_str(a));
    struct str payload = payload_json(a, *t);
    size_t sealed_n = AES_GCM_IV + payload.n + AES_GCM_TAG;
    unsigned char key[AES_GCM_KEY], *sealed = arena_alloc(a, sealed_n);
    random_bytes(sealed, AES_GCM_IV);
    derive(a, master_key, sealed, key);
    bool ok = aes_gcm_seal(key, sealed, payload, sealed + AES_GCM_IV);
    sodium_memzero(key, sizeof key);
    if (!ok)
        arena_out_of_memory(a);
    return ARENA_CONCAT(a, base64_encode(a, BASE64_STANDARD, (struct str){(char *)sealed, sealed_n}),
                        STR("."), t->nonce, STR(".V2"));
}

static bool reject(struct str *message, struct str text)
{
    *message = text;
    return false;
}

/* Splits at every dot; empty parts at the end do not count, as Java's split has it. */
static bool split(struct arena *a, struct str text, struct str *sealed, struct str *nonce,
                  struct str *message)
{
    static const struct str versions[] = {{"V2", 2}, {"V1", 2}, {"V0", 2}};
    struct str part = STR_NONE;
    bool known = false;
    unsigned n = 0;
    while (text.n && text.p[text.n - 1] == '.')
        text.n--;
    for (struct str rest = text; rest.p; n++) {
        part = str_split(&rest, '.');
        if (n == 0)
            *sealed = part;
        else if (n == 1)
            *nonce = part;
    }
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        known = known || str_is_ci(part, versions[i]);
    if (!known)
        return reject(message, STR(FORMAT_ERROR "version of refresh token not recognised"));
    if (n != 3)
        return reject(
            message,
            arena_printf(a, FORMAT_ERROR "Refresh token split with dot yielded an array of length: %u", n));
    return true;
}

static bool unseal(struct arena *a, struct str master_key, struct str text, struct str *payload,
                   struct str *message)
{
    struct str sealed;
    if (!base64_decode(a, BASE64_STANDARD, text, &sealed))
        return reject(message, STR("Illegal base64 character"));
    if (sealed.n < AES_GCM_IV + AES_GCM_TAG)
        return reject(message, STR("Invalid refresh token"));
    unsigned char iv[AES_GCM_IV], *key = arena_alloc(a, AES_GCM_KEY), *plain = arena_alloc(a, sealed.n);
    memcpy(iv, sealed.p, sizeof iv);
    derive(a, master_key, iv, key);
    bool ok = aes_gcm_open(a, key, iv, str_from(sealed, AES_GCM_IV), plain);
    sodium_memzero(key, AES_GCM_KEY);
    *payload = (struct str){(char *)plain, sealed.n - AES_GCM_IV - AES_GCM_TAG};
    return ok || reject(message, STR("Tag mismatch"));
}

bool refresh_token_decode(struct arena *a, struct str master_key, struct str text, struct refresh_token *out,
                          struct str *message)
{
    struct str sealed, nonce = STR_NONE, payload;
    json_object *member;
    *out = (struct refresh_token){0};
    if (text.n > REFRESH_TOKEN_MAX)
        return reject(message, STR("Invalid refresh token"));
    if (!split(a, text, &sealed, &nonce, message) || !unseal(a, master_key, sealed, &payload, message))
        return false;
    json_object *object = json_parse(a, payload);
    if (!json_object_is_type(object, json_type_object))
        return reject(message, STR("Invalid refresh token"));
    for (size_t i = 0; i < MEMBERS; i++)
        if (json_object_object_get_ex(object, members[i].name, &member))
            *member_at(out, i) = json_str(member);
    if (!out->user_id.p || !out->session_handle.p || !out->nonce.p || !str_is(out->nonce, nonce))
        return reject(message, STR("Invalid refresh token"));
    if (!out->tenant_id.p)
        out->tenant_id = STR("public");
    return true;
}
