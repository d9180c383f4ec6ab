/* SPDX-License-Identifier: Apache-2.0
 *
 * What a child process tells its master, through a socket: one of these letters at a time; REPORT_FAILED is
 * followed by the reason up to the end of the stream.
 */
#ifndef ST_FCGI_REPORT_H
#define ST_FCGI_REPORT_H

#include <sys/types.h>

enum report {
    REPORT_READY = 'R',  /* it does its work */
    REPORT_ALIVE = 'A',  /* about once a second */
    REPORT_FAILED = 'F', /* it cannot start */
};

enum { REPORT_INTERVAL_MS = 1000 };

void report_send(int fd, enum report what);
void report_failure(int fd, const char *why);

/* What every child does first: dies with its master, and takes signals only by waiting for them. */
void child_prepare(pid_t master);
enum order {
    ORDER_NONE,
    ORDER_END,    /* SIGTERM: the service stops */
    ORDER_RETIRE, /* SIGHUP: others do the work now, so there is time */
};

/* Waits at most TIMEOUT_MS for a signal of the master. Log files are reopened here (SIGUSR1). */
enum order child_wait(int timeout_ms);

#endif
