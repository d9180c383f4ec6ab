/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens hashing calibrate: settings whose hashes take the time wished for, measured with the hashers of
 * the service.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "crypto/bcrypt.h"
#include "crypto/password_hash.h"
#include "json/write.h"

enum { SAMPLES = 3, POOL_MAX = 64, ARGON2_LEAST_KIB = 15 * 1024, PASSES_MAX = 32, TRIES = 12 };

static const char password[] = "a password of usual length";

/* One of several threads that hash at the same time. */
struct lane {
    pthread_t thread;
    const struct password_params *params;
    bool done;
    int64_t ms; /* of a hash */
};

static bool hash_once(struct password_jobs_env *env, const struct password_params *params)
{
    struct password_job job = {.kind = PASSWORD_HASH_NEW,
                               .password = (const uint8_t *)password,
                               .password_len = sizeof password - 1,
                               .params = *params};
    struct password_job *jobs[] = {&job};
    password_jobs_run(env, jobs, 1);
    return job.status == PASSWORD_JOB_DONE;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The first one maps the memory, which hash threads keep. Of the others the middle one counts: a pause of the
 * machine spoils one of them. */
static void *hash(void *arg)
{
    struct lane *lane = arg;
    struct password_jobs_env env = {.argon2 =
                                        argon2_arena_create(ARGON2_ARENA_MEMORY_KIB_MAX * (size_t)1024)};
    lane->done = env.argon2 && hash_once(&env, lane->params);
    int64_t us[SAMPLES] = {0};
    for (int i = 0; lane->done && i < SAMPLES; i++) {
        int64_t begin = clock_monotonic_us();
        lane->done = hash_once(&env, lane->params);
        us[i] = clock_monotonic_us() - begin;
    }
    qsort(us, SAMPLES, sizeof us[0], compare);
    lane->ms = us[SAMPLES / 2] / 1000;
    if (env.argon2)
        argon2_arena_destroy(env.argon2);
    return NULL;
}

/* Milliseconds of a hash while N are computed at a time; -1: they cannot be computed. */
static int64_t measure(const struct password_params *params, size_t n)
{
    struct lane lanes[POOL_MAX];
    size_t running = 0;
    int64_t ms = 0;
    for (; running < n; running++) {
        lanes[running] = (struct lane){.params = params};
        if (pthread_create(&lanes[running].thread, NULL, hash, &lanes[running]) != 0)
            break;
    }
    bool done = running == n;
    for (size_t i = 0; i < running; i++) {
        pthread_join(lanes[i].thread, NULL);
        done &= lanes[i].done;
        ms += lanes[i].ms;
    }
    return done ? ms / (int64_t)n : -1;
}

static void progress(const struct invocation *in, const char *what, int64_t value, int64_t ms)
{
    if (in->json)
        return;
    printf("%s %lld: %lld ms per hash\n", what, (long long)value, (long long)ms);
    fflush(stdout);
}

/* The highest cost that stays within the time. */
static int64_t calibrate_bcrypt(const struct invocation *in, struct password_params *best)
{
    int64_t found_ms = -1;
    struct password_params p = {.algorithm = PASSWORD_BCRYPT};
    for (p.bcrypt_cost = BCRYPT_COST_MIN; p.bcrypt_cost <= BCRYPT_COST_MAX; p.bcrypt_cost++) {
        int64_t ms = measure(&p, 1);
        progress(in, "bcrypt_log_rounds", p.bcrypt_cost, ms);
        if (found_ms >= 0 && ms > in->time_ms)
            break;
        *best = p;
        found_ms = ms;
        if (ms * 2 > in->time_ms + in->time_ms / 10)
            break; /* the next step takes twice as long */
    }
    return found_ms;
}

static uint32_t within(int64_t value, int64_t least, int64_t most)
{
    return (uint32_t)(value < least ? least : value > most ? most : value);
}

/* As much memory as there is, then less of it, or more passes, until the time fits. */
static int64_t calibrate_argon2(const struct invocation *in, struct password_params *best)
{
    int64_t most = in->memory_mb * 1024 / in->pool_size, ms = -1;
    uint32_t lanes = (uint32_t)in->parallelism;
    int64_t least = ARGON2_LEAST_KIB > 8 * (int64_t)lanes ? ARGON2_LEAST_KIB : 8 * (int64_t)lanes;
    struct password_params p = {.algorithm = PASSWORD_ARGON2, .argon2 = {.passes = 1, .lanes = lanes}};
    most = most > ARGON2_ARENA_MEMORY_KIB_MAX ? ARGON2_ARENA_MEMORY_KIB_MAX : most;
    least = least > most ? most : least;
    p.argon2.memory_kib = within(87795, least, most); /* the default: a quick first look */
    for (int i = 0; i < TRIES; i++) {
        ms = measure(&p, (size_t)in->pool_size);
        progress(in, "argon2_memory_kb", p.argon2.memory_kib, ms);
        *best = p;
        if (ms < 0 || (ms <= in->time_ms && ms >= in->time_ms - in->time_ms / 10))
            break;
        int64_t wanted = (int64_t)p.argon2.memory_kib * in->time_ms / (ms > 0 ? ms : 1);
        uint32_t memory = within(wanted, least, most);
        if (memory != p.argon2.memory_kib) {
            p.argon2.memory_kib = memory;
        } else if (ms < in->time_ms && memory == most && p.argon2.passes < PASSES_MAX &&
                   (p.argon2.passes + 1) * ms / p.argon2.passes <= in->time_ms) {
            p.argon2.passes =
                within(p.argon2.passes * in->time_ms / (ms > 0 ? ms : 1), p.argon2.passes + 1, PASSES_MAX);
        } else {
            break;
        }
    }
    return ms;
}

static void add_values(struct json_out *j, const struct invocation *in, const struct password_params *p)
{
    json_add_str(j, "password_hashing_alg", p->algorithm == PASSWORD_BCRYPT ? STR("BCRYPT") : STR("ARGON2"));
    if (p->algorithm == PASSWORD_BCRYPT) {
        json_add_i64(j, "bcrypt_log_rounds", p->bcrypt_cost);
        return;
    }
    json_add_i64(j, "argon2_iterations", p->argon2.passes);
    json_add_i64(j, "argon2_memory_kb", p->argon2.memory_kib);
    json_add_i64(j, "argon2_parallelism", p->argon2.lanes);
    json_add_i64(j, "argon2_hashing_pool_size", in->pool_size);
}

int calibrate_run(const struct invocation *in)
{
    struct invocation wish = *in;
    struct password_params best = {0};
    cpu_set_t set;
    if (!in->algorithm)
        return print_error("Which algorithm? Name it with --with_alg=argon2 or --with_alg=bcrypt");
    if (!in->parallelism)
        wish.parallelism = 2 * (sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1);
    bool bcrypt = strcmp(in->algorithm, "bcrypt") == 0;
    int64_t ms = bcrypt ? calibrate_bcrypt(&wish, &best) : calibrate_argon2(&wish, &best);
    if (ms < 0)
        return print_error("the hashes could not be computed: there is too little memory for them");
    struct arena arena;
    arena_init(&arena);
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    add_values(&j, &wish, &best);
    json_add_i64(&j, "millisecondsPerHash", ms);
    json_close(&j, '}');
    if (!in->json)
        puts("\nFor config.yaml:");
    print_result(in, &arena, json_done(&j), NULL);
    arena_free(&arena);
    return 0;
}
