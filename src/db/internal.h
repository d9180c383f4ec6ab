/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of src/db/ share. A request's way: run.c or tx.c take a connection from the pool (pool.c,
 * which opens it with conn.c), steps.c turns calls and arguments into libpq's form, pipeline.c sends them and
 * reads all results, errors.c says what an SQLSTATE means.
 */
#ifndef ST_DB_INTERNAL_H
#define ST_DB_INTERNAL_H

#include <pthread.h>

#include <stdatomic.h>

#include "base/fault.h"
#include "db/db.h"
#include "db/names.h"

enum {
    DB_LEASE_WAIT_MS = 5000,       /* for a connection, and for opening one (spec: config 3) */
    DB_STANDBY_WAIT_MS = 1000,     /* the same of a standby: there is another one to ask */
    DB_DEFAULT_WAIT_MS = 60000,    /* for results, where the request has no deadline */
    DB_MAX_TRIES = 50,             /* of a transaction (spec: db-schema 3) */
    DB_MIN_BACKOFF_MS = 50,        /* after a failed connect, doubled */
    DB_MAX_BACKOFF_MS = 500,       /* up to this */
    DB_STANDBY_BACKOFF_MS = 10000, /* or to this: nobody waits for a standby */
    DB_LOG_INTERVAL_MS = 10000,    /* between log lines saying that the database is away */
};

/* ---- a connection (conn.c): owned by its pool, used by one thread at a time ---- */

struct db_conn {
    struct db *db;
    PGconn *pg;           /* non-blocking, always in pipeline mode */
    struct db_conn *next; /* in the pool's idle list */
    int64_t idle_since_ms;
    bool broken; /* must not be used again */
    bool cancel; /* when it is closed, the server is asked to give up what was sent, without waiting for it */
    uint64_t prepared[]; /* bit per statement */
};

/* NULL with PostgreSQL's text in WHY (may name host, user and database; never secrets). */
struct db_conn *conn_open(struct db *db, int64_t deadline_ms, char *why, size_t why_size);
void conn_close(struct db_conn *conn);
/* Looks whether the server has closed it meanwhile; one system call, does not block. */
bool conn_alive(struct db_conn *conn);
bool conn_idle(const struct db_conn *conn); /* no transaction, nothing in flight */
/* Waits for EVENTS (poll.h) on SOCKET; false: deadline passed. */
bool conn_wait(int socket, short events, int64_t deadline_ms);

/* ---- the pool (pool.c) ---- */

struct waiter {
    struct waiter *next;
    struct db_conn *conn; /* handed over by who returned it */
    bool woken;
    pthread_cond_t cond;
};

struct db {
    /* Constant after db_open. */
    struct db_names names;
    char **texts; /* of the statements, by enum stmt */
    char **keywords, **values;
    unsigned pool_size, min_idle;
    int64_t idle_timeout_ms;
    bool named_statements;
    int64_t lease_wait_ms, max_backoff_ms;
    unsigned hosts; /* tries of a connect (hosts.h) */
    bool hosts_ordered;
    atomic_uint last_host; /* that took us: the next one begins there */
    struct db *standby;    /* asked first where the answer may be stale; or NULL */
    unsigned metrics;      /* its number (base/metrics.h) */

    /* Under LOCK. No arena allocation and no system call that blocks while it is held. */
    pthread_mutex_t lock;
    struct db_conn *idle; /* last used first */
    unsigned open;        /* idle, leased, or being opened */
    unsigned nidle;
    struct waiter *first, **last; /* in the order they came */
    unsigned failures;            /* connects that failed in a row */
    bool probing;                 /* while there are failures, one thread at a time tries */
    int64_t retry_at_ms, logged_at_ms;
    unsigned nwaiting;
    struct {
        unsigned open, leased, waiting;
    } shown; /* in the metrics */
};

bool pool_init(struct db *db);
void pool_free(struct db *db);
/* Waits at most db->lease_wait_ms. ST_UNAVAILABLE. */
enum st_err pool_acquire(struct ctx *c, struct db *db, struct db_conn **out) ST_MUST_CHECK;
/* Closes a connection that is broken or not idle. Also an arena's clean-up: OBJECT is a struct db_conn. */
void pool_release(void *object);

/* ---- what is sent (steps.c) ---- */

struct step {
    enum stmt stmt;
    int nparams;
    const char *const *values;
    struct db_call *call;       /* NULL: BEGIN, COMMIT or ROLLBACK */
    struct arena_cleanup *slot; /* holds the result */
    bool parse;                 /* the pipeline has a Parse of the statement before it */
};

/* Checks CALLS and copies their arguments. STEPS has room for N. */
enum st_err steps_bind(struct ctx *c, struct db_call *calls, size_t n, struct step *steps) ST_MUST_CHECK;
struct step step_of(enum stmt stmt); /* one without arguments and result */
bool steps_read_only(const struct step *steps, size_t n);
bool steps_may_be_stale(const struct step *steps, size_t n);

/* ---- one round trip (pipeline.c) ---- */

struct pipeline {
    struct ctx *c;
    struct db_conn *conn;
    struct step *steps;
    size_t n;
    /* Outcome. */
    enum st_err err;  /* of the first step that failed */
    size_t completed; /* steps that succeeded; their effect may still be rolled back */
    bool lost;        /* the connection is of no use any more */
    bool timed_out;   /* that is why */
    bool untouched;   /* lost, but surely nothing of an implicit transaction was committed */
    /* Private. */
    int64_t deadline_ms;
    struct arena_cleanup *held; /* the result that is being looked at */
    size_t said;                /* length of libpq's error message that results told of */
};

enum st_err pipeline_run(struct pipeline *p) ST_MUST_CHECK;

/* ---- errors.c ---- */

struct db_error {
    enum st_err err;
    bool discard;   /* the connection should not be used again */
    bool untouched; /* the server ended the session before it committed what it had not answered */
};

/* Classifies the error of STEP and notes constraint and message in C; logs what is no part of normal life. */
struct db_error error_note(struct ctx *c, const PGresult *result, enum stmt stmt);
enum st_err error_unavailable(struct ctx *c);
enum st_err error_internal(struct ctx *c);

/* ---- transactions (tx.c) ---- */

/* One frame for each db_tx a request is in; a nested one on the same database uses the transaction of ROOT.
 */
struct db_lease {
    struct ctx *c;
    struct db *db;
    struct db_lease *outer, *root;
    struct db_conn *conn; /* of the root */
    bool begun, failed, lost, timed_out;
    bool commit_next, commit_sent, committed;
};

struct db_lease *lease_of(const struct ctx *c, const struct db *db); /* the root frame, or NULL */
enum st_err tx_run(struct ctx *c, struct db_lease *tx, struct step *steps, size_t n) ST_MUST_CHECK;
/* Sleeps before the next try; TRIES were made. ST_UNAVAILABLE: too many, or the deadline is too near. */
enum st_err tx_retry_sleep(struct ctx *c, unsigned tries) ST_MUST_CHECK;

/* ---- faults on demand (faults.c); nothing in usual builds ---- */

#ifdef ST_FAULTS
void faults_before_sending(PGconn *pg);
void faults_after_sending(PGconn *pg);
const char *faults_statement(void); /* to send instead of the next one; NULL: none */
#else
static inline void faults_before_sending(PGconn *pg)
{
    (void)pg;
}
static inline void faults_after_sending(PGconn *pg)
{
    (void)pg;
}
static inline const char *faults_statement(void)
{
    return NULL;
}
#endif

#endif
