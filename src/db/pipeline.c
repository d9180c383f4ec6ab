/* SPDX-License-Identifier: Apache-2.0
 *
 * One round trip: all statements and one Sync in one write, then all results. (PostgreSQL: "Pipeline Mode")
 */
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/internal.h"
#include "trace/trace.h"

static bool is_prepared(const struct db_conn *conn, enum stmt stmt)
{
    return conn->prepared[(unsigned)stmt / 64] >> ((unsigned)stmt % 64) & 1;
}

static void set_prepared(struct db_conn *conn, enum stmt stmt, bool prepared)
{
    uint64_t bit = UINT64_C(1) << ((unsigned)stmt % 64);
    uint64_t *word = &conn->prepared[(unsigned)stmt / 64];
    *word = prepared ? *word | bit : *word & ~bit;
}

static bool send_step(struct db_conn *conn, struct step *s)
{
    const char *text = conn->db->texts[s->stmt], *name = statements[s->stmt].name;
    const char *fault = faults_statement();
    s->parse = false; /* also when the steps are sent again */
    if (fault)
        return PQsendQueryParams(conn->pg, fault, 0, NULL, NULL, NULL, NULL, 0);
    if (!conn->db->named_statements)
        return PQsendQueryParams(conn->pg, text, s->nparams, NULL, s->values, NULL, NULL, 0);
    s->parse = !is_prepared(conn, s->stmt);
    if (s->parse) {
        if (!PQsendPrepare(conn->pg, name, text, 0, NULL))
            return false;
        set_prepared(conn, s->stmt, true); /* for the next step of this pipeline; taken back when it fails */
    }
    return PQsendQueryPrepared(conn->pg, name, s->nparams, s->values, NULL, NULL, 0);
}

static void give_up(struct pipeline *p)
{
    p->lost = true;
    p->conn->broken = true;
}

static void fail(struct pipeline *p, enum st_err err)
{
    if (p->err == ST_OK)
        p->err = err;
}

static void time_out(struct pipeline *p)
{
    LOG_WARN(p->c, "statement %s: no answer from PostgreSQL within the deadline",
             statements[p->steps[p->completed < p->n ? p->completed : p->n - 1].stmt].name);
    p->timed_out = true;
    p->err = error_unavailable(p->c);
    give_up(p);
    p->conn->cancel = true; /* the server goes on working for nobody otherwise */
}

/* Without memory for the result of a Sync, libpq 15 takes the answer, notes an error and goes on waiting for
 * what has come already. */
static bool has_missed_a_result(const struct pipeline *p)
{
    return strlen(PQerrorMessage(p->conn->pg)) > p->said;
}

/* Waits until PQgetResult does not block. False: deadline passed, or no result would come. */
static bool await_result(struct pipeline *p)
{
    PGconn *pg = p->conn->pg;
    while (PQisBusy(pg)) {
        if (has_missed_a_result(p)) {
            LOG_ERROR(p->c, "out of memory for the answer of PostgreSQL");
            fail(p, error_unavailable(p->c));
            give_up(p);
            return false;
        }
        bool unsent = PQflush(pg) > 0;
        if (!conn_wait(PQsocket(pg), (short)(unsent ? POLLIN | POLLOUT : POLLIN), p->deadline_ms)) {
            time_out(p);
            return false;
        }
        if (!PQconsumeInput(pg))
            return true; /* lost: PQgetResult makes a result of what was received, or of the error */
    }
    return true;
}

/* The result that is being looked at has an owner, should memory run out meanwhile. */
static void hold(struct pipeline *p, PGresult *result)
{
    PQclear(p->held->object);
    p->held->object = result;
}

/* Notes the failure of step I (N: of the commit). After the end of a session nothing more is waited for. */
static void note_failure(struct pipeline *p, const PGresult *result, size_t i)
{
    struct db_error e = error_note(p->c, result, p->steps[i < p->n ? i : p->n - 1].stmt);
    fail(p, e.err);
    if (e.discard) {
        p->untouched = e.untouched && i < p->n;
        give_up(p);
    }
}

/* Reads the result of one command, and the NULL that libpq gives behind it, and holds it. NULL: lost. */
static PGresult *read_result(struct pipeline *p)
{
    PGconn *pg = p->conn->pg;
    if (!await_result(p))
        return NULL;
    PGresult *result = PQgetResult(pg);
    hold(p, result);
    if (result && PQresultStatus(result) == PGRES_PIPELINE_SYNC)
        return result;
    if (result && !await_result(p))
        return NULL;
    PGresult *more = result ? PQgetResult(pg) : NULL;
    PQclear(more);
    p->said = strlen(PQerrorMessage(pg));
    if (!result || (more && PQstatus(pg) == CONNECTION_OK)) {
        LOG_ERROR(p->c, "statement %s: PostgreSQL sent not exactly one result",
                  statements[p->steps[p->completed < p->n ? p->completed : p->n - 1].stmt].name);
        fail(p, error_unavailable(p->c));
        give_up(p);
        return NULL;
    }
    return result;
}

static void take_result(struct pipeline *p, struct step *s, PGresult *result)
{
    if (s->slot) {
        p->held->object = NULL;
        s->slot->object = result;
        s->call->result = result;
    } else if (s->stmt == STMT_tx_commit && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        LOG_ERROR(p->c, "PostgreSQL rolled back instead of committing");
        fail(p, error_internal(p->c));
    }
}

/* Reads the answer to the Parse or the Execute of step I. False: lost. */
static bool read_answer(struct pipeline *p, size_t i, bool parse)
{
    struct step *s = &p->steps[i];
    PGresult *result = read_result(p);
    if (!result)
        return false;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        if (!parse)
            take_result(p, s, result);
        return true;
    }
    if (parse)
        set_prepared(p->conn, s->stmt, false);
    if (status != PGRES_PIPELINE_ABORTED)
        note_failure(p, result, i);
    return !p->lost;
}

static void read_answers(struct pipeline *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->steps[i].parse && !read_answer(p, i, true))
            return;
        if (!read_answer(p, i, false))
            return;
        p->completed += p->err == ST_OK;
    }
    /* An error in place of the Sync's answer: the commit of the implicit transaction failed. */
    PGresult *result;
    while ((result = read_result(p)) != NULL && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        note_failure(p, result, p->n);
        if (p->lost)
            return;
    }
}

static void release_result(void *object)
{
    PQclear(object);
}

static void drop_results(struct pipeline *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!p->steps[i].slot)
            continue;
        PQclear(p->steps[i].slot->object);
        p->steps[i].slot->object = NULL;
        p->steps[i].call->result = NULL;
    }
}

static const char *const error_words[] = {
    [ST_CONSTRAINT] = "constraint", [ST_RETRY] = "retry",       [ST_UNAVAILABLE] = "unavailable",
    [ST_BAD_REQUEST] = "data",      [ST_INTERNAL] = "internal",
};

/* The first statement that is not BEGIN names the round trip. */
static void tell_span(struct trace_span *span, const struct pipeline *p)
{
    enum stmt first = p->steps[p->n > 1 && p->steps[0].stmt == STMT_tx_begin].stmt;
    trace_span_end(span);
    span->operation = span->name = statements[first].name;
    span->statements = (unsigned)p->n;
    span->error = p->err == ST_OK ? NULL : error_words[p->err];
}

static void count(const struct pipeline *p)
{
    static const unsigned char class_of[] = {
        [ST_CONSTRAINT] = 0, [ST_RETRY] = 1, [ST_UNAVAILABLE] = 2, [ST_BAD_REQUEST] = 3, [ST_INTERNAL] = 4,
    };
    unsigned db = p->conn->db->metrics;
    metrics_database_add(db, METRIC_db_statements, p->n);
    metrics_database_add(db, METRIC_db_round_trips, 1);
    if (p->err != ST_OK)
        metrics_database_add(db, METRIC_db_errors + class_of[p->err], 1);
}

enum st_err pipeline_run(struct pipeline *p)
{
    struct ctx *c = p->c;
    p->err = ST_OK;
    p->completed = 0;
    p->lost = p->timed_out = p->untouched = false;
    p->deadline_ms = c->deadline_ms ? c->deadline_ms : clock_monotonic_ms() + DB_DEFAULT_WAIT_MS;
    c->statements += (unsigned)p->n;
    c->round_trips++;
    p->held = arena_reserve_cleanup(c->arena, release_result);
    struct trace_span *span = trace_span_begin(c->trace, TRACE_CLIENT, "postgresql");
    bool sent = true;
    faults_before_sending(p->conn->pg);
    for (size_t i = 0; i < p->n && sent; i++)
        sent = send_step(p->conn, &p->steps[i]);
    if (sent && PQpipelineSync(p->conn->pg)) {
        p->said = strlen(PQerrorMessage(p->conn->pg));
        faults_after_sending(p->conn->pg);
        read_answers(p);
    } else {
        LOG_WARN(c, "cannot send to PostgreSQL");
        fail(p, error_unavailable(c));
        give_up(p);
    }
    hold(p, NULL);
    if (p->err != ST_OK)
        drop_results(p);
    count(p);
    if (span)
        tell_span(span, p);
    return p->err;
}
