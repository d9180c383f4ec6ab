/* SPDX-License-Identifier: Apache-2.0
 *
 * A service without recipes and database, behind the real processes of fcgi/: what the tests of that layer
 * and the benchmark "hello" talk to. The path says what happens, the query string is its number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"
#include "crypto/password_hash.h"
#include "db/schema.h"
#include "http/call.h"
#include "service/service.h"
#include "runtime/shared.h"

struct service {
    struct shared *shared;
};

static struct service the_service;

static int64_t number(const struct exchange *x)
{
    size_t mark = str_find(x->rq.uri, '?');
    int64_t n = 0;
    return str_to_i64(str_from(x->rq.uri, mark + 1), &n) ? n : 0;
}

static void answer(struct exchange *x, struct str text)
{
    x->rs.status = 200;
    x->rs.content_type = "text/plain";
    x->rs.body = text;
}

static enum serve_state hello(struct exchange *x)
{
    answer(x, STR("Hello\n"));
    return SERVE_DONE;
}

static enum serve_state body(struct exchange *x)
{
    answer(x, x->rq.body);
    return SERVE_DONE;
}

static enum serve_state params(struct exchange *x)
{
    struct buf text = buf_in(&x->arena);
    for (char *const *p = x->rq.params; *p; p++)
        buf_printf(&text, "%s\n", *p);
    answer(x, buf_str(&text));
    return SERVE_DONE;
}

/* What the layer made of the request. */
static enum serve_state request(struct exchange *x)
{
    const struct http_request *rq = &x->rq;
    struct buf text = buf_in(&x->arena);
    buf_printf(&text, "method=%d %.*s\nremote_addr=%.*s\nhost=%.*s\nbody=%zu\n", (int)rq->method,
               STR_ARG(rq->method_text), STR_ARG(rq->remote_addr), STR_ARG(rq->host), rq->body.n);
    answer(x, buf_str(&text));
    return SERVE_DONE;
}

static enum serve_state big(struct exchange *x)
{
    size_t n = (size_t)number(x);
    char *p = arena_alloc(&x->arena, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 26);
    answer(x, (struct str){p, n});
    return SERVE_DONE;
}

static enum serve_state headers(struct exchange *x)
{
    hello(x);
    for (int i = 0; i < HTTP_MAX_HEADERS; i++)
        http_add_header(&x->rs, "X-Number", arena_printf(&x->arena, "%d", i));
    return SERVE_DONE;
}

/* One header of so many bytes. */
static enum serve_state header(struct exchange *x)
{
    big(x);
    struct str value = x->rs.body;
    hello(x);
    http_add_header(&x->rs, "X-Big", value);
    return SERVE_DONE;
}

static enum serve_state slow(struct exchange *x)
{
    int64_t ms = number(x);
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    return hello(x);
}

/* What a start reads when it begins: see service_start. */
static bool flag_word(char *word, int size)
{
    const char *flag = getenv("STUB_FLAG_FILE");
    FILE *f = flag ? fopen(flag, "r") : NULL;
    if (!f)
        return false;
    if (!fgets(word, size, f))
        word[0] = '\0';
    fclose(f);
    return true;
}

static void wait_for_end_of_flag(void)
{
    char word[2];
    while (flag_word(word, sizeof word))
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
}

/* Until there is no flag file. */
static enum serve_state hold(struct exchange *x)
{
    wait_for_end_of_flag();
    return hello(x);
}

static enum serve_state pid(struct exchange *x)
{
    answer(x, arena_printf(&x->arena, "%d\n", (int)getpid()));
    return SERVE_DONE;
}

/* "all slot jobs": the generations of everything and of a slot, and how often the leading node's job has run.
 */
static enum serve_state generations(struct exchange *x)
{
    struct generations *g = &the_service.shared->generations;
    answer(x, arena_printf(
                  &x->arena, "%llu %llu %llu\n", (unsigned long long)atomic_load(&g->all),
                  (unsigned long long)atomic_load(&g->slot[GENERATION_TENANTS][number(x) % GENERATION_SLOTS]),
                  (unsigned long long)atomic_load(&g->slot[GENERATION_KEYS][0])));
    return SERVE_DONE;
}

static enum serve_state crash(struct exchange *x)
{
    (void)x;
    abort();
}

/* The number is a bcrypt cost. */
static enum serve_state hash(struct exchange *x)
{
    struct password_job *job = ARENA_NEW(&x->arena, struct password_job);
    job->kind = PASSWORD_HASH_NEW;
    job->password = (const uint8_t *)"password1";
    job->password_len = 9;
    job->params.algorithm = PASSWORD_BCRYPT;
    job->params.bcrypt_cost = (unsigned)number(x);
    x->job = job;
    return SERVE_WAITING;
}

/* "running queued computed dropped": hashes in this worker, the last two since the service started. */
static enum serve_state hashes(struct exchange *x)
{
    answer(x, arena_printf(
                  &x->arena, "%lld %lld %llu %llu\n",
                  (long long)atomic_load(&metrics_process->gauges[METRIC_hash_running]),
                  (long long)atomic_load(&metrics_process->gauges[METRIC_hash_queued]),
                  (unsigned long long)atomic_load(&metrics_block->cells[METRIC_hash_done + PASSWORD_BCRYPT]),
                  (unsigned long long)atomic_load(&metrics_block->cells[METRIC_hash_dropped])));
    return SERVE_DONE;
}

/* The body: a line each for URL, time limit, answer limit and what is to be posted. */
static enum serve_state call(struct exchange *x)
{
    struct str rest = x->rq.body, timeout, limit;
    struct http_call *c = ARENA_NEW(&x->arena, struct http_call);
    int64_t n = 0;
    c->url = str_split(&rest, '\n');
    timeout = rest.p ? str_split(&rest, '\n') : STR("");
    limit = rest.p ? str_split(&rest, '\n') : STR("");
    c->timeout_ms = str_to_i64(timeout, &n) ? n : 0;
    c->answer_max = str_to_i64(limit, &n) ? (size_t)n : 0;
    c->method = rest.n ? HTTP_POST : HTTP_GET;
    c->body = rest;
    c->headers[c->nheaders++] = (struct http_header){STR("Accept"), STR("application/json")};
    x->call = c;
    return SERVE_WAITING;
}

/* How many calls of this process are under way, those that wait for a connection among them. */
static enum serve_state calling(struct exchange *x)
{
    answer(x, arena_printf(&x->arena, "%lld\n",
                           (long long)atomic_load(&metrics_process->gauges[METRIC_calls_running])));
    return SERVE_DONE;
}

/* "result status type error", and the answer behind a line feed. */
static void answer_call(struct exchange *x)
{
    static const char *const results[] = {"done", "failed", "timeout", "large", "refused"};
    const struct http_call *c = x->call;
    answer(x, arena_printf(&x->arena, "%s %d %.*s %s\n%.*s", results[c->result], c->status,
                           STR_ARG(c->content_type), c->error, STR_ARG(c->answer)));
}

static const struct {
    const char *path;
    enum serve_state (*serve)(struct exchange *);
} routes[] = {
    {"/hello", hello},
    {"/body", body},
    {"/params", params},
    {"/request", request},
    {"/big", big},
    {"/headers", headers},
    {"/header", header},
    {"/slow", slow},
    {"/hold", hold},
    {"/pid", pid},
    {"/crash", crash},
    {"/hash", hash},
    {"/hashes", hashes},
    {"/call", call},
    {"/calling", calling},
    {"/generations", generations},
};

struct service *service_start(const struct config *base, const struct sites *sites, struct shared *shared,
                              char *why, size_t why_size)
{
    (void)base;
    (void)sites;
    the_service.shared = shared;
    /* "crash": as the service would with a bug; "fail": refuses to start; "slow": takes its time, until there
     * is no flag file any more, whatever else it says meanwhile */
    char word[16] = "";
    (void)flag_word(word, sizeof word);
    if (strcmp(word, "crash") == 0)
        abort();
    if (strcmp(word, "slow") == 0)
        wait_for_end_of_flag();
    if (strcmp(word, "fail") == 0) {
        snprintf(why, why_size, "the stub was told to fail");
        return NULL;
    }
    return &the_service;
}

void service_stop(struct service *s)
{
    (void)s;
}

void service_tick(struct service *s)
{
    (void)s;
}

enum serve_state service_begin(struct service *s, struct exchange *x)
{
    (void)s;
    struct str path = str_head(x->rq.uri, str_find(x->rq.uri, '?'));
    jmp_buf out_of_memory;
    x->arena.recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0) {
        for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
            if (str_is_c(path, routes[i].path))
                return routes[i].serve(x);
        answer(x, STR("Not found\n"));
        x->rs.status = 404;
    } else {
        service_refuse(s, x);
    }
    return SERVE_DONE;
}

enum serve_state service_resume(struct service *s, struct exchange *x)
{
    (void)s;
    if (x->call) {
        answer_call(x);
        x->call = NULL;
        return SERVE_DONE;
    }
    answer(x, x->job->status == PASSWORD_JOB_DONE ? str_of(x->job->out_text) : STR("failed"));
    return SERVE_DONE;
}

void service_refuse(struct service *s, struct exchange *x)
{
    (void)s;
    answer(x, STR("Busy\n"));
    x->rs.status = 503;
    http_add_header(&x->rs, "Retry-After", STR("1"));
}

enum st_err schema_prepare(struct ctx *c, const struct config *config, bool (*cancelled)(void))
{
    (void)config;
    return getenv("STUB_NO_SCHEMA") ? ctx_fail(c, ST_UNAVAILABLE, "no database")
           : cancelled()            ? ST_UNAVAILABLE
                                    : ST_OK;
}
