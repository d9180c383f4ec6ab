/* SPDX-License-Identifier: Apache-2.0
 *
 * What GET /health/ready last found, for all workers of a node: however often it is asked, the database is
 * looked at once a second. Lock-free.
 */
#ifndef ST_RUNTIME_READINESS_H
#define ST_RUNTIME_READINESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct readiness {
    atomic_bool draining;      /* the master was told to end */
    _Atomic int64_t next_ms;   /* monotonic: when somebody is to look again, who moves it on */
    _Atomic unsigned problems; /* enum of ops/health.c, or'ed */
    atomic_bool known;         /* somebody has looked */
};

#endif
