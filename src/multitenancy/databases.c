/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the users of an app are (spec: cdi-multitenancy 8).
 */
#include "config/config.h"
#include "multitenancy/multitenancy.h"

enum st_err multitenancy_databases(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                                   struct databases *out)
{
    const char *pools[DATABASES_MAX];
    struct tenant_records tenants;
    const struct tenant *t;
    out->n = 0;
    pools[out->n] = app->config->user_pool_id;
    out->v[out->n++] = app->db;
    ST_TRY(multitenancy_list(c, tenancy, (struct tenant_id){app->id.cud, app->id.app, STR_NONE}, &tenants));
    for (size_t i = 0; i < tenants.n && out->n < DATABASES_MAX; i++) {
        enum st_err err = tenancy_find(c, tenancy, tenants.v[i].id, &t);
        if (err == ST_UNAVAILABLE)
            return err;
        size_t at = 0;
        while (err == ST_OK && at < out->n && strcmp(pools[at], t->config->user_pool_id) != 0)
            at++;
        if (err != ST_OK || at < out->n)
            continue;
        pools[out->n] = t->config->user_pool_id;
        out->v[out->n++] = t->db;
    }
    return ST_OK;
}
