/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM, HMAC and base64 at their edges: the published vectors, and after Project Wycheproof's classes what
 * was cut, changed or written in a second way.
 */

#include <openssl/hmac.h>
#include <sodium.h>

#include "arena_fixture.h"
#include "base/random.h"
#include "crypto/aes_gcm.h"
#include "crypto/base64.h"
#include "crypto/webhook.h"

static struct str unhex(const char *text)
{
    size_t size = strlen(text) / 2, n;
    unsigned char *bytes = arena_alloc(&arena, size + 1);
    assert_int_equal(sodium_hex2bin(bytes, size, text, 2 * size, NULL, &n, NULL), 0);
    return (struct str){(char *)bytes, n};
}

static const unsigned char *bytes_of(struct str s)
{
    return (const unsigned char *)s.p;
}

/* ---- AES-256-GCM ---- */

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define ZERO_IV "000000000000000000000000"

/* Cases 13 to 15 of the specification of GCM. */
static const struct {
    const char *key, *iv, *plain, *sealed;
} gcm[] = {
    {ZERO_KEY, ZERO_IV, "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {ZERO_KEY, ZERO_IV, "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0d"
     "e657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6"
     "393ba"
     "7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
};

static bool opens(struct str key, struct str iv, struct str sealed)
{
    unsigned char *out = arena_zalloc(&arena, sealed.n + 1);
    bool ok = aes_gcm_open(&arena, bytes_of(key), bytes_of(iv), sealed, out);
    size_t n = sealed.n > AES_GCM_TAG ? sealed.n - AES_GCM_TAG : 0;
    assert_true(ok || sodium_is_zero(out, n)); /* nothing of what was not checked stays */
    return ok;
}

static void gcm_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gcm / sizeof gcm[0]; i++) {
        struct str key = unhex(gcm[i].key), iv = unhex(gcm[i].iv), plain = unhex(gcm[i].plain),
                   sealed = unhex(gcm[i].sealed);
        unsigned char out[128];
        assert_true(aes_gcm_seal(bytes_of(key), bytes_of(iv), plain, out));
        assert_memory_equal(out, sealed.p, sealed.n);
        assert_true(aes_gcm_open(&arena, bytes_of(key), bytes_of(iv), sealed, out));
        assert_memory_equal(out, plain.p, plain.n);
    }
}

static void gcm_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gcm / sizeof gcm[0]; i++) {
        struct str key = unhex(gcm[i].key), iv = unhex(gcm[i].iv), sealed = unhex(gcm[i].sealed);
        struct str changed[] = {key, iv, sealed};
        for (size_t which = 0; which < 3; which++)
            for (size_t bit = 0; bit < 8 * changed[which].n; bit++) {
                char *byte = (char *)(uintptr_t)changed[which].p + bit / 8;
                *byte ^= (char)(1 << bit % 8);
                assert_false(opens(key, iv, sealed));
                *byte ^= (char)(1 << bit % 8);
            }
        for (size_t n = 0; n < sealed.n; n++) { /* a tag cut short, or the text before it */
            assert_false(opens(key, iv, str_head(sealed, n)));
            assert_false(opens(key, iv, str_from(sealed, sealed.n - n)));
        }
        assert_false(opens(key, iv, ARENA_CONCAT(&arena, sealed, STR("\0"))));
        assert_false(opens(key, iv, ARENA_CONCAT(&arena, STR("\0"), sealed)));
        assert_true(opens(key, iv, sealed));
    }
    static const char huge[1];
    unsigned char out[AES_GCM_KEY] = {0};
    assert_false(aes_gcm_seal(out, out, (struct str){huge, (size_t)INT32_MAX + 1}, out));
    assert_false(aes_gcm_open(&arena, out, out, (struct str){huge, (size_t)INT32_MAX + 1}, out));
}

/* ---- HMAC-SHA256 ---- */

/* "<id>.<seconds>.<body>" is what is signed, with keys shorter than a block, as long as one, and longer. */
static void hmac_of_every_length(void **state)
{
    (void)state;
    char bytes[200];
    unsigned char mac[32];
    random_bytes(bytes, sizeof bytes);
    for (size_t n = 1; n <= sizeof bytes; n++) {
        struct str key = {bytes, n}, body = {bytes, sizeof bytes - n};
        struct str secret = ARENA_CONCAT(&arena, STR("whsec_"), base64_encode(&arena, BASE64_STANDARD, key));
        struct str text = ARENA_CONCAT(&arena, STR("id.-7."), body);
        assert_non_null(HMAC(EVP_sha256(), bytes, (int)n, bytes_of(text), text.n, mac, NULL));
        struct str want = base64_encode(&arena, BASE64_STANDARD, (struct str){(char *)mac, sizeof mac});
        struct str got = webhook_signature(&arena, secret, STR("id"), -7, body);
        assert_true(str_is(got, ARENA_CONCAT(&arena, STR("v1,"), want)));
    }
    static const char *const no_keys[] = {"", "whsec_", "whsec_*", "whsec_A", "whsec_AA== whsec_*"};
    for (size_t i = 0; i < sizeof no_keys / sizeof no_keys[0]; i++)
        assert_null(webhook_signature(&arena, str_of(no_keys[i]), STR("id"), 0, STR("")).p);
}

/* ---- base64 ---- */

static void base64_of_the_rfc(void **state)
{
    (void)state;
    static const char *const encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < sizeof encoded / sizeof encoded[0]; n++)
        assert_true(str_is_c(base64_encode(&arena, BASE64_STANDARD, str_head(STR("foobar"), n)), encoded[n]));
}

/* Of the texts of one to four characters and padding none but those that are written are read, in each form.
 */
static void base64_one_text_per_value(void **state)
{
    (void)state;
    static const char alphabet[] = "AQgwBP/_+-=. \n\x7f\xff";
    enum { N = sizeof alphabet - 1 };
    for (int form = BASE64_STANDARD; form <= BASE64_URL_UNPADDED; form++)
        for (size_t i = 0; i < N * N * N * N; i++) {
            char text[4] = {alphabet[i % N], alphabet[i / N % N], alphabet[i / N / N % N],
                            alphabet[i / N / N / N]};
            for (size_t n = 1; n <= sizeof text; n++) {
                struct str s = {text, n}, bytes;
                if (base64_decode(&arena, (enum base64_form)form, s, &bytes))
                    assert_true(str_is(base64_encode(&arena, (enum base64_form)form, bytes), s));
            }
            arena_reset(&arena);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(gcm_vectors, reset),
        cmocka_unit_test_teardown(gcm_changed, reset),
        cmocka_unit_test_teardown(hmac_of_every_length, reset),
        cmocka_unit_test_teardown(base64_of_the_rfc, reset),
        cmocka_unit_test_teardown(base64_one_text_per_value, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
