/* SPDX-License-Identifier: Apache-2.0
 *
 * The jobs process: housekeeping beside the workers. Of the nodes that share a database one leads, by an
 * advisory lock of PostgreSQL, and runs what is to be done once for all; some jobs run on every node.
 */
#ifndef ST_FCGI_JOBS_H
#define ST_FCGI_JOBS_H

#include "base/ctx.h"
#include "worker.h"

struct service;

/* One row of the table of jobs (jobs_table.c). A job should end within JOB_LIMIT_MS, its context's deadline.
 */
struct job {
    const char *name;
    int64_t first_ms, interval_ms; /* after the start of the process; between the end of a run and the next */
    bool everywhere;               /* on every node, not only on the one that leads */
    enum st_err (*run)(struct ctx *c, struct service *service, const struct child_setup *setup);
};

/* A thread beside the one that runs the table, for what never ends. */
struct job_thread {
    const char *name;
    /* NULL: it is not needed; with *FAILED set: it could not be started, which was logged. */
    void *(*start)(struct service *service, const struct child_setup *setup, bool *failed);
    void (*stop)(void *thread);
    int64_t (*seen_ms)(const void *thread); /* when it last showed that it does not hang, monotonic */
};

extern const struct job_thread job_threads[]; /* ends with a row whose name is NULL */

enum { JOB_THREADS_MAX = 4 };
enum { JOB_LIMIT_MS = 10 * 60 * 1000 };

extern const struct job jobs_table[];
extern const unsigned jobs_table_size; /* at most METRICS_JOBS */

/* Runs until SIGTERM. Returns the exit status. */
int jobs_run(const struct child_setup *setup);

#endif
