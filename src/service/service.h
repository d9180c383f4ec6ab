/* SPDX-License-Identifier: Apache-2.0
 *
 * The service inside one worker process: what the FastCGI layer calls. Thread-safe unless said otherwise.
 */
#ifndef ST_SERVICE_SERVICE_H
#define ST_SERVICE_SERVICE_H

#include "http/exchange.h"

struct config;
struct sites;
struct shared;
struct service;

/* Called once in a worker after fork, before its threads start. SHARED is the page common to all processes.
 * NULL with a reason in WHY. The database need not be reachable. */
struct service *service_start(const struct config *base, const struct sites *sites, struct shared *shared,
                              char *why, size_t why_size);
void service_stop(struct service *s); /* after all threads ended */
void service_tick(struct service *s); /* about once a second, from one thread */

enum serve_state {
    SERVE_DONE,    /* x->rs holds the answer */
    SERVE_WAITING, /* x->job is to be run by a hash thread, or x->call made; then service_resume called */
};

/* X: rq filled except path and query (made from uri), ctx.arena and ctx.deadline_ms set. Never fails:
 * every problem becomes an answer, also running out of memory. */
enum serve_state service_begin(struct service *s, struct exchange *x);
enum serve_state service_resume(struct service *s, struct exchange *x);
/* Answers 503 with Retry-After: the hash queue is full, or the service is overloaded. */
void service_refuse(struct service *s, struct exchange *x);

#endif
