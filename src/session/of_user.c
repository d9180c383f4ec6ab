/* SPDX-License-Identifier: Apache-2.0
 *
 * All sessions of a user (spec: cdi-session 3, session/user and session/remove). An app's tenants may have
 * databases of their own; the usual app has one, and then one statement does it.
 */
#include "base/clock.h"
#include "session/session.h"
#include "users/user.h"

struct strings {
    struct str *v;
    size_t n;
};

static void append(struct arena *a, struct strings *list, const PGresult *r)
{
    struct str *both = ARENA_ARRAY(a, list->n + db_rows(r) + 1, struct str);
    if (list->n)
        memcpy(both, list->v, list->n * sizeof *both);
    list->v = both;
    for (size_t i = 0; i < db_rows(r); i++)
        list->v[list->n++] = db_id(r, i, 0);
}

/* The ids of the user's login methods, which are in one of the databases, while sessions may be in any. */
static enum st_err find_login_methods(struct ctx *c, const struct tenant_databases *dbs, struct str app,
                                      struct str user_id, struct strings *ids)
{
    const PGresult *r;
    for (size_t i = 0; i < dbs->n; i++) {
        ST_TRY(DB_RUN(c, dbs->v[i], &r, STMT_session_login_methods, db_str(app), db_str(user_id)));
        append(c->arena, ids, r);
    }
    return ST_OK;
}

enum st_err session_of_user(struct ctx *c, struct tenancy *tenancy, const struct tenant *t,
                            const struct session_user *user, bool remove, struct str **handles, size_t *n)
{
    enum stmt stmt = remove ? STMT_session_delete_of_user : STMT_session_handles_of_user;
    struct str app = t->id.app, given = user->user_id;
    struct strings ids = {&given, 1}, found = {0};
    struct db *own = t->db, *home = own;
    struct tenant_databases dbs = {&own, 1};
    const PGresult *r;
    if (user->all_tenants)
        ST_TRY(tenancy_databases(c, tenancy, t, &dbs));
    if (user->linked && dbs.n > 1)
        ST_TRY(find_login_methods(c, &dbs, app, user->user_id, &ids));
    for (size_t i = 0; i < dbs.n; i++) {
        ST_TRY(DB_RUN(c, dbs.v[i], &r, stmt, db_str(app), db_strs(c->arena, ids.v, ids.n),
                      user->all_tenants ? db_null() : db_str(t->id.tenant),
                      db_bool(user->linked && dbs.n == 1), db_i64(clock_now_ms())));
        append(c->arena, &found, r);
    }
    if (remove && user->all_tenants && users_database(c, tenancy, t, user->user_id, &home) != ST_OK)
        home = own; /* what is gone is gone: the rest is best effort */
    if (remove)
        session_user_active(c, t->app, home, user->user_id);
    *handles = found.v;
    *n = found.n;
    return ST_OK;
}
