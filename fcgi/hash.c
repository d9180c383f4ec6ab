/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "loop.h"

enum {
    NICE = 10,
    LOOK_AHEAD = 64, /* entries of the queue that are searched for jobs of the same kind */
    PURGE_INTERVAL_MS = 50,
    KEEP_MEMORY_MS = 10000, /* of Argon2, by a thread that has nothing to do */
    KEEP_BYTES_MAX = 1 << 30,
    IMPORTED_COST_MAX = 18, /* of bcrypt: some 13 s of processor time */
};

int hash_open(struct hash_pool *h)
{
    pthread_condattr_t attributes;
    int err = pthread_mutex_init(&h->lock, NULL);
    if (err || (err = pthread_condattr_init(&attributes)) != 0)
        return err;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    err = pthread_cond_init(&h->work, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return err;
}

/* Takes the entry that *LINK points to out of the queue; BEFORE is the one before it, or NULL. */
static struct request *unlink_entry(struct hash_pool *h, struct request **link, struct request *before)
{
    struct request *r = *link;
    *link = r->next;
    if (h->last == r)
        h->last = before;
    r->next = NULL;
    h->queued--;
    metrics_gauge(METRIC_hash_queued, -1);
    return r;
}

static bool nobody_waits_for(const struct request *r)
{
    return clock_monotonic_ms() >= r->x.ctx.deadline_ms || request_peek(r->fd) == PEEK_CLOSED;
}

static void drop(struct hash_pool *h, struct request *list)
{
    for (struct request *next; list; list = next) {
        next = list->next;
        list->dropped = true;
        metrics_count(METRIC_hash_dropped);
        loop_resume(h->loop, list);
    }
}

/* Those who do not wait any more must not keep others out of the queue. Returns the list of what was taken
 * out. */
static struct request *purge(struct hash_pool *h)
{
    struct request **link = &h->first, *before = NULL, *dead = NULL;
    h->purged_ms = clock_monotonic_ms();
    while (*link) {
        if (nobody_waits_for(*link)) {
            struct request *r = unlink_entry(h, link, before);
            r->next = dead;
            dead = r;
        } else {
            before = *link;
            link = &before->next;
        }
    }
    return dead;
}

static bool append(struct hash_pool *h, struct request *r)
{
    if (h->stopping || h->queued >= (unsigned)h->config->fcgi_hash_queue)
        return false;
    r->next = NULL;
    if (h->last)
        h->last->next = r;
    else
        h->first = r;
    h->last = r;
    h->queued++;
    metrics_gauge(METRIC_hash_queued, 1);
    r->queued_us = clock_monotonic_us();
    pthread_cond_signal(&h->work);
    return true;
}

bool hash_submit(struct hash_pool *h, struct request *r)
{
    struct request *dead = NULL;
    pthread_mutex_lock(&h->lock);
    bool taken = append(h, r);
    if (!taken && clock_monotonic_ms() - h->purged_ms >= PURGE_INTERVAL_MS) {
        dead = purge(h);
        taken = append(h, r);
    }
    pthread_mutex_unlock(&h->lock);
    drop(h, dead);
    metrics_add(METRIC_hash_rejected, !taken);
    return taken;
}

/* Argon2 and scrypt take much memory, so the configuration limits how many are computed at once in the whole
 * service.
 */
static struct hash_slots *own_slots(const struct hash_pool *h, enum password_algorithm algorithm,
                                    unsigned *limit)
{
    switch (algorithm) {
    case PASSWORD_ARGON2:
        *limit = (unsigned)h->config->argon2_hashing_pool_size;
        return h->argon2_slots;
    case PASSWORD_FIREBASE_SCRYPT:
        *limit = (unsigned)h->config->firebase_password_hashing_pool_size;
        return h->scrypt_slots;
    default:
        return NULL;
    }
}

/* As far as this worker's own jobs tell. */
static bool may_run(const struct hash_pool *h, const struct request *r)
{
    unsigned limit;
    enum password_algorithm algorithm = password_job_algorithm(r->x.job);
    return !own_slots(h, algorithm, &limit) || h->running[algorithm] < limit;
}

static bool has_work(const struct hash_pool *h)
{
    unsigned seen = 0;
    for (const struct request *r = h->first; r && seen < LOOK_AHEAD; r = r->next, seen++)
        if (may_run(h, r))
            return true;
    return false;
}

struct batch {
    struct request *request[HASH_BATCH];
    struct password_job *job[HASH_BATCH];
    unsigned n;
    struct request *dropped; /* list */
};

static void put_into(struct batch *b, struct request *r)
{
    b->request[b->n] = r;
    b->job[b->n++] = r->x.job;
}

/* Jobs of one bcrypt cost are computed together in little more than the time of one. What waits is shared out
 * among the threads that are ready for it, as two cores with one job each are faster than one core with two.
 */
static void take_batch(struct hash_pool *h, struct batch *b)
{
    struct request **link = &h->first, *before = NULL;
    unsigned seen = 0, cost = 0, share = (h->queued + h->ready) / (h->ready + 1);
    while (*link && seen++ < LOOK_AHEAD && b->n < HASH_BATCH) {
        if (nobody_waits_for(*link)) {
            struct request *r = unlink_entry(h, link, before);
            r->next = b->dropped;
            b->dropped = r;
            seen = 0;
        } else if (b->n == 0 ? may_run(h, *link) : password_job_bcrypt_cost((*link)->x.job) == cost) {
            cost = password_job_bcrypt_cost((*link)->x.job);
            put_into(b, unlink_entry(h, link, before));
            if (cost == 0 || b->n >= share)
                break;
        } else {
            before = *link;
            link = &before->next;
        }
    }
    if (b->n > 0)
        h->running[password_job_algorithm(b->job[0])] += b->n;
}

/* False: the thread is to end. */
static bool wait_for_work(struct hash_pool *h, struct password_jobs_env *env)
{
    bool trimmed = false;
    while (!h->stopping && !has_work(h)) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += KEEP_MEMORY_MS / 1000;
        if (trimmed) {
            (void)pthread_cond_wait(&h->work, &h->lock);
        } else if (pthread_cond_timedwait(&h->work, &h->lock, &until) == ETIMEDOUT) {
            argon2_arena_trim(env->argon2);
            trimmed = true;
        }
    }
    return !h->stopping;
}

/* The jobs of B have run, or there are none. */
static void finish_batch(struct hash_pool *h, struct batch *b)
{
    if (b->n > 0) {
        pthread_mutex_lock(&h->lock);
        h->running[password_job_algorithm(b->job[0])] -= b->n;
        if (h->first)
            pthread_cond_signal(&h->work); /* for a job that this algorithm's limit held back */
        pthread_mutex_unlock(&h->lock);
    }
    for (unsigned i = 0; i < b->n; i++)
        loop_resume(h->loop, b->request[i]);
    drop(h, b->dropped);
}

/* Back to where it was taken from: all of its algorithm's slots are in use in other workers. */
static void put_back(struct hash_pool *h, struct batch *b)
{
    pthread_mutex_lock(&h->lock);
    h->running[password_job_algorithm(b->job[0])] -= b->n;
    for (unsigned i = b->n; i-- > 0;) {
        b->request[i]->next = h->first;
        h->first = b->request[i];
        if (!h->last)
            h->last = b->request[i];
        h->queued++;
        metrics_gauge(METRIC_hash_queued, 1);
    }
    b->n = 0;
    pthread_mutex_unlock(&h->lock);
}

static void count_begin(const struct batch *b)
{
    int64_t now = clock_monotonic_us();
    for (unsigned i = 0; i < b->n; i++) {
        metrics_count(METRIC_hash_done + (unsigned)password_job_algorithm(b->job[i]));
        metrics_time(METRIC_hash_wait, now - b->request[i]->queued_us);
    }
    metrics_gauge(METRIC_hash_running, b->n);
}

/* Under one of the slots for all algorithms. Returns what to wait for before the next try, or NULL. */
static struct hash_slots *run_batch(struct hash_pool *h, struct password_jobs_env *env, struct batch *b)
{
    unsigned limit = 0, slot = 0;
    struct hash_slots *own = b->n > 0 ? own_slots(h, password_job_algorithm(b->job[0]), &limit) : NULL;
    if (own && !hash_slot_try(own, limit, &slot)) {
        put_back(h, b);
        return own;
    }
    count_begin(b);
    for (unsigned i = 0; i < b->n; i++)
        fault_enter(b->request[i]);
    password_jobs_run(env, b->job, b->n);
    fault_leave();
    metrics_gauge(METRIC_hash_running, -(int64_t)b->n);
    if (own)
        hash_slot_release(own, slot);
    return NULL;
}

static bool open_env(const struct config *config, struct password_jobs_env *env)
{
    size_t keep = config->hash_alg == CONFIG_HASH_ARGON2 ? (size_t)config->argon2_memory_kb * 1024 : 0;
    unsigned rounds = (unsigned)config->bcrypt_log_rounds;
    *env = (struct password_jobs_env){
        .bcrypt_crypt_r = !config->fcgi_bcrypt_interleaved,
        .bcrypt_verify_cost_max = rounds > IMPORTED_COST_MAX ? rounds : IMPORTED_COST_MAX,
    };
    env->argon2 = argon2_arena_create(keep < KEEP_BYTES_MAX ? keep : KEEP_BYTES_MAX);
    return env->argon2 != NULL;
}

void hash_run(struct hash_pool *h)
{
    struct password_jobs_env env;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread only */
    if (!open_env(h->config, &env)) {
        LOG_ERROR(NULL, "out of memory: one thread less computes password hashes");
        return;
    }
    pthread_mutex_lock(&h->lock);
    h->ready++;
    while (wait_for_work(h, &env)) {
        struct batch b = {.n = 0};
        pthread_mutex_unlock(&h->lock);
        unsigned slot = hash_slot_acquire(h->slots);
        pthread_mutex_lock(&h->lock);
        h->ready--;
        take_batch(h, &b);
        pthread_mutex_unlock(&h->lock);
        struct hash_slots *busy = run_batch(h, &env, &b);
        hash_slot_release(h->slots, slot);
        finish_batch(h, &b);
        if (busy)
            hash_slots_wait(busy);
        pthread_mutex_lock(&h->lock);
        h->ready++;
    }
    h->ready--;
    pthread_mutex_unlock(&h->lock);
    argon2_arena_destroy(env.argon2);
}

void hash_stop(struct hash_pool *h)
{
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_broadcast(&h->work);
    pthread_mutex_unlock(&h->lock);
}

void hash_close(struct hash_pool *h)
{
    metrics_gauge(METRIC_hash_queued, -(int64_t)h->queued);
    drop(h, h->first);
    h->first = h->last = NULL;
    (void)pthread_cond_destroy(&h->work);
    (void)pthread_mutex_destroy(&h->lock);
}
