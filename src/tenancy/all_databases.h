/* SPDX-License-Identifier: Apache-2.0
 *
 * All databases of the service, for what is done once in each of them: housekeeping, sending.
 */
#ifndef ST_TENANCY_ALL_DATABASES_H
#define ST_TENANCY_ALL_DATABASES_H

#include "tenancy/tenancy.h"

enum { ALL_DATABASES_MAX = 128 };

struct all_databases {
    const struct tenant *v[ALL_DATABASES_MAX]; /* each database once, named by a tenant */
    size_t n;
};

/* The base database comes first. The tenants live as long as the arena. Tenants that cannot be loaded are
 * left out. ST_UNAVAILABLE. */
enum st_err tenancy_all_databases(struct ctx *c, struct tenancy *t, struct all_databases *out) ST_MUST_CHECK;

#endif
