/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "crypto/bcrypt.h"
#include "crypto/password_hash.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define SIGNER_KEY "gRhC3eDeQOdyEn4bMd9c6kxguWVmcIVq/SKa0JDPFeM6TcEevkaW56sIWfx88OHbJKnCXdWscZx0l2WbCJ1wbg=="
#define FIREBASE                                                                                             \
    "$f_scrypt$qZM035es5AXYqavsKD6/rhtxg7t5PhcyRgv5blc3doYbChX8keMfQLq1ra96O2Pf2TP/eZrR5xtPCYN6mX3ESA=="     \
    "$/cj0jC1br5o4+w==$m=14$r=8$s=Bw=="
#define ARGON2 "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define BCRYPT_TAIL "$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

static struct password_jobs_env env;

static int set_up(void **state)
{
    (void)state;
    env.argon2 = argon2_arena_create(1 << 20);
    return sodium_init() >= 0 && env.argon2 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    argon2_arena_destroy(env.argon2);
    return 0;
}

static struct password_job verify_job(const char *password, const char *stored)
{
    return (struct password_job){.kind = PASSWORD_VERIFY,
                                 .password = (const uint8_t *)password,
                                 .password_len = strlen(password),
                                 .stored = stored,
                                 .stored_len = strlen(stored),
                                 .firebase_signer_key = SIGNER_KEY};
}

static struct password_job new_job(const char *password, struct password_params params)
{
    return (struct password_job){.kind = PASSWORD_HASH_NEW,
                                 .password = (const uint8_t *)password,
                                 .password_len = strlen(password),
                                 .params = params};
}

static void run_one(struct password_job *job)
{
    password_jobs_run(&env, &job, 1);
}

static void formats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum password_algorithm algorithm;
    } rows[] = {
        {"$argon2id$", PASSWORD_ARGON2},
        {"$argon2i", PASSWORD_ARGON2},
        {"$argon2d$v=19", PASSWORD_ARGON2},
        {"$2a", PASSWORD_BCRYPT},
        {"$2b$99$", PASSWORD_BCRYPT},
        {"$2x$05$", PASSWORD_BCRYPT},
        {"$2y" BCRYPT_TAIL, PASSWORD_BCRYPT},
        {FIREBASE, PASSWORD_FIREBASE_SCRYPT},
        {"$f_scrypt$h$s$s=$r=0$m=0", PASSWORD_FIREBASE_SCRYPT},
        {"$f_scrypt$h$s$s=$r=0", PASSWORD_UNKNOWN},
        {"$argon2", PASSWORD_UNKNOWN},
        {"$ARGON2id$", PASSWORD_UNKNOWN},
        {" $2a$05$", PASSWORD_UNKNOWN},
        {"$2", PASSWORD_UNKNOWN},
        {"$2$05$", PASSWORD_UNKNOWN},
        {"$2c$05$", PASSWORD_UNKNOWN},
        {"", PASSWORD_UNKNOWN},
        {"$6$salt$hash", PASSWORD_UNKNOWN},
        {"plain", PASSWORD_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(password_format(rows[i].text, strlen(rows[i].text)), rows[i].algorithm);
}

static void stored_texts(void **state)
{
    (void)state;
    static const struct {
        const char *password, *stored;
        enum password_job_status status;
        bool match;
    } rows[] = {
        {"U*U", "$2a" BCRYPT_TAIL, PASSWORD_JOB_DONE, true},
        {"U*U", "$2b" BCRYPT_TAIL, PASSWORD_JOB_DONE, true},
        {"U*U", "$2x" BCRYPT_TAIL, PASSWORD_JOB_DONE, true},
        {"U*U", "$2y" BCRYPT_TAIL, PASSWORD_JOB_DONE, true},
        {"U*u", "$2a" BCRYPT_TAIL, PASSWORD_JOB_DONE, false},
        {"", "$2a" BCRYPT_TAIL, PASSWORD_JOB_DONE, false},
        {"U*U", "$2a" BCRYPT_TAIL "x", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe!", PASSWORD_JOB_DONE, false},
        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCC!.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", PASSWORD_JOB_REFUSED, false},
        {"U*U", "$2a$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", PASSWORD_JOB_REFUSED, false},
        {"password", ARGON2, PASSWORD_JOB_DONE, true},
        {"passwort", ARGON2, PASSWORD_JOB_DONE, false},
        {"password", ARGON2 "x", PASSWORD_JOB_DONE, false}, /* well-formed: a hash of 33 bytes */
        {"password", ARGON2 "$", PASSWORD_JOB_REFUSED, false},
        {"password", "$argon2id", PASSWORD_JOB_REFUSED, false},
        {"testPass123", FIREBASE, PASSWORD_JOB_DONE, true},
        {"testPass12", FIREBASE, PASSWORD_JOB_DONE, false},
        {"testPass123", FIREBASE "$", PASSWORD_JOB_REFUSED, false},
        {"testPass123", "$f_scrypt$h$s$m=31$r=1$s=", PASSWORD_JOB_REFUSED, false},
        {"plain", "plain", PASSWORD_JOB_REFUSED, false},
        {"", "", PASSWORD_JOB_REFUSED, false},
    };
    struct password_job jobs[COUNT(rows)], *list[COUNT(rows)];
    env.bcrypt_verify_cost_max = 12;
    for (int with_crypt_r = 0; with_crypt_r < 2; with_crypt_r++) {
        env.bcrypt_crypt_r = with_crypt_r;
        for (size_t i = 0; i < COUNT(rows); i++) {
            jobs[i] = verify_job(rows[i].password, rows[i].stored);
            jobs[i].match = true;
            list[i] = &jobs[i];
        }
        password_jobs_run(&env, list, COUNT(rows));
        for (size_t i = 0; i < COUNT(rows); i++) {
            assert_int_equal(jobs[i].status, rows[i].status);
            assert_int_equal(jobs[i].match, rows[i].match);
        }
    }
    env = (struct password_jobs_env){.argon2 = env.argon2};
}

static void inner_nul(void **state)
{
    (void)state;
    static const char stored[] = "$2a" BCRYPT_TAIL "\0tail";
    struct password_job job = verify_job("U*U", "");
    job.stored = stored;
    job.stored_len = sizeof stored - 1;
    run_one(&job);
    assert_int_equal(job.status, PASSWORD_JOB_REFUSED);
    assert_false(job.match);
}

static void signer_key_missing(void **state)
{
    (void)state;
    struct password_job job = verify_job("testPass123", FIREBASE);
    job.firebase_signer_key = NULL;
    run_one(&job);
    assert_int_equal(job.status, PASSWORD_JOB_NO_SIGNER_KEY);
    assert_false(job.match);
}

/* A new hash verifies, only with its own password, and no two are alike. */
static void new_hashes(void **state)
{
    (void)state;
    static const struct password_params rows[] = {
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 4},
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 6},
        {.algorithm = PASSWORD_ARGON2, .argon2 = {.memory_kib = 512, .passes = 1, .lanes = 2}},
        {.algorithm = PASSWORD_ARGON2, .argon2 = {.memory_kib = 4096, .passes = 2, .lanes = 1}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct password_job made = new_job("p\xc3\xa4ss", rows[i]), again = new_job("p\xc3\xa4ss", rows[i]);
        run_one(&made);
        run_one(&again);
        assert_int_equal(made.status, PASSWORD_JOB_DONE);
        assert_false(made.match);
        assert_string_not_equal(made.out_text, again.out_text);
        assert_int_equal(password_format(made.out_text, strlen(made.out_text)), rows[i].algorithm);
        struct password_job right = verify_job("p\xc3\xa4ss", made.out_text);
        struct password_job wrong = verify_job("pass", made.out_text);
        run_one(&right);
        run_one(&wrong);
        assert_true(right.match);
        assert_int_equal(wrong.status, PASSWORD_JOB_DONE);
        assert_false(wrong.match);
    }
}

static void refused_parameters(void **state)
{
    (void)state;
    static const struct password_params rows[] = {
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 0},
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 3},
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 31},
        {.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 1000},
        {.algorithm = PASSWORD_ARGON2},
        {.algorithm = PASSWORD_ARGON2, .argon2 = {.memory_kib = 1, .passes = 1, .lanes = 1}},
        {.algorithm = PASSWORD_FIREBASE_SCRYPT},
        {.algorithm = PASSWORD_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct password_job job = new_job("password", rows[i]);
        run_one(&job);
        assert_int_equal(job.status, PASSWORD_JOB_REFUSED);
        assert_string_equal(job.out_text, "");
    }
}

/* More jobs than run together at once, of two costs and other kinds in between. */
static void many_jobs(void **state)
{
    (void)state;
    enum { JOBS = 61 };
    static struct password_job made[JOBS], checked[JOBS];
    static char passwords[JOBS][8];
    struct password_job *list[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        passwords[i][0] = (char)('A' + i % 26);
        passwords[i][1] = (char)('a' + i / 26);
        struct password_params params = {.algorithm = i % 7 == 3 ? PASSWORD_ARGON2 : PASSWORD_BCRYPT,
                                         .bcrypt_cost = i % 5 == 1 ? 5 : 4,
                                         .argon2 = {.memory_kib = 64, .passes = 1, .lanes = 1}};
        made[i] = new_job(passwords[i], params);
        list[i] = &made[i];
    }
    password_jobs_run(&env, list, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(made[i].status, PASSWORD_JOB_DONE);
        checked[i] = verify_job(i % 9 == 2 ? "wrong" : passwords[i], made[i].out_text);
        list[i] = &checked[i];
    }
    password_jobs_run(&env, list, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(checked[i].match, i % 9 != 2);
    password_jobs_run(&env, list, 0);
}

static void grouping(void **state)
{
    (void)state;
    struct password_job jobs[] = {
        verify_job("x", "$2y" BCRYPT_TAIL),
        verify_job("x", ARGON2),
        verify_job("x", "$2a$05$"),
        verify_job("x", ""),
        new_job("x", (struct password_params){.algorithm = PASSWORD_BCRYPT, .bcrypt_cost = 11}),
        new_job("x", (struct password_params){.algorithm = PASSWORD_ARGON2, .bcrypt_cost = 11}),
    };
    static const unsigned costs[] = {5, 0, 0, 0, 11, 0};
    static const enum password_algorithm algorithms[] = {PASSWORD_BCRYPT,  PASSWORD_ARGON2, PASSWORD_BCRYPT,
                                                         PASSWORD_UNKNOWN, PASSWORD_BCRYPT, PASSWORD_ARGON2};
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_int_equal(password_job_bcrypt_cost(&jobs[i]), costs[i]);
        assert_int_equal(password_job_algorithm(&jobs[i]), algorithms[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),    cmocka_unit_test(stored_texts),       cmocka_unit_test(inner_nul),
        cmocka_unit_test(new_hashes), cmocka_unit_test(refused_parameters), cmocka_unit_test(many_jobs),
        cmocka_unit_test(grouping),   cmocka_unit_test(signer_key_missing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("password_hash", tests, set_up, tear_down);
}
