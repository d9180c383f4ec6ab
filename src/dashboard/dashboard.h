/* SPDX-License-Identifier: Apache-2.0
 *
 * The accounts of the dashboard (spec: cdi-dashboard). They belong to an app and are kept in the database of
 * its public tenant. Passwords come hashed: hashing is the caller's, and so is checking the rule for them.
 */
#ifndef ST_DASHBOARD_DASHBOARD_H
#define ST_DASHBOARD_DASHBOARD_H

#include "db/db.h"

enum dashboard_result { DASHBOARD_OK, DASHBOARD_EMAIL_EXISTS, DASHBOARD_UNKNOWN_USER };

struct dashboard_user {
    struct str id, email;
    int64_t time_joined_ms;
};

/* EMAIL is normalised (http/text.h). */
bool dashboard_email_is_valid(struct str email);

enum st_err dashboard_user_create(struct ctx *c, struct db *db, struct str app, struct str email,
                                  struct str password_hash, struct dashboard_user *out,
                                  enum dashboard_result *result) ST_MUST_CHECK;

/* All of them, oldest first. */
enum st_err dashboard_users(struct ctx *c, struct db *db, struct str app, struct dashboard_user **out,
                            size_t *n) ST_MUST_CHECK;

/* By id, else by address; the other one is absent. */
struct dashboard_who {
    struct str id, email;
};

/* Absent new values stay. Ends the user's sessions, also when nothing changes. */
enum st_err dashboard_user_update(struct ctx *c, struct db *db, struct str app, struct dashboard_who who,
                                  struct str new_email, struct str new_password_hash,
                                  struct dashboard_user *out, enum dashboard_result *result) ST_MUST_CHECK;

/* With the user's sessions. */
enum st_err dashboard_user_delete(struct ctx *c, struct db *db, struct str app, struct dashboard_who who,
                                  bool *existed) ST_MUST_CHECK;

#endif
