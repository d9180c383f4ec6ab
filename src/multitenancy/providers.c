/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading providers, in the form in which they are shown (spec: cdi-multitenancy 5.1).
 */
#include "multitenancy/providers.h"

#include "db/array.h"
#include "json/json.h"
#include "json/set_order.h"
#include "json/write.h"
#include "tenancy/provider_config.h"

/* Of tenant_providers: a row for each client of each provider, one without client for a provider that has
 * none. */
enum tenant_providers_column {
    DOMAIN,
    APP,
    TENANT,
    PROVIDER,
    NAME,
    MEMBERS,
    ID_TOKEN_MAP = MEMBERS + 10,
    USER_INFO_MAP = ID_TOKEN_MAP + 3,
    CLIENT_TYPE = USER_INFO_MAP + 3,
};

/* Rows written by the reference may hold nulls. */
static struct str without_nulls(struct arena *a, struct str text)
{
    json_object *object = json_parse(a, text);
    provider_drop_nulls(object);
    return object ? json_text(a, object) : text;
}

static void write_member(struct arena *a, struct json_out *j, const struct provider_member *m,
                         const PGresult *r, size_t row, int col)
{
    struct str *texts;
    if (db_is_null(r, row, col))
        return;
    switch (m->shape) {
    case MEMBER_TEXT:
        json_add_str(j, m->name, db_text(r, row, col));
        break;
    case MEMBER_FLAG:
        json_add_bool(j, m->name, db_true(r, row, col));
        break;
    case MEMBER_OBJECT:
        json_add_raw(j, m->name, db_text(r, row, col));
        break;
    case MEMBER_OBJECT_NO_NULL:
        json_add_raw(j, m->name, without_nulls(a, db_text(r, row, col)));
        break;
    case MEMBER_TEXTS: {
        size_t n = db_array_read(a, db_text(r, row, col), &texts);
        json_add_strs(j, m->name, texts, n);
        break;
    }
    }
}

/* The members of table M, whose columns begin at COL. */
static void write_members(struct arena *a, struct json_out *j, const struct provider_member *m,
                          const PGresult *r, size_t row, int col)
{
    for (; m->name; m++)
        write_member(a, j, m, r, row, col++);
}

static void write_map(struct arena *a, struct json_out *j, const char *key, const PGresult *r, size_t row,
                      int col)
{
    json_open(j, key, '{');
    write_members(a, j, user_info_map_members, r, row, col);
    json_close(j, '}');
}

static void write_client(struct arena *a, struct json_out *j, const PGresult *r, size_t row)
{
    bool typed = db_text(r, row, CLIENT_TYPE).n > 0; /* a missing one is stored as '' */
    json_open(j, NULL, '{');
    write_members(a, j, client_members + !typed, r, row, CLIENT_TYPE + !typed);
    json_close(j, '}');
}

struct rows {
    const PGresult *r;
    size_t first, end;
};

/* The distinct texts of a column whose equal ones stand together, in the order in which sets are shown. */
static size_t names_of(struct arena *a, struct rows rows, int col, struct str **out)
{
    size_t n = 0;
    *out = ARENA_ARRAY(a, rows.end - rows.first + 1, struct str);
    for (size_t row = rows.first; row < rows.end; row++) {
        struct str name = db_text(rows.r, row, col);
        if (name.p && (n == 0 || !str_is(name, (*out)[n - 1])))
            (*out)[n++] = name;
    }
    json_set_order(*out, n);
    return n;
}

static struct rows rows_of(struct rows rows, int col, struct str name)
{
    while (rows.first < rows.end && !str_is(db_text(rows.r, rows.first, col), name))
        rows.first++;
    for (size_t row = rows.first; row < rows.end; row++)
        if (!str_is(db_text(rows.r, row, col), name))
            rows.end = row;
    return rows;
}

static void write_provider(struct arena *a, struct json_out *j, struct rows rows)
{
    struct str *types;
    size_t ntypes = names_of(a, rows, CLIENT_TYPE, &types), first = rows.first;
    json_open(j, NULL, '{');
    json_add_str(j, "thirdPartyId", db_text(rows.r, first, PROVIDER));
    json_add_str_if(j, "name", db_text(rows.r, first, NAME));
    json_open(j, "clients", '[');
    for (size_t i = 0; i < ntypes; i++)
        write_client(a, j, rows.r, rows_of(rows, CLIENT_TYPE, types[i]).first);
    json_close(j, ']');
    write_members(a, j, provider_members, rows.r, first, MEMBERS);
    json_open(j, "userInfoMap", '{');
    write_map(a, j, "fromIdTokenPayload", rows.r, first, ID_TOKEN_MAP);
    write_map(a, j, "fromUserInfoAPI", rows.r, first, USER_INFO_MAP);
    json_close(j, '}');
    json_close(j, '}');
}

/* JSON text of the providers of one tenant. */
static struct str list_providers(struct arena *a, struct rows rows)
{
    struct json_out j = json_out(a);
    struct str *ids;
    size_t n = names_of(a, rows, PROVIDER, &ids);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        write_provider(a, &j, rows_of(rows, PROVIDER, ids[i]));
    json_close(&j, ']');
    return json_done(&j);
}

static struct db_arg or_null(struct str s)
{
    return s.p ? db_str(s) : db_null();
}

static struct tenant_id id_of(const PGresult *r, size_t row)
{
    return (struct tenant_id){db_text(r, row, DOMAIN), db_text(r, row, APP), db_text(r, row, TENANT)};
}

static bool same_tenant(struct tenant_id a, struct tenant_id b)
{
    return str_is(a.tenant, b.tenant) && str_is(a.app, b.app) && str_is(a.cud, b.cud);
}

enum st_err providers_load(struct ctx *c, struct db *base_db, struct tenant_id which,
                           struct provider_lists *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, base_db, &r, STMT_tenant_providers, or_null(which.cud), or_null(which.app),
                  or_null(which.tenant)));
    out->n = 0;
    out->v = arena_array(c->arena, db_rows(r) + 1, sizeof out->v[0]);
    for (size_t row = 0; row < db_rows(r);) {
        struct rows rows = {r, row, row};
        struct tenant_id id = id_of(r, row);
        while (row < db_rows(r) && same_tenant(id, id_of(r, row)))
            rows.end = ++row;
        out->v[out->n].id = id;
        out->v[out->n++].json = list_providers(c->arena, rows);
    }
    return ST_OK;
}

struct str providers_of(const struct provider_lists *l, struct tenant_id id)
{
    for (size_t i = 0; i < l->n; i++)
        if (same_tenant(l->v[i].id, id))
            return l->v[i].json;
    return STR("[]");
}
