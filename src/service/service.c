/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service.h"

#include <stdio.h>

#include "auth/route.h"
#include "base/log.h"
#include "core/route.h"
#include "runtime/runtime.h"
#include "verify/verify.h"

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

/* nginx says by ST_DOOR which one a location is. */
struct door {
    const char *name;
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

static const struct door no_door = {NULL, no_door_begin, no_door_finish, 503};
static const struct door doors[] = {
    {"core", core_begin, core_finish, 503},
    {"auth", auth_begin, auth_finish, 503},
    {"verify", verify_begin, verify_finish, 403},
    {"denied", denied_begin, denied_finish, 503},
};

static const struct door *door_of(const struct exchange *x)
{
    struct str name = http_param(&x->rq, "ST_DOOR");
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++)
        if (str_is_c(name, doors[i].name))
            return &doors[i];
    return &no_door;
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
    x->rs.status = door_of(x)->overloaded;
}

static enum st_err begin(struct service *s, struct exchange *x)
{
    struct http_request *rq = &x->rq;
    rq->query = str_from(rq->uri, str_find(rq->uri, '?') + 1);
    return door_of(x)->begin(s, x);
}

static enum serve_state settle(struct exchange *x, enum st_err err)
{
    if (err == ST_SUSPENDED)
        return SERVE_WAITING;
    door_of(x)->finish(x, err == ST_ANSWERED ? ST_OK : err);
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
        door_of(x)->finish(
            x, ctx_fail(&x->ctx, ST_UNAVAILABLE, "Too many requests are waiting, please try again"));
    } else {
        answer_out_of_memory(x);
    }
    x->arena.recover = NULL;
}
