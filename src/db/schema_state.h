/* SPDX-License-Identifier: Apache-2.0
 *
 * In which state a database is (sql/migrate/detect.sql tells the order of the questions).
 */
#ifndef ST_DB_SCHEMA_STATE_H
#define ST_DB_SCHEMA_STATE_H

#include "db/schema_conn.h"

struct schema_found {
    const PGresult *tables;  /* names of all tables of the schema */
    const PGresult *columns; /* (table, column, remedy): columns that are missing */
    bool any;                /* one of ours is there */
    bool unsupported;        /* older than core 7, or not ours */
    bool old_columns;        /* columns are missing that a migration adds */
    bool users;              /* there are users */
    bool adopted;            /* all users were found in the reservation tables once (version 0) */
};

/* Reads only. */
enum st_err schema_look(struct schema_conn *s, struct schema_found *out) ST_MUST_CHECK;
bool schema_has_table(struct schema_conn *s, const struct schema_found *found, const char *canonical);
/* The message of an unsupported database; always ST_FORBIDDEN. */
enum st_err schema_refuse_unsupported(struct schema_conn *s, const struct schema_found *found);

/* Step 2 of sql/README.md: runs and records the numbered migrations that are missing. PROGRESS: says so on
 * stdout. */
enum st_err schema_run_migrations(struct schema_conn *s, bool progress) ST_MUST_CHECK;
/* Step 3: creates missing tables, in the order of sql/schema/; *CREATED counts them. ALL: also the blocks of
 * tables that are there, for their indexes. */
enum st_err schema_create_tables(struct schema_conn *s, const struct schema_found *found, bool all,
                                 unsigned *created) ST_MUST_CHECK;
/* Step 4. Everything is there by now. */
enum st_err schema_is_legacy(struct schema_conn *s, const struct schema_found *found,
                             bool *legacy) ST_MUST_CHECK;
enum st_err schema_adopt(struct schema_conn *s) ST_MUST_CHECK;
/* After the transaction: each block by itself. */
enum st_err schema_run_ensures(struct schema_conn *s) ST_MUST_CHECK;

/* A question of detect.sql that is answered by true or false; all tables exist. */
enum st_err schema_ask(struct schema_conn *s, const char *name, bool *answer) ST_MUST_CHECK;

/* Numbered migrations: VERSION of a file like 0001_columns, or 0. */
int schema_version(const struct sql_block *block);
bool schema_is_recorded(const PGresult *migrations, int version);

/* Runs FN in a transaction, again a few times when it lost a race. */
typedef enum st_err schema_fn(struct schema_conn *s, void *arg);
enum st_err schema_transaction(struct schema_conn *s, schema_fn *fn, void *arg) ST_MUST_CHECK;
/* The same while holding the installation's lock: only one process at a time creates or alters tables. */
enum st_err schema_locked(struct schema_conn *s, schema_fn *fn, void *arg) ST_MUST_CHECK;

#endif
