/* SPDX-License-Identifier: Apache-2.0 */
#include "caller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "http/call.h"
#include "http/outgoing.h"
#include "loop.h"

enum {
    STACK_BYTES = 512 * 1024,
    HOST_CONNECTIONS = 16, /* at a time to one host; further calls to it wait */
    KEPT_CONNECTIONS = 32,
    CONNECT_TIMEOUT_MS = 5 * 1000,
    HEADERS_MAX = 64 * 1024, /* bytes of an answer's headers */
    IDLE_POLL_MS = 60 * 1000,
};

/* A call that is being made. The answer is collected outside of the request's arena, because that may jump
 * away when memory is short, and libcurl's frames must not be jumped over. */
struct transfer {
    struct request *request;
    CURL *easy;
    struct curl_slist *headers;
    char *answer;
    size_t n, capacity, limit, header_bytes;
    int64_t deadline_ms; /* monotonic */
    bool too_large;
    struct transfer *next;
};

int caller_open(struct caller *c)
{
    return pthread_mutex_init(&c->lock, NULL);
}

/* ---- counting ---- */

static unsigned *host_counter(struct caller *c, struct str url)
{
    size_t scheme = str_find(url, ':');
    struct str host = str_from(url, scheme + 3);
    size_t end = 0;
    while (end < host.n && !strchr("/?#", host.p[end]))
        end++;
    return &c->to_host[str_hash(str_head(host, end), 0) % CALLER_HOSTS];
}

/* One host gets at most half of the places. */
static bool has_place(struct caller *c, struct str url)
{
    unsigned places = (unsigned)c->config->fcgi_call_queue;
    return c->calls < places && *host_counter(c, url) < (places + 1) / 2;
}

static void give_back_place(struct caller *c, struct str url)
{
    pthread_mutex_lock(&c->lock);
    c->calls--;
    --*host_counter(c, url);
    pthread_mutex_unlock(&c->lock);
}

/* ---- a transfer ---- */

static bool make_room(struct transfer *t, size_t extra)
{
    size_t capacity = t->capacity ? t->capacity : 4096;
    while (capacity < t->n + extra)
        capacity *= 2;
    char *grown = capacity > t->capacity ? realloc(t->answer, capacity) : t->answer;
    if (!grown)
        return false;
    t->answer = grown;
    t->capacity = capacity;
    return true;
}

static size_t take_answer(char *bytes, size_t one, size_t n, void *object)
{
    struct transfer *t = object;
    (void)one;
    t->too_large = n > t->limit - t->n;
    if (t->too_large || !make_room(t, n))
        return CURL_WRITEFUNC_ERROR;
    memcpy(t->answer + t->n, bytes, n);
    t->n += n;
    return n;
}

static size_t count_header(char *bytes, size_t one, size_t n, void *object)
{
    struct transfer *t = object;
    (void)bytes;
    (void)one;
    t->header_bytes += n;
    t->too_large = t->header_bytes > HEADERS_MAX;
    return t->too_large ? CURL_WRITEFUNC_ERROR : n;
}

static bool is_header_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return false;
    return true;
}

static bool add_header(struct transfer *t, const struct http_header *h)
{
    char line[8192];
    if (!is_header_text(h->name) || !is_header_text(h->value))
        return false;
    int n = snprintf(line, sizeof line, "%.*s: %.*s", STR_ARG(h->name), STR_ARG(h->value));
    struct curl_slist *longer = n < (int)sizeof line ? curl_slist_append(t->headers, line) : NULL;
    explicit_bzero(line, sizeof line);
    if (!longer)
        return false;
    t->headers = longer;
    return true;
}

#define SET(OPTION, VALUE) (curl_easy_setopt(t->easy, (OPTION), (VALUE)) == CURLE_OK)

static bool set_limits(struct transfer *t)
{
    /* QUICK_EXIT: a name server that does not answer must not hold up the thread when the time is over. */
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_QUICK_EXIT, 1L) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) &&
           SET(CURLOPT_WRITEFUNCTION, take_answer) && SET(CURLOPT_WRITEDATA, t) &&
           SET(CURLOPT_HEADERFUNCTION, count_header) && SET(CURLOPT_HEADERDATA, t);
}

/* libcurl would guess a scheme that is missing. */
static bool is_ours(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static bool set_request(struct transfer *t, const struct http_call *call, const char *url)
{
    if (!is_ours(url))
        return false;
    for (size_t i = 0; i < call->nheaders; i++)
        if (!add_header(t, &call->headers[i]))
            return false;
    bool ok = SET(CURLOPT_URL, url) && SET(CURLOPT_HTTPHEADER, t->headers) &&
              SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
              SET(CURLOPT_USERAGENT, "supertokens-fcgi/" PACKAGE_VERSION);
    if (call->method == HTTP_POST) /* the size first: it says that the body need not end with a NUL */
        ok = ok && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n) &&
             SET(CURLOPT_POSTFIELDS, call->body.p ? call->body.p : "");
    return ok;
}

static void free_transfer(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    if (t->answer)
        explicit_bzero(t->answer, t->n);
    free(t->answer);
    free(t);
}

static struct transfer *new_transfer(const struct caller *c, struct request *r)
{
    const struct http_call *call = r->x.call;
    struct transfer *t = calloc(1, sizeof *t);
    char *url = strndup(call->url.p, call->url.n);
    int64_t timeout = call->timeout_ms > 0 ? call->timeout_ms : HTTP_CALL_TIMEOUT_MS;
    bool ok = t && url && (t->easy = curl_easy_init()) != NULL;
    if (ok) {
        t->request = r;
        t->limit = call->answer_max ? call->answer_max : HTTP_CALL_ANSWER_MAX;
        t->deadline_ms = clock_monotonic_ms() + timeout;
        if (r->x.ctx.deadline_ms && r->x.ctx.deadline_ms < t->deadline_ms)
            t->deadline_ms = r->x.ctx.deadline_ms;
        ok = strlen(url) == call->url.n && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
             outgoing_secure(t->easy, c->config, c->authorities) && set_limits(t) &&
             set_request(t, call, url) && SET(CURLOPT_PRIVATE, t);
    }
    free(url);
    if (ok)
        return t;
    if (t)
        free_transfer(t);
    return NULL;
}

/* ---- results ---- */

static enum http_call_result result_of(const struct transfer *t, CURLcode code)
{
    if (t->too_large)
        return HTTP_CALL_TOO_LARGE;
    switch (code) {
    case CURLE_OK:
        return HTTP_CALL_DONE;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_CALL_TIMED_OUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: /* a user in the URL */
        return HTTP_CALL_REFUSED;
    default:
        return HTTP_CALL_FAILED;
    }
}

static void copy_answer(struct exchange *x, const struct transfer *t)
{
    jmp_buf out_of_memory;
    long status = 0;
    char *type = NULL;
    if (setjmp(out_of_memory) == 0) {
        x->arena.recover = &out_of_memory;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        x->call->status = (int)status;
        x->call->content_type = arena_str(&x->arena, str_of(type ? type : ""));
        x->call->answer = arena_str(&x->arena, (struct str){t->answer ? t->answer : "", t->n});
    } else {
        x->call->result = HTTP_CALL_FAILED;
        snprintf(x->call->error, sizeof x->call->error, "out of memory");
    }
    x->arena.recover = NULL;
}

/* R goes on; T and its place are given back, R is no longer ours. */
static void resume(struct caller *c, struct request *r)
{
    give_back_place(c, r->x.call->url);
    metrics_gauge(METRIC_calls_running, -1);
    metrics_count(METRIC_calls + (unsigned)r->x.call->result);
    metrics_time(METRIC_call_time, clock_monotonic_us() - r->queued_us);
    loop_resume(c->loop, r);
}

static void finish(struct caller *c, struct transfer *t, CURLcode code)
{
    struct request *r = t->request;
    struct http_call *call = r->x.call;
    call->result = result_of(t, code);
    fault_enter(r);
    if (call->result == HTTP_CALL_DONE)
        copy_answer(&r->x, t);
    else
        snprintf(call->error, sizeof call->error, "%s",
                 t->too_large ? "the answer is too large" : curl_easy_strerror(code));
    free_transfer(t);
    fault_leave();
    resume(c, r);
}

static void unlink_transfer(struct caller *c, const struct transfer *t)
{
    struct transfer **link = &c->transfers;
    while (*link && *link != t)
        link = &(*link)->next;
    if (*link)
        *link = t->next;
}

/* ---- the thread ---- */

static void start(struct caller *c, struct request *r)
{
    fault_enter(r);
    struct transfer *t = new_transfer(c, r);
    bool added = t && curl_multi_add_handle(c->multi, t->easy) == CURLM_OK;
    fault_leave();
    if (added) {
        t->next = c->transfers;
        c->transfers = t;
        return;
    }
    if (t)
        free_transfer(t);
    r->x.call->result = HTTP_CALL_REFUSED;
    snprintf(r->x.call->error, sizeof r->x.call->error, "the request cannot be sent");
    resume(c, r);
}

/* False: the thread is to end. */
static bool start_new(struct caller *c)
{
    pthread_mutex_lock(&c->lock);
    bool go_on = !c->stopping;
    struct request *list = go_on ? c->first : NULL;
    if (go_on)
        c->first = c->last = NULL;
    pthread_mutex_unlock(&c->lock);
    for (struct request *next; list; list = next) {
        next = list->next;
        list->next = NULL;
        start(c, list);
    }
    return go_on;
}

static void finish_done(struct caller *c)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(c->multi, &left)) != NULL;) {
        struct transfer *t = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) != CURLE_OK)
            continue;
        (void)curl_multi_remove_handle(c->multi, t->easy);
        unlink_transfer(c, t);
        finish(c, t, code);
    }
}

/* libcurl's own time limit does not run while a call waits for a free connection to its host. */
static int64_t expire(struct caller *c)
{
    int64_t now = clock_monotonic_ms(), next = now + IDLE_POLL_MS;
    for (struct transfer *t = c->transfers, *following; t; t = following) {
        following = t->next;
        if (t->deadline_ms > now) {
            next = t->deadline_ms < next ? t->deadline_ms : next;
        } else {
            (void)curl_multi_remove_handle(c->multi, t->easy);
            unlink_transfer(c, t);
            finish(c, t, CURLE_OPERATION_TIMEDOUT);
        }
    }
    return next - now;
}

static void *caller_run(void *object)
{
    struct caller *c = object;
    (void)pthread_setname_np(pthread_self(), "caller");
    log_thread_name("caller");
    while (start_new(c)) {
        int running;
        for (const struct transfer *t = c->transfers; t; t = t->next)
            fault_enter(t->request);
        CURLMcode err = curl_multi_perform(c->multi, &running);
        fault_leave();
        finish_done(c);
        int64_t pause = expire(c);
        if (err == CURLM_OK)
            err = curl_multi_poll(c->multi, NULL, 0, (int)pause, NULL);
        if (err != CURLM_OK)
            LOG_ERROR(NULL, "requests to other servers: %s", curl_multi_strerror(err));
    }
    return NULL;
}

static void close_multi(struct caller *c)
{
    (void)curl_multi_cleanup(c->multi); /* NULL is allowed */
    X509_STORE_free(c->authorities);
    c->multi = NULL;
    c->authorities = NULL;
}

static int start_thread(struct caller *c)
{
    pthread_attr_t attributes;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(c->multi = curl_multi_init()) ||
        !(c->authorities = outgoing_authorities(c->config))) {
        close_multi(c);
        return ENOMEM;
    }
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS);
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    int err = pthread_attr_init(&attributes);
    if (!err) {
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        err = pthread_create(&c->thread, &attributes, caller_run, c);
        (void)pthread_attr_destroy(&attributes);
    }
    if (err)
        close_multi(c);
    return err;
}

/* With the lock held. */
static bool is_ready(struct caller *c)
{
    if (!c->started && !c->stopping) {
        int err = start_thread(c);
        c->started = err == 0;
        if (err)
            LOG_ERROR(NULL, "requests to other servers cannot be made: %s", strerror(err));
    }
    return c->started && !c->stopping;
}

bool caller_submit(struct caller *c, struct request *r)
{
    struct str url = r->x.call->url;
    pthread_mutex_lock(&c->lock);
    bool taken = has_place(c, url) && is_ready(c);
    if (taken) {
        r->next = NULL;
        if (c->first)
            c->last->next = r;
        else
            c->first = r;
        c->last = r;
        c->calls++;
        ++*host_counter(c, url);
        r->queued_us = clock_monotonic_us();
        metrics_gauge(METRIC_calls_running, 1);
    }
    pthread_mutex_unlock(&c->lock);
    if (taken)
        (void)curl_multi_wakeup(c->multi);
    else
        metrics_count(METRIC_calls_rejected);
    return taken;
}

void caller_stop(struct caller *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    bool started = c->started;
    pthread_mutex_unlock(&c->lock);
    if (!started)
        return;
    (void)curl_multi_wakeup(c->multi);
    (void)pthread_join(c->thread, NULL);
}

void caller_close(struct caller *c)
{
    for (struct transfer *t = c->transfers, *next; t; t = next) {
        next = t->next;
        struct request *r = t->request;
        (void)curl_multi_remove_handle(c->multi, t->easy);
        free_transfer(t);
        r->dropped = true;
        loop_resume(c->loop, r);
    }
    for (struct request *r = c->first, *next; r; r = next) {
        next = r->next;
        r->dropped = true;
        loop_resume(c->loop, r);
    }
    if (c->started) {
        close_multi(c);
        curl_global_cleanup();
    }
    (void)pthread_mutex_destroy(&c->lock);
}
