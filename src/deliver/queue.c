/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/queue.h"

#include <inttypes.h>

enum take_column {
    ID,
    ATTEMPTS,
    SITE,
    TARGET,
    APP,
    TENANT,
    MESSAGE_ID,
    PAYLOAD,
    CREATED,
    LEFT,
    LAST_ERROR,
};

static struct str number(struct arena *a, int64_t n)
{
    return arena_printf(a, "%" PRId64, n);
}

enum st_err queue_take(struct ctx *c, struct db *db, const struct queue_wish *wishes, size_t nwishes,
                       size_t most, struct queue_item **out, size_t *n)
{
    struct str *sites = ARENA_ARRAY(c->arena, nwishes, struct str);
    struct str *targets = ARENA_ARRAY(c->arena, nwishes, struct str);
    struct str *limits = ARENA_ARRAY(c->arena, nwishes, struct str);
    for (size_t i = 0; i < nwishes; i++) {
        sites[i] = wishes[i].site;
        targets[i] = wishes[i].target;
        limits[i] = number(c->arena, wishes[i].most);
    }
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_deliver_claim, db_strs(c->arena, sites, nwishes),
                  db_strs(c->arena, targets, nwishes), db_strs(c->arena, limits, nwishes),
                  db_i64((int64_t)most), db_i64(QUEUE_LEASE_MS)));
    *n = db_rows(r);
    *out = ARENA_ARRAY(c->arena, *n, struct queue_item);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct queue_item){
            .id = db_int(r, i, ID),
            .attempts = db_int(r, i, ATTEMPTS),
            .site = db_text(r, i, SITE),
            .target = db_text(r, i, TARGET),
            .app = db_text(r, i, APP),
            .tenant = db_text(r, i, TENANT),
            .message_id = db_text(r, i, MESSAGE_ID),
            .payload = db_text(r, i, PAYLOAD),
            .created_ms = db_int(r, i, CREATED),
            .left_ms = db_int(r, i, LEFT),
            .last_error = db_text(r, i, LAST_ERROR),
        };
    return ST_OK;
}

static struct db_call done_call(struct arena *a, const struct queue_result *results, size_t n)
{
    struct str *ids = ARENA_ARRAY(a, n, struct str), *attempts = ARENA_ARRAY(a, n, struct str);
    size_t done = 0;
    for (size_t i = 0; i < n; i++)
        if (results[i].outcome == QUEUE_DONE) {
            ids[done] = number(a, results[i].id);
            attempts[done++] = number(a, results[i].attempts);
        }
    return DB_CALL(STMT_deliver_done, db_strs(a, ids, done), db_strs(a, attempts, done));
}

enum st_err queue_settle(struct ctx *c, struct db *db, const struct queue_result *results, size_t n)
{
    struct db_call *calls = ARENA_ARRAY(c->arena, 2 * n + 1, struct db_call);
    size_t ncalls = 0;
    calls[ncalls++] = done_call(c->arena, results, n);
    for (size_t i = 0; i < n; i++) {
        const struct queue_result *r = &results[i];
        struct db_arg id = db_i64(r->id), attempts = db_i64(r->attempts);
        if (r->outcome == QUEUE_GIVE_UP)
            calls[ncalls++] = DB_CALL(STMT_deliver_give_up, id, attempts, db_str(r->why), db_str(r->payload));
        if (r->outcome != QUEUE_RETRY)
            continue;
        calls[ncalls++] = DB_CALL(STMT_deliver_retry, id, attempts, db_i64(r->retry_ms), db_str(r->why));
        calls[ncalls++] = DB_CALL(STMT_deliver_hold_up, id, attempts);
    }
    return db_run(c, db, calls, ncalls);
}
