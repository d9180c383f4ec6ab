/* SPDX-License-Identifier: Apache-2.0
 *
 * One FastCGI request on a connection of nginx: reading it into an exchange and writing the answer. libfcgi
 * is the parser and nothing else: it never accepts, writes or closes for us.
 *
 * What is distrusted (each has a test): a parameter stream that was cut, a body that differs from its
 * CONTENT_LENGTH, input that is left unread. None of these may ever reach the next request of a kept
 * connection.
 */
#ifndef ST_FCGI_REQUEST_H
#define ST_FCGI_REQUEST_H

#include <fcgiapp.h>

#include "http/exchange.h"

/* The parameter that ends nginx/supertokens-fcgi.params; without it the list is not the one that we trust. */
#define REQUEST_SENTINEL "ST_END"

/* With the value "ignored" nginx says that the location has no use for bodies and hands them on as they come
 * (fastcgi_request_buffering off): the request is ready without its body, and whoever is slow to send one
 * holds nobody up. */
#define REQUEST_BODY "ST_BODY"

struct request {
    struct exchange x;
    FCGX_Request fcgi;
    int fd;            /* the connection; -1 when closed */
    bool polled;       /* the connection is known to the epoll */
    bool keep;         /* nginx wants to use the connection again, and everything sent so far was in order */
    int64_t queued_us; /* when it began to wait for its hash or call, monotonic */
    bool unread;       /* its body is not wanted, and nginx may still be sending it */
    bool dropped;      /* while it waited: time is up, the client has gone, or the worker ends */
    struct request *next; /* in the list that holds it */
    /* While it is read, in the list of those; guarded by the loop's lock: */
    struct request *previous;
    int reading_fd;
    int64_t read_until; /* when it must have come, monotonic ms */
};

struct request_limits {
    size_t body;        /* bytes */
    int64_t timeout_ms; /* for the whole request */
};

enum request_state {
    REQUEST_READY,    /* x is filled: serve it */
    REQUEST_ANSWERED, /* refused by a guard: x.rs holds the answer */
    REQUEST_LOST,     /* nobody to answer: close the connection */
};

/* Reads one request from r->fd, where something is ready to be read. Blocks for what is not there yet, within
 * the socket's SO_RCVTIMEO for each part; loop_expire bounds all of it. */
enum request_state request_read(struct request *r, const struct request_limits *limits) ST_MUST_CHECK;

/* Writes x.rs and the end of the request. LAST asks nginx not to use the connection again. Returns false when
 * the connection is of no further use. */
bool request_answer(struct request *r, bool last) ST_MUST_CHECK;

/* Frees what the request held and makes R ready for the next one. Leaves the connection open. */
void request_end(struct request *r);

/* What the other side of a connection has sent that is not read yet. */
enum peek { PEEK_NOTHING, PEEK_DATA, PEEK_CLOSED };
enum peek request_peek(int fd);

#endif
