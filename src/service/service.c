/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service.h"

#include <stdio.h>

#include "base/log.h"
#include "core/route.h"
#include "runtime/runtime.h"

struct service *service_start(const struct config *base, const struct sites *sites, struct shared *shared,
                              char *why, size_t why_size)
{
    struct service *s = core_open() ? runtime_open(base, sites, shared) : NULL;
    if (s)
        return s;
    core_close();
    snprintf(why, why_size, "out of memory");
    return NULL;
}

void service_stop(struct service *s)
{
    runtime_close(s);
    core_close();
}

void service_tick(struct service *s)
{
    tenancy_tick(service_tenancy(s));
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
}

static enum st_err split_uri(struct exchange *x)
{
    struct http_request *rq = &x->rq;
    size_t question = str_find(rq->uri, '?');
    rq->query = str_from(rq->uri, question + 1);
    return http_normalise_path(&x->ctx, str_head(rq->uri, question), &rq->path);
}

static enum st_err begin(struct service *s, struct exchange *x)
{
    ST_TRY(split_uri(x));
    return core_begin(s, x);
}

static enum serve_state settle(struct exchange *x, enum st_err err)
{
    if (err == ST_SUSPENDED)
        return SERVE_WAITING;
    core_finish(x, err == ST_ANSWERED ? ST_OK : err);
    return SERVE_DONE;
}

enum serve_state service_begin(struct service *s, struct exchange *x)
{
    jmp_buf recover;
    enum serve_state state = SERVE_DONE;
    if (setjmp(recover) == 0) {
        x->arena.recover = &recover;
        state = settle(x, begin(s, x));
    } else {
        answer_out_of_memory(x);
    }
    x->arena.recover = NULL;
    return state;
}

enum serve_state service_resume(struct service *s, struct exchange *x)
{
    jmp_buf recover;
    enum serve_state state = SERVE_DONE;
    (void)s;
    if (setjmp(recover) == 0) {
        x->arena.recover = &recover;
        exchange_resume *resume = x->resume;
        x->resume = NULL;
        x->job = NULL;
        x->call = NULL;
        state = settle(x, resume(x));
    } else {
        answer_out_of_memory(x);
    }
    x->arena.recover = NULL;
    return state;
}

void service_refuse(struct service *s, struct exchange *x)
{
    jmp_buf recover;
    (void)s;
    if (setjmp(recover) == 0) {
        x->arena.recover = &recover;
        core_finish(x, ctx_fail(&x->ctx, ST_UNAVAILABLE, "Too many requests are waiting, please try again"));
    } else {
        answer_out_of_memory(x);
    }
    x->arena.recover = NULL;
}
