/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/base64.h"
#include "crypto/memory.h"
#include "json/write.h"

enum { PART_MAX = 16 * 1024 }; /* base64 characters of one half of the stored text */

bool rsa_key_generate(unsigned char der[RSA_KEY_DER_MAX], size_t *n)
{
    bool ok = false;
    EVP_PKEY *pkey = EVP_RSA_gen(RSA_KEY_BITS); /* exponent 65537 */
    PKCS8_PRIV_KEY_INFO *info = pkey ? EVP_PKEY2PKCS8(pkey) : NULL;
    int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    if (size > 0 && size <= RSA_KEY_DER_MAX) {
        unsigned char *end = der;
        ok = i2d_PKCS8_PRIV_KEY_INFO(info, &end) == size;
        *n = (size_t)size;
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(pkey);
    return ok;
}

static EVP_PKEY *read_private(struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    int bits = pkey && EVP_PKEY_is_a(pkey, "RSA") ? EVP_PKEY_get_bits(pkey) : 0;
    if (bits >= RSA_KEY_BITS && bits <= RSA_KEY_MAX_BITS && p == (const unsigned char *)der.p + der.n)
        return pkey;
    ERR_clear_error();
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *read_public(struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
    ERR_clear_error();
    return pkey;
}

bool rsa_key_text(struct arena *a, struct str der, struct str *text)
{
    unsigned char spki[RSA_KEY_DER_MAX], *end = spki;
    EVP_PKEY *pkey = read_private(der);
    int n = pkey ? i2d_PUBKEY(pkey, NULL) : -1;
    bool ok = n > 0 && n <= RSA_KEY_DER_MAX && i2d_PUBKEY(pkey, &end) == n;
    EVP_PKEY_free(pkey); /* before the arena may jump away */
    if (!ok)
        return false;
    *text = ARENA_CONCAT(a, base64_encode(a, BASE64_STANDARD, (struct str){(char *)spki, (size_t)n}),
                         STR("|"), base64_encode(a, BASE64_STANDARD, der));
    return true;
}

static bool decode_part(struct arena *a, struct str text, struct str *der)
{
    if (text.n > PART_MAX)
        return false;
    size_t n;
    char *bytes = arena_alloc(a, text.n + 1);
    if (sodium_base642bin((unsigned char *)bytes, text.n, text.p, text.n, " \r\n", &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    *der = (struct str){bytes, n};
    return true;
}

static struct str bn_base64(struct arena *a, EVP_PKEY *pkey, const char *name)
{
    unsigned char bytes[RSA_SIGNATURE_MAX];
    BIGNUM *bn = NULL;
    int n = -1;
    if (EVP_PKEY_get_bn_param(pkey, name, &bn) == 1 && BN_num_bytes(bn) <= RSA_SIGNATURE_MAX)
        n = BN_bn2bin(bn, bytes);
    BN_free(bn);
    if (n <= 0)
        return STR_NONE;
    return base64_encode(a, BASE64_URL_UNPADDED, (struct str){(char *)bytes, (size_t)n});
}

static struct str jwk_json(struct arena *a, struct str kid, struct str n, struct str e)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_add_str(&j, "kty", STR("RSA"));
    json_add_str(&j, "kid", kid);
    json_add_str(&j, "n", n);
    json_add_str(&j, "e", e);
    json_add_str(&j, "alg", STR("RS256"));
    json_add_str(&j, "use", STR("sig"));
    json_close(&j, '}');
    return json_done(&j);
}

static EVP_PKEY_CTX *prepare(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    if (ctx && init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, algorithms()->sha256) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* Copies the members' bytes, which are in the arena so far, into one block of the key's own. */
static bool own_strings(struct rsa_key *key)
{
    struct str *members[] = {&key->kid, &key->spki, &key->n, &key->e, &key->jwk};
    size_t total = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        total += members[i]->n + 1;
    char *p = key->memory = calloc(1, total);
    if (!p)
        return false;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i]->n)
            memcpy(p, members[i]->p, members[i]->n);
        members[i]->p = p;
        p += members[i]->n + 1;
    }
    return true;
}

static bool fill(struct rsa_key *key, const struct rsa_key *content, EVP_PKEY *pkey)
{
    *key = *content;
    atomic_init(&key->references, 1);
    atomic_init(&key->doubtful, false);
    key->signature_size = (size_t)EVP_PKEY_get_size(pkey);
    key->signer = prepare(pkey, EVP_PKEY_sign_init);
    key->verifier = prepare(pkey, EVP_PKEY_verify_init);
    return key->signer && key->verifier && own_strings(key);
}

static struct rsa_key *make(struct arena *a, const struct rsa_key *content, EVP_PKEY *pkey)
{
    struct rsa_key *key = calloc(1, sizeof *key);
    if (key && fill(key, content, pkey))
        return key;
    rsa_key_unref(key);
    arena_out_of_memory(a);
}

static void release_pkey(void *pkey)
{
    EVP_PKEY_free(pkey);
}

/* The two halves, tied to the arena because it may jump away while they are in use. */
static bool read_pair(struct arena *a, struct str text, EVP_PKEY **pkey, struct str *spki)
{
    size_t at = str_find(text, '|');
    if (at == text.n)
        at = str_find(text, ';');
    struct str private_der;
    if (at == text.n || !decode_part(a, str_head(text, at), spki) ||
        !decode_part(a, str_from(text, at + 1), &private_der))
        return false;
    struct arena_cleanup *slot = arena_reserve_cleanup(a, release_pkey);
    EVP_PKEY *public = read_public(*spki);
    slot->object = *pkey = read_private(private_der);
    bool pair = public && *pkey && EVP_PKEY_eq(public, *pkey) == 1;
    EVP_PKEY_free(public);
    return pair;
}

static bool sign_hash(const struct rsa_key *key, const unsigned char hash[SHA256_SIZE],
                      unsigned char *signature, size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->signer);
    *n = RSA_SIGNATURE_MAX;
    bool ok = ctx && EVP_PKEY_sign(ctx, signature, n, hash, SHA256_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool verify_hash(const struct rsa_key *key, const unsigned char hash[SHA256_SIZE],
                        const unsigned char *signature, size_t n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->verifier);
    bool ok = ctx && EVP_PKEY_verify(ctx, signature, n, hash, SHA256_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* libcrypto compares the public halves of a pair only. A private one that was damaged would make signatures
 * that nobody can verify. */
static bool signs(const struct rsa_key *key)
{
    static const unsigned char hash[SHA256_SIZE];
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    return sign_hash(key, hash, signature, &n) && verify_hash(key, hash, signature, n);
}

static struct rsa_key *parse(struct arena *a, struct str text, struct str kid, int64_t created_at)
{
    EVP_PKEY *pkey;
    struct str spki;
    if (!read_pair(a, text, &pkey, &spki))
        return NULL;
    struct rsa_key content = {.kid = kid, .created_at = created_at};
    content.spki = base64_encode(a, BASE64_STANDARD, spki);
    content.n = bn_base64(a, pkey, OSSL_PKEY_PARAM_RSA_N);
    content.e = bn_base64(a, pkey, OSSL_PKEY_PARAM_RSA_E);
    if (!content.n.p || !content.e.p)
        return NULL;
    content.jwk = jwk_json(a, kid, content.n, content.e);
    digest_sha256(text, content.text_hash);
    struct rsa_key *key = make(a, &content, pkey);
    if (signs(key))
        return key;
    rsa_key_unref(key);
    return NULL;
}

struct rsa_key *rsa_key_parse(struct arena *a, struct str text, struct str kid, int64_t created_at)
{
    crypto_memory_begin();
    struct rsa_key *key = parse(a, text, kid, created_at);
    if (!key)
        crypto_memory_check(a); /* a key that is taken for a bad one is not used and not published */
    return key;
}

struct rsa_key *rsa_key_ref(struct rsa_key *key)
{
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

void rsa_key_unref(struct rsa_key *key)
{
    if (!key || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) != 1)
        return;
    EVP_PKEY_CTX_free(key->signer);
    EVP_PKEY_CTX_free(key->verifier);
    free(key->memory);
    free(key);
}

/* Where libcrypto runs out of memory while it renews the blinding of a key, the two halves of that no longer
 * belong together, and signatures are wrong until it makes a new one, after 32. Threads may have several of
 * them, so from then on all signatures of the key are looked at. */
bool rsa_key_sign(const struct rsa_key *key, struct str message, unsigned char *signature, size_t *n)
{
    enum { TRIES = 2 * 32 };
    struct rsa_key *known = (struct rsa_key *)(uintptr_t)key;
    unsigned char hash[SHA256_SIZE];
    digest_sha256(message, hash);
    for (int i = 0; i < TRIES; i++) {
        if (!sign_hash(key, hash, signature, n)) {
            atomic_store(&known->doubtful, true);
            return false;
        }
        if (!atomic_load(&known->doubtful) || verify_hash(key, hash, signature, *n))
            return true;
    }
    return false;
}

bool rsa_key_verify(struct arena *a, const struct rsa_key *key, struct str message, struct str signature)
{
    if (signature.n != key->signature_size)
        return false;
    unsigned char hash[SHA256_SIZE];
    digest_sha256(message, hash);
    crypto_memory_begin();
    bool ok = verify_hash(key, hash, (const unsigned char *)signature.p, signature.n);
    if (!ok)
        crypto_memory_check(a);
    return ok;
}
