/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool. Connections are opened on demand and returned to the thread that has waited longest, so that
 * under overload nobody starves. After a failed connect requests fail at once for a moment, and then only one
 * thread at a time tries again: while PostgreSQL is away threads are not piled up, and half a second after it
 * is back it is used.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/internal.h"

bool pool_init(struct db *db)
{
    db->last = &db->first;
    metrics_database_gauge(db->metrics, METRIC_db_size, db->pool_size);
    return pthread_mutex_init(&db->lock, NULL) == 0;
}

/* Under the lock, after every change. */
static void show(struct db *db)
{
    const unsigned leased = db->open - db->nidle;
    metrics_database_gauge(db->metrics, METRIC_db_open, (int64_t)db->open - db->shown.open);
    metrics_database_gauge(db->metrics, METRIC_db_leased, (int64_t)leased - db->shown.leased);
    metrics_database_gauge(db->metrics, METRIC_db_waiting, (int64_t)db->nwaiting - db->shown.waiting);
    db->shown.open = db->open;
    db->shown.leased = leased;
    db->shown.waiting = db->nwaiting;
}

static void unlock(struct db *db)
{
    show(db);
    pthread_mutex_unlock(&db->lock);
}

static void wake(struct waiter *w)
{
    w->woken = true;
    pthread_cond_signal(&w->cond);
}

/* Under the lock. CONN may be NULL: look again, there may be room. False: nobody waits. */
static bool wake_first(struct db *db, struct db_conn *conn)
{
    struct waiter *w = db->first;
    if (!w)
        return false;
    db->first = w->next;
    if (!db->first)
        db->last = &db->first;
    w->conn = conn;
    wake(w);
    return true;
}

static void wake_all(struct db *db)
{
    while (wake_first(db, NULL))
        ;
}

static void unlink_waiter(struct db *db, const struct waiter *w)
{
    struct waiter **p = &db->first;
    while (*p && *p != w)
        p = &(*p)->next;
    if (*p)
        *p = w->next;
    if (!*p)
        db->last = p;
}

/* Under the lock: sleeps until woken. False: the deadline has passed. *CONN: what was handed over, if
 * anything. */
static bool wait_in_line(struct db *db, int64_t deadline_ms, struct db_conn **conn)
{
    struct waiter w = {0};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w.cond, &attributes);
    pthread_condattr_destroy(&attributes);
    *db->last = &w;
    db->last = &w.next;
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                             .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int result = 0;
    int64_t begun_us = clock_monotonic_us();
    db->nwaiting++;
    show(db);
    while (!w.woken && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&w.cond, &db->lock, &until);
    db->nwaiting--;
    metrics_database_wait(db->metrics, clock_monotonic_us() - begun_us);
    if (!w.woken)
        unlink_waiter(db, &w);
    pthread_cond_destroy(&w.cond);
    *conn = w.conn;
    return w.woken;
}

/* Under the lock: does nobody have a connection that could be returned to those who wait? */
static bool nothing_to_wait_for(const struct db *db)
{
    return db->open == (db->probing ? 1 : 0);
}

/* Under the lock: a connection is gone, or was not opened. */
static void give_room(struct db *db)
{
    db->open--;
    if (nothing_to_wait_for(db)) /* they must look at the back-off again */
        wake_all(db);
    else
        wake_first(db, NULL);
}

static void drop(struct db_conn *conn)
{
    struct db *db = conn->db;
    conn_close(conn);
    pthread_mutex_lock(&db->lock);
    give_room(db);
    unlock(db);
}

static void drop_all(struct db_conn *list)
{
    while (list) {
        struct db_conn *conn = list;
        list = conn->next;
        drop(conn);
    }
}

static void drop_idle(struct db *db)
{
    pthread_mutex_lock(&db->lock);
    struct db_conn *list = db->idle;
    db->idle = NULL;
    db->nidle = 0;
    unlock(db);
    drop_all(list);
}

void pool_release(void *object)
{
    struct db_conn *conn = object;
    struct db *db = conn->db;
    /* No answer in time: where there is another server, this one may be gone, and each connection that it
     * left behind would cost a request as much. */
    if (conn->cancel && db->hosts > 1)
        drop_idle(db);
    if (conn->broken || !conn_idle(conn)) {
        drop(conn);
        return;
    }
    conn->idle_since_ms = clock_monotonic_ms();
    pthread_mutex_lock(&db->lock);
    if (!wake_first(db, conn)) {
        conn->next = db->idle;
        db->idle = conn;
        db->nidle++;
    }
    unlock(db);
}

/* Under the lock. */
static void note_success(struct db *db)
{
    if (db->failures) {
        db->failures = 0;
        db->probing = false;
        db->logged_at_ms = 0;
        wake_all(db);
    }
}

/* Under the lock. True: this failure should be logged. HURRIED: the request's own deadline left too little
 * time to say that PostgreSQL is away. */
static bool note_failure(struct db *db, int64_t now, bool hurried)
{
    db->probing = false;
    if (hurried)
        return false;
    unsigned doublings = db->failures < 8 ? db->failures : 8;
    int64_t pause = (int64_t)DB_MIN_BACKOFF_MS << doublings;
    db->retry_at_ms = now + (pause < db->max_backoff_ms ? pause : db->max_backoff_ms);
    db->failures++;
    if (db->logged_at_ms && now - db->logged_at_ms < DB_LOG_INTERVAL_MS)
        return false;
    db->logged_at_ms = now;
    return true;
}

/* Counted in db->open already. */
static struct db_conn *open_counted(struct ctx *c, struct db *db, int64_t deadline_ms)
{
    enum { FAIR_TRIAL_MS = 1000 };
    char why[512];
    int64_t start = clock_monotonic_ms();
    struct db_conn *conn = conn_open(db, deadline_ms, why, sizeof why);
    metrics_database_add(db->metrics, conn ? METRIC_db_connects : METRIC_db_connect_failures, 1);
    bool say = false;
    pthread_mutex_lock(&db->lock);
    if (conn) {
        say = db->failures > 0;
        note_success(db);
    } else {
        int64_t now = clock_monotonic_ms();
        say = note_failure(db, now, now >= deadline_ms && now - start < FAIR_TRIAL_MS);
        give_room(db);
    }
    unlock(db);
    if (say && conn)
        LOG_INFO(c, "connected to PostgreSQL again");
    else if (say)
        LOG_ERROR(c, "cannot connect to PostgreSQL: %s", why);
    return conn;
}

/* Under the lock. */
static bool may_connect(struct db *db, int64_t now)
{
    if (db->open >= db->pool_size)
        return false;
    if (db->failures == 0)
        return true;
    if (db->probing || now < db->retry_at_ms)
        return false;
    return db->probing = true;
}

static struct db_conn *pop_idle(struct db *db)
{
    struct db_conn *conn = db->idle;
    if (conn) {
        db->idle = conn->next;
        db->nidle--;
    }
    return conn;
}

enum choice { CHOICE_USE, CHOICE_CONNECT, CHOICE_FAIL, CHOICE_GIVE_UP };

/* Takes an idle connection, room for a new one, or waits for either. */
static enum choice choose(struct db *db, int64_t deadline_ms, struct db_conn **conn)
{
    enum choice choice = CHOICE_FAIL;
    pthread_mutex_lock(&db->lock);
    for (;;) {
        *conn = pop_idle(db);
        if (!*conn && may_connect(db, clock_monotonic_ms())) {
            db->open++;
            choice = CHOICE_CONNECT;
            break;
        }
        /* During the back-off waiting makes sense only for connections that are in use. */
        if (!*conn && db->failures && nothing_to_wait_for(db))
            break;
        if (!*conn && !wait_in_line(db, deadline_ms, conn)) {
            choice = CHOICE_GIVE_UP;
            break;
        }
        if (*conn) {
            choice = CHOICE_USE;
            break;
        }
    }
    unlock(db);
    return choice;
}

enum st_err pool_acquire(struct ctx *c, struct db *db, struct db_conn **out)
{
    int64_t deadline_ms = clock_monotonic_ms() + db->lease_wait_ms;
    if (c->deadline_ms && c->deadline_ms < deadline_ms)
        deadline_ms = c->deadline_ms;
    while (clock_monotonic_ms() < deadline_ms && !fault_hits(FAULT_LEASE)) {
        struct db_conn *conn;
        switch (choose(db, deadline_ms, &conn)) {
        case CHOICE_USE:
            if (!conn_alive(conn)) {
                drop(conn);
                continue;
            }
            break;
        case CHOICE_CONNECT:
            conn = open_counted(c, db, deadline_ms);
            break;
        case CHOICE_GIVE_UP:
            metrics_database_add(db->metrics, METRIC_db_exhausted, 1);
            LOG_WARN(c, "all %u connections to PostgreSQL are in use", db->pool_size);
            conn = NULL;
            break;
        case CHOICE_FAIL:
            conn = NULL;
        }
        *out = conn;
        return conn ? ST_OK : error_unavailable(c);
    }
    return error_unavailable(c);
}

void db_pool_counts(struct db *db, unsigned *open, unsigned *leased)
{
    pthread_mutex_lock(&db->lock);
    *open = db->open;
    *leased = db->open - db->nidle;
    pthread_mutex_unlock(&db->lock);
}

/* Takes out of the idle list what is dead or has been idle for too long; *LIST receives it. */
static void collect_unneeded(struct db *db, struct db_conn **list)
{
    int64_t now = clock_monotonic_ms();
    unsigned kept = 0;
    struct db_conn **p = &db->idle;
    while (*p) {
        struct db_conn *conn = *p;
        bool expired =
            db->idle_timeout_ms && kept >= db->min_idle && now - conn->idle_since_ms >= db->idle_timeout_ms;
        if (!expired && conn_alive(conn)) {
            kept++;
            p = &conn->next;
            continue;
        }
        *p = conn->next;
        db->nidle--;
        conn->next = *list;
        *list = conn;
    }
}

void db_tick(struct db *db)
{
    struct db_conn *unneeded = NULL;
    pthread_mutex_lock(&db->lock);
    collect_unneeded(db, &unneeded);
    unlock(db);
    drop_all(unneeded);
    if (db->standby)
        db_tick(db->standby);
}

void pool_free(struct db *db)
{
    for (struct db_conn *conn; (conn = pop_idle(db)) != NULL;)
        conn_close(conn);
    db->open = 0;
    show(db);
    metrics_database_gauge(db->metrics, METRIC_db_size, -(int64_t)db->pool_size);
    pthread_mutex_destroy(&db->lock);
}
