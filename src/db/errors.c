/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "db/internal.h"

/* SQLSTATEs or their classes; the first row that fits counts. */
static const struct row {
    const char *sqlstate;
    enum st_err err;
    bool discard;
    const char *hint; /* logged with it; of ST_BAD_REQUEST: what the client is told */
} rows[] = {
    {"23505", ST_CONSTRAINT, false, NULL},  /* unique_violation */
    {"23503", ST_CONSTRAINT, false, NULL},  /* foreign_key_violation */
    {"40", ST_RETRY, false, NULL},          /* serialization failure, deadlock */
    {"55P03", ST_RETRY, false, NULL},       /* lock_not_available */
    {"57014", ST_UNAVAILABLE, false, NULL}, /* query_canceled: statement_timeout, or an administrator */
    {"57P", ST_UNAVAILABLE, true, NULL},    /* shutdown, crash, starting up */
    {"08", ST_UNAVAILABLE, true, NULL},     /* connection exceptions, also PgBouncer's */
    {"53", ST_UNAVAILABLE, false, NULL},    /* insufficient resources, too many connections */
    {"25006", ST_UNAVAILABLE, true, NULL},  /* read-only: we are connected to a former primary */
    {"22001", ST_BAD_REQUEST, false, "a value is too long"},     /* string_data_right_truncation */
    {"22021", ST_BAD_REQUEST, false, "text is not valid UTF-8"}, /* character_not_in_repertoire */
    {"22P05", ST_BAD_REQUEST, false, "text is not valid UTF-8"}, /* untranslatable_character */
    {"54000", ST_BAD_REQUEST, false, "a value is too long"},     /* program_limit_exceeded: for an index */
    {"26000", ST_INTERNAL, true, "behind PgBouncer in transaction mode set fcgi_named_statements: false"},
    {"42P05", ST_INTERNAL, true, "behind PgBouncer in transaction mode set fcgi_named_statements: false"},
    {"", ST_INTERNAL, false, NULL},
};

static const struct row *classify(const char *sqlstate)
{
    const struct row *row = rows;
    while (strncmp(sqlstate, row->sqlstate, strlen(row->sqlstate)) != 0)
        row++;
    return row;
}

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text ? text : "";
}

/* Constant texts: telling of an error must not run out of memory. */
enum st_err error_unavailable(struct ctx *c)
{
    c->message = STR("Database not available");
    return ST_UNAVAILABLE;
}

enum st_err error_internal(struct ctx *c)
{
    c->message = STR("Internal Error");
    return ST_INTERNAL;
}

/* A prepared statement's columns were changed by a migration: it must be parsed anew, on a new connection. */
static bool is_stale_plan(const PGresult *result, const char *sqlstate)
{
    return strcmp(sqlstate, "0A000") == 0 &&
           strcmp(field(result, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0;
}

/* The primary message of class 22 repeats the argument ("invalid input syntax for ...: \"x\""). */
static const char *loggable_text(const PGresult *result, const char *sqlstate)
{
    return strncmp(sqlstate, "22", 2) == 0 ? "invalid data" : field(result, PG_DIAG_MESSAGE_PRIMARY);
}

struct db_error error_note(struct ctx *c, const PGresult *result, enum stmt stmt)
{
    const char *sqlstate = field(result, PG_DIAG_SQLSTATE);
    const char *name = statements[stmt].name;
    if (!*sqlstate) {
        LOG_WARN(c, "connection to PostgreSQL lost at statement %s", name);
        return (struct db_error){.err = error_unavailable(c), .discard = true};
    }
    if (is_stale_plan(result, sqlstate))
        return (struct db_error){.err = ST_RETRY, .discard = true};
    const struct row *row = classify(sqlstate);
    const char *severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    bool ended = strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
    struct db_error e = {.err = row->err,
                         .discard = row->discard || ended,
                         .untouched = ended && strcmp(sqlstate, "57P01") == 0};
    switch (row->err) {
    case ST_CONSTRAINT:
        c->violated = arena_str(c->arena, str_of(field(result, PG_DIAG_CONSTRAINT_NAME)));
        break;
    case ST_RETRY:
        LOG_DEBUG(c, "statement %s lost a race: SQLSTATE %s", name, sqlstate);
        break;
    case ST_BAD_REQUEST:
        c->message = str_of(row->hint);
        break;
    case ST_UNAVAILABLE:
        LOG_WARN(c, "statement %s: SQLSTATE %s: %s", name, sqlstate, field(result, PG_DIAG_MESSAGE_PRIMARY));
        e.err = error_unavailable(c);
        break;
    default:
        LOG_ERROR(c, "statement %s: SQLSTATE %s: %s%s%s", name, sqlstate, loggable_text(result, sqlstate),
                  row->hint ? "; " : "", row->hint ? row->hint : "");
        e.err = error_internal(c);
    }
    return e;
}
