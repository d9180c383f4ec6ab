/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/providers_fdi.h"

#include "multitenancy/providers.h"
#include "runtime/runtime.h"

enum st_err providers_of_call(struct auth_call *k, struct provider_configs *out)
{
    struct tenant_id id = k->tenant->id;
    struct provider_lists stored;
    *out = (struct provider_configs){.n = 0};
    if (!site_has(k->site, SITE_THIRDPARTY))
        return ST_OK;
    ST_TRY(providers_load(k->c, service_base_db(k->service), id, &stored));
    provider_configs_of(k->c->arena, k->site, str_is(id.tenant, STR("public")), providers_of(&stored, id),
                        out);
    return ST_OK;
}
