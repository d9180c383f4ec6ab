/* SPDX-License-Identifier: Apache-2.0
 *
 * Traces (OpenTelemetry): a span for a request and spans below it for what it waits for. A trace lives in its
 * request's arena and is copied into a bounded queue when the request has ended; a thread of its own sends
 * what is in the queue (OTLP/HTTP, JSON encoding). Where nothing is to be sent, the request's trace is NULL,
 * and every function here returns at once.
 *
 * Names and attributes are literals, words of our tables and numbers: nothing of a user, and no secret. The
 * one text from outside is the host of a server that we call.
 */
#ifndef ST_TRACE_TRACE_H
#define ST_TRACE_TRACE_H

#include <curl/curl.h>

#include "base/arena.h"

enum {
    TRACE_ID = 16,
    TRACE_SPAN_ID = 8,
    TRACE_SPANS = 48, /* below a request; further ones are left out */
    TRACE_HOST = 64,
    TRACE_REQUEST_ID = 65,
};

enum trace_kind { TRACE_INTERNAL = 1, TRACE_SERVER, TRACE_CLIENT };

/* Of a span below the request. Texts are literals or live as long as the process. */
struct trace_span {
    enum trace_kind kind;
    const char *name;
    int64_t begun_us, ended_us; /* monotonic */
    const char *operation;      /* of the database: the first statement's name; or NULL */
    const char *algorithm;      /* of a password hash; or NULL */
    const char *method;         /* of a call; or NULL */
    const char *error;          /* what went wrong, one word; or NULL */
    unsigned statements;        /* of the database */
    int status;                 /* of a call's answer; 0: none */
    char host[TRACE_HOST];      /* of a call */
};

struct trace {
    unsigned char id[TRACE_ID], span_id[TRACE_SPAN_ID], parent_id[TRACE_SPAN_ID];
    bool has_parent;
    int64_t begun_us, ended_us; /* monotonic */
    int64_t begun_unix_us;
    const char *door, *route, *method;
    int status;
    char request_id[TRACE_REQUEST_ID];
    unsigned nspans;
    struct trace_span spans[TRACE_SPANS];
};

/* False: nothing needs to be gathered for trace_begin. */
bool trace_is_on(void);

/* NULL: this request is not traced. TRACEPARENT: of the request (W3C Trace Context); believed only where the
 * configuration says so. */
struct trace *trace_begin(struct arena *a, struct str traceparent, struct str request_id);
/* Hands T to the sender. DOOR, ROUTE and METHOD live as long as the process. Does not block. */
void trace_end(struct trace *t, const char *door, const char *route, const char *method, int status);

/* NULL: no trace, or no room for more. The span is over when trace_span_end was called, at the latest with
 * the trace. */
struct trace_span *trace_span_begin(struct trace *t, enum trace_kind kind, const char *name);
void trace_span_end(struct trace_span *s);

/* ---- the sender, once in a process ---- */

struct trace_options {
    const char *endpoint; /* of the collector; /v1/traces is added where it is missing */
    const char *headers;  /* NAME=VALUE, ...; secret; or NULL */
    const char *service_name;
    double sample_ratio; /* of requests that bring no decision along */
    bool believe_traceparent;
    bool (*secure)(CURL *easy, void *context); /* sets what all our connections have in common */
    void *secure_context;
};

/* The texts must stay. 0 or an errno value. */
int trace_start(const struct trace_options *options);
void trace_stop(void); /* sends what is queued, for some seconds at most; without trace_start nothing */

#endif
