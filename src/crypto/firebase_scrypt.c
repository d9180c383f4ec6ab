/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/firebase_scrypt.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DERIVED_BYTES 64
#define KEY_BYTES 32 /* of them: the AES-256 key */
#define IV_BYTES 16
#define HASH_TEXT_SIZE sodium_base64_ENCODED_LEN(FIREBASE_SCRYPT_FIELD_MAX, sodium_base64_VARIANT_ORIGINAL)

struct slice {
    const char *at;
    size_t len;
};

struct parsed {
    struct slice hash, salt, separator;
    uint32_t memory_cost, rounds;
};

/* Cuts the text before the next '$' off the rest. */
static struct slice next_part(struct slice *rest)
{
    const char *dollar = memchr(rest->at, '$', rest->len);
    struct slice part = {rest->at, dollar ? (size_t)(dollar - rest->at) : rest->len};
    size_t used = part.len + (dollar ? 1 : 0);
    *rest = (struct slice){rest->at + used, rest->len - used};
    return part;
}

static bool parse_number(struct slice text, uint32_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
        if (value > INT32_MAX)
            return false;
    }
    *out = (uint32_t)value;
    return text.len > 0;
}

/* One of m=, r=, s=; `seen` collects which. */
static bool parse_parameter(struct slice part, struct parsed *out, unsigned *seen)
{
    if (part.len < 2 || part.at[1] != '=')
        return false;
    struct slice value = {part.at + 2, part.len - 2};
    switch (part.at[0]) {
    case 'm':
        *seen |= 1;
        return parse_number(value, &out->memory_cost);
    case 'r':
        *seen |= 2;
        return parse_number(value, &out->rounds);
    case 's':
        *seen |= 4;
        out->separator = value;
        return true;
    default:
        return false;
    }
}

static bool parse(struct parsed *out, const char *text, size_t text_len)
{
    struct slice rest = {text, text_len};
    unsigned seen = 0;
    size_t dollars = 0;
    memset(out, 0, sizeof *out);
    if (text_len > FIREBASE_SCRYPT_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text_len; i++)
        dollars += text[i] == '$';
    if (dollars != 6 || next_part(&rest).len != 0)
        return false;
    struct slice name = next_part(&rest);
    if (name.len != 8 || memcmp(name.at, "f_scrypt", 8) != 0)
        return false;
    out->hash = next_part(&rest);
    out->salt = next_part(&rest);
    for (int i = 0; i < 3; i++) {
        if (!parse_parameter(next_part(&rest), out, &seen))
            return false;
    }
    return seen == 7 && out->hash.len > 0;
}

bool firebase_scrypt_is_text(const char *text, size_t text_len)
{
    struct parsed parsed;
    return parse(&parsed, text, text_len);
}

static int decode64_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Base 64 of either alphabet up to the first '=', skipping anything else. False when it does not fit. */
static bool decode64_lenient(uint8_t *out, size_t size, size_t *len, struct slice text)
{
    unsigned acc = 0, bits = 0;
    *len = 0;
    for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
        int value = decode64_char(text.at[i]);
        if (value < 0)
            continue;
        acc = (acc << 6 | (unsigned)value) & 0xfff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (*len == size)
            return false;
        out[(*len)++] = (uint8_t)(acc >> bits & 0xff);
    }
    return true;
}

/* UTF-8 to ASCII with one '?' for each other character; out has room for `len` bytes. */
static size_t to_ascii(uint8_t *out, const uint8_t *in, size_t len)
{
    size_t written = 0;
    for (size_t i = 0; i < len; i++) {
        size_t follow = in[i] < 0xc0 ? 0 : in[i] < 0xe0 ? 1 : in[i] < 0xf0 ? 2 : 3;
        out[written++] = in[i] < 0x80 ? in[i] : '?';
        while (follow-- > 0 && i + 1 < len && (in[i + 1] & 0xc0) == 0x80)
            i++;
    }
    return written;
}

static enum firebase_scrypt_result check_cost(const struct parsed *parsed)
{
    if (parsed->memory_cost == 0 || parsed->rounds == 0)
        return FIREBASE_SCRYPT_MALFORMED;
    if (parsed->rounds > FIREBASE_SCRYPT_ROUNDS_MAX || parsed->memory_cost > 30)
        return FIREBASE_SCRYPT_OVER_LIMIT;
    uint64_t memory = ((uint64_t)128 * parsed->rounds) << parsed->memory_cost;
    return memory > FIREBASE_SCRYPT_MEMORY_MAX ? FIREBASE_SCRYPT_OVER_LIMIT : FIREBASE_SCRYPT_OK;
}

static enum firebase_scrypt_result derive(const struct parsed *parsed, const uint8_t *password,
                                          size_t password_len, uint8_t derived[DERIVED_BYTES])
{
    uint8_t salt[2 * FIREBASE_SCRYPT_FIELD_MAX];
    size_t salt_len, separator_len;
    if (!decode64_lenient(salt, FIREBASE_SCRYPT_FIELD_MAX, &salt_len, parsed->salt) ||
        !decode64_lenient(salt + salt_len, FIREBASE_SCRYPT_FIELD_MAX, &separator_len, parsed->separator))
        return FIREBASE_SCRYPT_OVER_LIMIT;
    uint8_t *ascii = malloc(password_len + 1);
    if (!ascii)
        return FIREBASE_SCRYPT_NO_MEMORY;
    size_t ascii_len = to_ascii(ascii, password, password_len);
    int rc = crypto_pwhash_scryptsalsa208sha256_ll(ascii, ascii_len, salt, salt_len + separator_len,
                                                   UINT64_C(1) << parsed->memory_cost, parsed->rounds, 1,
                                                   derived, DERIVED_BYTES);
    sodium_memzero(ascii, password_len);
    free(ascii);
    return rc == 0 ? FIREBASE_SCRYPT_OK : FIREBASE_SCRYPT_NO_MEMORY;
}

static bool encrypt(uint8_t *data, size_t len, const uint8_t key[KEY_BYTES])
{
    static const uint8_t iv[IV_BYTES];
    int written;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool ok = cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), NULL, key, iv) == 1 &&
              EVP_EncryptUpdate(cipher, data, &written, data, (int)len) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return ok;
}

enum firebase_scrypt_result firebase_scrypt_verify(const char *text, size_t text_len, const uint8_t *password,
                                                   size_t password_len, const char *signer_key)
{
    struct parsed parsed;
    uint8_t derived[DERIVED_BYTES], key[FIREBASE_SCRYPT_FIELD_MAX];
    size_t key_len;
    char expected[HASH_TEXT_SIZE];
    if (!parse(&parsed, text, text_len))
        return FIREBASE_SCRYPT_MALFORMED;
    enum firebase_scrypt_result result = check_cost(&parsed);
    if (result != FIREBASE_SCRYPT_OK)
        return result;
    if (!decode64_lenient(key, sizeof key, &key_len, (struct slice){signer_key, strlen(signer_key)}))
        return FIREBASE_SCRYPT_OVER_LIMIT;
    /* An empty key would encrypt to an empty text whatever the password. */
    if (key_len == 0)
        return FIREBASE_SCRYPT_MALFORMED;
    result = derive(&parsed, password, password_len, derived);
    if (result == FIREBASE_SCRYPT_OK && !encrypt(key, key_len, derived))
        result = FIREBASE_SCRYPT_NO_MEMORY;
    if (result == FIREBASE_SCRYPT_OK) {
        sodium_bin2base64(expected, sizeof expected, key, key_len, sodium_base64_VARIANT_ORIGINAL);
        if (strlen(expected) != parsed.hash.len ||
            sodium_memcmp(expected, parsed.hash.at, parsed.hash.len) != 0)
            result = FIREBASE_SCRYPT_MISMATCH;
        sodium_memzero(expected, sizeof expected);
    }
    sodium_memzero(derived, sizeof derived);
    sodium_memzero(key, sizeof key);
    return result;
}
