/* SPDX-License-Identifier: Apache-2.0
 *
 * Adding, replacing and removing third-party providers (spec: cdi-multitenancy 6).
 */
#include "json/json.h"
#include "json/write.h"
#include "multitenancy/change.h"
#include "multitenancy/providers.h"
#include "tenancy/provider_config.h"

/* ---- input: a provider in the form in which it is shown ---- */

static size_t count_chars(struct str utf8)
{
    size_t n = 0;
    for (size_t i = 0; i < utf8.n; i++)
        n += ((unsigned char)utf8.p[i] & 0xC0) != 0x80;
    return n;
}

static enum st_err check_text(struct ctx *c, const char *name, struct str text, size_t max_chars)
{
    if (str_find(text, 0) < text.n)
        return ctx_fail(c, ST_BAD_REQUEST, "Field name '%s' is invalid in JSON input", name);
    if (max_chars && count_chars(text) > max_chars)
        return ctx_fail(c, ST_BAD_REQUEST, "%s can have at most %zu characters", name, max_chars);
    return ST_OK;
}

static bool has_shape(json_object *value, enum member_shape shape)
{
    switch (shape) {
    case MEMBER_TEXT:
        return json_object_is_type(value, json_type_string);
    case MEMBER_FLAG:
        return json_object_is_type(value, json_type_boolean);
    case MEMBER_TEXTS:
        for (size_t i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value);
             i++) {
            json_object *text = json_object_array_get_idx(value, i);
            if (text && !json_object_is_type(text, json_type_string))
                return false;
        }
        return json_object_is_type(value, json_type_array);
    case MEMBER_OBJECT:
    case MEMBER_OBJECT_NO_NULL:
        return json_object_is_type(value, json_type_object);
    }
    return false;
}

static enum st_err wrong_type(struct ctx *c, const char *name)
{
    return ctx_fail(c, ST_INTERNAL, "%s has a wrong type", name);
}

static enum st_err check_member(struct ctx *c, const struct provider_member *m, json_object *value)
{
    if (!has_shape(value, m->shape))
        return wrong_type(c, m->name);
    if (m->shape == MEMBER_TEXT)
        return check_text(c, m->name, json_str(value), m->max_chars);
    if (m->shape == MEMBER_TEXTS && json_object_array_length(value) > SCOPES_MAX)
        return ctx_fail(c, ST_BAD_REQUEST, "%s has too many values", m->name);
    for (size_t i = 0; m->shape == MEMBER_TEXTS && i < json_object_array_length(value); i++)
        ST_TRY(check_text(c, m->name, json_str(json_object_array_get_idx(value, i)), m->max_chars));
    if (m->shape == MEMBER_OBJECT_NO_NULL)
        provider_drop_nulls(value);
    return ST_OK;
}

/* The members of table M that OBJECT (NULL: none) has; others are dropped. */
static enum st_err copy_members(struct ctx *c, struct json_out *j, const struct provider_member *m,
                                json_object *object)
{
    json_object *value;
    for (; m->name; m++) {
        if (!json_object_object_get_ex(object, m->name, &value) || !value)
            continue;
        ST_TRY(check_member(c, m, value));
        json_add_raw(j, m->name, json_text(c->arena, value));
    }
    return ST_OK;
}

/* *OUT: member NAME, NULL when it is absent or null. */
static enum st_err get_part(struct ctx *c, json_object *object, const char *name, json_type type,
                            json_object **out)
{
    *out = object ? json_object_object_get(object, name) : NULL;
    return !*out || json_object_is_type(*out, type) ? ST_OK : wrong_type(c, name);
}

static enum st_err copy_clients(struct ctx *c, struct json_out *j, json_object *config)
{
    json_object *clients;
    ST_TRY(get_part(c, config, "clients", json_type_array, &clients));
    if (clients && json_object_array_length(clients) > CLIENTS_MAX)
        return ctx_fail(c, ST_BAD_REQUEST, "clients has too many values");
    json_open(j, "clients", '[');
    for (size_t i = 0; clients && i < json_object_array_length(clients); i++) {
        json_object *client = json_object_array_get_idx(clients, i);
        if (!json_object_is_type(client, json_type_object))
            return wrong_type(c, "clients");
        json_open(j, NULL, '{');
        ST_TRY(copy_members(c, j, client_members, client));
        json_close(j, '}');
    }
    json_close(j, ']');
    return ST_OK;
}

static enum st_err copy_map(struct ctx *c, struct json_out *j, json_object *config)
{
    static const char *const parts[] = {"fromIdTokenPayload", "fromUserInfoAPI"};
    json_object *map, *part;
    ST_TRY(get_part(c, config, "userInfoMap", json_type_object, &map));
    json_open(j, "userInfoMap", '{');
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ST_TRY(get_part(c, map, parts[i], json_type_object, &part));
        json_open(j, parts[i], '{');
        ST_TRY(copy_members(c, j, user_info_map_members, part));
        json_close(j, '}');
    }
    json_close(j, '}');
    return ST_OK;
}

static enum st_err copy_provider(struct ctx *c, struct str id, json_object *config, struct str *out)
{
    static const struct provider_member name[] = {{"name", MEMBER_TEXT, PROVIDER_NAME_MAX},
                                                  {NULL, MEMBER_TEXT, 0}};
    struct json_out j = json_out(c->arena);
    ST_TRY(check_text(c, "thirdPartyId", id, THIRD_PARTY_ID_MAX));
    json_open(&j, NULL, '{');
    json_add_str(&j, "thirdPartyId", id);
    ST_TRY(copy_members(c, &j, name, config));
    ST_TRY(copy_clients(c, &j, config));
    ST_TRY(copy_members(c, &j, provider_members, config));
    ST_TRY(copy_map(c, &j, config));
    json_close(&j, '}');
    *out = json_done(&j);
    return ST_OK;
}

/* ---- writing ---- */

struct change {
    struct tenant_id tenant;
    struct str id;
    struct str provider; /* JSON text; absent: remove it */
    bool validate;
    bool existed; /* out */
};

/* The tenant's providers as they will be are valid. */
static enum st_err check_list(struct ctx *c, struct db *db, struct change *in)
{
    struct provider_lists lists;
    ST_TRY(providers_load(c, db, in->tenant, &lists));
    json_object *stored = json_parse(c->arena, providers_of(&lists, in->tenant));
    in->existed = false;
    for (size_t i = 0; i < json_object_array_length(stored); i++) {
        json_object *provider = json_object_array_get_idx(stored, i);
        bool same = str_is(json_str(json_object_object_get(provider, "thirdPartyId")), in->id);
        in->existed |= same;
        if (in->validate && !same)
            ST_TRY(provider_check(c, provider));
    }
    if (!in->provider.p)
        return ST_OK;
    if (!in->existed && json_object_array_length(stored) >= PROVIDERS_MAX)
        return ctx_fail(c, ST_BAD_REQUEST, "a tenant can have at most %d providers", PROVIDERS_MAX);
    json_object *provider = json_parse(c->arena, in->provider);
    return in->validate ? provider_check(c, provider) : provider_check_storable(c, provider);
}

static enum st_err change_tx(struct ctx *c, struct db *db, void *arg)
{
    struct change *in = arg;
    struct tenant_record t;
    struct db_arg cud = db_str(in->tenant.cud), app = db_str(in->tenant.app),
                  tenant = db_str(in->tenant.tenant);
    struct db_call calls[5];
    size_t n = 0;
    ST_TRY(multitenancy_lock(c, db, in->tenant, TENANT_V2, &t));
    if (!t.stored && !tenant_is_base(t.id))
        return tenancy_unknown(c, t.id); /* removed a moment ago */
    ST_TRY(check_list(c, db, in));
    if (!in->provider.p && !in->existed)
        return ST_OK;
    if (!t.stored)
        calls[n++] = multitenancy_write_call(&t);
    calls[n++] = DB_CALL(STMT_tenant_remove_provider, cud, app, tenant, db_str(in->id));
    if (in->provider.p) {
        calls[n++] = DB_CALL(STMT_tenant_add_provider, cud, app, tenant, db_str(in->provider));
        calls[n++] = DB_CALL(STMT_tenant_add_provider_clients, cud, app, tenant, db_str(in->provider));
    }
    calls[n++] = multitenancy_notify_call(c->arena, in->tenant);
    db_commit_with_next(c);
    return db_run(c, db, calls, n);
}

static enum st_err run_change(struct ctx *c, struct tenancy *tenancy, struct change *in)
{
    struct db *db = tenancy_base_db(tenancy);
    enum st_err err = db_tx(c, db, change_tx, in);
    if (err == ST_CONSTRAINT && db_violated(c, db, "tenant_thirdparty_provider_clients", "_pkey"))
        return provider_duplicate_client(c);
    ST_TRY(err);
    if (in->provider.p || in->existed)
        tenancy_changed(tenancy, in->tenant);
    return ST_OK;
}

enum st_err providers_put(struct ctx *c, struct tenancy *tenancy, struct tenant_id tenant, struct str id,
                          json_object *config, bool validate, bool *created)
{
    struct change change = {.tenant = tenant, .id = id, .validate = validate};
    ST_TRY(copy_provider(c, id, config, &change.provider));
    ST_TRY(run_change(c, tenancy, &change));
    *created = !change.existed;
    return ST_OK;
}

enum st_err providers_remove(struct ctx *c, struct tenancy *tenancy, struct tenant_id tenant, struct str id,
                             bool *existed)
{
    struct change change = {.tenant = tenant, .id = id, .validate = true};
    ST_TRY(run_change(c, tenancy, &change));
    *existed = change.existed;
    return ST_OK;
}
