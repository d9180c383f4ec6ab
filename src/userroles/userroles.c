/* SPDX-License-Identifier: Apache-2.0 */
#include "userroles/userroles.h"

#include "db/array.h"

static struct strs read_array(struct arena *a, const PGresult *r, int col)
{
    struct strs list;
    list.n = db_array_read(a, db_text(r, 0, col), &list.v);
    return list;
}

static struct strs read_column(struct arena *a, const PGresult *r)
{
    struct strs list = {ARENA_ARRAY(a, db_rows(r) + 1, struct str), db_rows(r)};
    for (size_t i = 0; i < list.n; i++)
        list.v[i] = db_text(r, i, 0);
    return list;
}

/* The list of a one-column statement. */
static enum st_err load_list(struct ctx *c, struct db *db, struct db_call call, struct strs *out)
{
    const PGresult *r;
    ST_TRY(db_run_one(c, db, &r, call));
    *out = read_column(c->arena, r);
    return ST_OK;
}

/* ---- roles ---- */

static struct db_call put_call(struct arena *a, const struct tenant *app, struct str role,
                               const struct strs *permissions)
{
    return DB_CALL(STMT_role_put, db_str(app->id.app), db_str(role),
                   db_strs(a, permissions->v, permissions->n));
}

enum st_err userroles_put(struct ctx *c, const struct tenant *app, struct str role,
                          const struct strs *permissions, bool *created)
{
    const PGresult *r;
    struct db_call call = put_call(c->arena, app, role, permissions);
    enum st_err err = db_run_one(c, app->db, &r, call);
    /* The role was there when this looked, and was removed before it added the permissions. */
    if (err == ST_CONSTRAINT && db_violated(c, app->db, "role_permissions", "_role_fkey"))
        err = db_run_one(c, app->db, &r, call);
    if (err == ST_CONSTRAINT && db_violated(c, app->db, "roles", "_app_id_fkey"))
        return tenancy_unknown_app(c, app->id);
    ST_TRY(err);
    *created = db_true(r, 0, 0);
    return ST_OK;
}

enum st_err userroles_list(struct ctx *c, const struct tenant *app, struct strs *roles)
{
    return load_list(c, app->db, DB_CALL(STMT_role_list, db_str(app->id.app)), roles);
}

enum st_err userroles_remove(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                             struct str role, bool *existed)
{
    struct db_arg id = db_str(app->id.app), name = db_str(role);
    struct db_call calls[] = {
        DB_CALL(STMT_role_lock, id, name),
        DB_CALL(STMT_role_drop_users, id, name),
        DB_CALL(STMT_role_drop, id, name),
    };
    struct tenant_databases dbs;
    const PGresult *r;
    *existed = false;
    ST_TRY(tenancy_databases(c, tenancy, app, &dbs));
    for (size_t i = 1; i < dbs.n; i++) { /* the app's own comes last: until then the role is there */
        ST_TRY(db_run_one(c, dbs.v[i], &r, calls[1]));
        *existed |= db_affected(r) > 0;
    }
    ST_TRY(db_run(c, app->db, calls, 3));
    *existed |= db_affected(calls[1].result) || db_affected(calls[2].result);
    return ST_OK;
}

enum st_err userroles_permissions(struct ctx *c, const struct tenant *app, struct str role,
                                  struct strs *permissions, bool *known)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, app->db, &r, STMT_role_permissions, db_str(app->id.app), db_str(role)));
    *known = db_rows(r) > 0;
    if (*known)
        *permissions = read_array(c->arena, r, 0);
    return ST_OK;
}

enum st_err userroles_remove_permissions(struct ctx *c, const struct tenant *app, struct str role,
                                         const struct strs *permissions, bool *known)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, app->db, &r, STMT_role_drop_permissions, db_str(app->id.app), db_str(role),
                  permissions ? db_strs(c->arena, permissions->v, permissions->n) : db_null()));
    *known = db_true(r, 0, 0);
    return ST_OK;
}

enum st_err userroles_with_permission(struct ctx *c, const struct tenant *app, struct str permission,
                                      struct strs *roles)
{
    return load_list(c, app->db, DB_CALL(STMT_permission_roles, db_str(app->id.app), db_str(permission)),
                     roles);
}

/* ---- users ---- */

static bool one_database(const struct tenant *t)
{
    return t->db == t->app->db;
}

static enum st_err role_exists(struct ctx *c, const struct tenant *t, struct str role, bool *known)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, t->app->db, &r, STMT_role_exists, db_str(t->id.app), db_str(role)));
    *known = db_true(r, 0, 0);
    return ST_OK;
}

/* By one statement on both tables, or by ALONE where they are apart. */
static enum st_err change_user(struct ctx *c, const struct tenant *t, enum stmt both, enum stmt alone,
                               struct str user_id, struct str role, bool *known, bool *changed)
{
    bool one = one_database(t);
    const PGresult *r;
    *known = *changed = false;
    if (!one)
        ST_TRY(role_exists(c, t, role, known));
    if (!one && !*known)
        return ST_OK;
    enum st_err err = DB_RUN(c, t->db, &r, one ? both : alone, db_str(t->id.app), db_str(t->id.tenant),
                             db_str(user_id), db_str(role));
    if (err == ST_CONSTRAINT && db_violated(c, t->db, "user_roles", "_tenant_id_fkey"))
        return tenancy_unknown(c, t->id);
    ST_TRY(err);
    if (one)
        *known = db_true(r, 0, 0);
    *changed = one ? db_true(r, 0, 1) : db_affected(r) > 0;
    return ST_OK;
}

enum st_err userroles_add_user(struct ctx *c, const struct tenant *t, struct str user_id, struct str role,
                               bool *known, bool *changed)
{
    return change_user(c, t, STMT_user_role_add_known, STMT_user_role_add, user_id, role, known, changed);
}

enum st_err userroles_remove_user(struct ctx *c, const struct tenant *t, struct str user_id, struct str role,
                                  bool *known, bool *changed)
{
    return change_user(c, t, STMT_user_role_drop_known, STMT_user_role_drop, user_id, role, known, changed);
}

enum st_err userroles_of_user(struct ctx *c, const struct tenant *t, struct str user_id, struct strs *roles)
{
    return load_list(c, t->db,
                     DB_CALL(STMT_user_role_list, db_str(t->id.app), db_str(t->id.tenant), db_str(user_id)),
                     roles);
}

enum st_err userroles_users(struct ctx *c, const struct tenant *t, struct str role, struct strs *users,
                            bool *known)
{
    struct db_call calls[] = {
        DB_CALL(STMT_role_exists, db_str(t->id.app), db_str(role)),
        DB_CALL(STMT_user_role_users, db_str(t->id.app), db_str(t->id.tenant), db_str(role)),
    };
    if (one_database(t)) {
        ST_TRY(db_run(c, t->db, calls, 2));
    } else {
        ST_TRY(db_run(c, t->app->db, &calls[0], 1));
        ST_TRY(db_run(c, t->db, &calls[1], 1));
    }
    *known = db_true(calls[0].result, 0, 0);
    *users = read_column(c->arena, calls[1].result);
    return ST_OK;
}

enum st_err userroles_of(struct ctx *c, const struct tenant *t, struct str user_id, struct userroles *out)
{
    const PGresult *r;
    *out = (struct userroles){0};
    if (one_database(t)) {
        ST_TRY(DB_RUN(c, t->db, &r, STMT_user_role_claims, db_str(t->id.app), db_str(t->id.tenant),
                      db_str(user_id)));
        *out = (struct userroles){read_array(c->arena, r, 0), read_array(c->arena, r, 1)};
        return ST_OK;
    }
    ST_TRY(userroles_of_user(c, t, user_id, &out->roles));
    if (out->roles.n == 0)
        return ST_OK;
    ST_TRY(DB_RUN(c, t->app->db, &r, STMT_role_claims, db_str(t->id.app),
                  db_strs(c->arena, out->roles.v, out->roles.n)));
    out->permissions = read_array(c->arena, r, 0);
    return ST_OK;
}
