/* SPDX-License-Identifier: Apache-2.0 */
#include "multitenancy/change.h"

#include "config/config.h"
#include "json/json.h"

enum { CORE_CONFIG_MAX = 256 * 1024 };

static bool is_public(struct str id)
{
    return str_is(id, STR("public"));
}

/* Who may change what (spec: section 3.5). */
static enum st_err check_permission(struct ctx *c, struct tenant_id s, struct tenant_id t)
{
    const char *wrong = NULL;
    if (!is_public(t.tenant)) {
        if (!is_public(s.tenant) && !str_is(s.tenant, t.tenant))
            wrong = "You must use the public or same tenant to add/update a tenant";
        else if (!str_is(s.cud, t.cud) || !str_is(s.app, t.app))
            wrong = "You must use the same app to create/update a tenant";
    } else if (!is_public(t.app)) {
        if (!is_public(s.tenant) || (!is_public(s.app) && !str_is(s.app, t.app)))
            wrong = "You must use the public or same app to add/update an app";
        else if (!str_is(s.cud, t.cud))
            wrong = "You must use the same connection URI domain to create/update an app";
    } else if (t.cud.n && !tenant_is_base(s) && !str_is(s.cud, t.cud)) {
        wrong = "You must use the default or same connectionUriDomain to create/update a connectionUriDomain";
    }
    return wrong ? ctx_fail(c, ST_FORBIDDEN, "%s", wrong) : ST_OK;
}

/* null removes a key that is there, and is stored where there is none (spec: section 1.4). */
static void merge(struct arena *a, json_object *stored, json_object *input)
{
    json_object_object_foreach(input, key, value)
    {
        if (!value && json_object_object_get_ex(stored, key, NULL)) {
            json_object_object_del(stored, key);
        } else if (json_object_object_add(stored, key, json_object_get(value)) != 0) {
            json_object_put(value);
            arena_out_of_memory(a);
        }
    }
}

static void release_config(void *config)
{
    config_free(config);
}

/* Where a configuration is kept that is yet to be made: then there may be no memory for the place. */
static struct arena_cleanup *reserve_place(struct ctx *c)
{
    return arena_reserve_cleanup(c->arena, release_config);
}

static const struct config *keep(struct arena_cleanup *place, const struct config *config)
{
    place->object = (void *)(uintptr_t)config;
    return config;
}

/* What T inherits from. An app of a connection-URI domain and a tenant of an app need it to be there. */
static enum st_err find_parent(struct ctx *c, struct tenancy *tenancy, struct tenant_id t,
                               const struct config **out)
{
    const struct tenant *parent;
    struct tenant_id id = {t.cud, is_public(t.tenant) ? STR("public") : t.app, STR("public")};
    *out = tenancy_base_config(tenancy);
    if (is_public(t.tenant) && is_public(t.app))
        return ST_OK;
    enum st_err err = tenancy_find(c, tenancy, id, &parent);
    if (err == ST_NOT_FOUND)
        return tenancy_unknown(c, id);
    ST_TRY(err);
    *out = parent->config;
    return ST_OK;
}

static bool same_app(struct tenant_id a, struct tenant_id b)
{
    return str_is(a.cud, b.cud) && str_is(a.app, b.app);
}

struct others {
    struct config_tenant *v;
    size_t n;
};

static void add_other(struct others *o, struct tenant_id id, const struct config *config)
{
    if (config)
        o->v[o->n++] =
            (struct config_tenant){.cud = id.cud, .app = id.app, .tenant = id.tenant, .config = config};
}

/* *OUT is NULL where PARENT is, and for an invalid configuration: that is not loaded, so nothing conflicts
 * with it. */
static enum st_err derive(struct ctx *c, const struct config *parent, json_object *own,
                          const struct config **out)
{
    const struct config *config;
    struct config_error error;
    struct arena_cleanup *place = reserve_place(c);
    enum st_err err = parent ? config_derive(parent, own, &config, &error) : ST_NOT_FOUND;
    *out = err == ST_OK ? keep(place, config) : NULL;
    return err == ST_UNAVAILABLE ? ctx_fail(c, err, "out of memory") : ST_OK;
}

/* The same for what is loaded; while its database is away nothing can be said of it. */
static enum st_err find_loaded(struct ctx *c, struct tenancy *tenancy, struct tenant_id id,
                               const struct config **out)
{
    const struct tenant *known;
    enum st_err err = tenancy_find(c, tenancy, id, &known);
    *out = err == ST_OK ? known->config : NULL;
    return err == ST_UNAVAILABLE ? err : ST_OK;
}

/* The tenants that T is compared with, as they will be: those of its app inherit from the app's public
 * tenant, which may be T. */
static enum st_err find_others(struct ctx *c, struct tenancy *tenancy, struct tenant_id t,
                               const struct config *parent, json_object *own, struct others *out)
{
    enum { DOMAIN, APP, TENANT, CORE_CONFIG };
    const struct config *app = parent, *other;
    const PGresult *r;
    if (is_public(t.tenant))
        ST_TRY(derive(c, parent, own, &app));
    ST_TRY(DB_RUN(c, tenancy_base_db(tenancy), &r, STMT_tenant_others, db_str(t.cud), db_str(t.app),
                  db_str(t.tenant)));
    *out = (struct others){.v = ARENA_ARRAY(c->arena, db_rows(r) + 1, struct config_tenant)};
    add_other(out, TENANT_BASE, tenancy_base_config(tenancy)); /* it may have no row */
    for (size_t i = 0; i < db_rows(r); i++) {
        struct tenant_id id = {db_text(r, i, DOMAIN), db_text(r, i, APP), db_text(r, i, TENANT)};
        if (tenant_is_base(id))
            continue;
        if (!same_app(id, t))
            ST_TRY(find_loaded(c, tenancy, id, &other));
        else if (is_public(id.tenant))
            other = app;
        else
            ST_TRY(derive(c, app, json_parse(c->arena, db_text(r, i, CORE_CONFIG)), &other));
        add_other(out, id, other);
    }
    return ST_OK;
}

static enum st_err check_migration_mode(struct ctx *c, json_object *input)
{
    json_object *mode;
    if (!input || !json_object_object_get_ex(input, "migration_mode", &mode) || !mode ||
        str_is_ci(json_str(mode), STR("MIGRATED")))
        return ST_OK;
    return ctx_fail(
        c, ST_BAD_REQUEST,
        "Invalid core config: migration_mode is currently MIGRATED, which is terminal. Old tables are "
        "stale and cannot be re-introduced into the read path without first being repopulated out of "
        "band. Refusing transition to %s.",
        json_object_get_string(mode));
}

static enum st_err check_config(struct ctx *c, struct tenancy *tenancy, const struct tenant_change *in,
                                struct tenant_record *t, json_object *stored, json_object *merged,
                                const struct config **config)
{
    struct config_error error;
    struct config_check check = {
        .target = {.cud = t->id.cud, .app = t->id.app, .tenant = t->id.tenant},
        .own = merged,
        .stored = stored,
        .protect = in->protect,
    };
    struct others others;
    ST_TRY(find_parent(c, tenancy, t->id, &check.parent));
    ST_TRY(find_others(c, tenancy, t->id, check.parent, merged, &others));
    check.others = others.v;
    check.n_others = others.n;
    struct arena_cleanup *place = reserve_place(c);
    enum st_err err = config_check_tenant(&check, config, &error);
    if (err)
        return ctx_fail(c, err, "%s", err == ST_UNAVAILABLE ? "out of memory" : error.text);
    (void)keep(place, *config);
    return check_migration_mode(c, in->core_config);
}

static enum st_err apply_factors(struct ctx *c, const struct tenant_change *in, struct factor_state *f)
{
    switch (in->api) {
    case TENANT_V1_OLD:
        ST_TRY(factors_apply_v1_old(f, &in->factors));
        break;
    case TENANT_V1:
        ST_TRY(factors_apply_v1(c, f, &in->factors));
        break;
    case TENANT_V2:
        ST_TRY(factors_apply_v2(c, f, &in->factors));
        break;
    }
    return factors_check_names(c, f);
}

static enum st_err check_load_only(struct ctx *c, struct tenancy *tenancy, struct tenant_id t)
{
    if (multitenancy_is_loaded(tenancy, t.cud))
        return ST_OK;
    return ctx_fail(c, ST_BAD_REQUEST, "Creation of connection uri domain or app or tenant is disallowed");
}

enum st_err multitenancy_apply_change(struct ctx *c, struct tenancy *tenancy, const struct tenant_change *in,
                                      struct tenant_record *t, const struct config **config)
{
    ST_TRY(check_load_only(c, tenancy, t->id));
    json_object *stored = json_parse(c->arena, t->core_config);
    json_object *merged = json_parse(c->arena, t->core_config);
    if (!json_object_is_type(merged, json_type_object))
        return ctx_fail(c, ST_INTERNAL, "the stored configuration of this tenant is invalid");
    if (in->core_config)
        merge(c->arena, merged, in->core_config);
    ST_TRY(apply_factors(c, in, &t->factors));
    ST_TRY(check_permission(c, in->source, t->id));
    t->core_config = json_text(c->arena, merged);
    if (t->core_config.n > CORE_CONFIG_MAX)
        return ctx_fail(c, ST_TOO_LARGE, "coreConfig is too large");
    return check_config(c, tenancy, in, t, stored, merged, config);
}
