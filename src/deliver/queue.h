/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/deliver/: taking deliveries out of a database and saying what became of them.
 */
#ifndef ST_DELIVER_QUEUE_H
#define ST_DELIVER_QUEUE_H

#include "db/db.h"

/* How many are wanted of a target. */
struct queue_wish {
    struct str site, target;
    unsigned most;
};

/* One that is ours until its lease ends. */
struct queue_item {
    int64_t id;
    int64_t attempts; /* with this one; tells this lease from later ones */
    struct str site, target, app, tenant, message_id, payload;
    int64_t created_ms; /* since the epoch */
    int64_t left_ms;    /* until it is to be given up; 0 or less: now */
    struct str last_error;
};

enum { QUEUE_LEASE_MS = 120 * 1000 };

/* *OUT is in the arena. */
enum st_err queue_take(struct ctx *c, struct db *db, const struct queue_wish *wishes, size_t nwishes,
                       size_t most, struct queue_item **out, size_t *n) ST_MUST_CHECK;

/* What became of one. WHY is ASCII and holds no secret. */
struct queue_result {
    int64_t id, attempts;
    enum queue_outcome { QUEUE_DONE, QUEUE_RETRY, QUEUE_GIVE_UP } outcome;
    int64_t retry_ms; /* from now */
    struct str why;
    struct str payload; /* of one given up: what is kept of it; absent: all */
};

/* In one transaction. Those whose lease has ended meanwhile are left alone. */
enum st_err queue_settle(struct ctx *c, struct db *db, const struct queue_result *results,
                         size_t n) ST_MUST_CHECK;

#endif
