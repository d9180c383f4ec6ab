/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aes_gcm.h"

#include <limits.h>
#include <sodium.h>

#include "crypto/algorithms.h"
#include "crypto/memory.h"

bool aes_gcm_seal(const unsigned char key[AES_GCM_KEY], const unsigned char iv[AES_GCM_IV], struct str plain,
                  unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = plain.n <= INT_MAX ? EVP_CIPHER_CTX_new() : NULL;
    if (!ctx)
        return false;
    int n = 0, rest = 0;
    bool ok = EVP_EncryptInit_ex2(ctx, algorithms()->aes_256_gcm, key, iv, NULL) == 1 &&
              EVP_EncryptUpdate(ctx, out, &n, (const unsigned char *)plain.p, (int)plain.n) == 1 &&
              EVP_EncryptFinal_ex(ctx, out + n, &rest) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AES_GCM_TAG, out + plain.n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

bool aes_gcm_open(struct arena *a, const unsigned char key[AES_GCM_KEY], const unsigned char iv[AES_GCM_IV],
                  struct str sealed, unsigned char *out)
{
    if (sealed.n < AES_GCM_TAG || sealed.n > INT_MAX)
        return false;
    size_t plain_n = sealed.n - AES_GCM_TAG;
    crypto_memory_begin();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        arena_out_of_memory(a);
    unsigned char tag[AES_GCM_TAG];
    memcpy(tag, sealed.p + plain_n, sizeof tag);
    int n = 0, rest = 0;
    bool ok = EVP_DecryptInit_ex2(ctx, algorithms()->aes_256_gcm, key, iv, NULL) == 1 &&
              EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *)sealed.p, (int)plain_n) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AES_GCM_TAG, tag) == 1 &&
              EVP_DecryptFinal_ex(ctx, out + n, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        sodium_memzero(out, plain_n);
        crypto_memory_check(a);
    }
    return ok;
}
