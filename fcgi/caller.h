/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to other servers beside the request threads: one thread of the worker makes all of them at once
 * with libcurl's multi interface (http/call.h). It starts with the first call, so that a service that calls
 * nobody pays nothing for it.
 *
 * Both the calls in all and those to one host are bounded, so that a server that hangs cannot keep those of
 * the others out. One lock guards the list of new calls and the counters; while it is held no other is taken.
 */
#ifndef ST_FCGI_CALLER_H
#define ST_FCGI_CALLER_H

#include <curl/curl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct config;
struct loop;
struct request;
struct transfer;

enum { CALLER_HOSTS = 256 };

struct caller {
    /* Set before caller_open. */
    struct loop *loop; /* where requests go on */
    const struct config *config;

    /* Private. */
    pthread_mutex_t lock;
    pthread_t thread;
    CURLM *multi;
    X509_STORE *authorities;
    bool started, stopping;
    struct request *first, *last;   /* new ones */
    unsigned calls;                 /* new ones and those being made */
    unsigned to_host[CALLER_HOSTS]; /* the same, by hash of the host */
    struct transfer *transfers;     /* of the thread */
};

int caller_open(struct caller *c);   /* 0 or an errno value */
void caller_stop(struct caller *c);  /* ends the thread; calls that are being made are given up */
void caller_close(struct caller *c); /* after caller_stop: what was given up goes to the loop as dropped */

/* Makes the call r->x.call; loop_resume follows. False: too many calls wait, or there are no resources for
 * another one, and R stays the caller's. */
bool caller_submit(struct caller *c, struct request *r);

#endif
