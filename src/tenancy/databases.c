/* SPDX-License-Identifier: Apache-2.0
 *
 * All databases of an app.
 */
#include <string.h>

#include "config/config.h"
#include "tenancy/tenancy.h"

struct places {
    struct tenant_databases *out;
    const char **pools; /* of out->v: two connection pools may lead to one database */
};

static void add_database(struct places *p, const struct tenant *t)
{
    for (size_t i = 0; i < p->out->n; i++)
        if (strcmp(p->pools[i], t->config->user_pool_id) == 0)
            return;
    p->pools[p->out->n] = t->config->user_pool_id;
    p->out->v[p->out->n++] = t->db;
}

enum st_err tenancy_databases(struct ctx *c, struct tenancy *t, const struct tenant *app,
                              struct tenant_databases *out)
{
    const PGresult *r = NULL;
    if (app->more_databases)
        ST_TRY(DB_RUN(c, tenancy_base_db(t), &r, STMT_tenant_databases, db_str(app->id.cud),
                      db_str(app->id.app)));
    size_t most = 1 + (r ? db_rows(r) : 0);
    *out = (struct tenant_databases){.v = ARENA_ARRAY(c->arena, most, struct db *)};
    struct places places = {out, ARENA_ARRAY(c->arena, most, const char *)};
    add_database(&places, app);
    for (size_t row = 0; row + 1 < most; row++) {
        const struct tenant *tenant;
        enum st_err err =
            tenancy_find(c, t, (struct tenant_id){app->id.cud, app->id.app, db_text(r, row, 0)}, &tenant);
        if (err == ST_UNAVAILABLE)
            return err;
        if (err == ST_OK) /* others are gone, or cannot be loaded, which was logged */
            add_database(&places, tenant);
    }
    return ST_OK;
}
