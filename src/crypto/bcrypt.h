/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bcrypt, several independent hashes at a time (spec: cdi-emailpassword 2).
 *
 * One bcrypt computation is a long chain of dependent table look-ups: a core spends most of it waiting for
 * its own level-1 cache. Up to three computations advanced in lock-step fill those waits, so a batch of three
 * takes a fifth to a half longer than one. Callers therefore gather jobs of equal cost.
 *
 * Rules: the key is the password's bytes and one NUL, repeated; its first 72 bytes matter; a NUL inside the
 * password is a byte like any other. The prefixes $2a, $2b, $2x and $2y all mean the same (bytes are never
 * sign-extended). Both functions are thread-safe, allocate nothing and wipe what they derive; they need about
 * 48 KiB of stack.
 */
#ifndef CRYPTO_BCRYPT_H
#define CRYPTO_BCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BCRYPT_COST_MIN 4
#define BCRYPT_COST_MAX 30
#define BCRYPT_LANES 3         /* computations that run in lock-step */
#define BCRYPT_SALT_BYTES 16   /* random bytes in a salt */
#define BCRYPT_SETTING_SIZE 30 /* "$2a$11$" + 22 salt characters + NUL */
#define BCRYPT_HASH_SIZE 61    /* setting + 31 hash characters + NUL */

struct bcrypt_job {
    const uint8_t *password; /* borrowed; may be NULL when password_len is 0 */
    size_t password_len;
    const char *setting;        /* NUL-terminated "$2a$11$<22 salt>"; what follows (a hash) is ignored */
    char out[BCRYPT_HASH_SIZE]; /* the hash with the setting's prefix and canonical salt; "" unless ok */
    bool ok; /* false: malformed setting, or cost outside BCRYPT_COST_MIN..BCRYPT_COST_MAX */
};

/* Runs any number of jobs of any mix of costs, cheapest first, equal costs up to BCRYPT_LANES together. The
 * time is the caller's to limit: it doubles with each step of the cost. */
void bcrypt_hash_many(struct bcrypt_job *jobs, size_t n);

/* The same results, one after another, through the system's crypt_r. A password with a NUL inside, which
 * crypt_r cannot take, goes through bcrypt_hash_many. */
void bcrypt_hash_many_crypt_r(struct bcrypt_job *jobs, size_t n);

/* The cost of a well-formed setting or hash, 0 of any other text. */
unsigned bcrypt_cost(const char *setting);

/* Writes "$2a$<cost>$<salt>". Cost in BCRYPT_COST_MIN..BCRYPT_COST_MAX, else false and "". */
bool bcrypt_make_setting(char out[BCRYPT_SETTING_SIZE], unsigned cost, const uint8_t salt[BCRYPT_SALT_BYTES]);

#endif
