/* SPDX-License-Identifier: Apache-2.0
 *
 * Third-party providers of tenants (spec: cdi-multitenancy 5.1, 6).
 */
#ifndef ST_MULTITENANCY_PROVIDERS_H
#define ST_MULTITENANCY_PROVIDERS_H

#include "tenancy/tenancy.h"

/* JSON text of the providers of some tenants. */
struct provider_lists {
    struct {
        struct tenant_id id;
        struct str json; /* array */
    } *v;
    size_t n;
};

/* Of the tenants that WHICH names; absent parts stand for any. */
enum st_err providers_load(struct ctx *c, struct db *base_db, struct tenant_id which, struct provider_lists *out) ST_MUST_CHECK;
struct str providers_of(const struct provider_lists *l, struct tenant_id id); /* "[]" when there are none */

#endif
