/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/metrics.h"

enum { CHUNK = 8192, ARENA_WORK = 64 * 1024 * 1024 };

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},   {"POST", HTTP_POST},       {"PUT", HTTP_PUT},     {"DELETE", HTTP_DELETE},
    {"HEAD", HTTP_HEAD}, {"OPTIONS", HTTP_OPTIONS}, {"PATCH", HTTP_PATCH}, {"TRACE", HTTP_TRACE},
};

static enum http_method method_of(struct str text)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (str_is_c(text, methods[i].name))
            return methods[i].method;
    return HTTP_OTHER;
}

/* In the order of their words in base/metrics.def. The answers of the guards. They need no memory, as one of
 * them is given when there is none. */
enum guard { GUARD_PARAMETERS, GUARD_LENGTH, GUARD_TOO_LARGE, GUARD_MEMORY };

static const struct {
    int status;
    struct str text;
} guards[] = {
    [GUARD_PARAMETERS] = {400, {"Incomplete FastCGI parameters\n", 30}},
    [GUARD_LENGTH] = {400, {"Body and Content-Length differ\n", 31}},
    [GUARD_TOO_LARGE] = {413, {"Request body too large\n", 23}},
    [GUARD_MEMORY] = {503, {"Out of memory\n", 14}},
};

static enum request_state refuse(struct request *r, enum guard guard)
{
    struct http_response *rs = &r->x.rs;
    metrics_count(METRIC_guards + (unsigned)guard);
    *rs = (struct http_response){.status = guards[guard].status, .body = guards[guard].text};
    rs->content_type = "text/html;charset=UTF-8";
    if (rs->status == 503)
        rs->headers[rs->nheaders++] = (struct http_header){STR("Retry-After"), STR("1")};
    /* 413 comes after a complete and well-formed request; after the others the two sides may disagree. */
    if (guard != GUARD_TOO_LARGE)
        r->keep = false;
    return REQUEST_ANSWERED;
}

/* Reads on to the end of the stream, whatever is there: a body left unread would be taken for the next
 * request. Returns the number of bytes. */
static size_t drain(struct request *r)
{
    char chunk[CHUNK];
    size_t total = 0;
    for (;;) {
        int n = FCGX_GetStr(chunk, sizeof chunk, r->fcgi.in);
        total += n > 0 ? (size_t)n : 0;
        if (n < (int)sizeof chunk || clock_monotonic_ms() > r->x.ctx.deadline_ms)
            return total;
    }
}

/* Up to MAX bytes. */
static struct str read_unknown_length(struct request *r, size_t max)
{
    struct buf body = buf_in(&r->x.arena);
    for (;;) {
        size_t want = max - body.n < CHUNK ? max - body.n : CHUNK;
        if (body.cap - body.n < want)
            buf_grow(&body, want);
        int n = want > 0 ? FCGX_GetStr(body.p + body.n, (int)want, r->fcgi.in) : 0;
        body.n += n > 0 ? (size_t)n : 0;
        if (n < CHUNK || clock_monotonic_ms() > r->x.ctx.deadline_ms)
            return buf_str(&body);
    }
}

static struct str read_known_length(struct request *r, size_t length)
{
    char *p = arena_alloc(&r->x.arena, length + 1);
    size_t n = 0;
    while (n < length) {
        size_t want = length - n < CHUNK ? length - n : CHUNK;
        int got = FCGX_GetStr(p + n, (int)want, r->fcgi.in);
        n += got > 0 ? (size_t)got : 0;
        if (got < (int)want || clock_monotonic_ms() > r->x.ctx.deadline_ms)
            break;
    }
    p[n] = 0;
    return (struct str){p, n};
}

/* FastCGI delivers every body with its length when nginx buffers requests, also one that came in chunks;
 * without buffering the length of those is not known. */
static enum request_state read_body(struct request *r, size_t max)
{
    struct str length_text = http_param(&r->x.rq, "CONTENT_LENGTH");
    int64_t length = -1;
    if (length_text.n > 0 && (!str_to_i64(length_text, &length) || length < 0)) {
        (void)drain(r);
        return refuse(r, GUARD_LENGTH);
    }
    if (length < 0)
        r->x.rq.body = read_unknown_length(r, max);
    else if ((size_t)length <= max)
        r->x.rq.body = read_known_length(r, (size_t)length);
    size_t total = r->x.rq.body.n + drain(r);
    if (length >= 0 && total != (size_t)length)
        return refuse(r, GUARD_LENGTH);
    return total > max ? refuse(r, GUARD_TOO_LARGE) : REQUEST_READY;
}

/* Without a body its end is there already, and the connection can be kept. What is there else stays unread,
 * so that the connection ends with this request. */
static enum request_state leave_body(struct request *r)
{
    char byte;
    int flags = fcntl(r->fd, F_GETFL);
    (void)fcntl(r->fd, F_SETFL, flags | O_NONBLOCK);
    int n = FCGX_GetStr(&byte, 1, r->fcgi.in);
    (void)fcntl(r->fd, F_SETFL, flags);
    r->unread = n > 0 || FCGX_GetError(r->fcgi.in) != 0 || !FCGX_HasSeenEOF(r->fcgi.in);
    r->keep = r->keep && !r->unread;
    return REQUEST_READY;
}

static void fill_request(struct request *r)
{
    struct http_request *rq = &r->x.rq;
    rq->params = r->fcgi.envp;
    rq->method_text = http_param(rq, "REQUEST_METHOD");
    rq->method = method_of(rq->method_text);
    rq->uri = http_param(rq, "REQUEST_URI");
    rq->remote_addr = http_param(rq, "REMOTE_ADDR");
    rq->host = http_param(rq, "HTTP_HOST");
    r->x.ctx.request_id = http_request_id(rq);
    rq->body = STR("");
}

/* Trusted lists end with the sentinel, and it must come from nginx's configuration: no request header can
 * make it. */
static bool is_complete(const struct request *r)
{
    const struct http_request *rq = &r->x.rq;
    return r->fcgi.role == FCGI_RESPONDER && http_param(rq, REQUEST_SENTINEL).p && rq->method_text.n > 0 &&
           rq->uri.n > 0 && rq->remote_addr.p;
}

static enum request_state read_within(struct request *r, const struct request_limits *limits)
{
    FCGX_Request *f = &r->fcgi;
    f->ipcFd = r->fd;
    f->keepConnection = 1; /* or the library would close the connection before reading from it */
    f->detached = 1;       /* and linger for seconds when it closes one that makes no sense */
    if (FCGX_Accept_r(f) != 0) {
        r->fd = -1;
        return REQUEST_LOST;
    }
    /* A list that was cut by a time-out or hang-up is returned like a complete one. */
    if (FCGX_GetError(f->in) != 0)
        return REQUEST_LOST;
    r->keep = f->keepConnection != 0;
    fill_request(r);
    fault_arm(r, http_param(&r->x.rq, "ST_FAULT"));
    enum request_state state;
    if (is_complete(r) && str_is(http_param(&r->x.rq, REQUEST_BODY), STR("ignored")))
        return leave_body(r);
    if (is_complete(r)) {
        state = read_body(r, limits->body);
    } else {
        (void)drain(r);
        state = refuse(r, GUARD_PARAMETERS);
    }
    /* An error, or not yet at the end: time is up. */
    if (FCGX_GetError(f->in) != 0 || !FCGX_HasSeenEOF(f->in))
        return REQUEST_LOST;
    return state;
}

enum request_state request_read(struct request *r, const struct request_limits *limits)
{
    struct exchange *x = &r->x;
    jmp_buf out_of_memory;
    r->keep = r->unread = r->dropped = false;
    x->ctx = (struct ctx){.arena = &x->arena, .deadline_ms = clock_monotonic_ms() + limits->timeout_ms};
    x->rq = (struct http_request){.method = HTTP_OTHER};
    x->rs = (struct http_response){.status = 0};
    x->door = NULL;
    x->job = NULL;
    x->call = NULL;
    x->resume = NULL;
    x->arena.limit = limits->body + ARENA_WORK;
    x->arena.recover = &out_of_memory;
    enum request_state state = setjmp(out_of_memory) == 0 ? read_within(r, limits) : refuse(r, GUARD_MEMORY);
    x->arena.recover = NULL;
    return state;
}

void request_end(struct request *r)
{
    arena_reset(&r->x.arena);
    r->fcgi.ipcFd = -1;
    FCGX_Free(&r->fcgi, 0);
}

enum peek request_peek(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 ? PEEK_DATA : n < 0 && (errno == EAGAIN || errno == EINTR) ? PEEK_NOTHING : PEEK_CLOSED;
}
