/* SPDX-License-Identifier: Apache-2.0
 *
 * The database's part of signing keys; for src/jwt/ only.
 */
#ifndef ST_JWT_KEY_STORE_H
#define ST_JWT_KEY_STORE_H

#include "jwt/key_set.h"

/* Reads the app's keys; *OUT lives until the arena is reset. OLD (or NULL) lends its keys where they are the
 * same. Keys that cannot be parsed are logged and left out. *LEGACY: a key of very old data waits to be
 * moved. */
enum st_err key_store_load(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                           const struct key_set *old, const struct key_set **out, bool *legacy) ST_MUST_CHECK;

/* Makes those of NEEDS that are not in the database and moves the legacy key, in one transaction that only
 * one node at a time gets into; notifies the other nodes. *WROTE: something was changed. */
enum st_err key_store_make(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                           struct key_stock *stock, unsigned needs, bool *wrote) ST_MUST_CHECK;

/* Makes a dynamic key whatever the age of those there are, and notifies. See keys_rotate. */
enum st_err key_store_rotate(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                             struct key_stock *stock, bool at_once, int64_t *created) ST_MUST_CHECK;

#endif
