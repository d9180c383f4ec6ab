/* SPDX-License-Identifier: Apache-2.0
 *
 * Locking users before a change, and changing what they are found by (spec: db-schema 3.1, 7.5). Call inside
 * db_tx.
 */
#ifndef ST_USERS_LOCK_H
#define ST_USERS_LOCK_H

#include "db/db.h"

struct locked_user {
    struct str id, primary_id, recipe_id;
    bool is_primary_or_linked;
};

struct locked_users {
    struct locked_user *v;
    size_t n;
};

/* Locks the rows of IDS (internal recipe user ids) and of their primary users until the transaction ends. An
 * id without a row is not in OUT: the caller's "unknown user". ST_RETRY when the group does not hold still.
 */
enum st_err users_lock(struct ctx *c, struct db *db, struct str app, const struct str *ids, size_t n,
                       struct locked_users *out) ST_MUST_CHECK;
const struct locked_user *users_locked(const struct locked_users *l, struct str id); /* NULL: not there */

enum account_info_change {
    ACCOUNT_INFO_CHANGED,
    ACCOUNT_INFO_TAKEN,              /* another user of the recipe has it in a shared tenant */
    ACCOUNT_INFO_CHANGE_NOT_ALLOWED, /* another primary user has it in a shared tenant */
};

/* Gives a locked user another e-mail address or phone number (TYPE "email" or "phone", not absent). On
 * anything but ACCOUNT_INFO_CHANGED the transaction cannot go on: return ST_CONSTRAINT from it. */
enum st_err users_change_account_info(struct ctx *c, struct db *db, struct str app,
                                      const struct locked_user *u, struct str type, struct str value,
                                      enum account_info_change *out) ST_MUST_CHECK;

#endif
