/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading providers, in the form in which they are shown (spec: cdi-multitenancy 5.1).
 */
#include "multitenancy/providers.h"

#include "db/array.h"
#include "json/json.h"
#include "json/write.h"

/* Columns 0 to 2 of both statements name the tenant, column 3 the provider. */
enum { DOMAIN, APP, TENANT, PROVIDER, FIRST_OWN };

enum shape { TEXT, FLAG, JSON_TEXT, SCOPES };

struct member {
    const char *name;
    enum shape shape;
};

/* In the order of the answer and of the statements' columns from FIRST_OWN on. */
static const struct member client_members[] = {
    {"clientType", TEXT}, {"clientId", TEXT}, {"clientSecret", TEXT}, {"scope", SCOPES}, {"forcePKCE", FLAG}, {"additionalConfig", JSON_TEXT},
};
enum { CLIENT_MEMBERS = sizeof client_members / sizeof client_members[0] };

static const struct member provider_members[] = {
    {"authorizationEndpoint", TEXT},
    {"authorizationEndpointQueryParams", JSON_TEXT},
    {"tokenEndpoint", TEXT},
    {"tokenEndpointBodyParams", JSON_TEXT},
    {"userInfoEndpoint", TEXT},
    {"userInfoEndpointQueryParams", JSON_TEXT},
    {"userInfoEndpointHeaders", JSON_TEXT},
    {"jwksURI", TEXT},
    {"oidcDiscoveryEndpoint", TEXT},
    {"requireEmail", FLAG},
};
enum { PROVIDER_MEMBERS = sizeof provider_members / sizeof provider_members[0] };

static const char *const map_members[] = {"userId", "email", "emailVerified"};
enum { MAP_MEMBERS = 3, NAME_COLUMN = FIRST_OWN, MEMBER_COLUMN = NAME_COLUMN + 1, MAP_COLUMN = MEMBER_COLUMN + PROVIDER_MEMBERS };

static void write_member(struct arena *a, struct json_out *j, const struct member *m, const PGresult *r, size_t row,
                         int col)
{
    struct str *scopes;
    if (db_is_null(r, row, col))
        return;
    switch (m->shape) {
    case TEXT:
        json_add_str(j, m->name, db_text(r, row, col));
        break;
    case FLAG:
        json_add_bool(j, m->name, db_true(r, row, col));
        break;
    case JSON_TEXT:
        json_add_raw(j, m->name, db_text(r, row, col));
        break;
    case SCOPES: {
        size_t n = db_array_read(a, db_text(r, row, col), &scopes);
        json_add_strs(j, m->name, scopes, n);
        break;
    }
    }
}

static bool same_provider(const PGresult *x, size_t row, const PGresult *y, size_t other)
{
    for (int col = DOMAIN; col <= PROVIDER; col++)
        if (!str_is(db_text(x, row, col), db_text(y, other, col)))
            return false;
    return true;
}

/* A missing clientType is stored as ''. */
static void write_clients(struct arena *a, struct json_out *j, const PGresult *providers, size_t row,
                          const PGresult *clients)
{
    json_open(j, "clients", '[');
    for (size_t i = 0; i < db_rows(clients); i++) {
        if (!same_provider(providers, row, clients, i))
            continue;
        json_open(j, NULL, '{');
        for (int m = 0; m < CLIENT_MEMBERS; m++)
            if (m > 0 || db_text(clients, i, FIRST_OWN).n)
                write_member(a, j, &client_members[m], clients, i, FIRST_OWN + m);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_map(struct json_out *j, const char *key, const PGresult *r, size_t row, int col)
{
    json_open(j, key, '{');
    for (int m = 0; m < MAP_MEMBERS; m++)
        json_add_str_if(j, map_members[m], db_text(r, row, col + m));
    json_close(j, '}');
}

static void write_provider(struct arena *a, struct json_out *j, const PGresult *r, size_t row, const PGresult *clients)
{
    json_open(j, NULL, '{');
    json_add_str(j, "thirdPartyId", db_text(r, row, PROVIDER));
    json_add_str_if(j, "name", db_text(r, row, NAME_COLUMN));
    write_clients(a, j, r, row, clients);
    for (int m = 0; m < PROVIDER_MEMBERS; m++)
        write_member(a, j, &provider_members[m], r, row, MEMBER_COLUMN + m);
    json_open(j, "userInfoMap", '{');
    write_map(j, "fromIdTokenPayload", r, row, MAP_COLUMN);
    write_map(j, "fromUserInfoAPI", r, row, MAP_COLUMN + MAP_MEMBERS);
    json_close(j, '}');
    json_close(j, '}');
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

enum st_err providers_load(struct ctx *c, struct db *base_db, struct tenant_id which, struct provider_lists *out)
{
    struct db_arg cud = or_null(which.cud), app = or_null(which.app), tenant = or_null(which.tenant);
    struct db_call calls[] = {DB_CALL(STMT_tenant_providers, cud, app, tenant),
                              DB_CALL(STMT_tenant_provider_clients, cud, app, tenant)};
    ST_TRY(db_run(c, base_db, calls, 2));
    const PGresult *r = calls[0].result;
    out->n = 0;
    out->v = arena_array(c->arena, db_rows(r) + 1, sizeof out->v[0]);
    for (size_t row = 0; row < db_rows(r);) {
        struct tenant_id id = id_of(r, row);
        struct json_out j = json_out(c->arena);
        json_open(&j, NULL, '[');
        for (; row < db_rows(r) && same_tenant(id, id_of(r, row)); row++)
            write_provider(c->arena, &j, r, row, calls[1].result);
        json_close(&j, ']');
        out->v[out->n].id = id;
        out->v[out->n++].json = json_done(&j);
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
