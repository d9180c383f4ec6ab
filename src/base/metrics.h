/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting. Every process of the service adds to a block of counters in shared memory with relaxed atomics:
 * no lock and no allocation, a few nanoseconds each. Blocks outlive their process, so that counters never
 * fall: a worker that takes another one's place goes on with its block. What rises and falls (gauges) is kept
 * per process and forgotten with it.
 *
 * GET /metrics (ops/exposition.c) sums them up by the rows of base/metrics.def. Labels are from our tables,
 * never from a request. Where no process has begun (tests, the command line) counts go nowhere.
 */
#ifndef ST_BASE_METRICS_H
#define ST_BASE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/str.h"

enum {
    METRICS_WORKER_BLOCKS = 32,                 /* shared when there are more workers */
    METRICS_BLOCKS = METRICS_WORKER_BLOCKS + 1, /* the last one is of the master and the jobs */
    METRICS_PROCESSES = 256,                    /* further ones have no gauges */
    METRICS_ROUTES = 384,   /* the last one stands for all that have no number of their own */
    METRICS_DATABASES = 16, /* likewise */
    METRICS_JOBS = 24,
    METRICS_NAME = 128,
    METRICS_BUCKETS = 15, /* of a histogram, the last one without limit */
    METRICS_STATUSES = 4, /* 2xx to 5xx */
};

/* A number for each value of each row's label: METRIC_calls + HTTP_CALL_FAILED. */
enum metric {
#define FAMILY(type, source, id, count, name, label, values, help)                                           \
    METRIC_##id, METRIC_##id##_last = METRIC_##id + (count)-1,
#include "base/metrics.def"
#undef FAMILY
    METRIC_NUMBERS
};

enum metrics_kind { METRICS_NOBODY, METRICS_MASTER, METRICS_WORKER, METRICS_JOBS_PROCESS, METRICS_KINDS };

typedef _Atomic uint64_t metrics_cell;

struct metrics_times {
    metrics_cell buckets[METRICS_BUCKETS]; /* not cumulative */
    metrics_cell sum_us;
};

struct metrics_route {
    metrics_cell status[METRICS_STATUSES];
    struct metrics_times time;
};

struct metrics_block {
    metrics_cell cells[METRIC_NUMBERS];
    metrics_cell database_cells[METRICS_DATABASES][METRIC_NUMBERS];
    struct metrics_times database_wait[METRICS_DATABASES];
    struct metrics_times times[METRIC_NUMBERS];
    struct metrics_route routes[METRICS_ROUTES];
};

struct metrics_process {
    _Atomic int pid; /* 0: free */
    _Atomic int kind;
    _Atomic int64_t memory; /* bytes */
    _Atomic int64_t gauges[METRIC_NUMBERS];
    _Atomic int64_t database_gauges[METRICS_DATABASES][METRIC_NUMBERS];
};

/* Written by the jobs process. */
struct metrics_job {
    char name[METRICS_NAME];
    _Atomic int64_t last_ms; /* end of the last good run, since the epoch; 0: none */
    _Atomic int64_t duration_us;
    metrics_cell runs, failures;
};

struct metrics {
    int64_t started_ms;        /* since the epoch */
    pthread_mutex_t name_lock; /* robust; for the names of databases */
    char databases[METRICS_DATABASES][METRICS_NAME];
    struct metrics_job jobs[METRICS_JOBS];
    _Atomic bool leads;
    /* What the leading node has counted in the databases, and when; 0: it never did. */
    _Atomic int64_t deliveries_ms;
    _Atomic int64_t deliveries[4]; /* as the rows of source DELIVERIES */
    struct metrics_process processes[METRICS_PROCESSES];
    struct metrics_block blocks[METRICS_BLOCKS];
};

/* By the master before it forks, with zeroed memory; 0 or an errno value. */
int metrics_init(struct metrics *m);
/* At the start of a process: where it counts from now on. SLOT tells workers apart. */
void metrics_begin(struct metrics *m, enum metrics_kind kind, unsigned slot);
/* By the master, of a process that has ended. */
void metrics_forget(struct metrics *m, int pid);
/* About once a second in every process: memory and processor time. */
void metrics_tick(void);

/* The number of a database for the functions below. The same name has the same number in all processes. NAME
 * is an operator's: no secret. */
unsigned metrics_database(const char *name);

/* Of this process, never NULL. */
extern struct metrics_block *metrics_block;
extern struct metrics_process *metrics_process;

extern const int64_t
    metrics_limits_us[METRICS_BUCKETS]; /* upper ones, inclusive; the last is the largest number */

static inline void metrics_add_to(metrics_cell *cell, uint64_t n)
{
    atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static inline void metrics_add(unsigned metric, uint64_t n)
{
    metrics_add_to(&metrics_block->cells[metric], n);
}

static inline void metrics_count(unsigned metric)
{
    metrics_add(metric, 1);
}

static inline void metrics_gauge(enum metric metric, int64_t change)
{
    atomic_fetch_add_explicit(&metrics_process->gauges[metric], change, memory_order_relaxed);
}

void metrics_time(enum metric metric, int64_t us);
void metrics_request(unsigned route, int status, int64_t us);

static inline void metrics_database_add(unsigned database, unsigned metric, uint64_t n)
{
    metrics_add_to(&metrics_block->database_cells[database][metric], n);
}

static inline void metrics_database_gauge(unsigned database, enum metric metric, int64_t change)
{
    atomic_fetch_add_explicit(&metrics_process->database_gauges[database][metric], change,
                              memory_order_relaxed);
}

void metrics_database_wait(unsigned database, int64_t us);

#endif
