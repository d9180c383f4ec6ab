/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

static struct metrics_block nowhere;
static struct metrics_process nobody;
static struct metrics *all; /* NULL: no process has begun */
static int64_t cpu_us;      /* of this process, as far as it has been counted */

struct metrics_block *metrics_block = &nowhere;
struct metrics_process *metrics_process = &nobody;

const int64_t metrics_limits_us[METRICS_BUCKETS] = {
    100,    500,    1000,   2500,    5000,    10000,    25000,     50000,
    100000, 250000, 500000, 1000000, 2500000, 10000000, INT64_MAX,
};

int metrics_init(struct metrics *m)
{
    pthread_mutexattr_t a;
    m->started_ms = clock_now_ms();
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    int err = pthread_mutex_init(&m->name_lock, &a);
    pthread_mutexattr_destroy(&a);
    return err;
}

static struct metrics_process *claim(struct metrics *m, int pid)
{
    for (unsigned i = 0; i < METRICS_PROCESSES; i++) {
        int nobody_yet = 0;
        if (atomic_compare_exchange_strong(&m->processes[i].pid, &nobody_yet, pid))
            return &m->processes[i];
    }
    return &nobody;
}

void metrics_begin(struct metrics *m, enum metrics_kind kind, unsigned slot)
{
    all = m;
    metrics_block = &m->blocks[kind == METRICS_WORKER ? slot % METRICS_WORKER_BLOCKS : METRICS_WORKER_BLOCKS];
    metrics_process = claim(m, (int)getpid());
    atomic_store(&metrics_process->kind, (int)kind);
    cpu_us = 0;
    metrics_tick();
}

void metrics_forget(struct metrics *m, int pid)
{
    for (unsigned i = 0; i < METRICS_PROCESSES; i++) {
        struct metrics_process *p = &m->processes[i];
        if (atomic_load(&p->pid) != pid)
            continue;
        for (unsigned g = 0; g < METRIC_NUMBERS; g++)
            atomic_store(&p->gauges[g], 0);
        for (unsigned d = 0; d < METRICS_DATABASES; d++)
            for (unsigned g = 0; g < METRIC_NUMBERS; g++)
                atomic_store(&p->database_gauges[d][g], 0);
        atomic_store(&p->memory, 0);
        atomic_store(&p->pid, 0);
    }
}

static int64_t microseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* The second number of /proc/self/statm is the resident pages. 0: not known. */
static int64_t resident_bytes(void)
{
    char text[128] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    struct str rest = fgets(text, sizeof text, f) ? str_of(text) : STR("");
    fclose(f);
    int64_t pages = 0;
    (void)str_split(&rest, ' ');
    return rest.p && str_to_i64(str_split(&rest, ' '), &pages) ? pages * sysconf(_SC_PAGESIZE) : 0;
}

void metrics_tick(void)
{
    struct rusage u;
    int kind = atomic_load(&metrics_process->kind);
    atomic_store_explicit(&metrics_process->memory, resident_bytes(), memory_order_relaxed);
    if (kind == METRICS_NOBODY || getrusage(RUSAGE_SELF, &u) != 0)
        return;
    int64_t now = microseconds(u.ru_utime) + microseconds(u.ru_stime);
    metrics_add(METRIC_cpu + (unsigned)kind - METRICS_MASTER, now > cpu_us ? (uint64_t)(now - cpu_us) : 0);
    cpu_us = now > cpu_us ? now : cpu_us;
}

unsigned metrics_database(const char *name)
{
    unsigned i = 0;
    if (!all)
        return 0;
    if (pthread_mutex_lock(&all->name_lock) == EOWNERDEAD)
        pthread_mutex_consistent(&all->name_lock);
    while (i < METRICS_DATABASES - 1 && all->databases[i][0] &&
           strncmp(all->databases[i], name, METRICS_NAME - 1) != 0)
        i++;
    if (!all->databases[i][0])
        snprintf(all->databases[i], METRICS_NAME, "%s", i < METRICS_DATABASES - 1 ? name : "other");
    pthread_mutex_unlock(&all->name_lock);
    return i;
}

static void add_time(struct metrics_times *t, int64_t us)
{
    unsigned i = 0;
    us = us < 0 ? 0 : us;
    while (us > metrics_limits_us[i])
        i++;
    metrics_add_to(&t->buckets[i], 1);
    metrics_add_to(&t->sum_us, (uint64_t)us);
}

void metrics_time(enum metric metric, int64_t us)
{
    add_time(&metrics_block->times[metric], us);
}

void metrics_database_wait(unsigned database, int64_t us)
{
    add_time(&metrics_block->database_wait[database], us);
}

void metrics_request(unsigned route, int status, int64_t us)
{
    struct metrics_route *r = &metrics_block->routes[route < METRICS_ROUTES ? route : METRICS_ROUTES - 1];
    int class = status / 100 - 2;
    metrics_add_to(&r->status[class < 0 ? 0 : class < METRICS_STATUSES ? class : METRICS_STATUSES - 1], 1);
    add_time(&r->time, us);
}
