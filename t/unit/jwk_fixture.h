/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of other servers' keys: tokens and key sets made of keys of OpenSSL's.
 */
#ifndef ST_T_JWK_FIXTURE_H
#define ST_T_JWK_FIXTURE_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "arena_fixture.h"
#include "crypto/base64.h"
#include "crypto/jwk.h"
#include "json/json.h"

static inline json_object *set_of(const char *key)
{
    return json_parse(&arena, arena_printf(&arena, "{\"keys\":[%s]}", key));
}

static inline enum jwk_result check(json_object *set, struct str token)
{
    struct jwt_parts parts;
    assert_true(jwt_split(token, &parts));
    return jwk_verify(&arena, set, &parts);
}

enum { SIGNATURE_MAX = 512 };

static inline struct str b64(struct str bytes)
{
    return base64_encode(&arena, BASE64_URL_UNPADDED, bytes);
}

static inline size_t sign_with(EVP_PKEY *pkey, const char *digest, bool pss, struct str message,
                               unsigned char *signature)
{
    EVP_PKEY_CTX *key_ctx;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = SIGNATURE_MAX;
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &key_ctx, digest, NULL, NULL, pkey, NULL), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, signature, &n, (const unsigned char *)message.p, message.n), 1);
    EVP_MD_CTX_free(ctx);
    return n;
}

static inline size_t halves_of(unsigned char *signature, size_t n, int half)
{
    const unsigned char *der = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    assert_non_null(pair);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, half);
    ECDSA_SIG_free(pair);
    return 2 * (size_t)half;
}

/* HALF: of an EC signature; -1 leaves it as DER. */
static inline struct str make_token(EVP_PKEY *pkey, const char *header, const char *digest, bool pss,
                                    int half)
{
    unsigned char signature[SIGNATURE_MAX];
    struct str message = ARENA_CONCAT(&arena, b64(str_of(header)), STR("."), b64(STR("{\"sub\":\"1\"}")));
    size_t n = sign_with(pkey, digest, pss, message, signature);
    n = half > 0 ? halves_of(signature, n, half) : n;
    return ARENA_CONCAT(&arena, message, STR("."), b64((struct str){(char *)signature, n}));
}

static inline struct str number_text(EVP_PKEY *pkey, const char *name, int size)
{
    BIGNUM *bn = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &bn), 1);
    int n = size ? size : BN_num_bytes(bn);
    unsigned char *bytes = arena_alloc(&arena, (size_t)n);
    assert_int_equal(BN_bn2binpad(bn, bytes, n), n);
    BN_free(bn);
    return b64((struct str){(char *)bytes, (size_t)n});
}

static inline struct str rsa_jwk_of(EVP_PKEY *pkey, const char *more)
{
    return arena_printf(&arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}",
                        number_text(pkey, OSSL_PKEY_PARAM_RSA_N, 0).p,
                        number_text(pkey, OSSL_PKEY_PARAM_RSA_E, 0).p, more);
}

static inline struct str ec_jwk_of(EVP_PKEY *pkey, const char *curve, int size, const char *more)
{
    return arena_printf(&arena, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", curve,
                        number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X, size).p,
                        number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size).p, more);
}

#endif
