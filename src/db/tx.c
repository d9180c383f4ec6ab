/* SPDX-License-Identifier: Apache-2.0
 *
 * Transactions: BEGIN travels with the first statements, COMMIT with the last ones where the caller knows
 * them.
 */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "db/internal.h"

struct db_lease *lease_of(const struct ctx *c, const struct db *db)
{
    struct db_lease *frame = c->lease;
    while (frame && frame->db != db)
        frame = frame->outer;
    return frame ? frame->root : NULL;
}

void db_commit_with_next(struct ctx *c)
{
    struct db_lease *frame = c->lease;
    if (frame && frame->root == frame) /* a joined transaction is committed by who began it */
        frame->commit_next = true;
}

/* Sends STEPS, of which the middle N are the caller's, in the transaction. */
enum st_err tx_run(struct ctx *c, struct db_lease *tx, struct step *steps, size_t n)
{
    if (tx->failed || tx->commit_sent) {
        LOG_ERROR(c, "statement %s after the end of its transaction", statements[steps[1].stmt].name);
        return error_internal(c);
    }
    size_t first = 1, end = 1 + n;
    if (!tx->begun)
        steps[first = 0] = step_of(STMT_tx_begin);
    if (tx->commit_next) {
        steps[end++] = step_of(STMT_tx_commit);
        tx->commit_sent = true;
    }
    tx->begun = true;
    struct pipeline p = {.c = c, .conn = tx->conn, .steps = steps + first, .n = end - first};
    enum st_err err = pipeline_run(&p);
    tx->lost = p.lost;
    tx->timed_out = p.timed_out;
    tx->failed = err != ST_OK;
    tx->committed = tx->commit_sent && err == ST_OK;
    return err;
}

static enum st_err finish(struct ctx *c, struct db_lease *tx, enum stmt stmt)
{
    struct step step = step_of(stmt);
    struct pipeline p = {.c = c, .conn = tx->conn, .steps = &step, .n = 1};
    return pipeline_run(&p);
}

/* Ends the transaction of a function that returned ERR. */
static enum st_err end_transaction(struct ctx *c, struct db_lease *tx, enum st_err err)
{
    if (!tx->begun || tx->committed)
        return err;
    if (err == ST_OK && !tx->failed) {
        tx->commit_sent = true;
        err = finish(c, tx, STMT_tx_commit);
        tx->committed = err == ST_OK;
        return err;
    }
    if (err == ST_OK) {
        LOG_ERROR(c, "a transaction whose statement failed cannot be committed");
        err = error_internal(c);
    }
    /* Where ROLLBACK fails the connection is closed, which rolls back too. */
    if (!tx->lost && PQtransactionStatus(tx->conn->pg) != PQTRANS_IDLE) {
        struct str message = c->message;
        if (finish(c, tx, STMT_tx_rollback) != ST_OK)
            tx->conn->broken = true;
        c->message = message;
    }
    return err;
}

/* Out of memory, or the end of the transaction. */
static void release_lease(void *object)
{
    struct db_lease *tx = object;
    tx->c->lease = tx->outer;
    pool_release(tx->conn);
}

static enum st_err run_once(struct ctx *c, struct db_lease *tx, db_tx_fn *fn, void *arg)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, release_lease);
    ST_TRY(pool_acquire(c, tx->db, &tx->conn));
    c->lease = tx;
    slot->object = tx;
    enum st_err err = end_transaction(c, tx, fn(c, tx->db, arg));
    slot->object = NULL;
    release_lease(tx);
    return err;
}

static enum st_err run_joined(struct ctx *c, struct db *db, struct db_lease *root, db_tx_fn *fn, void *arg)
{
    struct db_lease *frame = ARENA_NEW(c->arena, struct db_lease);
    *frame = (struct db_lease){.c = c, .db = db, .outer = c->lease, .root = root};
    c->lease = frame;
    enum st_err err = fn(c, db, arg);
    c->lease = frame->outer;
    return err;
}

enum st_err db_tx(struct ctx *c, struct db *db, db_tx_fn *fn, void *arg)
{
    struct db_lease *root = lease_of(c, db);
    if (root)
        return run_joined(c, db, root, fn, arg);
    struct db_lease *tx = ARENA_NEW(c->arena, struct db_lease);
    bool repeated = false;
    for (unsigned tries = 1;; tries++) {
        *tx = (struct db_lease){.c = c, .db = db, .outer = c->lease, .root = tx};
        enum st_err err = run_once(c, tx, fn, arg);
        /* Without COMMIT nothing has happened, so a lost connection allows one more run. */
        if (err == ST_UNAVAILABLE && tx->lost && !tx->timed_out && !tx->commit_sent && !repeated) {
            repeated = true;
            continue;
        }
        if (err != ST_RETRY || tx->committed)
            return err;
        ST_TRY(tx_retry_sleep(c, tries));
    }
}

enum st_err tx_retry_sleep(struct ctx *c, unsigned tries)
{
    double growth = tries < 12 ? (double)(1u << tries) : 3000; /* min(2^tries, 3000) */
    int64_t ms = (int64_t)(10 + (250 + growth) * random_unit());
    if (tries >= DB_MAX_TRIES || (c->deadline_ms && clock_monotonic_ms() + ms >= c->deadline_ms)) {
        LOG_WARN(c, "a transaction lost every race in %u tries", tries);
        return error_unavailable(c);
    }
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    return ST_OK;
}
