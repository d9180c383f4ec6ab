/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures of curves that are almost right, after the classes of Project Wycheproof: numbers of ECDSA out
 * of range, in other forms and lengths; EdDSA with numbers that are not reduced (RFC 8032 5.1.7).
 */
#include "jwk_fixture.h"

enum { HALF_MAX = 66 };

static const struct curve {
    const char *name, *jwk, *digest, *header;
    int half;
} curves[] = {{"prime256v1", "P-256", "SHA256", "{\"alg\":\"ES256\",\"kid\":\"k\"}", 32},
              {"secp384r1", "P-384", "SHA384", "{\"alg\":\"ES384\",\"kid\":\"k\"}", 48},
              {"secp521r1", "P-521", "SHA512", "{\"alg\":\"ES512\",\"kid\":\"k\"}", 66}};

static struct str signature_of(struct str token)
{
    struct jwt_parts parts;
    struct str bytes;
    assert_true(jwt_split(token, &parts));
    assert_true(base64_decode(&arena, BASE64_URL_UNPADDED, parts.signature, &bytes));
    return bytes;
}

/* TOKEN with another signature. */
static enum jwk_result with(json_object *set, struct str token, struct str signature)
{
    struct jwt_parts parts;
    assert_true(jwt_split(token, &parts));
    return check(set, ARENA_CONCAT(&arena, parts.signed_text, STR("."), b64(signature)));
}

static struct str pair_of(const BIGNUM *r, const BIGNUM *s, int half)
{
    unsigned char *bytes = arena_alloc(&arena, 2 * HALF_MAX);
    assert_int_equal(BN_bn2binpad(r, bytes, half), half);
    assert_int_equal(BN_bn2binpad(s, bytes + half, half), half);
    return (struct str){(char *)bytes, 2 * (size_t)half};
}

/* Pairs of two of 0, 1, order - 1, order, order + 1, and the largest number that there is room for. A
 * verifier that does not check ranges takes some of them for any message. */
static void numbers_out_of_range(void **state)
{
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        int half = curves[c].half;
        EVP_PKEY *pkey = EVP_EC_gen(curves[c].name);
        json_object *set = set_of(ec_jwk_of(pkey, curves[c].jwk, half, ",\"kid\":\"k\"").p);
        struct str token = make_token(pkey, curves[c].header, curves[c].digest, false, half);
        BIGNUM *order = NULL, *v[6];
        assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
        for (size_t i = 0; i < 6; i++)
            v[i] = i < 2 ? BN_new() : BN_dup(order);
        BN_set_word(v[0], 0);
        BN_set_word(v[1], 1);
        BN_sub_word(v[2], 1);
        BN_add_word(v[4], 1);
        BN_set_word(v[5], 0);
        for (int bit = 0; bit < 8 * half; bit++)
            BN_set_bit(v[5], bit);
        struct str right = signature_of(token);
        BIGNUM *r = BN_bin2bn((const unsigned char *)right.p, half, NULL),
               *s = BN_bin2bn((const unsigned char *)right.p + half, half, NULL);
        assert_int_equal(with(set, token, pair_of(r, s, half)), JWK_VERIFIED);
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(with(set, token, pair_of(v[i], s, half)), JWK_FORGED);
            assert_int_equal(with(set, token, pair_of(r, v[i], half)), JWK_FORGED);
            for (size_t j = 0; j < 6; j++)
                assert_int_equal(with(set, token, pair_of(v[i], v[j], half)), JWK_FORGED);
        }
        assert_int_equal(with(set, token, pair_of(s, r, half)), JWK_FORGED);
        /* The mirrored one is a signature too (no RFC asks for the smaller): who counts on tokens being the
         * only text of their content must not. */
        BN_sub(v[2], order, s);
        assert_int_equal(with(set, token, pair_of(r, v[2], half)), JWK_VERIFIED);
        for (size_t i = 0; i < 6; i++)
            BN_free(v[i]);
        BN_free(order);
        BN_free(r);
        BN_free(s);
        EVP_PKEY_free(pkey);
    }
}

static void other_lengths(void **state)
{
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        size_t half = (size_t)curves[c].half;
        EVP_PKEY *pkey = EVP_EC_gen(curves[c].name);
        json_object *set = set_of(ec_jwk_of(pkey, curves[c].jwk, curves[c].half, ",\"kid\":\"k\"").p);
        struct str token = make_token(pkey, curves[c].header, curves[c].digest, false, curves[c].half);
        struct str right = signature_of(token), r = str_head(right, half), s = str_from(right, half);
        const struct str wrong[] = {
            r,
            str_head(right, 2 * half - 1),
            str_from(right, 1),
            ARENA_CONCAT(&arena, right, STR("\0")),
            ARENA_CONCAT(&arena, STR("\0"), right),
            ARENA_CONCAT(&arena, STR("\0"), r, STR("\0"), s), /* both one longer */
            ARENA_CONCAT(&arena, right, right),
            signature_of(make_token(pkey, curves[c].header, curves[c].digest, false, -1)), /* DER */
        };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
            assert_int_equal(with(set, token, wrong[i]), JWK_FORGED);
        for (size_t bit = 0; bit < 16 * half; bit += 37) {
            struct str flipped = arena_str(&arena, right);
            ((char *)(uintptr_t)flipped.p)[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(with(set, token, flipped), JWK_FORGED);
        }
        EVP_PKEY_free(pkey);
    }
}

/* ---- EdDSA ---- */

/* The order of the group, little-endian (RFC 8032 5.1). */
static const unsigned char order25519[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                             0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                             0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static void eddsa(void **state)
{
    (void)state;
    unsigned char public[32], larger[64];
    size_t n = sizeof public;
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, public, &n), 1);
    struct str x = b64((struct str){(char *)public, n});
    json_object *set = set_of(
        arena_printf(&arena, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"%s\"}", x.p).p);
    struct str token = make_token(pkey, "{\"alg\":\"EdDSA\",\"kid\":\"k\"}", NULL, false, 0),
               right = signature_of(token);
    assert_int_equal(right.n, 64);
    assert_int_equal(with(set, token, right), JWK_VERIFIED);
    memcpy(larger, right.p, sizeof larger);
    for (int i = 0, carry = 0; i < 32; i++, carry >>= 8) {
        carry += larger[32 + i] + order25519[i];
        larger[32 + i] = (unsigned char)carry;
    }
    assert_int_equal(with(set, token, (struct str){(char *)larger, 64}), JWK_FORGED); /* S + order */
    const struct str wrong[] = {str_head(right, 32), str_head(right, 63), str_from(right, 1),
                                ARENA_CONCAT(&arena, right, STR("\0")),
                                ARENA_CONCAT(&arena, str_from(right, 32), str_head(right, 32))};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(with(set, token, wrong[i]), JWK_FORGED);
    memset(larger, 0, sizeof larger);
    assert_int_equal(with(set, token, (struct str){(char *)larger, 64}), JWK_FORGED);
    EVP_PKEY_free(pkey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(numbers_out_of_range, reset),
        cmocka_unit_test_teardown(other_lengths, reset),
        cmocka_unit_test_teardown(eddsa, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
