/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypto/base64.h"
#include "crypto/memory.h"
#include "json/json.h"

enum {
    RSA_BYTES_MIN = RSA_KEY_BITS / 8,
    RSA_BYTES_MAX = RSA_KEY_MAX_BITS / 8,
    RSA_EXPONENT_MAX = 8, /* bytes: a long exponent is only good for keeping us busy */
    COORDINATE_MAX = 66,
    ED25519_BYTES = 32,
};

struct algorithm;
struct jwk;

/* The key in the parts that its type has; NULL: it is none. */
typedef EVP_PKEY *make_key(const struct algorithm *g, const struct jwk *key);

static EVP_PKEY *make_rsa(const struct algorithm *g, const struct jwk *key);
static EVP_PKEY *make_ec(const struct algorithm *g, const struct jwk *key);
static EVP_PKEY *make_ed25519(const struct algorithm *g, const struct jwk *key);

/* What a token's "alg" asks of the key, and how it is verified. */
static const struct algorithm {
    const char *name, *kty, *crv; /* crv NULL: the type has no curves */
    const char *parts[2];         /* members of the key, base64url */
    make_key *make;
    const char *digest, *group; /* OpenSSL's names */
    size_t coordinate;          /* bytes of each half of a signature, and of x and y; 0: no such halves */
    bool pss;
} algorithms_known[] = {
    {"RS256", "RSA", NULL, {"n", "e"}, make_rsa, "SHA256", NULL, 0, false},
    {"RS384", "RSA", NULL, {"n", "e"}, make_rsa, "SHA384", NULL, 0, false},
    {"RS512", "RSA", NULL, {"n", "e"}, make_rsa, "SHA512", NULL, 0, false},
    {"PS256", "RSA", NULL, {"n", "e"}, make_rsa, "SHA256", NULL, 0, true},
    {"PS384", "RSA", NULL, {"n", "e"}, make_rsa, "SHA384", NULL, 0, true},
    {"PS512", "RSA", NULL, {"n", "e"}, make_rsa, "SHA512", NULL, 0, true},
    {"ES256", "EC", "P-256", {"x", "y"}, make_ec, "SHA256", "prime256v1", 32, false},
    {"ES384", "EC", "P-384", {"x", "y"}, make_ec, "SHA384", "secp384r1", 48, false},
    {"ES512", "EC", "P-521", {"x", "y"}, make_ec, "SHA512", "secp521r1", COORDINATE_MAX, false},
    {"EdDSA", "OKP", "Ed25519", {"x", NULL}, make_ed25519, NULL, NULL, 0, false},
};

struct jwk {
    struct str part[2]; /* bytes */
};

static const struct algorithm *find_algorithm(struct str name)
{
    for (size_t i = 0; i < sizeof algorithms_known / sizeof algorithms_known[0]; i++)
        if (str_is_c(name, algorithms_known[i].name))
            return &algorithms_known[i];
    return NULL;
}

/* ---- keys ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

static BIGNUM *number(struct str bytes)
{
    return BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.n, NULL);
}

static bool is_rsa_size(const EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);
    return bits >= RSA_KEY_BITS && bits <= RSA_KEY_MAX_BITS;
}

static EVP_PKEY *make_rsa(const struct algorithm *g, const struct jwk *key)
{
    (void)g;
    struct str n = key->part[0], e = key->part[1];
    if (n.n < RSA_BYTES_MIN || n.n > RSA_BYTES_MAX || e.n == 0 || e.n > RSA_EXPONENT_MAX)
        return NULL;
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = number(n), *exponent = number(e);
    /* Even ones are no keys, and 1 would accept any signature that is its own text. */
    if (builder && modulus && exponent && BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        pkey = from_params("RSA", builder);
    if (pkey && !is_rsa_size(pkey)) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    BN_free(modulus);
    BN_free(exponent);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* OpenSSL refuses points that are not on the curve. */
static EVP_PKEY *make_ec(const struct algorithm *g, const struct jwk *key)
{
    struct str x = key->part[0], y = key->part[1];
    unsigned char point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t size = g->coordinate;
    if (x.n != size || y.n != size)
        return NULL;
    memcpy(point + 1, x.p, size);
    memcpy(point + 1 + size, y.p, size);
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, g->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) == 1)
        pkey = from_params("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

static EVP_PKEY *make_ed25519(const struct algorithm *g, const struct jwk *key)
{
    (void)g;
    struct str x = key->part[0];
    return x.n == ED25519_BYTES
               ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.p, x.n)
               : NULL;
}

static bool lists(json_object *array, const char *text)
{
    for (size_t i = 0; i < json_object_array_length(array); i++)
        if (str_is_c(json_str(json_object_array_get_idx(array, i)), text))
            return true;
    return false;
}

/* A member that is absent allows everything; one of another type nothing. */
static bool allows(json_object *object, const char *name, const char *text)
{
    json_object *value;
    if (!json_object_object_get_ex(object, name, &value))
        return true;
    return json_object_is_type(value, json_type_array) ? lists(value, text) : str_is_c(json_str(value), text);
}

static bool has(json_object *object, const char *name, const char *text)
{
    return str_is_c(json_str(json_object_object_get(object, name)), text);
}

/* Whether the key is one that may have signed with G. KID absent: whichever it is. */
static bool fits(const struct algorithm *g, json_object *key, struct str kid)
{
    return json_object_is_type(key, json_type_object) && has(key, "kty", g->kty) &&
           (!g->crv || has(key, "crv", g->crv)) && allows(key, "alg", g->name) && allows(key, "use", "sig") &&
           allows(key, "key_ops", "verify") &&
           (!kid.p || str_is(json_str(json_object_object_get(key, "kid")), kid));
}

static bool read_parts(struct arena *a, const struct algorithm *g, json_object *object, struct jwk *key)
{
    for (size_t i = 0; i < 2 && g->parts[i]; i++) {
        struct str text = json_str(json_object_object_get(object, g->parts[i]));
        if (text.n == 0 || text.n > base64_size(BASE64_URL, RSA_BYTES_MAX) ||
            !base64_decode(a, BASE64_URL_UNPADDED, text, &key->part[i]))
            return false;
    }
    return true;
}

/* ---- signatures ---- */

/* From the two numbers side by side (RFC 7518 3.4) to the form of OpenSSL, which the caller frees. */
static int ec_signature_der(const struct algorithm *g, struct str signature, unsigned char **der)
{
    int n = -1;
    size_t half = g->coordinate;
    BIGNUM *r = number(str_head(signature, half)), *s = number(str_from(signature, half));
    ECDSA_SIG *pair = ECDSA_SIG_new();
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        n = i2d_ECDSA_SIG(pair, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return n;
}

static bool verify(const struct algorithm *g, EVP_PKEY *pkey, struct str message, struct str signature)
{
    EVP_PKEY_CTX *key_ctx; /* the context's own */
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, &key_ctx, g->digest, NULL, NULL, pkey, NULL) == 1;
    if (ok && g->pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                (const unsigned char *)message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool verify_ec(const struct algorithm *g, EVP_PKEY *pkey, struct str message, struct str signature)
{
    unsigned char *der = NULL;
    int n = signature.n == 2 * g->coordinate ? ec_signature_der(g, signature, &der) : -1;
    bool ok = n > 0 && verify(g, pkey, message, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    return ok;
}

/* Leaves nothing in the thread's error queue. */
static bool has_signed(struct arena *a, const struct algorithm *g, json_object *object, struct str message,
                       struct str signature)
{
    struct jwk key;
    if (!read_parts(a, g, object, &key))
        return false;
    /* From here on nothing is taken from the arena, which may jump away. */
    crypto_memory_begin();
    EVP_PKEY *pkey = g->make(g, &key);
    bool ok = pkey &&
              (g->coordinate ? verify_ec(g, pkey, message, signature) : verify(g, pkey, message, signature));
    EVP_PKEY_free(pkey);
    if (!ok)
        crypto_memory_check(a);
    ERR_clear_error();
    return ok;
}

bool jwk_is_set(json_object *set)
{
    return json_object_is_type(set, json_type_object) &&
           json_object_is_type(json_object_object_get(set, "keys"), json_type_array);
}

enum jwk_result jwk_verify(struct arena *a, json_object *set, const struct jwt_parts *parts)
{
    json_object *header = jwt_object(a, parts->header), *kid_value;
    struct str signature, kid = STR_NONE;
    const struct algorithm *g =
        header ? find_algorithm(json_str(json_object_object_get(header, "alg"))) : NULL;
    /* "crit" names extensions that must be understood, and we know none (RFC 7515 4.1.11). */
    if (!g || json_object_object_get_ex(header, "crit", NULL) ||
        !base64_decode(a, BASE64_URL_UNPADDED, parts->signature, &signature))
        return JWK_REFUSED;
    if (json_object_object_get_ex(header, "kid", &kid_value) && !(kid = json_str(kid_value)).p)
        return JWK_REFUSED;
    json_object *keys = jwk_is_set(set) ? json_object_object_get(set, "keys") : NULL;
    size_t n = keys ? json_object_array_length(keys) : 0;
    unsigned tried = 0;
    for (size_t i = 0; i < n && i < JWK_KEYS_MAX && tried < JWK_TRIES_MAX; i++) {
        json_object *key = json_object_array_get_idx(keys, i);
        if (!fits(g, key, kid))
            continue;
        tried++;
        if (has_signed(a, g, key, parts->signed_text, signature))
            return JWK_VERIFIED;
    }
    return tried && kid.p ? JWK_FORGED : JWK_UNKNOWN_KEY;
}
