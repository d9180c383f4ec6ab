/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles of users and permissions of roles (spec: cdi-userroles). Roles and permissions belong to the app,
 * who has them to a tenant, whose database may be another one. User ids are what the caller uses: external
 * ones where there are such; they are not looked at. Roles and permissions are trimmed and not empty. Lists
 * are sorted.
 */
#ifndef ST_USERROLES_USERROLES_H
#define ST_USERROLES_USERROLES_H

#include "http/fields.h"
#include "tenancy/tenancy.h"

/* What a user may do in a tenant, for access tokens: its roles, and the permissions of one role after the
 * other, each once. */
struct userroles {
    struct strs roles, permissions;
};
/* One statement; two when the tenant has a database of its own. */
enum st_err userroles_of(struct ctx *c, const struct tenant *t, struct str user_id,
                         struct userroles *out) ST_MUST_CHECK;

/* ---- roles; APP is a public tenant ---- */

/* Makes the role unless there is one, and adds the permissions. ST_BAD_REQUEST: the app is gone; a name is
 * longer than its column. */
enum st_err userroles_put(struct ctx *c, const struct tenant *app, struct str role,
                          const struct strs *permissions, bool *created) ST_MUST_CHECK;
enum st_err userroles_list(struct ctx *c, const struct tenant *app, struct strs *roles) ST_MUST_CHECK;
/* Takes it from all users too. EXISTED also when only users had it. */
enum st_err userroles_remove(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                             struct str role, bool *existed) ST_MUST_CHECK;

/* With KNOWN false there is no such role, and nothing has been done. */
enum st_err userroles_permissions(struct ctx *c, const struct tenant *app, struct str role,
                                  struct strs *permissions, bool *known) ST_MUST_CHECK;
/* PERMISSIONS NULL: all of them. */
enum st_err userroles_remove_permissions(struct ctx *c, const struct tenant *app, struct str role,
                                         const struct strs *permissions, bool *known) ST_MUST_CHECK;
enum st_err userroles_with_permission(struct ctx *c, const struct tenant *app, struct str permission,
                                      struct strs *roles) ST_MUST_CHECK;

/* ---- users of a tenant ---- */

/* CHANGED: the user has got it, has lost it. */
enum st_err userroles_add_user(struct ctx *c, const struct tenant *t, struct str user_id, struct str role,
                               bool *known, bool *changed) ST_MUST_CHECK;
enum st_err userroles_remove_user(struct ctx *c, const struct tenant *t, struct str user_id, struct str role,
                                  bool *known, bool *changed) ST_MUST_CHECK;
enum st_err userroles_of_user(struct ctx *c, const struct tenant *t, struct str user_id,
                              struct strs *roles) ST_MUST_CHECK;
enum st_err userroles_users(struct ctx *c, const struct tenant *t, struct str role, struct strs *users,
                            bool *known) ST_MUST_CHECK;

#endif
