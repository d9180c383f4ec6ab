/* SPDX-License-Identifier: Apache-2.0
 *
 * The connections of one worker and the threads that serve them. All threads wait on one epoll; an idle
 * connection costs a file descriptor and no thread, so kept connections of nginx never use up the threads.
 *
 * A connection belongs to the thread that got its event (EPOLLONESHOT), until it is armed again or closed;
 * while a request waits for its password hash or for another server the connection is not armed and belongs
 * to the hash queue or the caller.
 */
#ifndef ST_FCGI_LOOP_H
#define ST_FCGI_LOOP_H

#include <stdatomic.h>

#include "caller.h"
#include "hash.h"
#include "listen.h"
#include "request.h"

struct service;

struct loop {
    /* Set before loop_open. */
    struct service *service;
    const struct listeners *listeners;
    struct request_limits limits;
    struct hash_pool *hash;
    struct caller *caller;
    unsigned threads;

    /* Private. */
    int epoll;
    int resume_event; /* written for every request that comes back */
    int stop_event;   /* written once: all threads end */
    atomic_bool draining;
    atomic_uint connections, busy; /* open; with a request in progress */
    pthread_mutex_t lock;          /* guards the lists, and watching the listeners; nothing else is taken
                                      while it is held */
    struct request *resumed_first, *resumed_last;
    struct request *reading;
    struct request *spare;
    unsigned spares;
};

/* Returns 0 or an errno value. */
int loop_open(struct loop *l);
void loop_close(struct loop *l); /* after all threads ended */

/* Serves until loop_stop. BUSY_SINCE is written: monotonic ms at which this thread took what it works on, 0
 * while it waits. */
void loop_run(struct loop *l, _Atomic int64_t *busy_since);

/* Takes what has connected up to now and nothing afterwards: the listeners are let go of. nginx is asked to
 * close kept connections with the next answer on each. */
void loop_drain(struct loop *l);
void loop_stop(struct loop *l);

/* About once a second: ends the reading of requests that should have come by now. */
void loop_expire(struct loop *l);

/* From a hash thread or the caller: R goes on in a request thread. */
void loop_resume(struct loop *l, struct request *r);

#endif
