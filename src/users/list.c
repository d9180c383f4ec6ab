/* SPDX-License-Identifier: Apache-2.0 */
#include "users/list.h"

#include <stdlib.h>

static int by_id(const void *x, const void *y)
{
    const struct user *a = x, *b = y;
    return str_cmp(a->id, b->id);
}

enum users_found_column { ID, TIME_JOINED };

/* Whole users in the order of the first N of IDS; who is gone by now is left out. */
static enum st_err load_in_order(struct ctx *c, struct db *db, struct str app, const PGresult *ids, size_t n,
                                 struct users *out)
{
    struct users found;
    struct user_query q = {.app = app, .nids = n};
    struct str *wanted = ARENA_ARRAY(c->arena, q.nids + 1, struct str);
    for (size_t i = 0; i < q.nids; i++)
        wanted[i] = db_id(ids, i, ID);
    q.ids = wanted;
    *out = (struct users){.v = ARENA_ARRAY(c->arena, q.nids + 1, struct user)};
    if (q.nids == 0)
        return ST_OK;
    ST_TRY(users_find(c, db, &q, &found));
    qsort(found.v, found.n, sizeof found.v[0], by_id);
    for (size_t i = 0; i < q.nids; i++) {
        const struct user *u =
            bsearch(&(struct user){.id = wanted[i]}, found.v, found.n, sizeof found.v[0], by_id);
        if (u)
            out->v[out->n++] = *u;
    }
    return ST_OK;
}

enum st_err users_page(struct ctx *c, struct db *db, const struct users_page_query *q, struct users *out,
                       struct users_cursor *next)
{
    const PGresult *r;
    bool first = !q->from.id.p;
    enum stmt stmt = q->newest_first ? STMT_users_newest : STMT_users_oldest;
    int64_t from = !first ? q->from.time_joined_ms : q->newest_first ? INT64_MAX : INT64_MIN;
    ST_TRY(DB_RUN(c, db, &r, stmt, db_str(q->app), db_str(q->tenant),
                  db_strs(c->arena, q->recipes, q->nrecipes), db_i64(from),
                  db_str(first ? STR("") : q->from.id), db_i64((int64_t)q->limit + 1)));
    size_t shown = db_rows(r) < q->limit ? db_rows(r) : q->limit;
    *next = (struct users_cursor){.id = STR_NONE};
    /* Of the rows, not of the users: when one is deleted before it is loaded, the pages still go on. */
    if (db_rows(r) > shown)
        *next = (struct users_cursor){db_id(r, shown, ID), db_int(r, shown, TIME_JOINED)};
    return load_in_order(c, db, q->app, r, shown, out);
}

static struct db_arg tags(struct arena *a, const struct users_tags *t)
{
    return db_strs(a, t->v, t->n);
}

enum st_err users_search(struct ctx *c, struct db *db, const struct users_search *q, struct users *out)
{
    const PGresult *r;
    struct arena *a = c->arena;
    int64_t kinds = (q->email.n > 0) + (q->phone.n > 0) + (q->provider.n > 0);
    ST_TRY(DB_RUN(c, db, &r, STMT_users_search, db_str(q->app), db_str(q->tenant), tags(a, &q->email),
                  tags(a, &q->phone), tags(a, &q->provider), db_i64(kinds), db_bool(q->newest_first),
                  db_i64(USERS_FOUND_MAX)));
    return load_in_order(c, db, q->app, r, db_rows(r), out);
}

enum st_err users_count(struct ctx *c, struct db *db, struct str app, struct str tenant,
                        const struct str *recipes, size_t nrecipes, int64_t *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_users_count, db_str(app), db_str(tenant),
                  db_strs(c->arena, recipes, nrecipes)));
    *out = db_int(r, 0, 0);
    return ST_OK;
}
