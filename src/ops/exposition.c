/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /metrics: the rows of base/metrics.def in Prometheus' text format 0.0.4, or in OpenMetrics 1.0 for
 * those who ask for it. Both differ in the name of a counter's family and in the end.
 */
#include "base/clock.h"
#include "jwt/keys.h"
#include "ops/ops.h"
#include "ops/routes.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"
#include "version.h"

enum { KEYS_LIMIT_MS = 1000, STALE_MS = 5 * 60 * 1000 };

enum type { COUNTER, GAUGE, HISTOGRAM };

struct family;

struct writer {
    struct buf text;
    struct service *service;
    struct exchange *x;
    const struct metrics *m;
    const struct family *family;
    bool openmetrics;
};

static void write_cells(struct writer *w), write_times(struct writer *w), write_gauges(struct writer *w),
    write_requests(struct writer *w), write_route_time(struct writer *w),
    write_database_gauges(struct writer *w), write_database_cells(struct writer *w),
    write_database_time(struct writer *w), write_job_last(struct writer *w),
    write_job_duration(struct writer *w), write_job_runs(struct writer *w),
    write_job_failures(struct writer *w), write_deliveries(struct writer *w), write_leads(struct writer *w),
    write_alive(struct writer *w), write_memory(struct writer *w), write_key_age(struct writer *w),
    write_key_rotation(struct writer *w), write_build(struct writer *w), write_start(struct writer *w);

#define CELLS write_cells
#define TIMES write_times
#define GAUGES write_gauges
#define REQUESTS write_requests
#define ROUTE_TIME write_route_time
#define DATABASE_GAUGES write_database_gauges
#define DATABASE_CELLS write_database_cells
#define DATABASE_TIME write_database_time
#define JOB_LAST write_job_last
#define JOB_DURATION write_job_duration
#define JOB_RUNS write_job_runs
#define JOB_FAILURES write_job_failures
#define DELIVERIES write_deliveries
#define LEADS write_leads
#define ALIVE write_alive
#define MEMORY write_memory
#define KEY_AGE write_key_age
#define KEY_ROTATION write_key_rotation
#define BUILD write_build
#define START write_start

static const struct family {
    enum type type;
    void (*write)(struct writer *w);
    unsigned metric, count;
    const char *name, *label, *values, *help;
} families[] = {
#define FAMILY(type, source, id, count, name, label, values, help)                                           \
    {type, source, METRIC_##id, count, "supertokens_" name, label, values, help},
#include "base/metrics.def"
#undef FAMILY
};

/* ---- lines ---- */

static uint64_t read_cell(const metrics_cell *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

/* Names with "_seconds" are counted in microseconds. */
static void write_number(struct writer *w, int64_t n)
{
    if (strstr(w->family->name, "_seconds"))
        buf_printf(&w->text, "%s%lld.%06lld\n", n < 0 ? "-" : "", (long long)(n < 0 ? -n : n) / 1000000,
                   (long long)(n < 0 ? -n : n) % 1000000);
    else
        buf_printf(&w->text, "%lld\n", (long long)n);
}

/* LABELS: 'a="b",c="d"', or "". */
static void write_line(struct writer *w, const char *labels, int64_t n)
{
    buf_printf(&w->text, "%s%s%s%s ", w->family->name, *labels ? "{" : "", labels, *labels ? "}" : "");
    write_number(w, n);
}

static const char *label(struct writer *w, const char *name, struct str value)
{
    struct buf b = buf_in(&w->x->arena);
    buf_printf(&b, "%s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, value.p[i] == '\n' ? ' ' : value.p[i]);
    }
    buf_char(&b, '"');
    return buf_str(&b).p;
}

/* The last word of the row's label column with the I-th of its values. */
static const char *value_label(struct writer *w, unsigned i)
{
    struct str names = str_of(w->family->label), values = str_of(w->family->values), name = STR_NONE,
               value = STR_NONE;
    while (names.p)
        name = str_split(&names, ' ');
    for (unsigned n = 0; values.p && n <= i; n++)
        value = str_split(&values, ' ');
    return name.p ? label(w, arena_str(&w->x->arena, name).p, value) : "";
}

static void add_times(struct metrics_times *sum, const struct metrics_times *t)
{
    for (unsigned i = 0; i < METRICS_BUCKETS; i++)
        metrics_add_to(&sum->buckets[i], read_cell(&t->buckets[i]));
    metrics_add_to(&sum->sum_us, read_cell(&t->sum_us));
}

static void write_histogram(struct writer *w, const char *labels, const struct metrics_times *t)
{
    uint64_t count = 0;
    const char *comma = *labels ? "," : "", *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        count += read_cell(&t->buckets[i]);
        buf_printf(&w->text, "%s_bucket{%s%sle=\"", w->family->name, labels, comma);
        if (i == METRICS_BUCKETS - 1)
            buf_add(&w->text, STR("+Inf"));
        else
            buf_printf(&w->text, "%g", (double)metrics_limits_us[i] / 1e6);
        buf_printf(&w->text, "\"} %llu\n", (unsigned long long)count);
    }
    buf_printf(&w->text, "%s_sum%s%s%s ", w->family->name, open, labels, close);
    write_number(w, (int64_t)read_cell(&t->sum_us));
    buf_printf(&w->text, "%s_count%s%s%s %llu\n", w->family->name, open, labels, close,
               (unsigned long long)count);
}

/* ---- sources ---- */

static void write_cells(struct writer *w)
{
    for (unsigned i = 0; i < w->family->count; i++) {
        uint64_t n = 0;
        for (unsigned b = 0; b < METRICS_BLOCKS; b++)
            n += read_cell(&w->m->blocks[b].cells[w->family->metric + i]);
        write_line(w, value_label(w, i), (int64_t)n);
    }
}

static void write_times(struct writer *w)
{
    struct metrics_times sum = {.sum_us = 0};
    for (unsigned b = 0; b < METRICS_BLOCKS; b++)
        add_times(&sum, &w->m->blocks[b].times[w->family->metric]);
    write_histogram(w, "", &sum);
}

static void write_gauges(struct writer *w)
{
    int64_t n = 0;
    for (unsigned p = 0; p < METRICS_PROCESSES; p++)
        n += atomic_load_explicit(&w->m->processes[p].gauges[w->family->metric], memory_order_relaxed);
    write_line(w, "", n);
}

/* NULL: nobody has asked for it yet, so that the many routes do not make the answer long. */
static const char *sum_route(struct writer *w, unsigned route, struct metrics_route *sum)
{
    const struct ops_route *r = ops_route_of(route);
    uint64_t n = 0;
    memset(sum, 0, sizeof *sum);
    for (unsigned b = 0; r && b < METRICS_BLOCKS; b++) {
        const struct metrics_route *part = &w->m->blocks[b].routes[route];
        for (unsigned i = 0; i < METRICS_STATUSES; i++) {
            n += read_cell(&part->status[i]);
            metrics_add_to(&sum->status[i], read_cell(&part->status[i]));
        }
        add_times(&sum->time, &part->time);
    }
    return n == 0 ? NULL
                  : arena_printf(&w->x->arena, "%s,%s,%s", label(w, "door", str_of(r->door)),
                                 label(w, "route", str_of(r->path)), label(w, "method", str_of(r->method)))
                        .p;
}

static void write_requests(struct writer *w)
{
    static const char *const classes[METRICS_STATUSES] = {"2xx", "3xx", "4xx", "5xx"};
    struct metrics_route sum;
    for (unsigned r = 0; r < METRICS_ROUTES; r++) {
        const char *labels = sum_route(w, r, &sum);
        for (unsigned i = 0; labels && i < METRICS_STATUSES; i++)
            write_line(w, arena_printf(&w->x->arena, "%s,status=\"%s\"", labels, classes[i]).p,
                       (int64_t)read_cell(&sum.status[i]));
    }
}

static void write_route_time(struct writer *w)
{
    struct metrics_route sum;
    for (unsigned r = 0; r < METRICS_ROUTES; r++) {
        const char *labels = sum_route(w, r, &sum);
        if (labels)
            write_histogram(w, labels, &sum.time);
    }
}

/* "": the number is not in use. */
static const char *database_label(struct writer *w, unsigned database)
{
    const char *name = w->m->databases[database];
    return *name ? label(w, "database", str_of(name)) : "";
}

static void write_database_gauges(struct writer *w)
{
    for (unsigned d = 0; d < METRICS_DATABASES; d++) {
        const char *labels = database_label(w, d);
        int64_t n = 0;
        for (unsigned p = 0; p < METRICS_PROCESSES; p++)
            n += atomic_load_explicit(&w->m->processes[p].database_gauges[d][w->family->metric],
                                      memory_order_relaxed);
        if (*labels)
            write_line(w, labels, n);
    }
}

static void write_database_cells(struct writer *w)
{
    for (unsigned d = 0; d < METRICS_DATABASES; d++) {
        const char *labels = database_label(w, d);
        for (unsigned i = 0; *labels && i < w->family->count; i++) {
            uint64_t n = 0;
            for (unsigned b = 0; b < METRICS_BLOCKS; b++)
                n += read_cell(&w->m->blocks[b].database_cells[d][w->family->metric + i]);
            const char *all =
                w->family->values ? arena_printf(&w->x->arena, "%s,%s", labels, value_label(w, i)).p : labels;
            write_line(w, all, (int64_t)n);
        }
    }
}

static void write_database_time(struct writer *w)
{
    for (unsigned d = 0; d < METRICS_DATABASES; d++) {
        const char *labels = database_label(w, d);
        struct metrics_times sum = {.sum_us = 0};
        for (unsigned b = 0; b < METRICS_BLOCKS; b++)
            add_times(&sum, &w->m->blocks[b].database_wait[d]);
        if (*labels)
            write_histogram(w, labels, &sum);
    }
}

/* The next job that has a name, from *I on. */
static const struct metrics_job *next_job(struct writer *w, unsigned *i, const char **labels)
{
    while (*i < METRICS_JOBS && !w->m->jobs[*i].name[0])
        ++*i;
    if (*i == METRICS_JOBS)
        return NULL;
    *labels = label(w, "task", str_of(w->m->jobs[*i].name));
    return &w->m->jobs[(*i)++];
}

#define WRITE_JOBS(NAME, IF, NUMBER)                                                                         \
    static void NAME(struct writer *w)                                                                       \
    {                                                                                                        \
        const char *labels;                                                                                  \
        unsigned i = 0;                                                                                      \
        for (const struct metrics_job *j; (j = next_job(w, &i, &labels)) != NULL;)                           \
            if (IF)                                                                                          \
                write_line(w, labels, (int64_t)(NUMBER));                                                    \
    }
WRITE_JOBS(write_job_last, atomic_load(&j->last_ms) != 0, atomic_load(&j->last_ms) * 1000)
WRITE_JOBS(write_job_duration, read_cell(&j->runs) != 0, atomic_load(&j->duration_us))
WRITE_JOBS(write_job_runs, true, read_cell(&j->runs))
WRITE_JOBS(write_job_failures, true, read_cell(&j->failures))

static void write_deliveries(struct writer *w)
{
    int64_t at = atomic_load(&w->m->deliveries_ms);
    if (at && clock_now_ms() - at < STALE_MS)
        write_line(w, "", atomic_load(&w->m->deliveries[w->family->metric - METRIC_deliveries_pending]));
}

static void write_leads(struct writer *w)
{
    write_line(w, "", atomic_load(&w->m->leads));
}

static const char *const kinds[METRICS_KINDS] = {NULL, "master", "worker", "jobs"};

static void write_kinds(struct writer *w, int64_t (*measure)(const struct metrics_process *p))
{
    for (int kind = METRICS_MASTER; kind < METRICS_KINDS; kind++) {
        int64_t n = 0;
        for (unsigned i = 0; i < METRICS_PROCESSES; i++) {
            const struct metrics_process *p = &w->m->processes[i];
            n += atomic_load(&p->pid) && atomic_load(&p->kind) == kind ? measure(p) : 0;
        }
        write_line(w, label(w, "process", str_of(kinds[kind])), n);
    }
}

static int64_t one(const struct metrics_process *p)
{
    (void)p;
    return 1;
}

static int64_t memory(const struct metrics_process *p)
{
    return atomic_load(&p->memory);
}

static void write_alive(struct writer *w)
{
    write_kinds(w, one);
}

static void write_memory(struct writer *w)
{
    write_kinds(w, memory);
}

/* False: there is no key, or it cannot be told. */
static bool newest_key(struct writer *w, int64_t *created_ms, struct key_rules *rules)
{
    struct ctx *c = &w->x->ctx;
    const struct tenant *t;
    const struct key_set *set = NULL;
    int64_t deadline_ms = c->deadline_ms;
    c->deadline_ms = clock_monotonic_ms() + KEYS_LIMIT_MS;
    bool found = tenancy_find(c, service_tenancy(w->service), TENANT_BASE, &t) == ST_OK;
    if (found) {
        *rules = key_rules_of(t->config);
        found = keys_current(c, t->keyring, t->db, rules, 0, &set) == ST_OK && set->ndynamic > 0;
    }
    c->deadline_ms = deadline_ms;
    c->message = STR_NONE;
    if (found)
        *created_ms = set->created[0];
    return found;
}

static void write_key_age(struct writer *w)
{
    int64_t created;
    struct key_rules rules;
    if (newest_key(w, &created, &rules))
        write_line(w, "", (clock_now_ms() - created) * 1000);
}

static void write_key_rotation(struct writer *w)
{
    int64_t created;
    struct key_rules rules;
    if (newest_key(w, &created, &rules))
        write_line(w, "", (key_rotates_at(created, &rules) - clock_now_ms()) * 1000);
}

static void write_build(struct writer *w)
{
    write_line(w, "version=\"" PACKAGE_VERSION "\",core_version=\"" ST_CORE_VERSION "\"", 1);
}

static void write_start(struct writer *w)
{
    write_line(w, "", w->m->started_ms * 1000);
}

/* ---- the answer ---- */

static void write_family(struct writer *w, const struct family *f)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    struct str name = str_of(f->name);
    if (w->openmetrics && f->type == COUNTER)
        name.n -= strlen("_total");
    w->family = f;
    buf_printf(&w->text, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARG(name), f->help, STR_ARG(name),
               types[f->type]);
    f->write(w);
}

enum st_err ops_metrics(struct service *s, struct exchange *x)
{
    struct str accept = http_param(&x->rq, "HTTP_ACCEPT");
    struct writer w = {
        .text = buf_in(&x->arena),
        .service = s,
        .x = x,
        .m = &service_shared(s)->metrics,
        .openmetrics = accept.n && memmem(accept.p, accept.n, "application/openmetrics-text", 28),
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        write_family(&w, &families[i]);
    if (w.openmetrics)
        buf_add(&w.text, STR("# EOF\n"));
    x->rs.status = 200;
    x->rs.content_type = w.openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                       : "text/plain; version=0.0.4; charset=utf-8";
    x->rs.body = buf_str(&w.text);
    return ST_OK;
}
