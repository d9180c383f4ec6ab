/* SPDX-License-Identifier: Apache-2.0 */
#include "db/schema_state.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "db/schema.h"

enum { COLUMN_TABLE, COLUMN_NAME, COLUMN_REMEDY };
static const char migrations_table[] = "stfcgi_migrations";
enum { ADOPTED = 0 }; /* version of the row that says so */

bool schema_has_table(struct schema_conn *s, const struct schema_found *found, const char *canonical)
{
    const char *actual = names_table(&s->names, str_of(canonical));
    for (size_t i = 0; actual && i < db_rows(found->tables); i++)
        if (str_is_c(db_text(found->tables, i, 0), actual))
            return true;
    return false;
}

enum st_err schema_ask(struct schema_conn *s, const char *name, bool *answer)
{
    const PGresult *r;
    ST_TRY(schema_query(s, &r, name, NULL));
    *answer = db_rows(r) == 1 && db_true(r, 0, 0);
    return ST_OK;
}

enum st_err schema_look(struct schema_conn *s, struct schema_found *out)
{
    *out = (struct schema_found){0};
    ST_TRY(schema_query(s, &out->tables, "detect_tables", NULL));
    for (const struct sql_block *b = sql_blocks; b->file && !out->any; b++)
        out->any = b->kind == SQL_TABLE && schema_has_table(s, out, b->name);
    ST_TRY(schema_query(s, &out->columns, "detect_missing_columns", NULL));
    for (size_t i = 0; i < db_rows(out->columns); i++) {
        bool unsupported = str_is(db_text(out->columns, i, COLUMN_REMEDY), STR("unsupported"));
        out->unsupported |= unsupported;
        out->old_columns |= !unsupported;
    }
    if (schema_has_table(s, out, "app_id_to_user_id"))
        ST_TRY(schema_ask(s, "detect_users", &out->users));
    if (schema_has_table(s, out, migrations_table)) {
        const PGresult *r;
        ST_TRY(schema_query(s, &r, "migrations_list", NULL));
        out->adopted = schema_is_recorded(r, ADOPTED);
    }
    return ST_OK;
}

enum st_err schema_refuse_unsupported(struct schema_conn *s, const struct schema_found *found)
{
    struct str table = db_text(found->columns, 0, COLUMN_TABLE),
               column = db_text(found->columns, 0, COLUMN_NAME);
    return ctx_fail(
        s->c, ST_FORBIDDEN,
        "Table %.*s of schema %s has no column %.*s: this is a database of a SuperTokens core older than 7, "
        "or not one at all. Upgrade it with the reference core first",
        STR_ARG(table), s->names.schema, STR_ARG(column));
}

static enum st_err record(struct schema_conn *s, int version, const char *name)
{
    char text[16];
    snprintf(text, sizeof text, "%d", version);
    return schema_query(s, NULL, "migrations_record", (const char *[]){text, name});
}

enum st_err schema_run_migrations(struct schema_conn *s, bool progress)
{
    const PGresult *done;
    for (const struct sql_block *b = sql_blocks; b->file; b++)
        if (b->kind == SQL_TABLE && strcmp(b->name, migrations_table) == 0)
            ST_TRY(schema_run_block(s, b));
    ST_TRY(schema_query(s, &done, "migrations_list", NULL));
    for (const struct sql_block *b = sql_blocks; b->file; b++) {
        if (!schema_version(b) || schema_is_recorded(done, schema_version(b)))
            continue;
        if (progress)
            printf("%s: %s\n", b->file, b->name);
        ST_TRY(schema_run_block(s, b));
        ST_TRY(record(s, schema_version(b), b->file));
    }
    return ST_OK;
}

enum st_err schema_create_tables(struct schema_conn *s, const struct schema_found *found, bool all,
                                 unsigned *created)
{
    *created = 0;
    for (const struct sql_block *b = sql_blocks; b->file; b++) {
        if (b->kind != SQL_TABLE)
            continue;
        bool missing = !schema_has_table(s, found, b->name);
        if (missing || all)
            ST_TRY(schema_run_block(s, b));
        *created += missing;
    }
    return ST_OK;
}

enum st_err schema_is_legacy(struct schema_conn *s, const struct schema_found *found, bool *legacy)
{
    *legacy = false;
    if (!found->users)
        return ST_OK;
    if (!found->adopted)
        ST_TRY(schema_statement(s, NULL, STMT_schema_analyze, NULL));
    ST_TRY(schema_ask(s, "detect_pending", legacy));
    if (!*legacy && !found->adopted)
        ST_TRY(schema_ask(s, "detect_unreserved", legacy));
    return ST_OK;
}

enum st_err schema_adopt(struct schema_conn *s)
{
    return record(s, ADOPTED, "adopted");
}

enum st_err schema_run_ensures(struct schema_conn *s)
{
    enum { MAX_TRIES = 3 };
    for (const struct sql_block *b = sql_blocks; b->file; b++) {
        enum st_err err = ST_OK;
        for (int tries = 0; b->kind == SQL_ENSURE && tries < MAX_TRIES; tries++) {
            err = schema_run_block(s, b);
            if (err != ST_RETRY)
                break;
        }
        if (err != ST_OK)
            return err == ST_RETRY ? ST_UNAVAILABLE : err;
    }
    return ST_OK;
}

int schema_version(const struct sql_block *block)
{
    int64_t version;
    struct str file = str_of(block->file);
    struct str digits = str_split(&file, '_');
    return block->kind == SQL_STEP && str_to_i64(digits, &version) && version > 0 && version < 10000
               ? (int)version
               : 0;
}

bool schema_is_recorded(const PGresult *migrations, int version)
{
    for (size_t i = 0; i < db_rows(migrations); i++)
        if (db_int(migrations, i, 0) == version)
            return true;
    return false;
}

static enum st_err run_once(struct schema_conn *s, bool lock, schema_fn *fn, void *arg)
{
    ST_TRY(schema_statement(s, NULL, STMT_tx_begin, NULL));
    ST_TRY(schema_statement(s, NULL, STMT_schema_session, NULL));
    if (lock)
        ST_TRY(schema_query(s, NULL, "schema_lock", NULL));
    ST_TRY(fn(s, arg));
    return schema_statement(s, NULL, STMT_tx_commit, NULL);
}

static enum st_err run(struct schema_conn *s, bool lock, schema_fn *fn, void *arg)
{
    enum { MAX_TRIES = 5 };
    for (int tries = 1;; tries++) {
        enum st_err err = run_once(s, lock, fn, arg);
        if (err == ST_OK)
            return ST_OK;
        schema_rollback(s);
        if (err != ST_RETRY)
            return err;
        if (tries == MAX_TRIES)
            return ST_UNAVAILABLE; /* the message is the last try's */
        LOG_INFO(s->c, "trying again: %.*s", STR_ARG(s->c->message));
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
}

enum st_err schema_transaction(struct schema_conn *s, schema_fn *fn, void *arg)
{
    return run(s, false, fn, arg);
}

enum st_err schema_locked(struct schema_conn *s, schema_fn *fn, void *arg)
{
    return run(s, true, fn, arg);
}

bool schema_is_complete(const PGresult *migrations)
{
    for (const struct sql_block *b = sql_blocks; b->file; b++)
        if (schema_version(b) && !schema_is_recorded(migrations, schema_version(b)))
            return false;
    return true;
}
