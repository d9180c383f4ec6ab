/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Blowfish lanes. Each step is written for all lanes side by side with the number of lanes a compile-time
 * constant, so that the compiler keeps every half block in a register and the processor overlaps the
 * look-ups.
 */
#include "crypto/bcrypt.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

#include "crypto/bcrypt_tables.h"

#define KEY_BYTES ((size_t)BLOWFISH_P_WORDS * 4)
#define SALT_WORDS (BCRYPT_SALT_BYTES / 4)
#define SALT_CHARS 22
#define HASH_BYTES 23 /* of the 24 computed: the format leaves the last one out */
#define PREFIX_CHARS 7
#define CIPHER_WORDS 6
#define CIPHER_ROUNDS 64

/* Does the statement for k = 0 .. n - 1. Written out, because with k variable the half blocks would live in
 * memory. */
#define EACH_LANE(n, statement)                                                                              \
    do {                                                                                                     \
        {                                                                                                    \
            enum { k = 0 };                                                                                  \
            statement;                                                                                       \
        }                                                                                                    \
        if ((n) > 1) {                                                                                       \
            enum { k = 1 };                                                                                  \
            statement;                                                                                       \
        }                                                                                                    \
        if ((n) > 2) {                                                                                       \
            enum { k = 2 };                                                                                  \
            statement;                                                                                       \
        }                                                                                                    \
    } while (0)

#define INLINE static inline __attribute__((always_inline))

/* Eight double rounds in a row are the fastest code with gcc and clang, at -O2 already. A sanitizer would
 * make of them what takes a compiler half a minute; gcc tells only of its address sanitizer. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define UNROLLED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNROLLED
#endif
#ifndef UNROLLED
#define UNROLLED _Pragma("GCC unroll 8")
#endif

struct lane {
    union blowfish_state state;
    uint32_t key[BLOWFISH_P_WORDS];
    uint32_t salt[SALT_WORDS];
};

struct halves {
    uint32_t l[BCRYPT_LANES], r[BCRYPT_LANES];
};

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

INLINE uint32_t blowfish_f(const union blowfish_state *b, uint32_t x)
{
    uint32_t t = b->s[0][x >> 24] + b->s[1][(x >> 16) & 0xff];
    return (t ^ b->s[2][(x >> 8) & 0xff]) + b->s[3][x & 0xff];
}

INLINE void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

INLINE void encipher(const struct lane *lanes, size_t n, struct halves *h)
{
    EACH_LANE(n, h->l[k] ^= lanes[k].state.p[0]);
    UNROLLED
    for (size_t i = 1; i < BLOWFISH_P_WORDS - 1; i += 2) {
        EACH_LANE(n, h->r[k] ^= lanes[k].state.p[i] ^ blowfish_f(&lanes[k].state, h->l[k]));
        EACH_LANE(n, h->l[k] ^= lanes[k].state.p[i + 1] ^ blowfish_f(&lanes[k].state, h->r[k]));
    }
    EACH_LANE(n, h->r[k] ^= lanes[k].state.p[BLOWFISH_P_WORDS - 1]);
    EACH_LANE(n, swap(&h->l[k], &h->r[k]));
}

/* Enciphers the running block and puts it in the place of words i and i + 1 of the state. */
INLINE void rewrite_words(struct lane *lanes, size_t n, struct halves *h, size_t i)
{
    encipher(lanes, n, h);
    EACH_LANE(n, lanes[k].state.words[i] = h->l[k]);
    EACH_LANE(n, lanes[k].state.words[i + 1] = h->r[k]);
}

/* Replaces the state by the chain of its own ciphertexts, from a block of zeros. */
INLINE void rewrite_state(struct lane *lanes, size_t n)
{
    struct halves h = {{0}, {0}};
    for (size_t i = 0; i < BLOWFISH_WORDS; i += 2)
        rewrite_words(lanes, n, &h, i);
}

/* The same for the first time, with the salt mixed into the block at each step. */
static void rewrite_state_salted(struct lane *lane)
{
    struct halves h = {{0}, {0}};
    for (size_t i = 0; i < BLOWFISH_WORDS; i += 2) {
        h.l[0] ^= lane->salt[i % SALT_WORDS];
        h.r[0] ^= lane->salt[i % SALT_WORDS + 1];
        rewrite_words(lane, 1, &h, i);
    }
}

INLINE void mix_key(struct lane *lane)
{
    for (size_t i = 0; i < BLOWFISH_P_WORDS; i++)
        lane->state.p[i] ^= lane->key[i];
}

INLINE void mix_salt(struct lane *lane)
{
    for (size_t i = 0; i < BLOWFISH_P_WORDS; i++)
        lane->state.p[i] ^= lane->salt[i % SALT_WORDS];
}

/* The whole of the work: 2^(cost + 1) rewrites of the state. */
INLINE void stretch(struct lane *lanes, size_t n, unsigned cost)
{
    for (uint32_t turns = UINT32_C(1) << cost; turns > 0; turns--) {
        EACH_LANE(n, mix_key(&lanes[k]));
        rewrite_state(lanes, n);
        EACH_LANE(n, mix_salt(&lanes[k]));
        rewrite_state(lanes, n);
    }
}

static void stretch_1(struct lane *lanes, unsigned cost)
{
    stretch(lanes, 1, cost);
}

static void stretch_2(struct lane *lanes, unsigned cost)
{
    stretch(lanes, 2, cost);
}

static void stretch_3(struct lane *lanes, unsigned cost)
{
    stretch(lanes, 3, cost);
}

static uint32_t load_be32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* bcrypt's own base 64: most significant bits first, no padding. */
static void encode64(char *out, const uint8_t *in, size_t len)
{
    unsigned bits = 0, acc = 0;
    for (size_t i = 0; i < len; i++) {
        acc = acc << 8 | in[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *out++ = alphabet[acc >> (bits - 6) & 63];
        acc &= (1U << bits) - 1;
    }
    if (bits > 0)
        *out++ = alphabet[acc << (6 - bits) & 63];
    *out = '\0';
}

static int decode64_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 2;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 28;
    if (c >= '0' && c <= '9')
        return c - '0' + 54;
    return c == '.' ? 0 : c == '/' ? 1 : -1;
}

/* SALT_CHARS characters to BCRYPT_SALT_BYTES bytes; the surplus bits of the last character are dropped. */
static bool decode_salt(uint8_t *out, const char *text)
{
    unsigned bits = 0, acc = 0;
    size_t filled = 0;
    for (size_t i = 0; i < SALT_CHARS; i++) {
        int value = decode64_char(text[i]); /* a NUL is no character of the alphabet: it ends the walk */
        if (value < 0)
            return false;
        acc = (acc << 6 | (unsigned)value) & 0xfff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[filled++] = (uint8_t)(acc >> bits & 0xff);
        }
    }
    return true;
}

unsigned bcrypt_cost(const char *setting)
{
    uint8_t salt[BCRYPT_SALT_BYTES];
    if (strncmp(setting, "$2", 2) != 0 || setting[2] == '\0' || !strchr("abxy", setting[2]) ||
        setting[3] != '$')
        return 0;
    if (setting[4] < '0' || setting[4] > '9' || setting[5] < '0' || setting[5] > '9' || setting[6] != '$')
        return 0;
    unsigned cost = (unsigned)(setting[4] - '0') * 10 + (unsigned)(setting[5] - '0');
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX || !decode_salt(salt, setting + PREFIX_CHARS))
        return 0;
    return cost;
}

bool bcrypt_make_setting(char out[BCRYPT_SETTING_SIZE], unsigned cost, const uint8_t salt[BCRYPT_SALT_BYTES])
{
    out[0] = '\0';
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
        return false;
    memcpy(out, "$2a$", 4);
    out[4] = (char)('0' + cost / 10);
    out[5] = (char)('0' + cost % 10);
    out[6] = '$';
    encode64(out + PREFIX_CHARS, salt, BCRYPT_SALT_BYTES);
    return true;
}

static void lane_start(struct lane *lane, const struct bcrypt_job *job)
{
    uint8_t salt[BCRYPT_SALT_BYTES], key[KEY_BYTES];
    size_t at = 0;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        key[i] = at < job->password_len ? job->password[at] : 0;
        at = at < job->password_len ? at + 1 : 0;
    }
    for (size_t i = 0; i < BLOWFISH_P_WORDS; i++)
        lane->key[i] = load_be32(key + 4 * i);
    decode_salt(salt, job->setting + PREFIX_CHARS);
    for (size_t i = 0; i < SALT_WORDS; i++)
        lane->salt[i] = load_be32(salt + 4 * i);
    lane->state = blowfish_initial;
    mix_key(lane);
    rewrite_state_salted(lane);
    sodium_memzero(key, sizeof key);
}

static void lane_finish(const struct lane *lane, struct bcrypt_job *job)
{
    static const uint8_t magic[CIPHER_WORDS * 4 + 1] = "OrpheanBeholderScryDoubt";
    uint8_t hash[CIPHER_WORDS * 4], salt[BCRYPT_SALT_BYTES];
    for (size_t i = 0; i < CIPHER_WORDS; i += 2) {
        struct halves h = {{load_be32(magic + 4 * i)}, {load_be32(magic + 4 * i + 4)}};
        for (int turn = 0; turn < CIPHER_ROUNDS; turn++)
            encipher(lane, 1, &h);
        for (size_t byte = 0; byte < 4; byte++) {
            hash[4 * i + byte] = (uint8_t)(h.l[0] >> (24 - 8 * byte));
            hash[4 * i + 4 + byte] = (uint8_t)(h.r[0] >> (24 - 8 * byte));
        }
    }
    memcpy(job->out, job->setting, PREFIX_CHARS);
    decode_salt(salt, job->setting + PREFIX_CHARS);
    encode64(job->out + PREFIX_CHARS, salt, BCRYPT_SALT_BYTES);
    encode64(job->out + PREFIX_CHARS + SALT_CHARS, hash, HASH_BYTES);
    job->ok = true;
    sodium_memzero(hash, sizeof hash);
}

static void run_batch(struct bcrypt_job **batch, size_t n, unsigned cost)
{
    static void (*const stretch_by_lanes[])(struct lane *, unsigned) = {NULL, stretch_1, stretch_2,
                                                                        stretch_3};
    _Alignas(64) struct lane lanes[BCRYPT_LANES];
    if (n == 0)
        return;
    for (size_t k = 0; k < n; k++)
        lane_start(&lanes[k], batch[k]);
    stretch_by_lanes[n](lanes, cost);
    for (size_t k = 0; k < n; k++)
        lane_finish(&lanes[k], batch[k]);
    sodium_memzero(lanes, sizeof lanes);
}

void bcrypt_hash_many(struct bcrypt_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i].ok = false;
        jobs[i].out[0] = '\0';
    }
    for (unsigned cost = BCRYPT_COST_MIN; cost <= BCRYPT_COST_MAX; cost++) {
        struct bcrypt_job *batch[BCRYPT_LANES];
        size_t filled = 0;
        for (size_t i = 0; i < n; i++) {
            if (bcrypt_cost(jobs[i].setting) != cost)
                continue;
            batch[filled++] = &jobs[i];
            if (filled == BCRYPT_LANES) {
                run_batch(batch, filled, cost);
                filled = 0;
            }
        }
        run_batch(batch, filled, cost);
    }
}

static void hash_crypt_r(struct bcrypt_job *job)
{
    char password[KEY_BYTES + 1], setting[BCRYPT_SETTING_SIZE];
    struct crypt_data data;
    size_t len = job->password_len < KEY_BYTES ? job->password_len : KEY_BYTES;
    if (len > 0)
        memcpy(password, job->password, len);
    password[len] = '\0';
    memcpy(setting, job->setting, BCRYPT_SETTING_SIZE - 1);
    setting[BCRYPT_SETTING_SIZE - 1] = '\0';
    setting[2] = 'b'; /* crypt_r gives $2a and $2x other meanings for bytes above 127 */
    memset(&data, 0, sizeof data);
    const char *hash = crypt_r(password, setting, &data);
    if (hash && strlen(hash) == BCRYPT_HASH_SIZE - 1) {
        memcpy(job->out, hash, BCRYPT_HASH_SIZE);
        job->out[2] = job->setting[2];
        job->ok = true;
    }
    sodium_memzero(&data, sizeof data);
    sodium_memzero(password, sizeof password);
}

void bcrypt_hash_many_crypt_r(struct bcrypt_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = jobs[i].password_len < KEY_BYTES ? jobs[i].password_len : KEY_BYTES;
        jobs[i].ok = false;
        jobs[i].out[0] = '\0';
        if (bcrypt_cost(jobs[i].setting) == 0)
            continue;
        if (len > 0 && memchr(jobs[i].password, '\0', len))
            bcrypt_hash_many(&jobs[i], 1);
        else
            hash_crypt_r(&jobs[i]);
    }
}
