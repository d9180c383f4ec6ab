/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "arena_fixture.h"
#include "base/hex.h"
#include "base/random.h"
#include "crypto/aes_gcm.h"
#include "crypto/base64.h"
#include "crypto/digest.h"

static void sha256_vectors(void **state) /* FIPS 180-4 examples */
{
    (void)state;
    assert_str(digest_sha256hex(&arena, STR("")),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_str(digest_sha256hex(&arena, STR_NONE),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_str(digest_sha256hex(&arena, STR("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pbkdf2_vectors(void **state)
{
    (void)state;
    unsigned char out[64];
    /* Widely published SHA-512 counterparts of RFC 6070. */
    assert_true(digest_pbkdf2_sha512(STR("password"), STR("salt"), 1, out, 64));
    assert_str(hex_encode(&arena, out, 64),
               "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
               "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce");
    assert_true(digest_pbkdf2_sha512(STR("password"), STR("salt"), 4096, out, 64));
    assert_str(hex_encode(&arena, out, 64),
               "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
               "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5");
    /* spec: cdi-session 1.2 */
    const unsigned char iv[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    assert_true(digest_pbkdf2_sha512(STR("1000:00aa:ff"), (struct str){(const char *)iv, 12}, 100, out, 32));
    assert_str(hex_encode(&arena, out, 32),
               "f22728067034c70c3c864b474972c78b30432858a3e2e5730f7c9b47a494fc02");
}

static void aes_gcm_vector(void **state) /* the rest of the same example */
{
    (void)state;
    const char *key_hex = "f22728067034c70c3c864b474972c78b30432858a3e2e5730f7c9b47a494fc02";
    const struct str plain = STR("{\"sessionHandle\":\"h\"}");
    unsigned char key[AES_GCM_KEY], both[12 + 64], back[64];
    sodium_hex2bin(key, sizeof key, key_hex, 64, NULL, NULL, NULL);
    for (unsigned char i = 0; i < AES_GCM_IV; i++)
        both[i] = i;
    assert_true(aes_gcm_seal(key, both, plain, both + AES_GCM_IV));
    struct str all = {(char *)both, AES_GCM_IV + plain.n + AES_GCM_TAG};
    assert_str(base64_encode(&arena, BASE64_STANDARD, all),
               "AAECAwQFBgcICQoLxy6aOaugDTm2bIJpWtWxmnoqsnbMgfdMdNoUbOFkC/ZpD6Wznw==");
    assert_true(aes_gcm_open(&arena, key, both, str_from(all, AES_GCM_IV), back));
    assert_memory_equal(back, plain.p, plain.n);
    for (size_t i = 0; i < all.n; i++) { /* also a changed IV */
        both[i] ^= 1;
        assert_false(aes_gcm_open(&arena, key, both, str_from(all, AES_GCM_IV), back));
        both[i] ^= 1;
    }
    assert_false(aes_gcm_open(&arena, key, both,
                              str_head(str_from(all, AES_GCM_IV), plain.n + AES_GCM_TAG - 1), back));
    assert_false(aes_gcm_open(&arena, key, both, (struct str){(char *)both, AES_GCM_TAG - 1}, back));
}

static void aes_gcm_empty(void **state)
{
    (void)state;
    unsigned char key[AES_GCM_KEY] = {1}, iv[AES_GCM_IV] = {2}, tag[AES_GCM_TAG], none[1];
    assert_true(aes_gcm_seal(key, iv, STR(""), tag));
    assert_true(aes_gcm_open(&arena, key, iv, (struct str){(char *)tag, sizeof tag}, none));
}

static void base64_forms(void **state)
{
    (void)state;
    static const struct {
        enum base64_form form;
        const char *text;
    } forms[] = {{BASE64_STANDARD, "+/8="},
                 {BASE64_STANDARD_UNPADDED, "+/8"},
                 {BASE64_URL, "-_8="},
                 {BASE64_URL_UNPADDED, "-_8"}};
    const struct str bytes = STR("\xfb\xff");
    struct str out;
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_str(base64_encode(&arena, forms[i].form, bytes), forms[i].text);
        for (size_t other = 0; other < COUNT(forms); other++)
            assert_int_equal(base64_decode(&arena, forms[other].form, str_of(forms[i].text), &out),
                             i == other);
        assert_true(base64_decode_lenient(&arena, str_of(forms[i].text), &out));
        assert_true(str_is(out, bytes));
    }
    assert_true(base64_decode(&arena, BASE64_STANDARD, STR(""), &out));
    assert_int_equal(out.n, 0);
    assert_str(base64_encode(&arena, BASE64_URL, STR("")), "");
}

static void base64_refused(void **state)
{
    (void)state;
    static const struct str bad[] = {/* by both readers */
                                     STR("A"),        STR("AB=C"),
                                     STR("AA==AA=="), STR("AAA\n"),
                                     STR(" AAA"),     STR("AB"),
                                     STR("AA==="),    STR("===="),
                                     STR("=A"),       STR("A\0AA"),
                                     STR("\xc3\xa4"), STR("AAA*"),
                                     STR("QQ=Q"),     STR("\xc3\xa4\xc3\xa4")};
    struct str out;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(base64_decode(&arena, BASE64_STANDARD, bad[i], &out));
        assert_false(base64_decode_lenient(&arena, bad[i], &out));
    }
}

static void base64_round_trips(void **state)
{
    (void)state;
    char bytes[300];
    for (size_t n = 0; n < sizeof bytes; n++) {
        random_bytes(bytes, n);
        for (int form = BASE64_STANDARD; form <= BASE64_URL_UNPADDED; form++) {
            struct str text = base64_encode(&arena, (enum base64_form)form, (struct str){bytes, n}), out;
            assert_true(base64_decode(&arena, (enum base64_form)form, text, &out));
            assert_true(str_is(out, (struct str){bytes, n}));
            assert_true(base64_decode_lenient(&arena, text, &out));
            assert_true(str_is(out, (struct str){bytes, n}));
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sha256_vectors, reset),
        cmocka_unit_test_teardown(pbkdf2_vectors, reset),
        cmocka_unit_test_teardown(aes_gcm_vector, reset),
        cmocka_unit_test_teardown(aes_gcm_empty, reset),
        cmocka_unit_test_teardown(base64_forms, reset),
        cmocka_unit_test_teardown(base64_refused, reset),
        cmocka_unit_test_teardown(base64_round_trips, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
