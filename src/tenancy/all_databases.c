/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy/all_databases.h"

#include <string.h>

#include "config/config.h"

static enum st_err add(struct ctx *c, struct tenancy *t, struct tenant_id id, struct all_databases *out)
{
    const struct tenant *tenant;
    enum st_err err = tenancy_find(c, t, id, &tenant);
    if (err == ST_NOT_FOUND || err == ST_INTERNAL) /* removed meanwhile, or not loadable, which was logged */
        return ST_OK;
    ST_TRY(err);
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->v[i]->config->user_pool_id, tenant->config->user_pool_id) == 0)
            return ST_OK;
    if (out->n < ALL_DATABASES_MAX)
        out->v[out->n++] = tenant;
    return ST_OK;
}

enum st_err tenancy_all_databases(struct ctx *c, struct tenancy *t, struct all_databases *out)
{
    const PGresult *r;
    out->n = 0;
    ST_TRY(add(c, t, TENANT_BASE, out));
    ST_TRY(db_run_one(c, tenancy_base_db(t), &r, DB_CALL(STMT_tenants_with_database)));
    for (size_t i = 0; i < db_rows(r); i++)
        ST_TRY(add(c, t, (struct tenant_id){db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2)}, out));
    return ST_OK;
}
