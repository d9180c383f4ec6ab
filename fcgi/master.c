/* SPDX-License-Identifier: Apache-2.0 */
#include "master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "master_state.h"
#include "runtime/shared.h"
#include "site/site.h"
#include "upgrade.h"

enum {
    STEADY_MS = 10 * 1000,        /* a child that lived so long did not die of its start */
    FIRST_PAUSE_MS = 100,         /* before a child that did is started again, doubled each time */
    LONGEST_PAUSE_MS = 30 * 1000, /* up to this */
    ABORT_LIMIT_MS = 5 * 1000,    /* for dumping core after SIGABRT */
    LONGEST_POLL_MS = 10 * 1000,
    OTHER_FDS = 3, /* that are polled besides those of the children */
};

/* ---- starting children ---- */

static void let_go(void *object)
{
    struct master *m = object;
    close(m->signal_fd);
    notify_close(&m->notify);
    listener_forget(&m->listener);
    if (m->predecessor.fd >= 0)
        close(m->predecessor.fd);
}

bool master_spawn(struct master *m, enum child_kind kind, unsigned slot, bool next)
{
    struct child_setup setup = {
        .config = next ? m->next : m->config,
        .sites = next ? m->next_sites : m->sites,
        .shared = m->shared,
        .listeners = &m->listeners,
        .slot = slot,
        .program = m->program,
        .argv = m->options->argv,
    };
    struct child *child = children_spawn(&m->children, kind, &setup, let_go, m);
    if (!child) {
        LOG_ERROR(NULL, "cannot start a process: %s", strerror(errno));
        return false;
    }
    child->slot = slot;
    child->generation = m->generation + next;
    return true;
}

static void schedule(struct master *m, unsigned slot, bool lived_long)
{
    struct slot *s = &m->slots[slot];
    int64_t pause = 0;
    if (lived_long)
        s->failures = 0;
    else if (s->failures++ < 9)
        pause = (int64_t)FIRST_PAUSE_MS << (s->failures - 1);
    else
        pause = LONGEST_PAUSE_MS;
    s->start_ms = clock_monotonic_ms() + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
}

static void start_due(struct master *m, int64_t now)
{
    for (unsigned i = 0; i <= m->workers; i++) {
        if (m->slots[i].start_ms == 0 || now < m->slots[i].start_ms)
            continue;
        m->slots[i].start_ms = 0;
        if (!master_spawn(m, i < m->workers ? CHILD_WORKER : CHILD_JOBS, i, false))
            schedule(m, i, false);
    }
}

static void fill_slots(struct master *m, unsigned workers)
{
    m->workers = workers;
    for (unsigned i = 0; i <= workers; i++)
        m->slots[i] = (struct slot){.start_ms = 1};
}

/* ---- ending ---- */

int64_t master_drain_limit(const struct master *m)
{
    return m->config->fcgi_drain_timeout + END_MARGIN_MS;
}

static void end_children(struct master *m, enum order order)
{
    for (unsigned i = 0; i < m->children.n; i++) {
        struct child *child = &m->children.list[i];
        if (child->kind == CHILD_SUCCESSOR && m->phase == PHASE_HANDED_OVER)
            continue;
        int64_t more = child->kind == CHILD_SUCCESSOR ? END_MARGIN_MS : 0;
        child_end(child, order, master_drain_limit(m) + more);
    }
}

void master_end(struct master *m, int status)
{
    enum order order = predecessor_serves(m) ? ORDER_RETIRE : ORDER_END;
    m->phase = PHASE_ENDING;
    m->status = status;
    if (m->shared) /* not yet, when the start fails */
        atomic_store(&m->shared->readiness.draining, order == ORDER_END);
    notify_send(&m->notify, "STOPPING=1");
    listeners_unlink(&m->listeners);
    end_children(m, order);
}

static void told_to_end(struct master *m)
{
    if (m->phase == PHASE_ENDING)
        return;
    puts("Stopping SuperTokens...\nStopping webserver...");
    fflush(stdout);
    master_end(m, 0);
}

static void told_to_end_at_once(struct master *m)
{
    told_to_end(m);
    for (unsigned i = 0; i < m->children.n; i++) {
        struct child *child = &m->children.list[i];
        if (child->kind == CHILD_SUCCESSOR)
            (void)kill(child->pid, SIGQUIT); /* it has children of its own to kill */
        else
            child->kill_ms = clock_monotonic_ms();
    }
}

/* ---- what happens to children ---- */

static unsigned count_ready(const struct master *m, unsigned generation)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->children.n; i++) {
        const struct child *child = &m->children.list[i];
        n += child->kind == CHILD_WORKER && child->state == CHILD_READY && child->kill_ms == 0 &&
             child->generation == generation;
    }
    return n;
}

void master_started(struct master *m)
{
    m->phase = PHASE_SERVING;
    started_write(&m->started, m->options->temp_dir, m->config);
    notify_send(&m->notify, "READY=1\nSTATUS=Serving with %u workers", m->workers);
    printf("Started SuperTokens on %s:%d with PID: %d\n", m->config->host, m->config->port, (int)getpid());
    fflush(stdout);
    LOG_INFO(NULL, "Started SuperTokens on %s:%d with PID: %d", m->config->host, m->config->port,
             (int)getpid());
}

static void became_ready(struct master *m, const struct child *child)
{
    if (child->kind == CHILD_SUCCESSOR && m->phase == PHASE_SERVING)
        upgrade_finish(m, upgrade_successor(m));
    if (child->kind != CHILD_WORKER)
        return;
    if (reload_is_next(m, child) && count_ready(m, m->generation + 1) == startup_workers(m->options, m->next))
        reload_finish(m);
    else if (m->phase != PHASE_STARTING || count_ready(m, m->generation) != m->workers)
        return;
    else if (predecessor_serves(m))
        report_send(m->predecessor.fd, REPORT_READY); /* and it says when to go on */
    else
        master_started(m);
}

static void fail_to_start(struct master *m, const char *why)
{
    if (predecessor_serves(m)) {
        report_failure(m->predecessor.fd, why);
        master_end(m, 1);
        return;
    }
    startup_print_failure(why);
    master_end(m, 1);
    startup_print_failure(why);
}

static void describe_end(const struct child *child, int status, char why[STARTUP_WHY])
{
    if (child->failed)
        snprintf(why, STARTUP_WHY, "%s", child->why);
    else if (WIFSIGNALED(status))
        snprintf(why, STARTUP_WHY, "%s %d was killed by signal %d (%s)", child_name(child), (int)child->pid,
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(why, STARTUP_WHY, "%s %d ended with status %d", child_name(child), (int)child->pid,
                 WEXITSTATUS(status));
}

static void ended(struct master *m, pid_t pid, int status)
{
    char why[STARTUP_WHY];
    struct child *found = children_find(&m->children, pid);
    if (!found)
        return; /* a resolver */
    (void)child_listen(found);
    metrics_forget(&m->shared->metrics, pid);
    struct child child = *found;
    children_remove(&m->children, found);
    describe_end(&child, status, why);
    if (child.kind == CHILD_SUCCESSOR)
        upgrade_ended(m, &child, status, why);
    if (child.kind == CHILD_SUCCESSOR || child.state == CHILD_ENDING)
        return;
    if (reload_is_next(m, &child)) {
        reload_abort(m, why);
    } else if (m->phase == PHASE_STARTING && child.kind == CHILD_WORKER) {
        fail_to_start(m, why);
    } else {
        metrics_count(child.kind == CHILD_WORKER ? METRIC_restarts : METRIC_restarts_last);
        LOG_ERROR(NULL, "%s; another one is started", why);
        schedule(m, child.slot, clock_monotonic_ms() - child.started_ms >= STEADY_MS);
    }
}

static void reap(struct master *m)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        ended(m, pid, status);
}

/* Ends what hangs: children that are silent, and those that were told to end and did not. */
static void end_hanging(struct master *m, int64_t now)
{
    for (unsigned i = 0; i < m->children.n; i++) {
        struct child *child = &m->children.list[i];
        bool reports = child->kind != CHILD_SUCCESSOR;
        if (reports && child->kill_ms == 0 && child->state != CHILD_ENDING &&

            now - child->heard_ms > m->config->fcgi_hang_timeout) {
            LOG_ERROR(NULL, "%s %d hangs and is aborted", child_name(child), (int)child->pid);
            (void)kill(child->pid, SIGABRT);
            child->kill_ms = now + ABORT_LIMIT_MS;
        } else if (child->kill_ms != 0 && now >= child->kill_ms) {
            LOG_WARN(NULL, "%s %d did not end in time and is killed", child_name(child), (int)child->pid);
            (void)kill(child->pid, SIGKILL);
            child->kill_ms = now + ABORT_LIMIT_MS;
        }
    }
}

/* ---- the loop ---- */

static void reopen_logs(struct master *m)
{
    log_reopen();
    for (unsigned i = 0; i < m->children.n; i++)
        (void)kill(m->children.list[i].pid, SIGUSR1);
}

static void take_signal(struct master *m, int number)
{
    if (number == SIGTERM || number == SIGINT)
        told_to_end(m);
    else if (number == SIGQUIT)
        told_to_end_at_once(m);
    else if (number == SIGHUP)
        m->reload_wanted = true;
    else if (number == SIGUSR2)
        m->upgrade_wanted = true;
}

/* What is said to the service while another process is it. */
static void pass_signal_on(struct master *m, int number)
{
    const struct child *successor = upgrade_successor(m);
    if (successor)
        (void)kill(successor->pid, number);
    if (number == SIGTERM || number == SIGINT || number == SIGQUIT)
        end_children(m, ORDER_END);
}

static void take_signals(struct master *m)
{
    struct signalfd_siginfo info;
    while (read(m->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(m);
        else if (info.ssi_signo == SIGUSR1)
            reopen_logs(m);
        else if (m->phase == PHASE_HANDED_OVER)
            pass_signal_on(m, (int)info.ssi_signo);
        else
            take_signal(m, (int)info.ssi_signo);
    }
}

/* For systemd's watchdog: this loop turns, and some worker serves. Where none does, and does not come back,
 * all the processes are to be started anew, with shared memory that nothing has happened to. */
static void show_life(struct master *m, int64_t now)
{
    if (m->notify.watchdog_ms == 0 || m->phase == PHASE_HANDED_OVER || now < m->next_watchdog_ms)
        return;
    if (m->phase != PHASE_SERVING || count_ready(m, m->generation) > 0)
        notify_send(&m->notify, "WATCHDOG=1");
    m->next_watchdog_ms = now + m->notify.watchdog_ms / 3;
}

static void run_timers(struct master *m, int64_t now)
{
    show_life(m, now);
    end_hanging(m, now);
    if (m->phase == PHASE_HANDED_OVER && m->children.n <= 1 && m->listener.config)
        listener_close(&m->listener); /* nobody here wants news any more */
    if (m->phase >= PHASE_ENDING)
        return;
    start_due(m, now);
    if (m->next && now >= m->reload_limit_ms)
        reload_abort(m, "the new workers did not get ready in time");
    if (m->upgrade_limit_ms && now >= m->upgrade_limit_ms)
        upgrade_abort(m, "it was not ready in time");
    bool busy = m->next || m->upgrade_limit_ms || m->phase != PHASE_SERVING;
    if (m->reload_wanted && !busy)
        reload_begin(m);
    else if (m->upgrade_wanted && !busy)
        upgrade_begin(m);
}

static void sooner(int64_t *at, int64_t candidate)
{
    if (candidate != 0 && candidate < *at)
        *at = candidate;
}

static int poll_timeout(const struct master *m, int64_t now)
{
    int64_t at = now + LONGEST_POLL_MS;
    sooner(&at, listener_due(&m->listener));
    if (m->notify.watchdog_ms > 0 && m->phase != PHASE_HANDED_OVER)
        sooner(&at, m->next_watchdog_ms);
    for (unsigned i = 0; i < m->children.n; i++)
        sooner(&at, m->children.list[i].kill_ms);
    for (unsigned i = 0; m->phase < PHASE_ENDING && i <= m->workers; i++)
        sooner(&at, m->slots[i].start_ms);
    return at > now ? (int)(at - now) : 0;
}

static void wait_for_events(struct master *m, struct pollfd *fds)
{
    unsigned n = m->children.n;
    fds[0] = (struct pollfd){.fd = m->signal_fd, .events = POLLIN};
    fds[1] = listener_poll(&m->listener);
    fds[2] = (struct pollfd){.fd = m->predecessor.fd, .events = POLLIN};
    struct pollfd *reports = fds + OTHER_FDS;
    for (unsigned i = 0; i < n; i++)
        reports[i] = (struct pollfd){.fd = m->children.list[i].report_fd, .events = POLLIN};
    if (poll(fds, OTHER_FDS + n, poll_timeout(m, clock_monotonic_ms())) < 0)
        return;
    for (unsigned i = 0; i < n; i++)
        if ((reports[i].revents & POLLIN) && child_listen(&m->children.list[i]))
            became_ready(m, &m->children.list[i]);
    if (fds[1].revents || clock_monotonic_ms() >= listener_due(&m->listener))
        listener_run(&m->listener, fds[1].revents);
    if (fds[2].revents)
        predecessor_listen(m);
    if (fds[0].revents)
        take_signals(m);
}

struct poll_list {
    struct pollfd *fds;
    unsigned size;
};

static bool make_room(struct poll_list *list, unsigned n)
{
    if (list->fds && n <= list->size)
        return true;
    struct pollfd *fds = realloc(list->fds, 2 * n * sizeof *fds);
    if (!fds)
        return false;
    list->fds = fds;
    list->size = 2 * n;
    return true;
}

static bool is_over(struct master *m)
{
    if (m->phase < PHASE_ENDING || m->children.n > 1)
        return false;
    return m->children.n == 0 || (m->phase == PHASE_HANDED_OVER && !m->stand_in && upgrade_successor(m));
}

static void serve(struct master *m)
{
    struct poll_list list = {.fds = NULL};
    metrics_begin(&m->shared->metrics, METRICS_MASTER, 0);
    while (!is_over(m)) {
        run_timers(m, clock_monotonic_ms());
        metrics_tick();
        if (!make_room(&list, m->children.n + OTHER_FDS)) {
            master_end(m, 1); /* nothing can be supervised any more */
            break;
        }
        wait_for_events(m, list.fds);
    }
    free(list.fds);
}

static bool open_signals(struct master *m)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&set, signals[i]);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return m->signal_fd >= 0;
}

static bool prepare(struct master *m, char why[STARTUP_WHY])
{
    const struct options *o = m->options;
    puts("Loading supertokens config.");
    if (!startup_load(o, &m->config, why))
        return false;
    if (!startup_sites(o, m->config, &m->sites, why))
        return false;
    puts("Completed config.yaml loading.\nLoading storage layer.\nLoading PostgreSQL config.");
    if (!startup_log(o, m->config, why))
        return false;
    puts("Setting up PostgreSQL connection pool.");
    fflush(stdout);
    notify_send(&m->notify, "STATUS=Waiting for the database");
    if (!startup_schema(m->config, why))
        return false;
    m->shared = startup_shared(o, m->config, why);
    return m->shared &&
           listeners_open(&m->listeners, o->socket ? o->socket : m->config->fcgi_socket, why, STARTUP_WHY);
}

static void clean_up(struct master *m)
{
    started_remove(&m->started);
    listeners_unlink(&m->listeners);
    listeners_close(&m->listeners);
    if (m->listener.config)
        listener_close(&m->listener);
    if (m->shared)
        key_stock_wipe(&m->shared->key_stock);
    children_free(&m->children);
    reload_forget(m);
    config_free(m->config);
    sites_free(m->sites);
    notify_close(&m->notify);
    close(m->signal_fd);
}

int master_run(const struct options *o)
{
    static struct master m;
    char why[STARTUP_WHY] = "signals cannot be received";
    m = (struct master){.options = o, .phase = PHASE_STARTING};
    m.listener.resolve.fd = m.notify.fd = -1;
    predecessor_find(&m.predecessor);
    if (m.predecessor.fd < 0)
        notify_open(&m.notify);
    if (!upgrade_find_program(o->argv[0], m.program) || !open_signals(&m) || !prepare(&m, why)) {
        fflush(stdout);
        fail_to_start(&m, why);
        clean_up(&m);
        return 1;
    }
    (void)prctl(PR_SET_PDEATHSIG, 0); /* from here on the predecessor's socket tells of its end */
    startup_raise_file_limit();
    listener_open(&m.listener, &m.shared->generations, m.config);
    fill_slots(&m, startup_workers(o, m.config));
    serve(&m);
    clean_up(&m);
    if (m.status == 0 && m.phase == PHASE_ENDING)
        puts("Goodbye");
    return m.status;
}
