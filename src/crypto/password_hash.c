/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password_hash.h"

#include <sodium.h>
#include <string.h>

#include "crypto/bcrypt.h"
#include "crypto/firebase_scrypt.h"

#define BCRYPT_CHUNK ((size_t)8 * BCRYPT_LANES)

_Static_assert(PASSWORD_TEXT_SIZE >= ARGON2_ARENA_TEXT_SIZE, "argon2 texts must fit");
_Static_assert(PASSWORD_TEXT_SIZE >= BCRYPT_HASH_SIZE, "bcrypt texts must fit");

static const struct {
    const char *prefix;
    enum password_algorithm algorithm;
} prefixes[] = {
    {"$argon2id", PASSWORD_ARGON2}, {"$argon2i", PASSWORD_ARGON2}, {"$argon2d", PASSWORD_ARGON2},
    {"$2a", PASSWORD_BCRYPT},       {"$2b", PASSWORD_BCRYPT},      {"$2x", PASSWORD_BCRYPT},
    {"$2y", PASSWORD_BCRYPT},
};

enum password_algorithm password_format(const char *text, size_t text_len)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t len = strlen(prefixes[i].prefix);
        if (text_len >= len && memcmp(text, prefixes[i].prefix, len) == 0)
            return prefixes[i].algorithm;
    }
    return firebase_scrypt_is_text(text, text_len) ? PASSWORD_FIREBASE_SCRYPT : PASSWORD_UNKNOWN;
}

enum password_algorithm password_job_algorithm(const struct password_job *job)
{
    return job->kind == PASSWORD_HASH_NEW ? job->params.algorithm
                                          : password_format(job->stored, job->stored_len);
}

/* The bcrypt text or setting of a job; false when there is none that bcrypt takes. */
static bool bcrypt_setting(const struct password_job *job, char out[BCRYPT_HASH_SIZE])
{
    if (job->kind == PASSWORD_HASH_NEW) {
        uint8_t salt[BCRYPT_SALT_BYTES];
        randombytes_buf(salt, sizeof salt);
        return bcrypt_make_setting(out, job->params.bcrypt_cost, salt);
    }
    if (job->stored_len != BCRYPT_HASH_SIZE - 1)
        return false;
    memcpy(out, job->stored, BCRYPT_HASH_SIZE - 1);
    out[BCRYPT_HASH_SIZE - 1] = '\0';
    return bcrypt_cost(out) != 0;
}

unsigned password_job_bcrypt_cost(const struct password_job *job)
{
    char stored[BCRYPT_HASH_SIZE];
    if (password_job_algorithm(job) != PASSWORD_BCRYPT)
        return 0;
    if (job->kind == PASSWORD_HASH_NEW)
        return job->params.bcrypt_cost <= BCRYPT_COST_MAX ? job->params.bcrypt_cost : 0;
    return bcrypt_setting(job, stored) ? bcrypt_cost(stored) : 0;
}

static void bcrypt_result(struct password_job *job, const struct bcrypt_job *hashed)
{
    if (!hashed->ok)
        return;
    job->status = PASSWORD_JOB_DONE;
    if (job->kind == PASSWORD_HASH_NEW)
        memcpy(job->out_text, hashed->out, BCRYPT_HASH_SIZE);
    else
        job->match = sodium_memcmp(hashed->out, job->stored, BCRYPT_HASH_SIZE - 1) == 0;
}

static void run_bcrypt(const struct password_jobs_env *env, struct password_job **jobs, size_t n)
{
    struct bcrypt_job hashed[BCRYPT_CHUNK];
    char settings[BCRYPT_CHUNK][BCRYPT_HASH_SIZE];
    unsigned cost_max = env->bcrypt_verify_cost_max ? env->bcrypt_verify_cost_max : BCRYPT_COST_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!bcrypt_setting(jobs[i], settings[i]) ||
            (jobs[i]->kind == PASSWORD_VERIFY && bcrypt_cost(settings[i]) > cost_max))
            settings[i][0] = '\0';
        hashed[i] = (struct bcrypt_job){jobs[i]->password, jobs[i]->password_len, settings[i], "", false};
    }
    if (env->bcrypt_crypt_r)
        bcrypt_hash_many_crypt_r(hashed, n);
    else
        bcrypt_hash_many(hashed, n);
    for (size_t i = 0; i < n; i++)
        bcrypt_result(jobs[i], &hashed[i]);
    sodium_memzero(hashed, sizeof hashed);
}

static void run_argon2(const struct password_jobs_env *env, struct password_job *job)
{
    enum argon2_arena_result result;
    if (job->kind == PASSWORD_HASH_NEW) {
        uint8_t salt[ARGON2_ARENA_SALT_BYTES];
        randombytes_buf(salt, sizeof salt);
        result = argon2_arena_hash(env->argon2, Argon2_id, &job->params.argon2, salt, job->password,
                                   job->password_len, job->out_text);
    } else {
        result =
            argon2_arena_verify(env->argon2, job->stored, job->stored_len, job->password, job->password_len);
    }
    if (result == ARGON2_ARENA_OK || result == ARGON2_ARENA_MISMATCH)
        job->status = PASSWORD_JOB_DONE;
    else if (result == ARGON2_ARENA_NO_MEMORY)
        job->status = PASSWORD_JOB_NO_MEMORY;
    job->match = job->kind == PASSWORD_VERIFY && result == ARGON2_ARENA_OK;
}

static void run_firebase(struct password_job *job)
{
    if (job->kind == PASSWORD_HASH_NEW)
        return;
    if (!job->firebase_signer_key) {
        job->status = PASSWORD_JOB_NO_SIGNER_KEY;
        return;
    }
    enum firebase_scrypt_result result = firebase_scrypt_verify(job->stored, job->stored_len, job->password,
                                                                job->password_len, job->firebase_signer_key);
    if (result == FIREBASE_SCRYPT_OK || result == FIREBASE_SCRYPT_MISMATCH)
        job->status = PASSWORD_JOB_DONE;
    else if (result == FIREBASE_SCRYPT_NO_MEMORY)
        job->status = PASSWORD_JOB_NO_MEMORY;
    job->match = result == FIREBASE_SCRYPT_OK;
}

void password_jobs_run(struct password_jobs_env *env, struct password_job **jobs, size_t n)
{
    struct password_job *chunk[BCRYPT_CHUNK];
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        jobs[i]->status = PASSWORD_JOB_REFUSED;
        jobs[i]->match = false;
        jobs[i]->out_text[0] = '\0';
        switch (password_job_algorithm(jobs[i])) {
        case PASSWORD_BCRYPT:
            chunk[filled++] = jobs[i];
            break;
        case PASSWORD_ARGON2:
            run_argon2(env, jobs[i]);
            break;
        case PASSWORD_FIREBASE_SCRYPT:
            run_firebase(jobs[i]);
            break;
        case PASSWORD_UNKNOWN:
            break;
        }
        if (filled == BCRYPT_CHUNK || (i + 1 == n && filled > 0)) {
            run_bcrypt(env, chunk, filled);
            filled = 0;
        }
    }
}
