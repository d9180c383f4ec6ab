/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password hashes of every kind, as jobs for the worker's hash threads (spec: cdi-emailpassword 2).
 *
 * A request describes its work in a password_job and hands it to the queue; a hash thread takes one job, or
 * several whose password_job_bcrypt_cost is equal and not 0, and runs them together. The program must have
 * called sodium_init().
 */
#ifndef CRYPTO_PASSWORD_HASH_H
#define CRYPTO_PASSWORD_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/argon2_arena.h"

#define PASSWORD_TEXT_SIZE 128 /* any new hash, with its NUL */

enum password_algorithm {
    PASSWORD_UNKNOWN, /* never matches */
    PASSWORD_ARGON2,
    PASSWORD_BCRYPT,
    PASSWORD_FIREBASE_SCRYPT /* verified only */
};

enum password_job_kind { PASSWORD_HASH_NEW, PASSWORD_VERIFY };

enum password_job_status {
    PASSWORD_JOB_DONE,
    PASSWORD_JOB_REFUSED,       /* verify: malformed text or above a limit, answered as a wrong password; new:
                                   parameters out of range, an error of the configuration */
    PASSWORD_JOB_NO_SIGNER_KEY, /* verify of a Firebase text without a signer key: 500 by the spec */
    PASSWORD_JOB_NO_MEMORY      /* says nothing about the password: 503 */
};

struct password_params {
    enum password_algorithm algorithm; /* PASSWORD_BCRYPT or PASSWORD_ARGON2 */
    unsigned bcrypt_cost;              /* bcrypt_log_rounds */
    struct argon2_params argon2;
};

/* Texts and password are borrowed until the job has run; the password's owner wipes it. */
struct password_job {
    enum password_job_kind kind;
    const uint8_t *password; /* UTF-8 */
    size_t password_len;
    struct password_params params;   /* PASSWORD_HASH_NEW */
    const char *stored;              /* PASSWORD_VERIFY: the text of the database */
    size_t stored_len;               /* bytes */
    const char *firebase_signer_key; /* PASSWORD_VERIFY: base 64 text of the configuration, or NULL */

    enum password_job_status status;   /* result */
    bool match;                        /* result of PASSWORD_VERIFY; false unless PASSWORD_JOB_DONE */
    char out_text[PASSWORD_TEXT_SIZE]; /* result of PASSWORD_HASH_NEW; "" unless PASSWORD_JOB_DONE */
};

/* One per hash thread. */
struct password_jobs_env {
    struct argon2_arena *argon2;
    bool bcrypt_crypt_r; /* the system's bcrypt instead of our interleaved one */
    /* Stored texts above this cost are refused, 0 for no limit but bcrypt's own. Each step doubles the time,
     * cost 11 being about 0.1 s. Not below the configured bcrypt_log_rounds, or new passwords would stop
     * matching. */
    unsigned bcrypt_verify_cost_max;
};

/* By the prefix table of the spec; PASSWORD_UNKNOWN when nothing matches. This is also the format check of
 * imports: a text of a known algorithm can still be malformed, which then never matches. */
enum password_algorithm password_format(const char *text, size_t text_len);

/* What the job will run: for the limits per algorithm (argon2_hashing_pool_size and its like). */
enum password_algorithm password_job_algorithm(const struct password_job *job);

/* The cost of a bcrypt job, 0 of any other. Jobs of one cost, up to BCRYPT_LANES, take little longer than
 * one. */
unsigned password_job_bcrypt_cost(const struct password_job *job);

/* Runs all the jobs, any number and mix, and fills their results. */
void password_jobs_run(struct password_jobs_env *env, struct password_job **jobs, size_t n);

#endif
