/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "http/outgoing.h"
#include "loop.h"
#include "report.h"
#include "runtime/shared.h"
#include "service/service.h"
#include "trace/trace.h"

enum {
    STACK_BYTES = 512 * 1024,
    THREADS_MAX = 1024,
    TICK_MS = 1000,
    DRAIN_POLL_MS = 20,
    IDLE_MS = 300,
    GIVE_UP_MS = 2 * TICK_MS, /* a tick ends it, the next one may look */
};

struct request_thread {
    pthread_t id;
    struct loop *loop;
    _Atomic int64_t busy_since;
    char name[24];
};

struct worker {
    const struct child_setup *setup;
    struct service *service;
    struct loop loop;
    struct hash_pool hash;
    struct caller caller;
    X509_STORE *trace_authorities; /* NULL: no traces are sent */
    struct request_thread threads[THREADS_MAX];
    pthread_t hash_threads[HASH_SLOTS_MAX], ticker;
    unsigned nthreads, nhash_threads;
    sem_t end_ticker;
    bool ticking;
    int64_t expired_ms; /* when the requests whose time is over were ended the last time */
};

static void *request_thread_main(void *object)
{
    struct request_thread *t = object;
    (void)pthread_setname_np(pthread_self(), t->name);
    log_thread_name(t->name);
    loop_run(t->loop, &t->busy_since);
    return NULL;
}

static void *hash_thread_main(void *object)
{
    (void)pthread_setname_np(pthread_self(), "hash");
    log_thread_name("hash");
    hash_run(object);
    return NULL;
}

/* In a thread of its own: the service may wait for the database here, and the main thread must stay
 * responsive. */
static void *ticker_main(void *object)
{
    struct worker *w = object;
    (void)pthread_setname_np(pthread_self(), "ticker");
    log_thread_name("ticker");
    for (;;) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TICK_MS / 1000;
        if (sem_clockwait(&w->end_ticker, CLOCK_MONOTONIC, &until) == 0)
            return NULL;
        if (errno == ETIMEDOUT) {
            service_tick(w->service);
            metrics_tick();
        }
    }
}

static int start_threads(struct worker *w)
{
    pthread_attr_t attributes;
    int err = pthread_attr_init(&attributes);
    if (err || (err = pthread_attr_setstacksize(&attributes, STACK_BYTES)) != 0)
        return err;
    for (unsigned n = w->loop.threads; !err && w->nthreads < n; w->nthreads += !err) {
        struct request_thread *t = &w->threads[w->nthreads];
        t->loop = &w->loop;
        snprintf(t->name, sizeof t->name, "request-%u", w->nthreads);
        err = pthread_create(&t->id, &attributes, request_thread_main, t);
    }
    for (unsigned n = w->hash.slots->count; !err && w->nhash_threads < n; w->nhash_threads += !err)
        err = pthread_create(&w->hash_threads[w->nhash_threads], &attributes, hash_thread_main, &w->hash);
    if (!err)
        err = pthread_create(&w->ticker, &attributes, ticker_main, w);
    w->ticking = !err;
    (void)pthread_attr_destroy(&attributes);
    return err;
}

static bool secure_traces(CURL *easy, void *object)
{
    const struct worker *w = object;
    return outgoing_secure(easy, w->setup->config, w->trace_authorities);
}

/* 0 or an errno value. */
static int start_traces(struct worker *w)
{
    const struct config *config = w->setup->config;
    if (!config->fcgi_otlp_endpoint || !*config->fcgi_otlp_endpoint)
        return 0;
    w->trace_authorities = outgoing_authorities(config);
    return !w->trace_authorities ? ENOMEM
                                 : trace_start(&(struct trace_options){
                                       .endpoint = config->fcgi_otlp_endpoint,
                                       .headers = config->fcgi_otlp_headers,
                                       .service_name = config->fcgi_otlp_service_name,
                                       .sample_ratio = config->fcgi_otlp_sample_ratio,
                                       .believe_traceparent = config->fcgi_otlp_trust_traceparent,
                                       .secure = secure_traces,
                                       .secure_context = w,
                                   });
}

static bool start(struct worker *w, char *why, size_t why_size)
{
    const struct child_setup *setup = w->setup;
    const struct config *config = setup->config;
    (void)FCGX_Init();
    w->service = service_start(config, setup->sites, setup->shared, why, why_size);
    if (!w->service)
        return false;
    int threads = config->max_server_pool_size;
    w->hash = (struct hash_pool){.slots = &setup->shared->hash_slots,
                                 .argon2_slots = &setup->shared->argon2_slots,
                                 .scrypt_slots = &setup->shared->scrypt_slots,
                                 .loop = &w->loop,
                                 .config = config};
    w->caller = (struct caller){.loop = &w->loop, .config = config};
    w->loop.service = w->service;
    w->loop.listeners = setup->listeners;
    w->loop.limits.body = (size_t)config->fcgi_max_body;
    w->loop.limits.timeout_ms = config->fcgi_request_timeout;
    w->loop.hash = &w->hash;
    w->loop.caller = &w->caller;
    w->loop.threads = threads < THREADS_MAX ? (unsigned)threads : THREADS_MAX;
    (void)sem_init(&w->end_ticker, 0, 0);
    int err = hash_open(&w->hash);
    if (!err)
        err = caller_open(&w->caller);
    if (!err)
        err = loop_open(&w->loop);
    if (!err)
        err = start_traces(w);
    if (!err)
        err = start_threads(w);
    if (err)
        snprintf(why, why_size, "worker threads could not be started: %s", strerror(err));
    return err == 0;
}

/* A worker whose threads have all been busy with one request each beyond the time that one may take, and that
 * it takes to give one up, does not report itself alive; the master replaces it when that lasts for
 * fcgi_hang_timeout. What is ended just now, after a pause of the machine, still has that time. */
static bool is_stuck(const struct worker *w, int64_t now)
{
    int64_t given_up = now - GIVE_UP_MS < w->expired_ms ? now - GIVE_UP_MS : w->expired_ms;
    int64_t oldest = given_up - w->loop.limits.timeout_ms;
    for (unsigned i = 0; i < w->nthreads; i++) {
        int64_t since = atomic_load_explicit(&w->threads[i].busy_since, memory_order_relaxed);
        if (since == 0 || since > oldest)
            return false;
    }
    return true;
}

static void report_alive(struct worker *w)
{
    int64_t now = clock_monotonic_ms();
    loop_expire(&w->loop);
    if (is_stuck(w, now))
        LOG_ERROR(NULL, "all request threads have been busy with one request each for too long");
    else
        report_send(w->setup->report_fd, REPORT_ALIVE);
    w->expired_ms = now;
}

/* Waits for what is in progress. Kept connections on which nothing comes for a moment are closed when the
 * service stops; a worker that retires leaves that to nginx, so that no request can be lost in them. Returns
 * false when the time was not enough. */
static bool drain(struct worker *w, enum order order)
{
    int64_t begun = clock_monotonic_ms(), now = begun, next_report = begun;
    loop_drain(&w->loop);
    while (atomic_load(&w->loop.connections) > 0 && now - begun < w->setup->config->fcgi_drain_timeout) {
        if (order == ORDER_END && now - begun >= IDLE_MS && atomic_load(&w->loop.busy) == 0)
            break;
        if (now >= next_report) {
            report_alive(w);
            next_report = now + REPORT_INTERVAL_MS;
        }
        if (child_wait(DRAIN_POLL_MS) == ORDER_END)
            order = ORDER_END;
        now = clock_monotonic_ms();
    }
    unsigned busy = atomic_load(&w->loop.busy);
    if (busy > 0)
        LOG_WARN(NULL, "%u requests were given up: they did not end within fcgi_drain_timeout", busy);
    return busy == 0;
}

static void stop(struct worker *w)
{
    (void)sem_post(&w->end_ticker);
    loop_stop(&w->loop);
    hash_stop(&w->hash);
    for (unsigned i = 0; i < w->nthreads; i++)
        (void)pthread_join(w->threads[i].id, NULL);
    for (unsigned i = 0; i < w->nhash_threads; i++)
        (void)pthread_join(w->hash_threads[i], NULL);
    caller_stop(&w->caller);
    if (w->ticking)
        (void)pthread_join(w->ticker, NULL);
    trace_stop();
    X509_STORE_free(w->trace_authorities);
    hash_close(&w->hash);
    caller_close(&w->caller);
    loop_close(&w->loop);
    service_stop(w->service);
    (void)sem_destroy(&w->end_ticker);
}

int worker_run(const struct child_setup *setup)
{
    char why[512] = "out of memory";
    (void)mallopt(M_ARENA_MAX, 2); /* many threads, little memory each */
    struct worker *w = calloc(1, sizeof *w);
    if (!w || !(w->setup = setup, start(w, why, sizeof why))) {
        report_failure(setup->report_fd, why);
        _exit(1); /* the threads that did start end with the process */
    }
    report_send(setup->report_fd, REPORT_READY);
    enum order order;
    while ((order = child_wait(REPORT_INTERVAL_MS)) == ORDER_NONE)
        report_alive(w);
    if (!drain(w, order))
        _exit(1);
    stop(w);
    free(w);
    return 0;
}
