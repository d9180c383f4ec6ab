/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lead.h"
#include "report.h"
#include "runtime/shared.h"
#include "service/service.h"

enum {
    NICE = 10,
    ASK_AGAIN_MS = 60 * 1000, /* whether this node leads now */
    TICK_MS = 1000,
    STUCK_MARGIN_MS = 60 * 1000,
};

struct runner {
    const struct child_setup *setup;
    struct service *service;
    struct lead lead;
    struct arena arena;
    int64_t *due_ms; /* per job, monotonic */
    sem_t wake;
    atomic_bool ending;
    _Atomic int64_t busy_since;
    void *threads[JOB_THREADS_MAX]; /* as in job_threads; NULL: not needed */
};

static void count_run(struct metrics_job *counted, int64_t begun_us, enum st_err err)
{
    metrics_add_to(&counted->runs, 1);
    metrics_add_to(&counted->failures, err != ST_OK);
    atomic_store(&counted->duration_us, clock_monotonic_us() - begun_us);
    if (err == ST_OK)
        atomic_store(&counted->last_ms, clock_now_ms());
}

static void run_job(struct runner *r, const struct job *job)
{
    int64_t begun_us = clock_monotonic_us();
    jmp_buf out_of_memory;
    struct ctx c = {.arena = &r->arena, .deadline_ms = clock_monotonic_ms() + JOB_LIMIT_MS};
    enum st_err err = ST_UNAVAILABLE;
    r->arena.recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0)
        err = job->run(&c, r->service, r->setup);
    else
        c.message = STR("out of memory");
    r->arena.recover = NULL;
    if (err != ST_OK)
        LOG_ERROR(&c, "job '%s' failed: %.*s", job->name, STR_ARG(c.message));
    arena_reset(&r->arena);
    count_run(&r->setup->shared->metrics.jobs[job - jobs_table], begun_us, err);
}

/* Runs the jobs whose time has come. */
static void run_due(struct runner *r)
{
    for (unsigned i = 0; i < jobs_table_size && !atomic_load(&r->ending); i++) {
        const struct job *job = &jobs_table[i];
        if (clock_monotonic_ms() < r->due_ms[i])
            continue;
        bool ours = job->everywhere || lead_is_ours(&r->lead);
        atomic_store(&r->setup->shared->metrics.leads, r->lead.leading);
        if (ours)
            run_job(r, job);
        r->due_ms[i] = clock_monotonic_ms() +
                       (ours || job->interval_ms < ASK_AGAIN_MS ? job->interval_ms : ASK_AGAIN_MS);
    }
}

static void *runner_main(void *object)
{
    struct runner *r = object;
    log_thread_name("jobs");
    while (!atomic_load(&r->ending)) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TICK_MS / 1000;
        if (sem_clockwait(&r->wake, CLOCK_MONOTONIC, &until) == 0 || errno != ETIMEDOUT)
            continue;
        atomic_store(&r->busy_since, clock_monotonic_ms());
        service_tick(r->service);
        metrics_tick();
        run_due(r);
        atomic_store(&r->busy_since, 0);
    }
    return NULL;
}

static void stop_threads(struct runner *r)
{
    for (unsigned i = 0; job_threads[i].name; i++)
        if (r->threads[i])
            job_threads[i].stop(r->threads[i]);
}

static bool start_threads(struct runner *r)
{
    bool failed = false;
    for (unsigned i = 0; job_threads[i].name && !failed; i++)
        r->threads[i] = job_threads[i].start(r->service, r->setup, &failed);
    return !failed;
}

static bool start(struct runner *r, const struct child_setup *setup, pthread_t *thread)
{
    char why[512] = "out of memory";
    r->setup = setup;
    r->lead.config = setup->config;
    arena_init(&r->arena);
    (void)sem_init(&r->wake, 0, 0);
    r->due_ms = calloc(jobs_table_size, sizeof *r->due_ms);
    r->service =
        r->due_ms ? service_start(setup->config, setup->sites, setup->shared, why, sizeof why) : NULL;
    for (unsigned i = 0; r->service && i < jobs_table_size; i++) {
        struct metrics_job *counted = &setup->shared->metrics.jobs[i];
        snprintf(counted->name, sizeof counted->name, "%s", jobs_table[i].name);
        r->due_ms[i] = clock_monotonic_ms() + jobs_table[i].first_ms;
    }
    if (r->service && start_threads(r) && pthread_create(thread, NULL, runner_main, r) == 0)
        return true;
    report_failure(setup->report_fd, why);
    return false;
}

static bool is_stuck(int64_t since)
{
    return since != 0 && clock_monotonic_ms() - since > JOB_LIMIT_MS + STUCK_MARGIN_MS;
}

static void report_alive(struct runner *r)
{
    const char *stuck = is_stuck(atomic_load(&r->busy_since)) ? "a job" : NULL;
    for (unsigned i = 0; job_threads[i].name; i++)
        if (r->threads[i] && is_stuck(job_threads[i].seen_ms(r->threads[i])))
            stuck = job_threads[i].name;
    if (stuck)
        LOG_ERROR(NULL, "%s has been running for too long", stuck);
    else
        report_send(r->setup->report_fd, REPORT_ALIVE);
}

int jobs_run(const struct child_setup *setup)
{
    static struct runner runner;
    pthread_t thread;
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    if (!start(&runner, setup, &thread))
        return 1;
    report_send(setup->report_fd, REPORT_READY);
    while (child_wait(REPORT_INTERVAL_MS) == ORDER_NONE)
        report_alive(&runner);
    atomic_store(&runner.ending, true);
    (void)sem_post(&runner.wake);
    stop_threads(&runner);
    (void)pthread_join(thread, NULL); /* after the job that is running; the master sets the limit */
    lead_close(&runner.lead);
    service_stop(runner.service);
    arena_free(&runner.arena);
    free(runner.due_ms);
    (void)sem_destroy(&runner.wake);
    return 0;
}
