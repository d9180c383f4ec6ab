/* SPDX-License-Identifier: Apache-2.0
 *
 * Creating the tables and bringing existing databases up to date (spec: db-schema 2, 4, 9). Run by the master
 * before workers start, and by `supertokens migrate`.
 */
#ifndef ST_DB_SCHEMA_H
#define ST_DB_SCHEMA_H

#include <libpq-fe.h>

#include "base/ctx.h"

struct config;

/* A database is empty, or ready to be served (tables may be missing: they are added), or legacy: it holds
 * users that are not in the reservation tables. */

/* Connects (retrying every 10 s for up to an hour while PostgreSQL refuses or starts up, unless CANCELLED()
 * says to stop; spec: config 3), creates what is missing in one transaction under an advisory lock, inserts
 * the base app and tenant. ST_FORBIDDEN with the command to run for a legacy database; ST_UNAVAILABLE;
 * ST_INTERNAL with PostgreSQL's text. */
enum st_err schema_prepare(struct ctx *c, const struct config *config, bool (*cancelled)(void)) ST_MUST_CHECK;
/* The same while a request waits for a tenant's database: connects at once, or ST_UNAVAILABLE. */
enum st_err schema_prepare_now(struct ctx *c, const struct config *config) ST_MUST_CHECK;

/* Runs the ensure blocks only, for jobs: once a day there are new partitions of activity_log to be made. */
enum st_err schema_ensure(struct ctx *c, const struct config *config) ST_MUST_CHECK;

/* `supertokens migrate [--dry-run]` for one database: prints what it does, or would do, to stdout. Where
 * tenants have databases of their own, the base database comes last, since it holds the stored migration
 * modes. Refuses (ST_FORBIDDEN) while a reference core is connected. May be stopped and started again. */
enum st_err schema_migrate(struct ctx *c, const struct config *config, bool dry_run) ST_MUST_CHECK;

/* Has a database had all numbered migrations? MIGRATIONS: their versions, in the first column. */
bool schema_is_complete(const PGresult *migrations);

#endif
