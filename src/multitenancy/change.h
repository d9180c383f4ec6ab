/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/multitenancy/: how a request changes a stored tenant, with all checks of
 * cdi-multitenancy 3.2 to 3.6.
 */
#ifndef ST_MULTITENANCY_CHANGE_H
#define ST_MULTITENANCY_CHANGE_H

#include "multitenancy/multitenancy.h"

struct config;

struct tenant_record multitenancy_defaults(struct tenant_id id, enum tenant_api api);

/* Keeps other writers away until the transaction ends, and reads what is stored of ID, or its defaults. */
enum st_err multitenancy_lock(struct ctx *c, struct db *db, struct tenant_id id, enum tenant_api api,
                              struct tenant_record *out) ST_MUST_CHECK;
/* The tenant's row, without its factors. */
struct db_call multitenancy_write_call(const struct tenant_record *t);
/* Tells the other nodes; this one's workers are told by tenancy_changed() after the commit. */
struct db_call multitenancy_notify_call(struct arena *a, struct tenant_id id);

/* Changes T as IN says. *CONFIG is its effective configuration afterwards, held by the arena. Inside the
 * writing transaction. */
enum st_err multitenancy_apply_change(struct ctx *c, struct tenancy *tenancy, const struct tenant_change *in,
                                      struct tenant_record *t, const struct config **config) ST_MUST_CHECK;

#endif
