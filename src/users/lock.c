/* SPDX-License-Identifier: Apache-2.0 */
#include "users/lock.h"

enum { LOCK_ROUNDS = 3 };

const struct locked_user *users_locked(const struct locked_users *l, struct str id)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_is(l->v[i].id, id))
            return &l->v[i];
    return NULL;
}

struct id_set {
    struct str *v;
    size_t n, cap;
};

static bool add_id(struct arena *a, struct id_set *s, struct str id)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_is(s->v[i], id))
            return false;
    if (s->n == s->cap) {
        struct str *bigger = ARENA_ARRAY(a, s->cap * 2 + 8, struct str);
        if (s->n)
            memcpy(bigger, s->v, s->n * sizeof *bigger);
        s->v = bigger;
        s->cap = s->cap * 2 + 8;
    }
    s->v[s->n++] = id;
    return true;
}

static enum st_err lock_rows(struct ctx *c, struct db *db, struct str app, const struct id_set *ids,
                             struct locked_users *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_users_lock, db_str(app), db_strs(c->arena, ids->v, ids->n)));
    out->n = db_rows(r);
    out->v = ARENA_ARRAY(c->arena, out->n + 1, struct locked_user);
    for (size_t i = 0; i < out->n; i++)
        out->v[i] = (struct locked_user){.id = db_id(r, i, 0),
                                         .primary_id = db_id(r, i, 1),
                                         .is_primary_or_linked = db_true(r, i, 2),
                                         .recipe_id = db_text(r, i, 3)};
    return ST_OK;
}

enum st_err users_lock(struct ctx *c, struct db *db, struct str app, const struct str *given, size_t n,
                       struct locked_users *out)
{
    struct id_set ids = {0};
    const PGresult *r;
    for (size_t i = 0; i < n; i++)
        add_id(c->arena, &ids, given[i]);
    ST_TRY(DB_RUN(c, db, &r, STMT_users_linked_primaries, db_str(app), db_strs(c->arena, ids.v, ids.n)));
    for (size_t i = 0; i < db_rows(r); i++)
        add_id(c->arena, &ids, db_id(r, i, 0));
    for (int round = 0; round < LOCK_ROUNDS; round++) {
        bool stable = true;
        ST_TRY(lock_rows(c, db, app, &ids, out));
        for (size_t i = 0; i < out->n; i++)
            if (out->v[i].is_primary_or_linked && add_id(c->arena, &ids, out->v[i].primary_id))
                stable = false;
        if (stable)
            return ST_OK;
    }
    return ctx_fail(c, ST_RETRY, "the users that are being changed were changed at the same time");
}

enum st_err users_change_account_info(struct ctx *c, struct db *db, struct str app,
                                      const struct locked_user *u, struct str type, struct str value,
                                      enum account_info_change *out)
{
    struct db_arg a = db_str(app), id = db_str(u->id), t = db_str(type), v = db_str(value);
    struct db_arg primary = db_str(u->primary_id);
    struct db_call calls[5];
    size_t n = 0;
    if (u->is_primary_or_linked)
        calls[n++] = DB_CALL(STMT_account_info_unreserve, a, id, t, primary, v);
    calls[n++] = DB_CALL(STMT_account_info_reserve, a, id, t, v, db_str(u->recipe_id));
    calls[n++] = DB_CALL(STMT_account_info_drop_others, a, id, t, v);
    calls[n++] = DB_CALL(STMT_account_info_set, a, id, t, v);
    if (u->is_primary_or_linked)
        calls[n++] = DB_CALL(STMT_account_info_reserve_for_primary, a, id, t, primary);
    enum st_err err = db_run(c, db, calls, n);
    *out = ACCOUNT_INFO_CHANGED;
    if (err != ST_CONSTRAINT)
        return err;
    bool reserved = db_violated(c, db, "recipe_user_tenants", "_pkey");
    if (!reserved && !db_violated(c, db, "primary_user_tenants", "_pkey"))
        return err;
    *out = reserved && !u->is_primary_or_linked ? ACCOUNT_INFO_TAKEN : ACCOUNT_INFO_CHANGE_NOT_ALLOWED;
    return ST_OK;
}
