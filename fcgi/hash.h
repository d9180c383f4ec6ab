/* SPDX-License-Identifier: Apache-2.0
 *
 * Password hashing beside the request threads: a bounded queue and, at low priority, as many threads as the
 * whole service may hash at once. A thread takes one of the service's slots first and then what waits in the
 * queue, up to HASH_BATCH jobs of one kind, which are computed together (crypto/password_hash.h).
 *
 * One lock guards the queue; while it is held no other is taken.
 */
#ifndef ST_FCGI_HASH_H
#define ST_FCGI_HASH_H

#include <pthread.h>
#include <stdbool.h>

#include "crypto/hash_slots.h"
#include "crypto/password_hash.h"

enum { HASH_BATCH = 3 };

struct config;
struct loop;
struct request;

struct hash_pool {
    /* Set before hash_open. */
    struct hash_slots *slots;                       /* for all algorithms */
    struct hash_slots *argon2_slots, *scrypt_slots; /* of these, as many as the configuration allows */
    struct loop *loop;                              /* where requests go on */
    const struct config *config;

    /* Private. */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct request *first, *last;
    unsigned queued;
    int64_t purged_ms; /* when the queue was last searched for requests that nobody waits for */
    unsigned ready;    /* threads that wait for work or for a slot */
    unsigned running[PASSWORD_FIREBASE_SCRYPT + 1]; /* jobs by algorithm */
    bool stopping;
};

int hash_open(struct hash_pool *h);  /* 0 or an errno value */
void hash_run(struct hash_pool *h);  /* a thread's life, until hash_stop */
void hash_stop(struct hash_pool *h); /* threads end after what they are computing */
/* After all threads ended: what is still queued goes to the loop as dropped. */
void hash_close(struct hash_pool *h);

/* Queues R, whose x.job is to be computed; loop_resume follows, with r->dropped set when nobody waits for the
 * answer any more. False: the queue is full and R stays the caller's. */
bool hash_submit(struct hash_pool *h, struct request *r);

#endif
