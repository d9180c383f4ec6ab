/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service.h"

#include <stdio.h>

#include "auth/route.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/route.h"
#include "crypto/password_hash.h"
#include "http/call.h"
#include "ops/ops.h"
#include "ops/routes.h"
#include "runtime/runtime.h"
#include "trace/trace.h"
#include "verify/verify.h"

struct service *service_start(const struct config *base, const struct sites *sites, struct shared *shared,
                              char *why, size_t why_size)
{
    struct service *s = core_open() && ops_open() ? runtime_open(base, sites, shared) : NULL;
    if (s)
        return s;
    ops_close();
    core_close();
    snprintf(why, why_size, "out of memory");
    return NULL;
}

void service_stop(struct service *s)
{
    runtime_close(s);
    ops_close();
    core_close();
}

void service_tick(struct service *s)
{
    tenancy_tick(service_tenancy(s));
}

/* nginx says by ST_DOOR which one a location is. */
struct door {
    enum st_err (*begin)(struct service *s, struct exchange *x);
    void (*finish)(struct exchange *x, enum st_err err);
    int overloaded; /* status when there is no memory to write another answer with */
};

static enum st_err no_door_begin(struct service *s, struct exchange *x)
{
    (void)s;
    LOG_ERROR(&x->ctx, "nginx gives no ST_DOOR that there is: \"%.*s\"",
              STR_ARG(http_param(&x->rq, "ST_DOOR")));
    return ctx_fail(&x->ctx, ST_NOT_FOUND, "No such door");
}

static void no_door_finish(struct exchange *x, enum st_err err)
{
    http_answer_error(&x->ctx, &x->rs, err);
}

static const struct door doors[OPS_NO_DOOR + 1] = {
    [OPS_CORE] = {core_begin, core_finish, 503},       [OPS_AUTH] = {auth_begin, auth_finish, 503},
    [OPS_VERIFY] = {verify_begin, verify_finish, 403}, [OPS_DENIED] = {denied_begin, denied_finish, 503},
    [OPS_OPS] = {ops_begin, ops_finish, 503},          [OPS_NO_DOOR] = {no_door_begin, no_door_finish, 503},
};

static enum ops_door door_of(const struct exchange *x)
{
    struct str name = http_param(&x->rq, "ST_DOOR");
    unsigned door = 0;
    while (door < OPS_NO_DOOR && !str_is_c(name, ops_doors[door]))
        door++;
    return (enum ops_door)door;
}

/* Needs no memory. What the request holds goes back when its owner resets the arena. */
static void answer_out_of_memory(struct exchange *x)
{
    static const struct http_response overloaded = {
        .status = 503,
        .content_type = "text/html;charset=UTF-8",
        .headers = {{{"Retry-After", 11}, {"1", 1}}},
        .nheaders = 1,
        .body = {"Service is out of memory, please try again\n", 43},
    };
    LOG_ERROR(&x->ctx, "out of memory while serving a request");
    x->rs = overloaded;
    x->rs.status = doors[door_of(x)].overloaded;
}

static void count(struct exchange *x)
{
    unsigned number = ops_route_number(door_of(x), x->rq.method, x->route);
    metrics_request(number, x->rs.status, clock_monotonic_us() - x->begun_us);
    const struct ops_route *route = x->ctx.trace ? ops_route_of(number) : NULL;
    if (route)
        trace_end(x->ctx.trace, route->door, route->path, route->method, x->rs.status);
    x->ctx.trace = NULL;
}

static enum serve_state settle(struct exchange *x, enum st_err err)
{
    if (err == ST_SUSPENDED)
        return SERVE_WAITING;
    doors[door_of(x)].finish(x, err == ST_ANSWERED ? ST_OK : err);
    return SERVE_DONE;
}

/* Runs STEP, and answers when memory runs out in it. */
static enum serve_state protect(struct service *s, struct exchange *x,
                                enum serve_state (*step)(struct service *s, struct exchange *x))
{
    jmp_buf recover;
    enum serve_state state = SERVE_DONE;
    if (setjmp(recover) == 0) {
        x->arena.recover = &recover;
        state = step(s, x);
    } else {
        answer_out_of_memory(x);
    }
    x->arena.recover = NULL;
    return state;
}

/* Failures of ours tell their id, so that who reports one can name the lines of the log. */
static enum serve_state counted(struct exchange *x, enum serve_state state)
{
    if (state != SERVE_DONE)
        return state;
    if (x->rs.status >= 500 && x->ctx.request_id.p)
        http_add_header(&x->rs, "X-Request-Id", x->ctx.request_id);
    count(x);
    return state;
}

/* What has been waited for, in words of ours; of a URL the host only. */
static void tell_wait(struct trace_span *span, const struct exchange *x)
{
    static const char *const algorithms[] = {
        [PASSWORD_UNKNOWN] = "unknown",
        [PASSWORD_ARGON2] = "argon2",
        [PASSWORD_BCRYPT] = "bcrypt",
        [PASSWORD_FIREBASE_SCRYPT] = "firebase_scrypt",
    };
    static const char *const errors[] = {
        [HTTP_CALL_DONE] = NULL,           [HTTP_CALL_FAILED] = "failed",
        [HTTP_CALL_TIMED_OUT] = "timeout", [HTTP_CALL_TOO_LARGE] = "too_large",
        [HTTP_CALL_REFUSED] = "refused",
    };
    trace_span_end(span);
    if (x->job)
        span->algorithm = algorithms[password_job_algorithm(x->job)];
    if (!x->call)
        return;
    struct str host = str_from(x->call->url, str_find(x->call->url, ':') + 3);
    host = str_head(host, strcspn(arena_str(x->ctx.arena, host).p, "/?#:@"));
    snprintf(span->host, sizeof span->host, "%.*s", STR_ARG(str_head(host, sizeof span->host - 1)));
    span->method = x->call->method == HTTP_POST ? "POST" : "GET";
    span->status = x->call->status;
    span->error = errors[x->call->result];
}

static enum serve_state begin(struct service *s, struct exchange *x)
{
    struct http_request *rq = &x->rq;
    if (trace_is_on() && door_of(x) != OPS_OPS) /* nobody wants to see every probe */
        x->ctx.trace = trace_begin(&x->arena, http_param(rq, "HTTP_TRACEPARENT"), x->ctx.request_id);
    rq->query = str_from(rq->uri, str_find(rq->uri, '?') + 1);
    return settle(x, doors[door_of(x)].begin(s, x));
}

enum serve_state service_begin(struct service *s, struct exchange *x)
{
    x->begun_us = clock_monotonic_us();
    x->route = NULL;
    x->wait = NULL;
    return counted(x, protect(s, x, begin));
}

static enum serve_state resume(struct service *s, struct exchange *x)
{
    (void)s;
    if (x->wait)
        tell_wait(x->wait, x);
    exchange_resume *go_on = x->resume;
    x->resume = NULL;
    x->job = NULL;
    x->call = NULL;
    return settle(x, go_on(x));
}

enum serve_state service_resume(struct service *s, struct exchange *x)
{
    return counted(x, protect(s, x, resume));
}

static enum serve_state refuse(struct service *s, struct exchange *x)
{
    (void)s;
    doors[door_of(x)].finish(
        x, ctx_fail(&x->ctx, ST_UNAVAILABLE, "Too many requests are waiting, please try again"));
    return SERVE_DONE;
}

void service_refuse(struct service *s, struct exchange *x)
{
    (void)counted(x, protect(s, x, refuse));
}
