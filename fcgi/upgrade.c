/* SPDX-License-Identifier: Apache-2.0 */
#include "upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "master_state.h"
#include "predecessor.h"

enum {
    LIMIT_MS = 5 * 60 * 1000, /* it may have to wait for the database, and to migrate it */
    FIRST_FD = 3,             /* of LISTEN_FDS */
    HIGH_FD = 64,             /* above all that are handed over */
};

bool upgrade_find_program(const char *name, char path[PATH_MAX])
{
    int n = name[0] == '/' ? snprintf(path, PATH_MAX, "%s", name)
                           : (int)readlink("/proc/self/exe", path, PATH_MAX - 1);
    bool found = n > 0 && n < PATH_MAX;
    path[found ? n : 0] = '\0';
    return found;
}

struct child *upgrade_successor(struct master *m)
{
    for (unsigned i = 0; i < m->children.n; i++) {
        struct child *child = &m->children.list[i];
        if (child->kind == CHILD_SUCCESSOR && child->state != CHILD_ENDING)
            return child;
    }
    return NULL;
}

void upgrade_abort(struct master *m, const char *why)
{
    struct child *successor = upgrade_successor(m);
    LOG_ERROR(NULL, "the program was not replaced, the service goes on with the one before: %s", why);
    m->upgrade_limit_ms = 0;
    if (successor) /* its workers may be serving already and are to finish that */
        child_end(successor, ORDER_END, master_drain_limit(m) + END_MARGIN_MS);
    notify_send(&m->notify, "READY=1\nSTATUS=Upgrade failed: %.200s", why);
}

void upgrade_begin(struct master *m)
{
    m->upgrade_wanted = false;
    notify_reloading(&m->notify);
    m->upgrade_limit_ms = clock_monotonic_ms() + LIMIT_MS;
    LOG_INFO(NULL, "starting %s to take over", m->program);
    if (!master_spawn(m, CHILD_SUCCESSOR, 0, false))
        upgrade_abort(m, "not enough processes");
}

/* systemd hears of the new process before that one does: if this process ends in between, the new one does
 * as well, and the unit is started again. */
void upgrade_finish(struct master *m, struct child *successor)
{
    m->stand_in = m->notify.fd < 0;
    m->phase = PHASE_HANDED_OVER;
    m->upgrade_limit_ms = 0;
    notify_send(&m->notify, "MAINPID=%d\nREADY=1\nSTATUS=The successor serves", (int)successor->pid);
    report_send(successor->report_fd, (enum report)(m->stand_in ? UPGRADE_FOLLOW : UPGRADE_LEAD));
    LOG_INFO(NULL, "process %d serves; the workers of this one finish what they have", (int)successor->pid);
    m->listeners.path[0] = m->started.path[0] = '\0'; /* they are the successor's */
    listeners_close(&m->listeners);
    for (unsigned i = 0; i < m->children.n; i++)
        if (&m->children.list[i] != successor)
            child_end(&m->children.list[i], ORDER_RETIRE, master_drain_limit(m));
    if (m->reload_wanted) /* it came when the successor may have read its configuration already */
        (void)kill(successor->pid, SIGHUP);
    if (m->upgrade_wanted)
        (void)kill(successor->pid, SIGUSR2);
}

void upgrade_ended(struct master *m, const struct child *successor, int status, const char *why)
{
    if (m->phase != PHASE_HANDED_OVER) {
        if (successor->state != CHILD_ENDING)
            upgrade_abort(m, why);
        return;
    }
    m->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (m->status != 0) {
        LOG_ERROR(NULL, "the successor is gone: %s", why);
        notify_send(&m->notify, "MAINPID=%d", (int)getpid()); /* who watches it sees this one fail */
    }
    for (unsigned i = 0; i < m->children.n; i++)
        child_end(&m->children.list[i], ORDER_END, master_drain_limit(m));
}

static void set_number(const char *name, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    (void)setenv(name, text, 1);
}

/* The numbers that it knows them by, the report's behind the sockets'; everything else is closed. */
static int arrange_descriptors(const struct listeners *l, int report_fd)
{
    int high[LISTEN_MAX + 1], n = (int)l->n;
    for (int i = 0; i <= n; i++)
        high[i] = fcntl(i < n ? l->fd[i] : report_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    for (int i = 0; i <= n; i++)
        if (high[i] < 0 || dup2(high[i], FIRST_FD + i) < 0)
            return -1;
    (void)close_range(FIRST_FD + (unsigned)n + 1, ~0U, 0);
    return FIRST_FD + n;
}

_Noreturn void upgrade_exec(const struct child_setup *setup)
{
    char why[PATH_MAX + 128];
    int report_fd = arrange_descriptors(setup->listeners, setup->report_fd);
    if (report_fd < 0)
        _exit(1);
    set_number("LISTEN_FDS", (int)setup->listeners->n);
    set_number("LISTEN_PID", (int)getpid());
    set_number(PREDECESSOR_FD, report_fd);
    (void)setenv(PREDECESSOR_SOCKET, setup->listeners->path, 1);
    if (getenv("WATCHDOG_PID"))
        set_number("WATCHDOG_PID", (int)getpid());
    (void)execv(setup->program, setup->argv);
    snprintf(why, sizeof why, "%s cannot be started: %s", setup->program, strerror(errno));
    report_failure(report_fd, why);
    _exit(1);
}
