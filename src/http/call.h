/* SPDX-License-Identifier: Apache-2.0
 *
 * A request of ours to another server (an identity provider). A handler describes it and ends with
 * exchange_await_call; one thread of the worker makes all calls at once, so that a slow server occupies no
 * request thread, and the handler's resume function finds the answer here. When too many calls are waiting
 * already the request is answered with 503 and the handler is not resumed.
 */
#ifndef ST_HTTP_CALL_H
#define ST_HTTP_CALL_H

#include "http/exchange.h"

enum { HTTP_CALL_HEADERS = 16, HTTP_CALL_TIMEOUT_MS = 10 * 1000, HTTP_CALL_ANSWER_MAX = 256 * 1024 };

enum http_call_result {
    HTTP_CALL_DONE,   /* there is an answer, of whatever status */
    HTTP_CALL_FAILED, /* name, connection, TLS, protocol */
    HTTP_CALL_TIMED_OUT,
    HTTP_CALL_TOO_LARGE, /* the answer is longer than allowed */
    HTTP_CALL_REFUSED,   /* the URL is none that we call, or a header cannot be sent */
};

struct http_call {
    /* Set by the caller; borrowed until the call has ended. */
    enum http_method method; /* GET or POST */
    struct str url;          /* https or http, without user and password */
    struct http_header headers[HTTP_CALL_HEADERS];
    size_t nheaders;
    struct str body;    /* of a POST */
    int64_t timeout_ms; /* in all, at most what the request has left; 0: HTTP_CALL_TIMEOUT_MS */
    size_t answer_max;  /* bytes; 0: HTTP_CALL_ANSWER_MAX */

    /* The result. Redirects are not followed. */
    enum http_call_result result;
    int status;
    struct str content_type, answer; /* live as long as the request */
    char error[128];                 /* of a failure, for the log: no URL, no secret */
};

#endif
