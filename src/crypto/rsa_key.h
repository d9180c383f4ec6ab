/* SPDX-License-Identifier: Apache-2.0
 *
 * RSA signing keys with RS256 (RFC 7518 3.3) as sessions, JWTs and OAuth use them (spec: cdi-session 1.3).
 * Immutable once parsed and safe to use from all threads; references are counted.
 */
#ifndef ST_CRYPTO_RSA_KEY_H
#define ST_CRYPTO_RSA_KEY_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "crypto/digest.h"

enum {
    RSA_KEY_BITS = 2048,
    RSA_KEY_MAX_BITS = 8192, /* accepted when reading */
    RSA_KEY_DER_MAX = 1280,  /* a generated key as PKCS#8: about 1,218 bytes */
    RSA_SIGNATURE_MAX = RSA_KEY_MAX_BITS / 8,
};

struct rsa_key {
    struct str kid;
    int64_t created_at; /* ms */
    struct str spki;    /* b64 of the SubjectPublicKeyInfo */
    struct str n, e;    /* b64url without padding, unsigned big-endian without leading zero bytes */
    struct str jwk;     /* JSON Web Key (RFC 7517): {"kty","kid","n","e","alg","use"} */
    unsigned char
        text_hash[SHA256_SIZE]; /* of the stored text: the same key again need not be parsed again */

    /* Private to rsa_key.c. Prepared once and only ever duplicated, so that threads share them without a
     * lock. */
    EVP_PKEY_CTX *signer, *verifier;
    size_t signature_size;
    char *memory;
    atomic_uint references;
    atomic_bool doubtful; /* its signatures are looked at before they are used */
};

/* A new key as PKCS#8 DER; takes about as long as 300 signatures. Secret: the caller wipes it. False:
 * libcrypto failed. */
bool rsa_key_generate(unsigned char der[RSA_KEY_DER_MAX], size_t *n);
/* The text that is stored of it: b64(SPKI)|b64(PKCS#8). False when DER is not an RSA key. */
bool rsa_key_text(struct arena *a, struct str der, struct str *text);

/* Reads the stored text; the separator may also be ";", line breaks within the base64 are ignored. NULL when
 * it is not a pair of RSA keys of at least 2048 bits that belong together. The arena is for scratch only; out
 * of memory, it jumps away. */
struct rsa_key *rsa_key_parse(struct arena *a, struct str text, struct str kid, int64_t created_at);
struct rsa_key *rsa_key_ref(struct rsa_key *key);
void rsa_key_unref(struct rsa_key *key); /* NULL is allowed */

/* SIGNATURE has room for RSA_SIGNATURE_MAX bytes. False: libcrypto failed. */
bool rsa_key_sign(const struct rsa_key *key, struct str message, unsigned char *signature, size_t *n);
/* Jumps away when there is no memory to look at the signature. */
bool rsa_key_verify(struct arena *a, const struct rsa_key *key, struct str message, struct str signature);

#endif
