/* SPDX-License-Identifier: Apache-2.0 */
#include "children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs.h"
#include "runtime/shared.h"
#include "upgrade.h"

static bool make_room(struct children *c)
{
    if (c->n < c->size)
        return true;
    unsigned size = c->size ? 2 * c->size : 16;
    struct child *list = realloc(c->list, size * sizeof *list);
    if (!list)
        return false;
    c->list = list;
    c->size = size;
    return true;
}

static _Noreturn void run_child(struct children *c, enum child_kind kind, const struct child_setup *setup,
                                pid_t master)
{
    for (unsigned i = 0; i < c->n; i++)
        close(c->list[i].report_fd);
    children_free(c);
    child_prepare(master);
    if (kind == CHILD_SUCCESSOR)
        upgrade_exec(setup);
    if (kind != CHILD_WORKER)
        listeners_close(setup->listeners); /* only who accepts keeps the socket alive */
    metrics_begin(&setup->shared->metrics, kind == CHILD_WORKER ? METRICS_WORKER : METRICS_JOBS_PROCESS,
                  setup->slot);
    exit(kind == CHILD_WORKER ? worker_run(setup) : jobs_run(setup));
}

struct child *children_spawn(struct children *c, enum child_kind kind, struct child_setup *setup,
                             void (*let_go)(void *), void *context)
{
    int ends[2];
    pid_t master = getpid();
    if (!make_room(c) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return NULL;
    fflush(NULL); /* or the child would print what is buffered again */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        setup->report_fd = ends[1];
        let_go(context);
        run_child(c, kind, setup, master);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return NULL;
    }
    struct child *child = &c->list[c->n++];
    *child = (struct child){.pid = pid, .kind = kind, .report_fd = ends[0]};
    child->started_ms = child->heard_ms = clock_monotonic_ms();
    return child;
}

struct child *children_find(struct children *c, pid_t pid)
{
    for (unsigned i = 0; i < c->n; i++)
        if (c->list[i].pid == pid)
            return &c->list[i];
    return NULL;
}

void children_remove(struct children *c, struct child *child)
{
    close(child->report_fd);
    *child = c->list[--c->n];
}

void children_free(struct children *c)
{
    free(c->list);
    *c = (struct children){.list = NULL};
}

static void take_reason(struct child *child, const char *text, size_t n)
{
    size_t room = sizeof child->why - 1 - child->nwhy;
    n = n < room ? n : room;
    memcpy(child->why + child->nwhy, text, n);
    child->nwhy += n;
}

static void understand(struct child *child, const char *text, size_t n)
{
    for (size_t i = 0; i < n && !child->failed; i++) {
        if (text[i] == REPORT_READY && child->state == CHILD_STARTING) {
            child->state = CHILD_READY;
        } else if (text[i] == REPORT_FAILED) {
            child->failed = true;
            take_reason(child, text + i + 1, n - i - 1);
        }
    }
}

bool child_listen(struct child *child)
{
    enum child_state before = child->state;
    char text[256];
    ssize_t n;
    while ((n = read(child->report_fd, text, sizeof text)) > 0) {
        child->heard_ms = clock_monotonic_ms();
        if (child->failed)
            take_reason(child, text, (size_t)n);
        else
            understand(child, text, (size_t)n);
    }
    return before == CHILD_STARTING && child->state == CHILD_READY;
}

void child_end(struct child *child, enum order order, int64_t limit_ms)
{
    if (child->state != CHILD_ENDING)
        child->kill_ms = clock_monotonic_ms() + limit_ms;
    child->state = CHILD_ENDING;
    (void)kill(child->pid, order == ORDER_END ? SIGTERM : SIGHUP);
}

const char *child_name(const struct child *child)
{
    static const char *const names[] = {
        [CHILD_WORKER] = "worker", [CHILD_JOBS] = "jobs process", [CHILD_SUCCESSOR] = "successor"};
    return names[child->kind];
}
