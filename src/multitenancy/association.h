/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tenants of an app a user may sign in to (spec: cdi-multitenancy 9, db-schema 7.6).
 */
#ifndef ST_MULTITENANCY_ASSOCIATION_H
#define ST_MULTITENANCY_ASSOCIATION_H

#include "tenancy/tenancy.h"

enum association_result {
    ASSOCIATION_OK,
    ASSOCIATION_UNKNOWN_USER,
    ASSOCIATION_EMAIL_EXISTS, /* another user of the same recipe has it in the tenant */
    ASSOCIATION_PHONE_EXISTS,
    ASSOCIATION_THIRD_PARTY_USER_EXISTS,
    ASSOCIATION_NOT_ALLOWED, /* another primary user has it in the tenant: reason tells */
};

struct association {
    enum association_result result;
    bool was_associated; /* before; with ASSOCIATION_OK */
    struct str reason;   /* with ASSOCIATION_NOT_ALLOWED */
};

/* RECIPE_USER: internal or external id, looked for in T's database. */
enum st_err association_add(struct ctx *c, const struct tenant *t, struct str recipe_user,
                            struct association *out) ST_MUST_CHECK;
/* Also ends the user's sessions in the tenant and takes its roles there. */
enum st_err association_remove(struct ctx *c, const struct tenant *t, struct str recipe_user,
                               struct association *out) ST_MUST_CHECK;

#endif
