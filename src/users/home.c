/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a user of an app is whose tenants have databases of their own.
 */
#include "users/user.h"

enum st_err users_database(struct ctx *c, struct tenancy *tenancy, const struct tenant *app, struct str id,
                           struct db **out)
{
    struct tenant_databases all;
    const PGresult *r;
    bool found = false;
    *out = app->db;
    ST_TRY(tenancy_databases(c, tenancy, app, &all));
    for (size_t i = 0; all.n > 1 && i < all.n; i++) {
        ST_TRY(DB_RUN(c, all.v[i], &r, STMT_user_internal_id, db_str(app->id.app), db_str(id)));
        bool internal = db_rows(r) > 0 && str_is(db_id(r, 0, 0), id);
        if (internal || (db_rows(r) > 0 && !found))
            *out = all.v[i];
        if (internal)
            return ST_OK;
        found |= db_rows(r) > 0;
    }
    return ST_OK;
}
