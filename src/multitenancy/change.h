/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/multitenancy/: how a request changes a stored tenant, with all checks of cdi-multitenancy 3.2 to 3.6.
 */
#ifndef ST_MULTITENANCY_CHANGE_H
#define ST_MULTITENANCY_CHANGE_H

#include "multitenancy/multitenancy.h"

struct config;

struct tenant_record multitenancy_defaults(struct tenant_id id, enum tenant_api api);

/* Changes T as IN says. *CONFIG is its effective configuration afterwards, held by the arena. Inside the writing transaction. */
enum st_err multitenancy_apply_change(struct ctx *c, struct service *s, const struct tenant_change *in,
                                      struct tenant_record *t, const struct config **config) ST_MUST_CHECK;

#endif
