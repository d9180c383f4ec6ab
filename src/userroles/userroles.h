/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles of users and permissions of roles (spec: cdi-userroles). Roles and permissions belong to the app,
 * who has them to a tenant. User ids are what the caller uses: external ones where there are such.
 */
#ifndef ST_USERROLES_USERROLES_H
#define ST_USERROLES_USERROLES_H

#include "http/fields.h"
#include "tenancy/tenancy.h"

/* What a user may do in a tenant, for access tokens: its roles, and the permissions of one role after the
 * other, each once. Both sorted by name where nothing else says the order. */
struct userroles {
    struct strs roles, permissions;
};
/* One statement; two when the tenant has a database of its own. */
enum st_err userroles_of(struct ctx *c, const struct tenant *t, struct str user_id,
                         struct userroles *out) ST_MUST_CHECK;

#endif
