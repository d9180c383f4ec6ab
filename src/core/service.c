/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "core/route.h"
#include "core/runtime.h"
#include "crypto/verified_tokens.h"
#include "jwt/keys.h"
#include "shared.h"

enum { HELLO_BUCKETS = 64, HELLO_BURST = 5, HELLO_REFILL_MS = 200 };

struct hello_bucket { /* apps share buckets by hash: it only limits how often the database is looked at */
    int tokens;
    int64_t granted_ms;
};

struct service {
    const struct config *base;
    struct shared *shared;
    struct db *db;
    struct tenancy *tenancy;
    struct router *router;
    struct verified_tokens *verified;
    pthread_mutex_t hello_lock;
    struct hello_bucket hello[HELLO_BUCKETS];
};

static struct keyring *new_keyring(void *context, struct tenant_id app)
{
    struct service *s = context;
    return keyring_new(app.app, &s->shared->generations, &s->shared->key_stock);
}

struct service *service_start(const struct config *base, struct shared *shared, char *why, size_t why_size)
{
    struct service *s = calloc(1, sizeof *s);
    if (s) {
        const struct tenancy_hooks hooks = {new_keyring, keyring_ref, keyring_unref, s};
        s->base = base;
        s->shared = shared;
        pthread_mutex_init(&s->hello_lock, NULL);
        s->db = db_open(base);
        s->tenancy = s->db ? tenancy_new(base, s->db, &shared->generations, &hooks) : NULL;
        s->router = router_new(core_route_tables);
        s->verified = verified_tokens_new();
    }
    if (s && s->tenancy && s->router && s->verified)
        return s;
    snprintf(why, why_size, "out of memory");
    service_stop(s);
    return NULL;
}

void service_stop(struct service *s)
{
    if (!s)
        return;
    verified_tokens_free(s->verified);
    router_free(s->router);
    tenancy_free(s->tenancy);
    if (s->db)
        db_close(s->db);
    pthread_mutex_destroy(&s->hello_lock);
    free(s);
}

void service_tick(struct service *s)
{
    tenancy_tick(s->tenancy);
}

struct tenancy *service_tenancy(struct service *s)
{
    return s->tenancy;
}

struct shared *service_shared(struct service *s)
{
    return s->shared;
}

const struct config *service_base_config(struct service *s)
{
    return s->base;
}

struct db *service_base_db(struct service *s)
{
    return s->db;
}

const struct router *service_router(struct service *s)
{
    return s->router;
}

struct verified_tokens *service_verified_tokens(struct service *s)
{
    return s->verified;
}

bool service_take_hello_token(struct service *s, struct tenant_id app)
{
    struct hello_bucket *b = &s->hello[str_hash(app.app, str_hash(app.cud, 3)) % HELLO_BUCKETS];
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&s->hello_lock);
    int64_t refill = (now - b->granted_ms) / HELLO_REFILL_MS;
    b->tokens = refill > HELLO_BURST - b->tokens ? HELLO_BURST : b->tokens + (int)refill;
    bool granted = b->tokens > 0;
    if (granted) {
        b->tokens--;
        b->granted_ms = now;
    }
    pthread_mutex_unlock(&s->hello_lock);
    return granted;
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
    core_finish(x, err);
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
