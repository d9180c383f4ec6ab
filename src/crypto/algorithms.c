/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/algorithms.h"

#include <openssl/kdf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct algorithms fetched;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched.pbkdf2 = EVP_KDF_fetch(NULL, "PBKDF2", NULL);
    if (!fetched.sha256 || !fetched.aes_256_gcm || !fetched.pbkdf2) {
        fputs("libcrypto lacks SHA256, AES-256-GCM or PBKDF2\n", stderr);
        abort();
    }
}

const struct algorithms *algorithms(void)
{
    pthread_once(&once, fetch);
    return &fetched;
}
