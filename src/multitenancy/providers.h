/* SPDX-License-Identifier: Apache-2.0
 *
 * Third-party providers of tenants (spec: cdi-multitenancy 5.1, 6).
 */
#ifndef ST_MULTITENANCY_PROVIDERS_H
#define ST_MULTITENANCY_PROVIDERS_H

#include "json/json.h"
#include "tenancy/tenancy.h"

/* JSON text of the providers of some tenants. */
struct provider_lists {
    struct {
        struct tenant_id id;
        struct str json; /* array */
    } * v;
    size_t n;
};

/* Of the tenants that WHICH names; absent parts stand for any. */
enum st_err providers_load(struct ctx *c, struct db *base_db, struct tenant_id which,
                           struct provider_lists *out) ST_MUST_CHECK;
struct str providers_of(const struct provider_lists *l, struct tenant_id id); /* "[]" when there are none */

/* Adds provider ID to TENANT, or puts it in the place of the one there; CONFIG is a body's `config`. VALIDATE
 * checks all providers of the tenant. ST_BAD_REQUEST with the spec's texts; ST_INTERNAL for a member of a
 * wrong type. */
enum st_err providers_put(struct ctx *c, struct tenancy *tenancy, struct tenant_id tenant, struct str id,
                          json_object *config, bool validate, bool *created) ST_MUST_CHECK;
/* The remaining providers are checked too. */
enum st_err providers_remove(struct ctx *c, struct tenancy *tenancy, struct tenant_id tenant, struct str id,
                             bool *existed) ST_MUST_CHECK;

#endif
