/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL: a pool per worker process and database, statements by name (sql/ *.sql), transactions with
 * retry. (spec: db-schema 2, 3; config 3)
 *
 * Round trips are what costs, so every call takes any number of statements and sends them in one pipeline:
 * the statements of one db_run outside db_tx are one implicit transaction.
 */
#ifndef ST_DB_DB_H
#define ST_DB_DB_H

#include <libpq-fe.h>

#include "base/ctx.h"
#include "db/statements.h" /* generated from sql/: enum stmt, struct statement statements[] */

struct config;
struct db; /* a database as one worker uses it: pool, table names, prepared statements; maybe a standby */
struct db_conn; /* a connection leased to a request while it runs a transaction */

/* Named statements stay off behind PgBouncer in transaction mode. Opens no connection yet; CONFIG is not
 * needed afterwards. NULL: out of memory, or a table name that is no plain identifier; logged. */
struct db *db_open(const struct config *config);
void db_close(struct db *db); /* waits for no one: all leases must have ended */

/* One argument of a statement. */
struct db_arg {
    enum db_arg_kind { DB_NULL, DB_TEXT, DB_I64, DB_BOOL } kind;
    struct str text; /* must not hold NUL (the readers refuse it); checked again here: ST_BAD_REQUEST */
    int64_t number;
};

static inline struct db_arg db_null(void)
{
    return (struct db_arg){.kind = DB_NULL};
}
static inline struct db_arg db_str(struct str s) /* absent becomes SQL NULL */
{
    return (struct db_arg){.kind = s.p ? DB_TEXT : DB_NULL, .text = s};
}
static inline struct db_arg db_i64(int64_t n)
{
    return (struct db_arg){.kind = DB_I64, .number = n};
}
static inline struct db_arg db_bool(bool b)
{
    return (struct db_arg){.kind = DB_BOOL, .number = b};
}
/* A text[] value, for `= ANY($1)` and unnest. */
struct db_arg db_strs(struct arena *a, const struct str *values, size_t n);

enum { DB_MAX_ARGS = 12 };

struct db_call {
    enum stmt stmt;
    struct db_arg args[DB_MAX_ARGS]; /* as many as the statement has parameters; checked */
    size_t nargs;
    const PGresult *result; /* out; tied to the request's arena */
};

#define DB_CALL(STMT, ...)                                                                                   \
    (struct db_call)                                                                                         \
    {                                                                                                        \
        .stmt = (STMT), .args = {__VA_ARGS__},                                                               \
        .nargs = sizeof((struct db_arg[]){__VA_ARGS__}) / sizeof(struct db_arg)                              \
    }

/* Sends CALLS in one round trip and waits for all results. Inside a transaction of this request (db_tx) they
 * run in it; outside, they are one implicit transaction, tried again on serialization failures, and once more
 * after a lost connection when nothing can have been committed or nothing is written. After a failed
 * statement none of the others has an effect, and no result is set. c->statements counts also BEGIN, COMMIT
 * and ROLLBACK. Errors: ST_CONSTRAINT (then db_violated tells which), ST_RETRY (only inside db_tx: pass it
 * on), ST_UNAVAILABLE (no connection within 5 s or the request's deadline, connection lost, deadline passed),
 * ST_BAD_REQUEST (text not storable), ST_INTERNAL (anything else; logged with SQLSTATE, never with
 * arguments). */
enum st_err db_run(struct ctx *c, struct db *db, struct db_call *calls, size_t n) ST_MUST_CHECK;

/* One statement. */
#define DB_RUN(C, DB, RESULT, STMT, ...) db_run_one((C), (DB), (RESULT), DB_CALL(STMT, __VA_ARGS__))
enum st_err db_run_one(struct ctx *c, struct db *db, const PGresult **result,
                       struct db_call call) ST_MUST_CHECK;

/* Runs FN in a transaction: READ COMMITTED; up to 50 tries on ST_RETRY with the spec's sleep (db-schema 3),
 * within the deadline. BEGIN travels with the first statements. FN's db_run calls on DB use the transaction;
 * a db_tx on the same DB inside joins it. FN must be repeatable: it may leave nothing behind but database
 * writes and results it sets again. Committed when FN returns ST_OK, rolled back otherwise. A failed
 * statement dooms the transaction: FN passes the error on, and what it means is looked at behind db_tx (ST_OK
 * would become ST_INTERNAL). A COMMIT whose answer was lost is ST_UNAVAILABLE. */
typedef enum st_err db_tx_fn(struct ctx *c, struct db *db, void *arg);
enum st_err db_tx(struct ctx *c, struct db *db, db_tx_fn *fn, void *arg) ST_MUST_CHECK;
/* Inside FN: the next db_run is the last one, so COMMIT travels with it. Without effect in a joined
 * transaction. */
void db_commit_with_next(struct ctx *c);

/* After ST_CONSTRAINT: was it <table><suffix>, e.g. db_violated(c, db, "recipe_user_tenants", "_pkey")? TABLE
 * is the canonical name; prefix and renamed tables are taken care of (spec: db-schema 5). */
bool db_violated(const struct ctx *c, const struct db *db, const char *table, const char *suffix);

/* Reading results. Text lives as long as the result. */
static inline size_t db_rows(const PGresult *r)
{
    return (size_t)PQntuples(r);
}
bool db_is_null(const PGresult *r, size_t row, int col);
struct str db_text(const PGresult *r, size_t row, int col); /* STR_NONE for NULL */
struct str db_id(const PGresult *r, size_t row, int col);   /* the same without CHAR(n)'s trailing blanks */
int64_t db_int(const PGresult *r, size_t row, int col);     /* NULL: 0 */
bool db_true(const PGresult *r, size_t row, int col);
size_t db_affected(const PGresult *r); /* rows written */

/* Number of open and of leased connections, for tests and metrics. */
void db_pool_counts(struct db *db, unsigned *open, unsigned *leased);

/* Closes idle connections above the minimum; called about once a second by the worker's timer. */
void db_tick(struct db *db);

#endif
