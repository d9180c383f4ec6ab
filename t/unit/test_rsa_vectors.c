/* SPDX-License-Identifier: Apache-2.0
 *
 * RSA signatures that are almost right, after the classes of Project Wycheproof: PKCS #1 v1.5 encodings
 * that a lenient verifier takes (RFC 8017 9.2), PSS with other parameters, numbers that are out of range.
 * Each is made with the private key, and looked at by both verifiers.
 */
#include "jwk_fixture.h"
#include "key_fixture.h"

enum { BYTES = 256, HASH = 32 };

#define SHA256_INFO 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01

static struct rsa_key *ours;
static EVP_PKEY *pkey;
static json_object *key_set;
static struct arena kept; /* of the key set */

static int make_keys(void **state)
{
    (void)state;
    struct str der;
    ours = rsa_key_parse(&kept, STR(KEY_FIXTURE_TEXT), STR("k"), 0);
    if (!ours || !base64_decode(&kept, BASE64_STANDARD, STR(KEY_FIXTURE_PKCS8), &der))
        return -1;
    const unsigned char *p = (const unsigned char *)der.p;
    pkey = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    key_set = json_parse(&kept, STR("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"" KEY_FIXTURE_N
                                    "\",\"e\":\"AQAB\"}]}"));
    return pkey && key_set ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    rsa_key_unref(ours);
    EVP_PKEY_free(pkey);
    arena_free(&kept);
    return 0;
}

static struct str message(void)
{
    return ARENA_CONCAT(&arena, b64(STR("{\"alg\":\"RS256\",\"kid\":\"k\"}")), STR("."),
                        b64(STR("{\"a\":1}")));
}

/* What both verifiers say of SIGNATURE. */
static bool is_taken(struct str signature)
{
    struct str token = ARENA_CONCAT(&arena, message(), STR("."), b64(signature));
    bool by_set = check(key_set, token) == JWK_VERIFIED;
    struct jwt_parts parts;
    assert_true(jwt_split(token, &parts));
    assert_int_equal(jwt_verify(&arena, ours, &parts), by_set);
    assert_int_equal(rsa_key_verify(&arena, ours, message(), signature), by_set);
    return by_set;
}

/* The private operation on an encoded message, without any padding of OpenSSL's. */
static struct str private_operation(const unsigned char encoded[BYTES])
{
    unsigned char *signature = arena_alloc(&arena, BYTES);
    size_t n = BYTES;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, encoded, BYTES), 1);
    EVP_PKEY_CTX_free(ctx);
    return (struct str){(char *)signature, n};
}

/* 00 TYPE FILL... 00 INFO hash TAIL, filled up to PADDING bytes (0: as many as there is room for). */
struct encoding {
    const char *what;
    unsigned char type, fill, after;
    size_t padding;
    unsigned char info[32];
    size_t info_n, hash_n, tail_n;
    bool taken;
};

static struct str encode(const struct encoding *e)
{
    unsigned char text[BYTES], hash[SHA256_SIZE];
    size_t rest = 1 + e->info_n + e->hash_n, padding = e->padding ? e->padding : BYTES - 2 - rest - e->tail_n;
    memset(text, 0x2a, sizeof text);
    text[0] = 0;
    text[1] = e->type;
    memset(text + 2, e->fill, padding);
    text[2 + padding] = e->after;
    memcpy(text + 3 + padding, e->info, e->info_n);
    digest_sha256(message(), hash);
    memcpy(text + 3 + padding + e->info_n, hash, e->hash_n);
    return private_operation(text);
}

#define INFO(...) {__VA_ARGS__}, sizeof((unsigned char[]){__VA_ARGS__})

static void encodings(void **state)
{
    (void)state;
    static const struct encoding rows[] = {
        {"as it must be", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, true},
        {"block of encryption", 2, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"block type 0", 0, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"padding of zeros", 1, 0, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"padding of other bytes", 1, 0xfe, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"no zero after the padding", 1, 0xff, 0xff, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"short padding, garbage behind", 1, 0xff, 0, 8, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"no padding, garbage behind", 1, 0xff, 0, 1, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 0, false},
        {"a byte behind the hash", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH, 1, false},
        {"a hash cut short", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 32), HASH - 1, 0, false},
        {"its length cut short too", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 31), HASH - 1, 0, false},
        {"no hash", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 0), 0, 0, false},
        {"no DigestInfo", 1, 0xff, 0, 0, INFO(0), HASH, 0, false},
        {"no parameters", 1, 0xff, 0, 0,
         INFO(0x30, 0x2f, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 32), HASH, 0, false},
        {"parameters that are no NULL", 1, 0xff, 0, 0, INFO(SHA256_INFO, 4, 0, 4, 32), HASH, 0, false},
        {"long form of a length", 1, 0xff, 0, 0,
         INFO(0x30, 0x81, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32), HASH,
         0, false},
        {"long form of the hash's length", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 4, 0x81, 32), HASH, 0,
         false},
        {"SHA-512", 1, 0xff, 0, 0,
         INFO(0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 32), HASH, 0,
         false},
        {"SHA3-256", 1, 0xff, 0, 0,
         INFO(0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8, 5, 0, 4, 32), HASH, 0,
         false},
        {"octet string with another tag", 1, 0xff, 0, 0, INFO(SHA256_INFO, 5, 0, 3, 32), HASH, 0, false},
        {"bit 7 of a tag", 1, 0xff, 0, 0,
         INFO(0xb0, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32), HASH, 0,
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_taken(encode(&rows[i])) != rows[i].taken)
            fail_msg("%s", rows[i].what);
}

/* The number S + ADD as N bytes; of a right signature, unless FROM is given. */
static struct str number_plus(const BIGNUM *from, const BIGNUM *add, int n)
{
    unsigned char *bytes = arena_alloc(&arena, (size_t)n);
    BIGNUM *sum = BN_new();
    assert_int_equal(BN_add(sum, from, add), 1);
    n = BN_bn2binpad(sum, bytes, n);
    BN_free(sum);
    assert_true(n > 0);
    return (struct str){(char *)bytes, (size_t)n};
}

static void numbers(void **state)
{
    (void)state;
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    BIGNUM *modulus = NULL, *zero = BN_new(), *one = BN_new();
    assert_true(rsa_key_sign(ours, message(), signature, &n));
    BIGNUM *s = BN_bin2bn(signature, (int)n, NULL);
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
    BN_zero(zero);
    BN_one(one);
    assert_true(is_taken(number_plus(s, zero, BYTES)));
    assert_false(is_taken(number_plus(s, zero, BYTES + 1))); /* a zero in front */
    assert_false(is_taken(number_plus(s, modulus, BYTES + 1)));
    assert_false(is_taken(number_plus(s, one, BYTES)));
    assert_false(is_taken(number_plus(zero, zero, BYTES)));
    assert_false(is_taken(number_plus(zero, one, BYTES)));
    assert_false(is_taken(number_plus(modulus, zero, BYTES)));
    assert_false(is_taken(number_plus(modulus, one, BYTES)));
    BN_set_negative(one, 1);
    assert_false(is_taken(number_plus(modulus, one, BYTES)));
    struct str right = {(char *)signature, n};
    assert_false(is_taken(str_head(right, n - 1)));
    assert_false(is_taken(str_from(right, 1)));
    assert_false(is_taken(ARENA_CONCAT(&arena, right, STR("\0"))));
    assert_false(is_taken(ARENA_CONCAT(&arena, right, right)));
    for (size_t bit = 0; bit < 8 * BYTES; bit += 41) {
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(is_taken(right));
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    BN_free(modulus);
    BN_free(zero);
    BN_free(one);
    BN_free(s);
}

/* RFC 7518 3.5: the hash of PS256 is that of its mask too, and the salt is as long as the hash. */
static void pss_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *digest, *mask;
        int salt;
        bool taken;
    } rows[] = {{"SHA256", "SHA256", 32, true},   {"SHA256", "SHA256", 0, false},
                {"SHA256", "SHA256", 20, false},  {"SHA256", "SHA256", 33, false},
                {"SHA256", "SHA256", 222, false}, {"SHA256", "SHA1", 32, false},
                {"SHA256", "SHA512", 32, false},  {"SHA512", "SHA256", 32, false}};
    struct str text = ARENA_CONCAT(&arena, b64(STR("{\"alg\":\"PS256\",\"kid\":\"k\"}")), STR(".e30"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char signature[SIGNATURE_MAX];
        size_t n = sizeof signature;
        EVP_PKEY_CTX *pss;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit_ex(ctx, &pss, rows[i].digest, NULL, NULL, pkey, NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, rows[i].salt), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pss, rows[i].mask, NULL), 1);
        assert_int_equal(EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p, text.n), 1);
        EVP_MD_CTX_free(ctx);
        struct str token = ARENA_CONCAT(&arena, text, STR("."), b64((struct str){(char *)signature, n}));
        assert_int_equal(check(key_set, token), rows[i].taken ? JWK_VERIFIED : JWK_FORGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(encodings, reset),
        cmocka_unit_test_teardown(numbers, reset),
        cmocka_unit_test_teardown(pss_parameters, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, make_keys, free_keys);
    arena_free(&arena);
    return failed;
}
