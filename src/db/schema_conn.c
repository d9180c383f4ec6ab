/* SPDX-License-Identifier: Apache-2.0 */
#include "db/schema_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum { RETRY_EVERY_MS = 10000, GIVE_UP_AFTER_MS = 3600 * 1000, POLL_MS = 100 };

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context; /* "already exists, skipping" */
    const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    LOG_DEBUG(NULL, "PostgreSQL: %s", text ? text : "");
}

static bool is_cancelled(const struct schema_conn *s)
{
    return s->cancelled && s->cancelled();
}

/* ---- connecting ---- */

static bool mentions(const char *text, int error)
{
    return strstr(text, strerror(error)) != NULL;
}

/* PostgreSQL is not there yet, or starts up or shuts down; anything else will not change by waiting. */
static bool worth_waiting(const struct schema_conn *s)
{
    switch (PQpingParams(s->settings->keywords, s->settings->values, 0)) {
    case PQPING_OK: /* it may have come up between the two: the next try tells */
        return strstr(PQerrorMessage(s->pg), "starting up") ||
               mentions(PQerrorMessage(s->pg), ECONNREFUSED) || mentions(PQerrorMessage(s->pg), ENOENT);
    case PQPING_REJECT:
        return true;
    case PQPING_NO_RESPONSE:
        return mentions(PQerrorMessage(s->pg), ECONNREFUSED) || mentions(PQerrorMessage(s->pg), ENOENT) ||
               mentions(PQerrorMessage(s->pg), ECONNRESET);
    default:
        return false;
    }
}

/* False: cancelled. */
static bool pause_between_tries(const struct schema_conn *s)
{
    int64_t interval = s->settings->retry_interval_ms ? s->settings->retry_interval_ms : RETRY_EVERY_MS;
    for (int64_t end = clock_monotonic_ms() + interval; clock_monotonic_ms() < end;) {
        if (is_cancelled(s))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return !is_cancelled(s);
}

static enum st_err connect_failed(struct schema_conn *s, enum st_err err)
{
    struct str text = str_trim(str_of(s->pg ? PQerrorMessage(s->pg) : "out of memory"));
    return ctx_fail(s->c, err, "%.*s", STR_ARG(text));
}

/* The reference's words, also for the end of its patience (spec: config 3). */
static const char not_there[] =
    "Error connecting to PostgreSQL instance. Please make sure that PostgreSQL is running and that you have "
    "specified the correct values for ('postgresql_host' and 'postgresql_port') or for "
    "'postgresql_connection_uri'";

static enum st_err connect_patiently(struct schema_conn *s)
{
    int64_t start = clock_monotonic_ms();
    for (bool first = true;; first = false) {
        s->pg = PQconnectdbParams(s->settings->keywords, s->settings->values, 0);
        if (PQstatus(s->pg) == CONNECTION_OK)
            return ST_OK;
        if (!s->pg || !worth_waiting(s))
            return connect_failed(s, ST_INTERNAL);
        if (first) {
            fprintf(stderr, "%s\n", not_there);
            LOG_WARN(s->c, "%s", PQerrorMessage(s->pg));
        }
        int64_t left = start + GIVE_UP_AFTER_MS - clock_monotonic_ms();
        if (left > 0)
            fprintf(stderr, "Trying again in a few seconds for %.1f mins...\n", (double)left / 60000);
        if (left <= 0 || !pause_between_tries(s))
            return ctx_fail(s->c, ST_UNAVAILABLE, "%s", not_there);
        PQfinish(s->pg);
        s->pg = NULL;
    }
}

static void release(void *object)
{
    schema_close(object);
}

enum st_err schema_connect(struct schema_conn *s, bool patient)
{
    const struct db_settings *settings = s->settings;
    arena_on_reset(s->c->arena, release, s);
    if (!names_init(&s->names, settings->schema, settings->table_name, settings->table_source))
        return ctx_fail(s->c, ST_INTERNAL, "%s", s->names.why);
    if (patient) {
        ST_TRY(connect_patiently(s));
    } else {
        s->pg = PQconnectdbParams(settings->keywords, settings->values, 0);
        if (PQstatus(s->pg) != CONNECTION_OK)
            return connect_failed(s, ST_UNAVAILABLE);
    }
    PQsetNoticeReceiver(s->pg, ignore_notice, NULL);
    if (PQsetClientEncoding(s->pg, "UTF8") != 0)
        return connect_failed(s, ST_INTERNAL);
    return ST_OK;
}

void schema_close(struct schema_conn *s)
{
    PQfinish(s->pg);
    s->pg = NULL;
    names_free(&s->names);
}

/* ---- statements ---- */

static void cancel(const struct schema_conn *s)
{
    char why[256];
    PGcancel *handle = PQgetCancel(s->pg);
    if (handle)
        (void)PQcancel(handle, why, sizeof why);
    PQfreeCancel(handle);
}

/* The last result of what was sent, or the first error: as PQexec, but it can be cancelled. */
static PGresult *await_result(const struct schema_conn *s)
{
    PGresult *kept = NULL, *next;
    bool stopped = false;
    for (;;) {
        while (PQisBusy(s->pg)) {
            struct pollfd p = {.fd = PQsocket(s->pg), .events = POLLIN};
            if (poll(&p, 1, POLL_MS) <= 0 && !stopped && is_cancelled(s)) {
                stopped = true;
                cancel(s);
            } else if (p.revents && !PQconsumeInput(s->pg)) {
                break;
            }
        }
        next = PQgetResult(s->pg);
        if (!next)
            return kept;
        if (kept && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(kept);
        kept = next;
    }
}

static enum st_err fail_with(struct schema_conn *s, const char *what, const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct str lost = str_trim(str_of(PQerrorMessage(s->pg)));
    snprintf(s->sqlstate, sizeof s->sqlstate, "%s", state ? state : "");
    if (strncmp(s->sqlstate, "40", 2) == 0 || strcmp(s->sqlstate, "55P03") == 0)
        return ctx_fail(s->c, ST_RETRY, "%s: %s", what, text ? text : s->sqlstate);
    if (!*s->sqlstate || strcmp(s->sqlstate, "57014") == 0 || strncmp(s->sqlstate, "57P", 3) == 0)
        return ctx_fail(s->c, ST_UNAVAILABLE, "%s: %.*s", what, STR_ARG(lost));
    return ctx_fail(s->c, ST_INTERNAL, "%s: SQLSTATE %s: %s", what, s->sqlstate, text ? text : "");
}

static void release_result(void *object)
{
    PQclear(object);
}

/* NPARAMS < 0: the simple protocol, for several statements. */
static enum st_err run(struct schema_conn *s, const PGresult **result, const char *what, const char *template,
                       int nparams, const char *const *values)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(s->c->arena, release_result);
    char *text = names_expand(&s->names, template);
    if (!text)
        return ctx_fail(s->c, ST_INTERNAL, "%s: %s", what, s->names.why);
    int sent = nparams < 0 ? PQsendQuery(s->pg, text)
                           : PQsendQueryParams(s->pg, text, nparams, NULL, values, NULL, NULL, 0);
    free(text);
    PGresult *r = sent ? await_result(s) : NULL;
    slot->object = r;
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        return fail_with(s, what, r);
    if (result)
        *result = r;
    return ST_OK;
}

enum st_err schema_run_block(struct schema_conn *s, const struct sql_block *block)
{
    return run(s, NULL, block->name, block->text, -1, NULL);
}

enum st_err schema_query(struct schema_conn *s, const PGresult **result, const char *name,
                         const char *const *values)
{
    for (const struct sql_block *b = sql_blocks; b->file; b++)
        if (b->kind == SQL_NAME && strcmp(b->name, name) == 0)
            return run(s, result, name, b->text, b->nparams, values);
    return ctx_fail(s->c, ST_INTERNAL, "no statement %s", name);
}

enum st_err schema_statement(struct schema_conn *s, const PGresult **result, enum stmt stmt,
                             const char *const *values)
{
    return run(s, result, statements[stmt].name, statements[stmt].text, statements[stmt].nparams, values);
}

void schema_rollback(struct schema_conn *s)
{
    struct str message = s->c->message;
    if (s->pg && PQtransactionStatus(s->pg) != PQTRANS_IDLE &&
        schema_statement(s, NULL, STMT_tx_rollback, NULL) != ST_OK)
        LOG_DEBUG(s->c, "ROLLBACK failed");
    s->c->message = message;
}
