/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes that a master has started: what they last said, and when they must be gone.
 */
#ifndef ST_FCGI_CHILDREN_H
#define ST_FCGI_CHILDREN_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "report.h"
#include "worker.h"

enum child_kind { CHILD_WORKER, CHILD_JOBS, CHILD_SUCCESSOR };

enum child_state {
    CHILD_STARTING,
    CHILD_READY,
    CHILD_ENDING, /* was told to end or to retire */
};

struct child {
    pid_t pid;
    enum child_kind kind;
    enum child_state state;
    unsigned slot;       /* whose work it does */
    unsigned generation; /* of the configuration */
    int report_fd;
    int64_t started_ms, heard_ms; /* monotonic */
    int64_t kill_ms;              /* when ending: when patience ends; else 0 */
    bool failed;                  /* it said so; then why it could not start: */
    char why[512];
    size_t nwhy;
};

struct children {
    struct child *list;
    unsigned n, size;
};

/* Forks; the child runs SETUP's work by KIND after LET_GO(CONTEXT) has closed what is the master's, and never
 * returns. NULL with errno set. The pointer is good until the next spawn or removal. */
struct child *children_spawn(struct children *c, enum child_kind kind, struct child_setup *setup,
                             void (*let_go)(void *), void *context);
struct child *children_find(struct children *c, pid_t pid);
void children_remove(struct children *c,
                     struct child *child); /* after it was reaped; reads its last words before */
void children_free(struct children *c);

/* Reads what CHILD reported. True when it has just become ready. */
bool child_listen(struct child *child);
/* Asks it to end, or to retire (report.h), at the latest in LIMIT_MS. */
void child_end(struct child *child, enum order order, int64_t limit_ms);
const char *child_name(const struct child *child); /* such as "worker" */

#endif
