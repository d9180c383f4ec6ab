/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "crypto/firebase_scrypt.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define KEY "gRhC3eDeQOdyEn4bMd9c6kxguWVmcIVq/SKa0JDPFeM6TcEevkaW56sIWfx88OHbJKnCXdWscZx0l2WbCJ1wbg=="
#define HASH "qZM035es5AXYqavsKD6/rhtxg7t5PhcyRgv5blc3doYbChX8keMfQLq1ra96O2Pf2TP/eZrR5xtPCYN6mX3ESA=="
#define SALT "/cj0jC1br5o4+w=="
#define SEPARATOR "Bw=="

static enum firebase_scrypt_result verify(const char *text, const char *password, const char *key)
{
    return firebase_scrypt_verify(text, strlen(text), (const uint8_t *)password, strlen(password), key);
}

/* The vector of the spec, written in every way that means the same. */
static void spec_vector(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$s=" SEPARATOR "$r=8$m=14",
        "$f_scrypt$" HASH "$" SALT "$r=08$m=014$s=" SEPARATOR,
        "$f_scrypt$" HASH "$_cj0jC1br5o4-w$m=14$r=8$s=Bw",
        "$f_scrypt$" HASH "$/cj0 jC1b!r5o4+w==tail$m=14$r=8$s=Bw=",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(firebase_scrypt_is_text(texts[i], strlen(texts[i])));
        assert_int_equal(verify(texts[i], "testPass123", KEY), FIREBASE_SCRYPT_OK);
    }
    static const char url_key[] =
        "gRhC3eDeQOdyEn4bMd9c6kxguWVmcIVq_SKa0JDPFeM6TcEevkaW56sIWfx88OHbJKnCXdWscZx0l2WbCJ1wbg";
    assert_int_equal(verify(texts[0], "testPass123", url_key), FIREBASE_SCRYPT_OK);
    assert_int_equal(verify(texts[0], "testPass124", KEY), FIREBASE_SCRYPT_MISMATCH);
    assert_int_equal(verify(texts[0], "", KEY), FIREBASE_SCRYPT_MISMATCH);
    assert_int_equal(verify(texts[0], "testPass123", "AAAA"), FIREBASE_SCRYPT_MISMATCH);
    assert_int_equal(verify(texts[0], "testPass123", "b" KEY), FIREBASE_SCRYPT_MISMATCH);
    /* The stored hash itself is compared as a text. */
    assert_int_equal(verify("$f_scrypt$" HASH "=$" SALT "$m=14$r=8$s=Bw==", "testPass123", KEY),
                     FIREBASE_SCRYPT_MISMATCH);
}

/* A text made with another library's scrypt. The signer key is the one byte 'k', so that padding is exercised
 * too. */
static void make_text(char *out, size_t size, const char *ascii_password, unsigned memory_cost,
                      unsigned rounds)
{
    uint8_t derived[64], cipher_text[4];
    char hash[16];
    int written;
    assert_int_equal(EVP_PBE_scrypt(ascii_password, strlen(ascii_password), (const uint8_t *)"saltsep", 7,
                                    UINT64_C(1) << memory_cost, rounds, 1, 1 << 30, derived, sizeof derived),
                     1);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    static const uint8_t iv[16];
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), NULL, derived, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(cipher, cipher_text, &written, (const uint8_t *)"k", 1), 1);
    EVP_CIPHER_CTX_free(cipher);
    EVP_EncodeBlock((uint8_t *)hash, cipher_text, 1);
    snprintf(out, size, "$f_scrypt$%s$c2FsdA==$m=%u$r=%u$s=c2Vw", hash, memory_cost, rounds);
}

static void other_library_agrees(void **state)
{
    (void)state;
    for (unsigned memory_cost = 1; memory_cost <= 12; memory_cost++) {
        for (unsigned rounds = 1; rounds <= 9; rounds += 4) {
            char text[128];
            make_text(text, sizeof text, "secret", memory_cost, rounds);
            assert_int_equal(verify(text, "secret", "aw=="), FIREBASE_SCRYPT_OK);
        }
    }
}

/* The reference encodes passwords as ASCII: one '?' for each other character. */
static void non_ascii_passwords(void **state)
{
    (void)state;
    static const struct {
        const char *password, *ascii;
    } rows[] = {
        {"caf\xc3\xa9", "caf?"},
        {"\xe2\x82\xac"
         "5",
         "?5"},
        {"\xf0\x9f\x94\x91key", "?key"},
        {"\xc3\xa9\xc3\xa9", "??"},
        {"a\x80", "a?"}, /* not UTF-8: still one '?' for each piece, never an empty password */
        {"\xc3", "?"},
        {"\xc3z", "?z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        make_text(text, sizeof text, rows[i].ascii, 4, 1);
        assert_int_equal(verify(text, rows[i].password, "aw=="), FIREBASE_SCRYPT_OK);
    }
}

static void not_such_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "$",
        "$f_scrypt$",
        "$f_scrypt$" HASH "$" SALT,
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8",
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8$m=14",
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8$x=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR "$",
        "$f_scrypt$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR "$t=1",
        "$f_scrypt$" HASH "$" SALT "$m=$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m=x$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m=1x$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m=-1$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m=2147483648$r=8$s=" SEPARATOR,
        "$f_scrypt$" HASH "$" SALT "$m14$r=8$s=" SEPARATOR,
        "$F_scrypt$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR,
        "$f_scrypt2$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR,
        "x$f_scrypt$" HASH "$" SALT "$m=14$r=8$s=" SEPARATOR,
        "$f_scrypt$$" SALT "$m=14$r=8$s=" SEPARATOR,
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_false(firebase_scrypt_is_text(texts[i], strlen(texts[i])));
        assert_int_equal(verify(texts[i], "testPass123", KEY), FIREBASE_SCRYPT_MALFORMED);
    }
    char wide[FIREBASE_SCRYPT_TEXT_MAX + 2];
    memset(wide, 'A', sizeof wide);
    assert_false(firebase_scrypt_is_text(wide, sizeof wide));
}

/* Well-formed texts that ask for nothing, or for too much. */
static void limits(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        enum firebase_scrypt_result result;
    } rows[] = {
        {"$m=0$r=8$s=", FIREBASE_SCRYPT_MALFORMED},   {"$m=14$r=0$s=", FIREBASE_SCRYPT_MALFORMED},
        {"$m=1$r=65$s=", FIREBASE_SCRYPT_OVER_LIMIT}, {"$m=1$r=2147483647$s=", FIREBASE_SCRYPT_OVER_LIMIT},
        {"$m=20$r=8$s=", FIREBASE_SCRYPT_OVER_LIMIT}, {"$m=23$r=1$s=", FIREBASE_SCRYPT_OVER_LIMIT},
        {"$m=63$r=1$s=", FIREBASE_SCRYPT_OVER_LIMIT}, {"$m=2147483647$r=8$s=", FIREBASE_SCRYPT_OVER_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "$f_scrypt$" HASH "$" SALT "%s" SEPARATOR, rows[i].parameters);
        assert_true(firebase_scrypt_is_text(text, strlen(text)));
        assert_int_equal(verify(text, "testPass123", KEY), rows[i].result);
    }
    char text[FIREBASE_SCRYPT_TEXT_MAX], key[4096];
    snprintf(text, sizeof text, "$f_scrypt$" HASH "$%0400d$m=1$r=1$s=", 0);
    assert_int_equal(verify(text, "x", KEY), FIREBASE_SCRYPT_OVER_LIMIT);
    memset(key, 'A', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_int_equal(verify("$f_scrypt$" HASH "$" SALT "$m=1$r=1$s=", "x", key), FIREBASE_SCRYPT_OVER_LIMIT);
}

/* A key of no bytes would encrypt to the same empty text for every password. */
static void empty_signer_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "=", "!!", "A"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(verify("$f_scrypt$" HASH "$" SALT "$m=1$r=1$s=", "x", keys[i]),
                         FIREBASE_SCRYPT_MALFORMED);
        assert_int_equal(verify("$f_scrypt$=$" SALT "$m=1$r=1$s=", "x", keys[i]), FIREBASE_SCRYPT_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_vector),
        cmocka_unit_test(other_library_agrees),
        cmocka_unit_test(non_ascii_passwords),
        cmocka_unit_test(not_such_texts),
        cmocka_unit_test(limits),
        cmocka_unit_test(empty_signer_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("firebase_scrypt", tests, NULL, NULL);
}
