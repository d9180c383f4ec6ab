/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements outside of a transaction: the pipeline is one implicit transaction.
 */
#include "base/clock.h"
#include "db/internal.h"

/* May the steps run once more after the connection was lost? Not when they may have been committed. */
static bool may_repeat(const struct pipeline *p)
{
    return p->lost && !p->timed_out && (p->untouched || steps_read_only(p->steps, p->n));
}

static enum st_err run_on(struct ctx *c, struct db *db, struct step *steps, size_t n)
{
    /* Reserved before there is a connection, so that running out of memory cannot lose it. */
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, pool_release);
    bool repeated = false;
    for (unsigned tries = 1;; tries++) {
        struct db_conn *conn;
        ST_TRY(pool_acquire(c, db, &conn));
        slot->object = conn;
        struct pipeline p = {.c = c, .conn = conn, .steps = steps, .n = n};
        enum st_err err = pipeline_run(&p);
        slot->object = NULL;
        pool_release(conn);
        if (err == ST_UNAVAILABLE && !repeated && may_repeat(&p)) {
            repeated = true;
            continue;
        }
        if (err != ST_RETRY)
            return err;
        ST_TRY(tx_retry_sleep(c, tries));
    }
}

/* Whatever a standby fails with (it is away, catches up, lacks a table yet), the primary may do better. It
 * gets half of the time that there is. */
static bool ask_standby(struct ctx *c, struct db *db, struct step *steps, size_t n)
{
    int64_t deadline_ms = c->deadline_ms, now = clock_monotonic_ms();
    int64_t left = deadline_ms ? deadline_ms - now : DB_LEASE_WAIT_MS;
    c->deadline_ms = now + left / 2;
    enum st_err err = left > 0 ? run_on(c, db->standby, steps, n) : ST_UNAVAILABLE;
    c->deadline_ms = deadline_ms;
    return err == ST_OK;
}

static enum st_err run_alone(struct ctx *c, struct db *db, struct step *steps, size_t n)
{
    if (db->standby && steps_may_be_stale(steps, n) && ask_standby(c, db, steps, n))
        return ST_OK;
    return run_on(c, db, steps, n);
}

enum st_err db_run(struct ctx *c, struct db *db, struct db_call *calls, size_t n)
{
    if (n == 0)
        return ST_OK;
    struct db_lease *tx = lease_of(c, db);
    /* Room for BEGIN before and COMMIT after the calls. */
    struct step *steps = ARENA_ARRAY(c->arena, n + 2, struct step);
    ST_TRY(steps_bind(c, calls, n, steps + 1));
    return tx ? tx_run(c, tx, steps, n) : run_alone(c, db, steps + 1, n);
}

enum st_err db_run_one(struct ctx *c, struct db *db, const PGresult **result, struct db_call call)
{
    enum st_err err = db_run(c, db, &call, 1);
    if (result)
        *result = call.result;
    return err;
}
