/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker process: the service behind a loop of request threads and a few hash threads. Its main thread only
 * listens to signals and reports to the master.
 */
#ifndef ST_FCGI_WORKER_H
#define ST_FCGI_WORKER_H

#include "listen.h"

struct config;
struct shared;
struct sites;

/* What a child process is given. The master's report socket takes single letters (report.h). */
struct child_setup {
    const struct config *config;
    const struct sites *sites;
    struct shared *shared;
    struct listeners *listeners;
    int report_fd;
    unsigned slot;       /* which of the workers it is */
    const char *program; /* of a successor (upgrade.h) */
    char *const *argv;
};

/* Runs until SIGTERM and the drain that follows. Returns the exit status. */
int worker_run(const struct child_setup *setup);

#endif
