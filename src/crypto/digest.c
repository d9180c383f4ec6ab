/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/hex.h"
#include "crypto/algorithms.h"

void digest_sha256(struct str s, unsigned char out[SHA256_SIZE])
{
    /* OpenSSL uses the processor's SHA instructions but needs memory for its context; libsodium never fails.
     */
    if (EVP_Digest(s.n ? s.p : "", s.n, out, NULL, algorithms()->sha256, NULL) != 1)
        crypto_hash_sha256(out, (const unsigned char *)s.p, s.n);
}

struct str digest_sha256hex(struct arena *a, struct str s)
{
    unsigned char hash[SHA256_SIZE];
    digest_sha256(s, hash);
    return hex_encode(a, hash, sizeof hash);
}

bool digest_pbkdf2_sha512(struct str password, struct str salt, unsigned iterations, unsigned char *out,
                          size_t out_size)
{
    EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(algorithms()->pbkdf2);
    if (!kdf)
        return false;
    int pkcs5 = 1; /* no minimum for salt and iterations (RFC 8018, not SP 800-132) */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA512"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password.p, password.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.p, salt.n),
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &pkcs5),
        OSSL_PARAM_construct_end(),
    };
    bool ok = EVP_KDF_derive(kdf, out, out_size, params) == 1;
    EVP_KDF_CTX_free(kdf);
    return ok;
}
