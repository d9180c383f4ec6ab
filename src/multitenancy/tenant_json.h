/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/multitenancy/: writing a tenant.
 */
#ifndef ST_MULTITENANCY_TENANT_JSON_H
#define ST_MULTITENANCY_TENANT_JSON_H

#include "json/write.h"
#include "multitenancy/multitenancy.h"

/* Members of the open object, without status. PROVIDERS: JSON text of an array. */
void tenant_write_members(struct json_out *j, const struct tenant_record *t, struct str providers,
                          enum tenant_api api);

#endif
