/* SPDX-License-Identifier: Apache-2.0 */
#include "users/user.h"

#include <stdlib.h>

#include "db/array.h"

enum users_load_column {
    PRIMARY_ID,
    USER_ID,
    RECIPE_ID,
    IS_PRIMARY,
    TIME_JOINED,
    EXTERNAL_ID,
    PRIMARY_EXTERNAL_ID,
    EMAIL,
    PHONE,
    THIRD_PARTY_ID,
    THIRD_PARTY_USER_ID,
    TENANTS,
    VERIFIED,
    CREDENTIALS,
};

int64_t user_time_joined(const struct user *u)
{
    return u->nmethods ? u->methods[0].time_joined_ms : 0;
}

bool method_in_tenant(const struct login_method *m, struct str tenant)
{
    for (size_t i = 0; i < m->ntenants; i++)
        if (str_is(m->tenants[i], tenant))
            return true;
    return false;
}

struct db_call users_query_call(struct arena *a, const struct user_query *q)
{
    struct str types[3], values[3];
    size_t n = 0;
    if (q->email.p) {
        types[n] = STR("email");
        values[n++] = q->email;
    }
    if (q->phone.p) {
        types[n] = STR("phone");
        values[n++] = q->phone;
    }
    if (q->third_party_id.p) {
        types[n] = STR("tparty");
        values[n++] = ARENA_CONCAT(a, q->third_party_id, STR("::"), q->third_party_user_id);
    }
    return DB_CALL(STMT_users_load, db_str(q->app), db_strs(a, q->ids, q->nids),
                   db_str(q->tenant.p ? q->tenant : STR("")), db_strs(a, types, n), db_strs(a, values, n),
                   db_strs(a, &q->credential_id, q->credential_id.p ? 1 : 0));
}

static void read_method(struct arena *a, const PGresult *r, size_t row, struct login_method *m)
{
    *m = (struct login_method){
        .recipe_id = db_text(r, row, RECIPE_ID),
        .user_id = db_id(r, row, USER_ID),
        .external_id = db_text(r, row, EXTERNAL_ID),
        .time_joined_ms = db_int(r, row, TIME_JOINED),
        .verified = db_true(r, row, VERIFIED),
        .email = db_text(r, row, EMAIL),
        .phone = db_text(r, row, PHONE),
        .third_party_id = db_text(r, row, THIRD_PARTY_ID),
        .third_party_user_id = db_text(r, row, THIRD_PARTY_USER_ID),
    };
    m->ntenants = db_array_read(a, db_text(r, row, TENANTS), &m->tenants);
    if (!db_is_null(r, row, CREDENTIALS))
        m->ncredentials = db_array_read(a, db_text(r, row, CREDENTIALS), &m->credentials);
}

static int older_first(const void *x, const void *y)
{
    int64_t a = user_time_joined(x), b = user_time_joined(y);
    return (a > b) - (a < b);
}

void users_from(struct arena *a, const PGresult *r, struct users *out)
{
    size_t rows = db_rows(r);
    *out = (struct users){.v = ARENA_ARRAY(a, rows + 1, struct user)};
    struct login_method *methods = ARENA_ARRAY(a, rows + 1, struct login_method);
    for (size_t i = 0; i < rows; i++) {
        struct str id = db_id(r, i, PRIMARY_ID);
        read_method(a, r, i, &methods[i]);
        if (out->n == 0 || !str_is(out->v[out->n - 1].id, id))
            out->v[out->n++] = (struct user){.id = id,
                                             .external_id = db_text(r, i, PRIMARY_EXTERNAL_ID),
                                             .is_primary = db_true(r, i, IS_PRIMARY),
                                             .methods = &methods[i]};
        out->v[out->n - 1].nmethods++;
    }
    qsort(out->v, out->n, sizeof out->v[0], older_first);
}

enum st_err users_find(struct ctx *c, struct db *db, const struct user_query *q, struct users *out)
{
    const PGresult *r;
    ST_TRY(db_run_one(c, db, &r, users_query_call(c->arena, q)));
    users_from(c->arena, r, out);
    return ST_OK;
}

const struct login_method *user_method(const struct user *u, struct str recipe_user_id)
{
    for (size_t i = 0; i < u->nmethods; i++)
        if (str_is(u->methods[i].user_id, recipe_user_id))
            return &u->methods[i];
    for (size_t i = 0; i < u->nmethods; i++)
        if (str_is(u->methods[i].external_id, recipe_user_id) && recipe_user_id.p)
            return &u->methods[i];
    return NULL;
}

struct user user_reduced(const struct user *u, const struct login_method *m)
{
    return (struct user){.id = m->user_id,
                         .external_id = m->external_id,
                         .is_primary = u->is_primary,
                         .methods = m,
                         .nmethods = 1};
}

static bool has_internal_id(const struct user *u, struct str id)
{
    for (size_t i = 0; i < u->nmethods; i++)
        if (str_is(u->methods[i].user_id, id))
            return true;
    return str_is(u->id, id);
}

enum st_err user_by_id(struct ctx *c, struct db *db, struct str app, struct str id, const struct user **out)
{
    struct users found;
    ST_TRY(users_find(c, db, &(struct user_query){.app = app, .ids = &id, .nids = 1}, &found));
    *out = found.n ? &found.v[0] : NULL;
    for (size_t i = 0; i < found.n; i++)
        if (has_internal_id(&found.v[i], id))
            *out = &found.v[i];
    return ST_OK;
}
