/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL's algorithms, looked up once per process: a look-up by name costs as much as hashing a token. Never
 * NULL: a libcrypto without them cannot run this service, so the process aborts. Thread-safe.
 */
#ifndef ST_CRYPTO_ALGORITHMS_H
#define ST_CRYPTO_ALGORITHMS_H

#include <openssl/evp.h>

struct algorithms {
    EVP_MD *sha256;
    EVP_CIPHER *aes_256_gcm;
    EVP_KDF *pbkdf2;
};

const struct algorithms *algorithms(void);

#endif
