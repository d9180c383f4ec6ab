/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/es256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/base64.h"

enum { HALF = 32, PEM_MAX = 16 * 1024 };

static int no_password(char *buffer, int size, int writing, void *object)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)object;
    return -1; /* libcrypto's own would ask on the terminal */
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[64];
    return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static EVP_PKEY *read_key(struct str pem)
{
    BIO *bio = pem.n > 0 && pem.n <= PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    if (pkey && is_p256(pkey))
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static bool split_der(const unsigned char *der, size_t n, unsigned char halves[2 * HALF])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool ok = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), halves, HALF) == HALF &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), halves + HALF, HALF) == HALF;
    ECDSA_SIG_free(pair);
    return ok;
}

static bool sign(EVP_PKEY *pkey, struct str message, unsigned char halves[2 * HALF])
{
    unsigned char der[2 * HALF + 16];
    size_t n = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
              EVP_DigestSign(ctx, der, &n, (const unsigned char *)message.p, message.n) == 1 &&
              split_der(der, n, halves);
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool es256_sign(struct arena *a, struct str pem, struct str header, struct str payload, struct str *token)
{
    struct str message = ARENA_CONCAT(a, base64_encode(a, BASE64_URL_UNPADDED, header), STR("."),
                                      base64_encode(a, BASE64_URL_UNPADDED, payload));
    unsigned char halves[2 * HALF];
    EVP_PKEY *pkey = read_key(pem);
    bool ok = pkey && sign(pkey, message, halves);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    if (ok)
        *token =
            ARENA_CONCAT(a, message, STR("."),
                         base64_encode(a, BASE64_URL_UNPADDED, (struct str){(char *)halves, sizeof halves}));
    return ok;
}
