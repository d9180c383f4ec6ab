/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/hosts.h"
#include "db/internal.h"

bool conn_wait(int socket, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - clock_monotonic_ms();
        if (left <= 0)
            return false;
        struct pollfd p = {.fd = socket, .events = events};
        int n = poll(&p, 1, left > DB_DEFAULT_WAIT_MS ? DB_DEFAULT_WAIT_MS : (int)left);
        if (n > 0 || (n < 0 && errno != EINTR))
            return true; /* an error of poll shows up again in libpq */
    }
}

/* Notices come unasked; one that ends the session means that the connection is dead. */
static void receive_notice(void *object, const PGresult *notice)
{
    struct db_conn *conn = object;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        conn->broken = true;
    else if (log_enabled(LOG_DEBUG_LEVEL) && PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY))
        LOG_DEBUG(NULL, "PostgreSQL: %s", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

static bool finish_connecting(PGconn *pg, int64_t deadline_ms)
{
    short events = POLLOUT;
    while (PQstatus(pg) != CONNECTION_BAD) {
        if (!conn_wait(PQsocket(pg), events, deadline_ms))
            return false;
        switch (PQconnectPoll(pg)) {
        case PGRES_POLLING_OK:
            return true;
        case PGRES_POLLING_READING:
            events = POLLIN;
            break;
        case PGRES_POLLING_WRITING:
            events = POLLOUT;
            break;
        default:
            return false;
        }
    }
    return false;
}

/* libpq's texts have line breaks. */
static void explain(char *why, size_t why_size, PGconn *pg)
{
    const char *text = pg && *PQerrorMessage(pg) ? PQerrorMessage(pg) : "no answer in time";
    int n = snprintf(why, why_size, "%s", pg ? text : "out of memory");
    for (size_t i = n > 0 ? strlen(why) : 0; i > 0 && why[i - 1] == '\n'; i--)
        why[i - 1] = 0;
    for (char *p = why; *p; p++)
        if (*p == '\n')
            *p = ' ';
}

/* NULL with the reason in WHY. */
static PGconn *connect_to(struct db *db, unsigned number, struct db_conn *conn, int64_t deadline_ms,
                          char *why, size_t why_size)
{
    struct db_host one;
    PGconn *pg = NULL;
    if (db_hosts_pick((const char *const *)db->keywords, (const char *const *)db->values, number, &one))
        pg = PQconnectStartParams(one.keywords, one.values, 0);
    if (pg) {
        PQsetNoticeReceiver(pg, receive_notice, conn);
        if (finish_connecting(pg, deadline_ms) && PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg))
            return pg;
    }
    explain(why, why_size, pg);
    PQfinish(pg);
    return NULL;
}

struct db_conn *conn_open(struct db *db, int64_t deadline_ms, char *why, size_t why_size)
{
    size_t words = (STMT_COUNT + 63) / 64;
    struct db_conn *conn = calloc(1, sizeof *conn + words * sizeof conn->prepared[0]);
    if (!conn) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    conn->db = db;
    unsigned first = atomic_load(&db->last_host);
    for (unsigned i = 0; i < db->hosts; i++) {
        int64_t now = clock_monotonic_ms(), share = (deadline_ms - now) / (db->hosts - i);
        conn->pg = connect_to(db, first + i, conn, now + share, why, why_size);
        if (conn->pg) {
            if (!db->hosts_ordered)
                atomic_store(&db->last_host, (first + i) % db->hosts);
            return conn;
        }
        conn->broken = false;
    }
    free(conn);
    return NULL;
}

bool conn_alive(struct db_conn *conn)
{
    enum { MAX_ROUNDS = 16 };
    for (int i = 0; i < MAX_ROUNDS; i++) {
        char byte;
        ssize_t n = recv(PQsocket(conn->pg), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n == 0)
            return false;
        /* A changed server parameter, a TLS ticket, or the server's farewell. */
        if (n > 0 && !PQconsumeInput(conn->pg))
            return false;
        (void)PQisBusy(conn->pg); /* parses, and gives notices to receive_notice */
        if (conn->broken || PQstatus(conn->pg) != CONNECTION_OK)
            return false;
    }
    return false;
}

bool conn_idle(const struct db_conn *conn)
{
    return PQstatus(conn->pg) == CONNECTION_OK && PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
}

/* PQcancel makes a connection of its own and waits for its end without a limit, which takes forever when the
 * server hangs: the threads that this may cost are not those of requests, and few. The connection itself is
 * closed after it, because PgBouncer forgets what a client that has left was doing. */
enum { CANCELS_MAX = 4 };
static atomic_uint cancels;

static void *cancel_and_finish(void *pg)
{
    char why[256];
    PGcancel *handle = PQgetCancel(pg);
    if (handle)
        (void)PQcancel(handle, why, sizeof why);
    PQfreeCancel(handle);
    PQfinish(pg);
    atomic_fetch_sub(&cancels, 1);
    return NULL;
}

static bool start_detached(void *(*run)(void *), void *object)
{
    enum { STACK_BYTES = 128 * 1024 };
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool ok = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
              pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&thread, &attributes, run, object) == 0;
    (void)pthread_attr_destroy(&attributes);
    return ok;
}

void conn_close(struct db_conn *conn)
{
    PGconn *pg = conn->pg;
    bool cancel = conn->cancel;
    free(conn);
    if (cancel && atomic_fetch_add(&cancels, 1) < CANCELS_MAX && start_detached(cancel_and_finish, pg))
        return;
    if (cancel)
        atomic_fetch_sub(&cancels, 1);
    PQfinish(pg);
}
