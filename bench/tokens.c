/* SPDX-License-Identifier: Apache-2.0
 *
 * What tokens cost, next to one bare RSA-2048 signature. Times vary from machine to machine: read the ratios.
 * Prints the best of several rounds, in microseconds of processor time for one operation.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/jwt.h"
#include "json/json.h"
#include "jwt/key_stock.h"
#include "session/access_token.h"
#include "session/refresh_token.h"

#define USER_DATA                                                                                            \
    "{\"iss\":\"https://api.example.com/auth\",\"st-ev\":{\"v\":true,\"t\":1700000000000},"                  \
    "\"st-role\":{\"v\":[\"admin\",\"editor\"],\"t\":1700000000000},\"score\":12.5}"

enum { ROUNDS = 5 };

static struct arena arena;
static struct ctx c = {.arena = &arena};
static struct rsa_key *key;
static struct str master, access_token, refresh_token, stored_key;
static unsigned char signature[RSA_SIGNATURE_MAX];
static size_t signature_n;
static struct verified_tokens *cache;

static void require(bool ok)
{
    if (!ok)
        abort();
}

static struct access_token content(void)
{
    static const char hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    return (struct access_token){.version = 5,
                                 .issued_ms = 1700000000000,
                                 .expires_ms = 1700003600000,
                                 .user_id = STR("5b0e1c1e-7a4e-4f6f-9a39-0d6a4f7a4b11"),
                                 .recipe_user_id = STR("5b0e1c1e-7a4e-4f6f-9a39-0d6a4f7a4b11"),
                                 .session_handle = STR("0d1f6a0c-1b5c-4a63-8f5c-2d9f6c1f7a10"),
                                 .refresh_token_hash1 = str_of(hash),
                                 .tenant_id = STR("public")};
}

static void sign(void)
{
    require(rsa_key_sign(key, STR("message"), signature, &signature_n));
}

static void verify(void)
{
    require(rsa_key_verify(&arena, key, STR("message"), (struct str){(char *)signature, signature_n}));
}

static void parse_key(void)
{
    struct rsa_key *parsed = rsa_key_parse(&arena, stored_key, STR("k"), 1);
    require(parsed != NULL);
    rsa_key_unref(parsed);
}

static void mint_access(void)
{
    struct access_token t = content();
    require(access_token_mint(&c, key, &t, json_parse(&arena, STR(USER_DATA)), &access_token) == ST_OK);
}

static void verify_access(void)
{
    struct access_token_envelope e;
    struct access_token t;
    struct str message;
    require(access_token_open(&arena, access_token, &e, &message) &&
            access_token_is_signed_by(&arena, &e, key) && access_token_read(&arena, &e, &t, &message));
}

/* What access_token_verify does for a token that it knows, without the look at the keyring. */
static void verify_cached(void)
{
    struct verified_token_id id = {.scope = 1};
    struct str info;
    digest_sha256(access_token, id.hash);
    if (!verified_tokens_get(cache, &arena, &id, 1700000000000, &info))
        verified_tokens_put(cache, &id, 1700003600000, STR(USER_DATA USER_DATA));
}

static void mint_refresh(void)
{
    struct refresh_token t = {.session_handle = STR("0d1f6a0c-1b5c-4a63-8f5c-2d9f6c1f7a10"),
                              .user_id = STR("5b0e1c1e-7a4e-4f6f-9a39-0d6a4f7a4b11"),
                              .parent_hash1 =
                                  STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")};
    refresh_token = refresh_token_mint(&arena, master, &t);
}

static void decode_refresh(void)
{
    struct refresh_token t;
    struct str message;
    require(refresh_token_decode(&arena, master, refresh_token, &t, &message));
}

static void hash_refresh(void)
{
    refresh_token_hash2(&arena, refresh_token_hash1(&arena, refresh_token));
}

static void generate(void)
{
    unsigned char der[RSA_KEY_DER_MAX];
    size_t n;
    require(key_stock_take(NULL, der, &n));
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double best(void (*operation)(void), int operations)
{
    double fastest = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_us();
        for (int i = 0; i < operations; i++) {
            operation();
            arena_reset(&arena); /* as after a request: part of what it costs */
        }
        double each = (cpu_us() - start) / operations;
        fastest = each < fastest ? each : fastest;
    }
    return fastest;
}

static char kept[4][4096]; /* texts that outlive a reset */

static struct str keep(int slot, struct str s)
{
    require(s.n < sizeof kept[slot]);
    memcpy(kept[slot], s.p, s.n);
    return (struct str){kept[slot], s.n};
}

static void prepare(void)
{
    unsigned char der[RSA_KEY_DER_MAX];
    size_t n;
    require(rsa_key_generate(der, &n) && rsa_key_text(&arena, (struct str){(char *)der, n}, &stored_key));
    stored_key = keep(0, stored_key);
    require((key = rsa_key_parse(&arena, stored_key, STR("d-1700000000000"), 1700000000000)) != NULL);
    master = keep(1, arena_printf(&arena, "1000:%0128d:%0128d", 7, 8));
    sign();
    mint_access();
    access_token = keep(2, access_token);
    mint_refresh();
    refresh_token = keep(3, refresh_token);
    require((cache = verified_tokens_new()) != NULL);
}

int main(void)
{
    static const struct row {
        const char *name;
        void (*operation)(void);
        int operations;
    } rows[] = {
        {"RSA-2048 signature", sign, 200},
        {"RSA-2048 verification", verify, 2000},
        {"access token V5, mint", mint_access, 200},
        {"access token V5, verify", verify_access, 2000},
        {"access token V5, verify, remembered", verify_cached, 20000},
        {"refresh token, mint", mint_refresh, 1000},
        {"refresh token, decode", decode_refresh, 1000},
        {"refresh token, hash1 and hash2", hash_refresh, 20000},
        {"stored key, parse", parse_key, 200},
        {"key, generate", generate, 2},
    };
    if (sodium_init() < 0)
        return 1;
    prepare();
    double signature_us = best(sign, 200);
    printf("%-38s %12s %10s\n", "", "us", "signatures");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str access = access_token, refresh = refresh_token;
        double us = best(rows[i].operation, rows[i].operations);
        printf("%-38s %12.2f %10.4f\n", rows[i].name, us, us / signature_us);
        access_token = access, refresh_token = refresh;
    }
    printf("access token: %zu bytes, refresh token: %zu bytes\n", access_token.n, refresh_token.n);
    verified_tokens_free(cache);
    rsa_key_unref(key);
    arena_free(&arena);
    return 0;
}
