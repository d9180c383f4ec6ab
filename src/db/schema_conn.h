/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection over which a schema is created or migrated: one, not pooled, and for blocks of several
 * statements, which a pipeline cannot send.
 */
#ifndef ST_DB_SCHEMA_CONN_H
#define ST_DB_SCHEMA_CONN_H

#include "db/blocks.h"
#include "db/settings.h"

struct schema_conn {
    struct ctx *c;
    const struct db_settings *settings;
    bool (*cancelled)(void); /* or NULL; asked about ten times a second */
    PGconn *pg;
    struct db_names names;
    char sqlstate[6]; /* of the last error */
};

/* S, itself in the arena, has C, SETTINGS and perhaps CANCELLED set. PATIENT: retries while PostgreSQL
 * refuses or starts up (spec: config 3), printing to stderr. Closed by the arena's reset or schema_close.
 * ST_UNAVAILABLE, ST_INTERNAL; the message is PostgreSQL's. */
enum st_err schema_connect(struct schema_conn *s, bool patient) ST_MUST_CHECK;
void schema_close(struct schema_conn *s);

/* Runs a block: several statements, no parameters. ST_RETRY for SQLSTATE class 40 and 55P03. */
enum st_err schema_run_block(struct schema_conn *s, const struct sql_block *block) ST_MUST_CHECK;
/* The block "-- name: NAME"; as many VALUES as it has parameters. The result belongs to the arena. */
enum st_err schema_query(struct schema_conn *s, const PGresult **result, const char *name,
                         const char *const *values) ST_MUST_CHECK;
/* The same for a statement of the program. */
enum st_err schema_statement(struct schema_conn *s, const PGresult **result, enum stmt stmt,
                             const char *const *values) ST_MUST_CHECK;
void schema_rollback(struct schema_conn *s); /* whatever state it is in */

#endif
