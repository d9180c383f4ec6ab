/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults on demand, for the sweep of t/fault-*.t: the N-th allocation, write or database call of one request
 * fails. Only builds with ST_FAULTS can do that (./dev test --faults); in all others nothing of it is
 * compiled, and the FastCGI parameter ST_FAULT means nothing.
 *
 * One request of the process is armed at a time. Whoever works for a request says so by fault_enter and
 * fault_leave: other threads, and what a thread does for nobody, never fail.
 */
#ifndef ST_BASE_FAULT_H
#define ST_BASE_FAULT_H

#include "base/str.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_ALLOC,  /* one allocation: of an arena, of malloc and its kin, also in libraries */
    FAULT_MEMORY, /* that allocation and all that follow */
    FAULT_WRITE,  /* one write to a socket, pipe or file fails */
    FAULT_SHORT,  /* one write takes a single byte */
    FAULT_LEASE,  /* the pool gives no connection */
    FAULT_SEND,   /* the connection is lost before a round trip */
    FAULT_ANSWER, /* the connection is lost after PostgreSQL did what was sent */
    FAULT_ERROR,  /* a statement fails with an internal error of PostgreSQL */
    FAULT_RETRY,  /* a statement fails with a serialization failure */
};

#ifdef ST_FAULTS

/* PLAN is "KIND:N", such as "alloc:17"; anything else arms nothing. REQUEST names the request and is never
 * looked into. Enters. */
void fault_arm(const void *request, struct str plan);
void fault_enter(const void *request); /* this thread works for REQUEST now; nothing unless it is armed */
void fault_leave(void);
void fault_end(const void *request); /* it is over, and this thread has left */

/* Counts; true for the one that is to fail. */
bool fault_hits(enum fault_kind kind);

/* "fired=1 seen=17" of the newest plan, for a header of every answer. */
const char *fault_report(void);

#else

/* Not a function: what the plan is read from is not looked at either. */
#define fault_arm(REQUEST, PLAN) ((void)0)
static inline void fault_enter(const void *request)
{
    (void)request;
}
static inline void fault_leave(void) {}
static inline void fault_end(const void *request)
{
    (void)request;
}
static inline bool fault_hits(enum fault_kind kind)
{
    (void)kind;
    return false;
}
static inline const char *fault_report(void)
{
    return NULL;
}

#endif
#endif
