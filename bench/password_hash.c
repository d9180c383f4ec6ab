/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What password hashing costs a core: bcrypt of cost 11 through crypt_r and ours with 1, 2 and 3 lanes, and
 * argon2id (87795 KiB, t=1, p=2) plain and in an arena. Rates are hashes per second of processor time, all
 * threads of the process counted, best of several rounds taken in turn. Times vary from machine to machine:
 * read the ratios.
 */
#include "crypto/argon2_arena.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/bcrypt.h"

enum { ROUNDS = 4, BCRYPT_COST = 11, ARGON2_HASHES = 2 };

static const struct argon2_params argon2_params = {.memory_kib = 87795, .passes = 1, .lanes = 2};
static const uint8_t salt[ARGON2_ARENA_SALT_BYTES] = "0123456789abcde";
static struct argon2_arena *arena;
static const char password[] = "correct horse battery staple";

static void run_bcrypt(void (*hash_many)(struct bcrypt_job *, size_t), size_t n)
{
    struct bcrypt_job jobs[BCRYPT_LANES];
    char setting[BCRYPT_SETTING_SIZE];
    bcrypt_make_setting(setting, BCRYPT_COST, salt);
    for (size_t i = 0; i < n; i++)
        jobs[i] = (struct bcrypt_job){(const uint8_t *)password, sizeof password - 1 - i, setting, "", false};
    hash_many(jobs, n);
}

static size_t bcrypt_crypt_r(void)
{
    run_bcrypt(bcrypt_hash_many_crypt_r, 1);
    return 1;
}

static size_t bcrypt_x1(void)
{
    run_bcrypt(bcrypt_hash_many, 1);
    return 1;
}

static size_t bcrypt_x2(void)
{
    run_bcrypt(bcrypt_hash_many, 2);
    return 2;
}

static size_t bcrypt_x3(void)
{
    run_bcrypt(bcrypt_hash_many, 3);
    return 3;
}

static size_t argon2_plain(void)
{
    char text[ARGON2_ARENA_TEXT_SIZE];
    for (int i = 0; i < ARGON2_HASHES; i++) {
        if (argon2id_hash_encoded(argon2_params.passes, argon2_params.memory_kib, argon2_params.lanes,
                                  password, sizeof password - 1, salt, sizeof salt, ARGON2_ARENA_HASH_BYTES,
                                  text, sizeof text) != ARGON2_OK)
            return 0;
    }
    return ARGON2_HASHES;
}

static size_t argon2_in_arena(void)
{
    char text[ARGON2_ARENA_TEXT_SIZE];
    for (int i = 0; i < ARGON2_HASHES; i++) {
        if (argon2_arena_hash(arena, Argon2_id, &argon2_params, salt, (const uint8_t *)password,
                              sizeof password - 1, text) != ARGON2_ARENA_OK)
            return 0;
    }
    return ARGON2_HASHES;
}

static struct row {
    const char *name;
    size_t (*run)(void); /* returns the number of hashes it made, 0 on failure */
    size_t base;         /* the row that the ratio refers to */
    double best;         /* hashes per second */
} rows[] = {
    {"bcrypt 11  crypt_r", bcrypt_crypt_r, 0, 0}, {"bcrypt 11  ours x1", bcrypt_x1, 0, 0},
    {"bcrypt 11  ours x2", bcrypt_x2, 0, 0},      {"bcrypt 11  ours x3", bcrypt_x3, 0, 0},
    {"argon2id   libargon2", argon2_plain, 4, 0}, {"argon2id   arena", argon2_in_arena, 4, 0},
};

#define ROWS (sizeof rows / sizeof rows[0])

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_huge_pages(void)
{
    char line[128] = "unknown\n";
    FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
    if (f) {
        if (!fgets(line, sizeof line, f))
            line[0] = '\0';
        fclose(f);
    }
    printf("transparent huge pages: %s", line);
}

int main(void)
{
    arena = argon2_arena_create((size_t)128 * 1024 * 1024);
    if (sodium_init() < 0 || !arena || argon2_in_arena() == 0) /* the first one maps the arena */
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            double start = cpu_seconds();
            size_t done = rows[i].run();
            double rate = (double)done / (cpu_seconds() - start);
            if (done == 0)
                return 1;
            if (rate > rows[i].best)
                rows[i].best = rate;
        }
    }
    print_huge_pages();
    for (size_t i = 0; i < ROWS; i++)
        printf("%-22s %7.2f hashes/core-s  x%.2f\n", rows[i].name, rows[i].best,
               rows[i].best / rows[rows[i].base].best);
    argon2_arena_destroy(arena);
    return 0;
}
