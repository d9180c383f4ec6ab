/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP request and its response, as the FastCGI layer hands them to the doors. Everything lives in the
 * exchange's arena.
 */
#ifndef ST_HTTP_EXCHANGE_H
#define ST_HTTP_EXCHANGE_H

#include "base/ctx.h"
#include "json/write.h"

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_PATCH,
    HTTP_TRACE,
    HTTP_OTHER
};

struct http_header {
    struct str name, value;
};

struct http_request {
    enum http_method method;
    struct str method_text;
    struct str uri;         /* raw REQUEST_URI: path and query as the client sent them */
    struct str path;        /* core door: decoded and normalised by http_normalise_path */
    struct str query;       /* raw, without '?' */
    struct str remote_addr; /* REMOTE_ADDR of nginx, never a forwarded header */
    struct str host;        /* Host header; absent for HTTP/1.0 clients */
    struct str body;
    /* FastCGI parameters, NULL-terminated "NAME=value"; the first of equal names counts */
    char *const *params;
};

/* A request header by its FastCGI name, e.g. "HTTP_CDI_VERSION"; STR_NONE when absent. */
struct str http_param(const struct http_request *rq, const char *name);

/* What nginx calls this request ($request_id); absent when it is none or looks unlike one. */
struct str http_request_id(const struct http_request *rq);

/* Drops ;parameters, percent-decodes, collapses //, resolves dot segments (spec: cdi-conventions 3). RAW has
 * no query. ST_BAD_REQUEST for %2F, malformed escapes, NUL, invalid UTF-8, a path that leaves the root or
 * does not begin with "/", and dot segments with parameters ("..;x"), which a proxy before us takes for
 * names. */
enum st_err http_normalise_path(struct ctx *c, struct str raw, struct str *out) ST_MUST_CHECK;

/* First value of a query parameter: + is a space, percent-decoded UTF-8 (it may hold U+0000); STR_NONE when
 * absent. A malformed escape or invalid UTF-8 anywhere in the query is ST_BAD_REQUEST. */
enum st_err http_query(struct ctx *c, const struct http_request *rq, const char *name,
                       struct str *out) ST_MUST_CHECK;
/* The same, and how often the parameter is there. */
enum st_err http_query_all(struct ctx *c, const struct http_request *rq, const char *name, struct str *out,
                           unsigned *times) ST_MUST_CHECK;

enum { HTTP_MAX_HEADERS = 16 };

struct http_response {
    int status; /* 0 until answered */
    const char *content_type;
    struct http_header headers[HTTP_MAX_HEADERS]; /* besides Content-Type and Content-Length */
    size_t nheaders;
    struct str body;
};

/* Beyond the maximum, or with a control character in VALUE: left out and logged. NAME is a literal. */
void http_add_header(struct http_response *rs, const char *name, struct str value);
/* Plain answer: "<text>\n" as text/html;charset=UTF-8, the reference's form (spec: cdi-conventions 5). */
void http_answer_text(struct ctx *c, struct http_response *rs, int status, struct str text);
/* 200 with JSON and a final newline, application/json;charset=UTF-8. */
void http_answer_json(struct ctx *c, struct http_response *rs, struct json_out *j);
/* Status and text for the client of ERR, which never is a signal's. The message of ST_INTERNAL goes to the
 * log only. */
int http_error(struct ctx *c, enum st_err err, struct str *text);
/* The answer that belongs to ERR and the context's message, or the status' usual text; 503 carries
 * Retry-After: 1. The message of ST_INTERNAL goes to the log only. Headers that were set for the answer that
 * failed are dropped. */
void http_answer_error(struct ctx *c, struct http_response *rs, enum st_err err);
/* 405, for an unknown method 501, with Allow. ALLOWED: bit 1 << HTTP_GET etc. for each method of the path. */
void http_answer_bad_method(struct ctx *c, struct http_response *rs, enum http_method method,
                            unsigned allowed);

struct http_call;    /* src/http/call.h */
struct trace_span;   /* src/trace/trace.h */
struct password_job; /* src/crypto/password_hash.h */
struct exchange;

/* Continues an exchange after what it waited for has been done. */
typedef enum st_err exchange_resume(struct exchange *x);

struct exchange {
    struct arena arena;
    struct ctx ctx;
    struct http_request rq;
    struct http_response rs;
    int64_t begun_us;  /* when the service got it, monotonic */
    const void *route; /* the row of a door's table that serves it; NULL: none */
    void *door;        /* state of the door that serves it, e.g. struct core_call; NULL: not yet there */
    /* What it waits for, one of the two; meanwhile no thread, no connection and no lock is held. */
    struct password_job *job;
    struct http_call *call;
    exchange_resume *resume;
    struct trace_span *wait; /* of the waiting; NULL: not traced */
};

/* Parks the exchange until JOB has been computed by a hash thread, then RESUME runs on a request thread. Use
 * as the last call of a handler: return exchange_await(x, job, resume). Always returns ST_SUSPENDED. */
enum st_err exchange_await(struct exchange *x, struct password_job *job, exchange_resume *resume);
/* The same for a request to another server. */
enum st_err exchange_await_call(struct exchange *x, struct http_call *call, exchange_resume *resume);

#endif
