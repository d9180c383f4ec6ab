/* SPDX-License-Identifier: Apache-2.0
 *
 * What src/db/ needs to know about a database: the seam to src/config/ (from_config.c) and to tests.
 */
#ifndef ST_DB_SETTINGS_H
#define ST_DB_SETTINGS_H

#include "db/db.h"
#include "db/names.h"
#include "db/schema.h"

struct db_settings {
    /* libpq's connection parameters, NULL-terminated; values may be NULL. Copied. */
    const char *const *keywords, *const *values;
    unsigned pool_size;      /* connections at most; 0 counts as 1 */
    unsigned min_idle;       /* idle connections that are kept open; db_tick closes those above */
    int64_t idle_timeout_ms; /* after that time; 0: never */
    bool named_statements;   /* false: parsed each time, for PgBouncer in transaction mode */
    const char *schema;
    db_table_name *table_name; /* called only while the database is opened */
    const void *table_source;
    /* For schema.h only. */
    int64_t retry_interval_ms; /* between tries to connect; 0: the spec's 10 s */
    bool connect_once;         /* schema_prepare does not try again: a request waits */
    /* The mode in which a reference core last served the database; unknown where the configuration does not
     * say. */
    enum db_served { DB_SERVED_UNKNOWN, DB_SERVED_LEGACY, DB_SERVED_DUAL, DB_SERVED_MIGRATED } served;
};

/* NULL with the reason in WHY. */
struct db *db_open_settings(const struct db_settings *s, char *why, size_t why_size);
/* Statements whose answers may be stale go to S first from now on, and to DB when S does not answer them.
 * Before any other use of DB, which closes it in the end. False: out of memory. */
bool db_add_standby(struct db *db, const struct db_settings *s);

/* What schema.h declares for a struct config. */
enum st_err schema_prepare_settings(struct ctx *c, const struct db_settings *s,
                                    bool (*cancelled)(void)) ST_MUST_CHECK;
enum st_err schema_ensure_settings(struct ctx *c, const struct db_settings *s) ST_MUST_CHECK;
enum st_err schema_migrate_settings(struct ctx *c, const struct db_settings *s, bool dry_run) ST_MUST_CHECK;

#endif
