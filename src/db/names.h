/* SPDX-License-Identifier: Apache-2.0
 *
 * How a database calls its schema and tables, and SQL templates: {session_info} is a table with its schema
 * (written only when it is not public), {#session_info} the bare table name, {schema} the schema (spec:
 * db-schema 1).
 *
 * Names go into SQL text unquoted, as the reference writes them, so only plain identifiers are accepted; they
 * are lower-cased as PostgreSQL would do. Everything else could end in SQL injection through a tenant's
 * configuration.
 */
#ifndef ST_DB_NAMES_H
#define ST_DB_NAMES_H

#include "base/str.h"

enum { DB_NAME_SIZE = 64 }; /* PostgreSQL's longest identifier and a NUL */

/* Writes the name that SOURCE has for the canonical TABLE, with prefix, without schema. False: it does not
 * fit. */
typedef bool db_table_name(const void *source, const char *table, char *out, size_t size);

struct db_table {
    char canonical[DB_NAME_SIZE], actual[DB_NAME_SIZE];
};

struct db_names {
    char schema[DB_NAME_SIZE];
    db_table_name *table; /* NULL once all names are known */
    const void *source;
    struct db_table *known;
    size_t n;
    char why[192]; /* the last error */
};

/* SCHEMA is copied and checked, SOURCE kept until names_freeze. False: see names->why. */
bool names_init(struct db_names *names, const char *schema, db_table_name *table, const void *source);
void names_freeze(struct db_names *names); /* from now on only the known tables; safe for several threads */
void names_free(struct db_names *names);

/* The actual bare name of a table, or NULL: see names->why (when frozen: unknown table). */
const char *names_table(struct db_names *names, struct str canonical);

/* TEXT with its templates replaced, to be freed by the caller; or NULL: see names->why. */
char *names_expand(struct db_names *names, const char *text);

#endif
