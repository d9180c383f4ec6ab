/* SPDX-License-Identifier: Apache-2.0
 *
 * Request counters of GET /requests/stats (spec: cdi-conventions 11), in memory shared by all workers. A
 * request to the core door counts once it has reached its app, and one to the auth door, however many calls
 * of the core an SDK would have made for it, once it has reached its tenant; requests to the verify door do
 * not: SDKs answer those without the core. Apps beyond STATS_APPS take the place of the one that was counted
 * longest ago.
 *
 * Lock rule: one robust process-shared mutex, held for a few instructions; a process that dies while holding
 * it costs at most one wrong count.
 */
#ifndef ST_RUNTIME_STATS_H
#define ST_RUNTIME_STATS_H

#include <pthread.h>

#include "base/str.h"

enum { STATS_APPS = 64, STATS_MINUTES = 1440, STATS_NAME = 400 };

struct stats_app {
    char name[STATS_NAME]; /* "<cud>|<app>"; "" when free */
    int64_t first_minute, last_second;
    uint32_t in_second; /* requests of last_second */
    struct {
        uint32_t count, peak;
        int64_t minute; /* which minute since the epoch the slot holds */
    } slots[STATS_MINUTES + 1];
};

struct stats {
    pthread_mutex_t lock;
    struct stats_app apps[STATS_APPS];
};

struct stats_report {
    int64_t at_minute;
    double average[STATS_MINUTES]; /* requests per second; -1 before the counter existed */
    int32_t peak[STATS_MINUTES];
};

int stats_init(struct stats *s); /* by the master before forking; 0 or an errno value */
void stats_count(struct stats *s, struct str cud, struct str app, int64_t now_ms);
void stats_read(struct stats *s, struct str cud, struct str app, int64_t now_ms, struct stats_report *out);

#endif
