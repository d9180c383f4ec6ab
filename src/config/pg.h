/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database layer takes from a configuration (spec: config 3, db-schema 1).
 */
#ifndef ST_CONFIG_PG_H
#define ST_CONFIG_PG_H

#include "config/config.h"

enum config_pg_which {
    CONFIG_PG_MAIN,
    /* For LISTEN: fcgi_listen_connection_uri laid over the main one; the same when not set. */
    CONFIG_PG_LISTEN,
    CONFIG_PG_READ_ONLY /* the same with fcgi_read_only_connection_uri */
};

/* Arguments for PQconnectdbParams(keywords, values, 0). Beyond the identity they hold what libpq knows among
 * the attributes (JDBC's own are translated or left out), client_encoding, and defaults for application_name
 * and for when a silent server is given up. */
struct config_pg_conninfo {
    const char *keywords[48]; /* NULL at the end */
    const char *values[48];
    struct config_chunk *memory; /* private */
};

/* ST_UNAVAILABLE: out of memory. Otherwise free with config_pg_conninfo_free, which wipes; CONFIG must live
 * as long. */
enum st_err config_pg_conninfo(const struct config *config, enum config_pg_which which,
                               struct config_pg_conninfo *out) ST_MUST_CHECK;
/* Whether CONFIG_PG_READ_ONLY is another connection. Not for tenants whose database is on another server than
 * the service's: nothing is known of a standby there. */
bool config_pg_has_read_only(const struct config *config);
void config_pg_conninfo_free(struct config_pg_conninfo *conninfo);

/* Two identifiers and a dot. */
enum { CONFIG_PG_TABLE_NAME_SIZE = 128 };

/* Name of TABLE (its name in the schema page) for SQL text: with schema unless that is public, and with the
 * prefix or the configured name. All parts are plain identifiers, so no quoting is needed. */
void config_pg_table_name(const struct config *config, const char *table,
                          char out[CONFIG_PG_TABLE_NAME_SIZE]);

/* [A-Za-z_][A-Za-z0-9_]*, at most MOST bytes. */
bool config_pg_is_identifier(const char *name, size_t most);

#endif
