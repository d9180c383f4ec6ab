/* SPDX-License-Identifier: Apache-2.0
 *
 * Creating the tables and bringing existing databases up to date (spec: db-schema 2, 4, 9). Run by the master
 * before workers start, and by `supertokens migrate`.
 */
#ifndef ST_DB_SCHEMA_H
#define ST_DB_SCHEMA_H

#include "base/ctx.h"

struct config;

enum schema_state {
    SCHEMA_EMPTY,  /* no table of ours yet */
    SCHEMA_READY,  /* can be served in MIGRATED mode (tables may be missing: they are added) */
    SCHEMA_LEGACY, /* holds users that are not in the reservation tables: `supertokens migrate` is needed */
};

/* Connects (retrying every 10 s for up to an hour while PostgreSQL refuses or starts up, unless CANCELLED()
 * says to stop; spec: config 3), creates what is missing in one transaction under an advisory lock, inserts
 * the base app and tenant. ST_FORBIDDEN with the command to run for SCHEMA_LEGACY; ST_UNAVAILABLE;
 * ST_INTERNAL with PostgreSQL's text. */
enum st_err schema_prepare(struct ctx *c, const struct config *config, bool (*cancelled)(void)) ST_MUST_CHECK;

/* Runs the ensure blocks only, for jobs: once a day there are new partitions of activity_log to be made. */
enum st_err schema_ensure(struct ctx *c, const struct config *config) ST_MUST_CHECK;

/* `supertokens migrate [--dry-run]`: prints what it does, or would do, to stdout. */
enum st_err schema_migrate(struct ctx *c, const struct config *config, bool dry_run) ST_MUST_CHECK;

#endif
