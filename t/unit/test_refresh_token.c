/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "arena_fixture.h"
#include "crypto/aes_gcm.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "json/json.h"
#include "session/refresh_token.h"

#define NONCE "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define FORMAT_ERROR "io.supertokens.session.refreshToken.RefreshToken$InvalidRefreshTokenFormatException: "

static const struct str master = {"1000:00aa:ff", 12}; /* spec: cdi-session 1.2 */
/* The encrypted part of a token with any payload. */
static struct str seal(const char *payload)
{
    unsigned char key[AES_GCM_KEY], *sealed;
    size_t n = strlen(payload);
    sealed = arena_alloc(&arena, AES_GCM_IV + n + AES_GCM_TAG);
    for (unsigned char i = 0; i < AES_GCM_IV; i++)
        sealed[i] = i;
    assert_true(digest_pbkdf2_sha512(master, (struct str){(char *)sealed, AES_GCM_IV}, 100, key, sizeof key));
    assert_true(aes_gcm_seal(key, sealed, str_of(payload), sealed + AES_GCM_IV));
    return base64_encode(&arena, BASE64_STANDARD, (struct str){(char *)sealed, AES_GCM_IV + n + AES_GCM_TAG});
}

static void spec_vector(void **state)
{
    (void)state;
    assert_str(seal("{\"sessionHandle\":\"h\"}"),
               "AAECAwQFBgcICQoLxy6aOaugDTm2bIJpWtWxmnoqsnbMgfdMdNoUbOFkC/ZpD6Wznw==");
}

static void mints_and_decodes(void **state)
{
    (void)state;
    struct refresh_token full = {.session_handle = STR("h_t1"),
                                 .user_id = STR("u <&> \"\xc3\xa4"),
                                 .parent_hash1 = STR("p"),
                                 .anti_csrf_token = STR("c"),
                                 .tenant_id = STR("t1")};
    struct refresh_token least = {
        .session_handle = STR("h"), .user_id = STR("u"), .tenant_id = STR("public")};
    struct refresh_token back;
    struct str message, first = refresh_token_mint(&arena, master, &full);
    assert_true(refresh_token_decode(&arena, master, first, &back, &message));
    assert_str(back.session_handle, "h_t1");
    assert_str(back.user_id, "u <&> \"\xc3\xa4");
    assert_str(back.parent_hash1, "p");
    assert_str(back.anti_csrf_token, "c");
    assert_str(back.tenant_id, "t1");
    assert_int_equal(back.nonce.n, 64);
    assert_true(str_is(back.nonce, full.nonce));
    assert_false(str_is(first, refresh_token_mint(&arena, master, &full))); /* IV and nonce are fresh */

    assert_true(
        refresh_token_decode(&arena, master, refresh_token_mint(&arena, master, &least), &back, &message));
    assert_str(back.tenant_id, "public");
    assert_null(back.parent_hash1.p);
    assert_null(back.anti_csrf_token.p);
    assert_false(refresh_token_decode(&arena, STR("1000:00aa:fe"), first, &back, &message));
    assert_str(message, "Tag mismatch");
}

static struct str payload_of(struct str token)
{
    struct str sealed;
    unsigned char key[AES_GCM_KEY], *plain = arena_alloc(&arena, token.n);
    assert_true(base64_decode(&arena, BASE64_STANDARD, str_head(token, str_find(token, '.')), &sealed));
    assert_true(digest_pbkdf2_sha512(master, str_head(sealed, AES_GCM_IV), 100, key, sizeof key));
    assert_true(
        aes_gcm_open(&arena, key, (const unsigned char *)sealed.p, str_from(sealed, AES_GCM_IV), plain));
    return (struct str){(char *)plain, sealed.n - AES_GCM_IV - AES_GCM_TAG};
}

static void payload_order(void **state)
{
    (void)state;
    struct refresh_token t = {.session_handle = STR("h"),
                              .user_id = STR("u"),
                              .parent_hash1 = STR("p"),
                              .anti_csrf_token = STR("c"),
                              .tenant_id = STR("t1")};
    struct str payload = payload_of(refresh_token_mint(&arena, master, &t));
    assert_str(payload,
               arena_printf(&arena,
                            "{\"sessionHandle\":\"h\",\"userId\":\"u\",\"parentRefreshTokenHash1\":\"p\","
                            "\"nonce\":\"%.*s\",\"antiCsrfToken\":\"c\",\"tenantId\":\"t1\"}",
                            STR_ARG(t.nonce))
                   .p);
    t = (struct refresh_token){.session_handle = STR("h"), .user_id = STR("u")};
    payload = payload_of(refresh_token_mint(&arena, master, &t));
    assert_str(payload, arena_printf(&arena, "{\"sessionHandle\":\"h\",\"userId\":\"u\",\"nonce\":\"%.*s\"}",
                                     STR_ARG(t.nonce))
                            .p);
}

static void reads_old_versions(void **state)
{
    (void)state;
    struct str sealed = seal("{\"userId\":\"u\",\"sessionHandle\":\"h\",\"nonce\":\"" NONCE "\","
                             "\"antiCsrfToken\":null,\"more\":[1]}");
    static const char *const versions[] = {"V0", "V1", "V2", "v0", "v2", "V2.", "V2..."};
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct refresh_token t;
        struct str message;
        struct str token = ARENA_CONCAT(&arena, sealed, STR("." NONCE "."), str_of(versions[i]));
        assert_true(refresh_token_decode(&arena, master, token, &t, &message));
        assert_str(t.session_handle, "h");
        assert_null(t.anti_csrf_token.p);
    }
}

static void refuses(struct str token, const char *want)
{
    struct refresh_token t;
    struct str message = STR_NONE;
    assert_false(refresh_token_decode(&arena, master, token, &t, &message));
    assert_str(message, want);
}

static void structure_errors(void **state)
{
    (void)state;
    static const struct {
        struct str token;
        const char *message;
    } rows[] = {
        {STR(""), FORMAT_ERROR "version of refresh token not recognised"},
        {STR("..."), FORMAT_ERROR "version of refresh token not recognised"},
        {STR("a.b.V3"), FORMAT_ERROR "version of refresh token not recognised"},
        {STR("a.b.c"), FORMAT_ERROR "version of refresh token not recognised"},
        {STR("a.b.V2x"), FORMAT_ERROR "version of refresh token not recognised"},
        {STR("V2"), FORMAT_ERROR "Refresh token split with dot yielded an array of length: 1"},
        {STR("a.V2"), FORMAT_ERROR "Refresh token split with dot yielded an array of length: 2"},
        {STR("a.b.c.V2"), FORMAT_ERROR "Refresh token split with dot yielded an array of length: 4"},
        {STR("a*.b.V2"), "Illegal base64 character"},
        {STR("AAAA.b.V2"), "Invalid refresh token"},
        {STR(".b.V2"), "Invalid refresh token"},
        {STR("AAECAwQFBgcICQoLxy6aOaugDTm2bIJpWtWxmnoqsnbMgfdMdNoUbOFkC/ZpD6Wznw==.b.V2"),
         "Invalid refresh token"},
        {STR("AAECAwQFBgcICQoLxy6aOaugDTm2bIJpWtWxmnoqsnbMgfdMdNoUbOFkC/ZpD6Wznx==.b.V2"),
         "Illegal base64 character"},
        {STR("BAECAwQFBgcICQoLxy6aOaugDTm2bIJpWtWxmnoqsnbMgfdMdNoUbOFkC/ZpD6Wznw==.b.V2"), "Tag mismatch"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        refuses(rows[i].token, rows[i].message);
    char *long_one = arena_zalloc(&arena, REFRESH_TOKEN_MAX + 1);
    refuses((struct str){long_one, REFRESH_TOKEN_MAX + 1}, "Invalid refresh token");
}

static void content_errors(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "null",
        "[]",
        "{",
        "{\"sessionHandle\":\"h\",\"nonce\":\"" NONCE "\"}",
        "{\"userId\":\"u\",\"nonce\":\"" NONCE "\"}",
        "{\"userId\":\"u\",\"sessionHandle\":\"h\"}",
        "{\"userId\":\"u\",\"sessionHandle\":\"h\",\"nonce\":\"other\"}",
        "{\"userId\":1,\"sessionHandle\":\"h\",\"nonce\":\"" NONCE "\"}",
    };
    for (size_t i = 0; i < COUNT(payloads); i++)
        refuses(ARENA_CONCAT(&arena, seal(payloads[i]), STR("." NONCE ".V2")), "Invalid refresh token");
}

static void hashes(void **state)
{
    (void)state;
    struct str hash1 = refresh_token_hash1(&arena, STR("abc"));
    assert_str(hash1, NONCE);
    assert_str(refresh_token_hash2(&arena, hash1),
               "dfe7a23fefeea519e9bbfdd1a6be94c4b2e4529dd6b7cbea83f9959c2621b13c");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_teardown(NAME, reset)
    const struct CMUnitTest tests[] = {
        TEST(spec_vector),      TEST(mints_and_decodes), TEST(payload_order), TEST(reads_old_versions),
        TEST(structure_errors), TEST(content_errors),    TEST(hashes),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
