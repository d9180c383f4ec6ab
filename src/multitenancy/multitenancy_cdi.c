/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection-URI domains, apps and tenants at the core door (spec: cdi-multitenancy 2 to 5, 7).
 */
#include "config/config.h"
#include "config/keys.h"
#include "core/route.h"
#include "multitenancy/multitenancy.h"
#include "multitenancy/providers.h"
#include "multitenancy/tenant_json.h"
#include "runtime/runtime.h"

enum level { LEVEL_DOMAIN, LEVEL_APP, LEVEL_TENANT };

/* A SaaS secret is configured and was not shown (spec: section 1.3). */
static bool must_protect(const struct core_call *k)
{
    return service_base_config(k->service)->supertokens_saas_secret && !k->shows_saas_secret;
}

/* ---- create and update ---- */

struct put_in {
    struct str id;
    bool has_id;
    json_object *coreConfig;
    bool emailPasswordEnabled, thirdPartyEnabled, passwordlessEnabled;
    bool has_emailPasswordEnabled, has_thirdPartyEnabled, has_passwordlessEnabled;
    struct strs firstFactors, requiredSecondaryFactors;
    bool has_coreConfig, has_firstFactors, has_requiredSecondaryFactors;
};

/* FACTORS_SINCE: the first interface version that has the factor fields. */
#define PUT_FIELDS(ID_NAME, FACTORS_SINCE)                                                                   \
    {                                                                                                        \
        {.name = (ID_NAME),                                                                                  \
         .type = FIELD_STRING,                                                                               \
         .optional = true,                                                                                   \
         .offset = offsetof(struct put_in, id),                                                              \
         .has_offset = offsetof(struct put_in, has_id)},                                                     \
            FIELD_OPTIONAL(struct put_in, coreConfig, FIELD_OBJECT_OR_NULL),                                 \
            FIELD_OPTIONAL(struct put_in, emailPasswordEnabled, FIELD_BOOL),                                 \
            FIELD_OPTIONAL(struct put_in, thirdPartyEnabled, FIELD_BOOL),                                    \
            FIELD_OPTIONAL(struct put_in, passwordlessEnabled, FIELD_BOOL),                                  \
            FIELD_OPTIONAL(struct put_in, firstFactors, FIELD_STRINGS_OR_NULL, .since = (FACTORS_SINCE)),    \
            FIELD_OPTIONAL(struct put_in, requiredSecondaryFactors, FIELD_STRINGS_OR_NULL,                   \
                           .since = (FACTORS_SINCE)),                                                        \
            FIELDS_END                                                                                       \
    }

static const struct field put_domain_fields[] = PUT_FIELDS("connectionUriDomain", CDI_5_0);
static const struct field put_app_fields[] = PUT_FIELDS("appId", CDI_5_0);
static const struct field put_tenant_fields[] = PUT_FIELDS("tenantId", CDI_5_0);
static const struct field put_domain_v2_fields[] = PUT_FIELDS("connectionUriDomain", 0);
static const struct field put_app_v2_fields[] = PUT_FIELDS("appId", 0);
static const struct field put_tenant_v2_fields[] = PUT_FIELDS("tenantId", 0);

static enum st_err find_target(struct core_call *k, enum level level, const struct put_in *in,
                               struct tenant_id *out)
{
    struct tenant_id source = k->path;
    *out = TENANT_BASE;
    switch (level) {
    case LEVEL_DOMAIN:
        return in->has_id ? multitenancy_read_domain(k->c, in->id, &out->cud) : ST_OK;
    case LEVEL_APP:
        out->cud = source.cud;
        return in->has_id ? multitenancy_read_app(k->c, in->id, &out->app) : ST_OK;
    case LEVEL_TENANT:
        out->cud = source.cud;
        out->app = source.app;
        return in->has_id ? multitenancy_read_tenant(k->c, in->id, &out->tenant) : ST_OK;
    }
    return ST_OK;
}

static enum st_err refuse_booleans(struct core_call *k, const struct put_in *in)
{
    const char *wrong = in->has_emailPasswordEnabled  ? "emailPasswordEnabled"
                        : in->has_thirdPartyEnabled   ? "thirdParty"
                        : in->has_passwordlessEnabled ? "passwordless"
                                                      : NULL;
    return wrong ? ctx_fail(k->c, ST_BAD_REQUEST, "%s is not a valid input for this API", wrong) : ST_OK;
}

static enum tenant_api v1_of(const struct core_call *k)
{
    return k->cdi >= CDI_5_0 ? TENANT_V1 : TENANT_V1_OLD;
}

static enum st_err put_target(struct core_call *k, enum level level, enum tenant_api api)
{
    const struct put_in *in = k->in;
    struct tenant_change change = {
        .source = k->path,
        .api = api,
        .core_config = in->coreConfig,
        .factors = {.flag = {{in->has_emailPasswordEnabled, in->emailPasswordEnabled},
                             {in->has_thirdPartyEnabled, in->thirdPartyEnabled},
                             {in->has_passwordlessEnabled, in->passwordlessEnabled}},
                    .has_first = in->has_firstFactors,
                    .has_secondary = in->has_requiredSecondaryFactors,
                    .first = in->firstFactors,
                    .secondary = in->requiredSecondaryFactors},
        .protect = must_protect(k),
    };
    bool created;
    if (api == TENANT_V2)
        ST_TRY(refuse_booleans(k, in));
    ST_TRY(find_target(k, level, in, &change.target));
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(multitenancy_put(k->c, service_tenancy(k->service), &change, &created));
    answer_status(k, "OK");
    json_add_bool(&k->out, "createdNew", created);
    return ST_OK;
}

static enum st_err put_domain(struct core_call *k)
{
    return put_target(k, LEVEL_DOMAIN, v1_of(k));
}
static enum st_err put_domain_v2(struct core_call *k)
{
    return put_target(k, LEVEL_DOMAIN, TENANT_V2);
}
static enum st_err put_app(struct core_call *k)
{
    return put_target(k, LEVEL_APP, v1_of(k));
}
static enum st_err put_app_v2(struct core_call *k)
{
    return put_target(k, LEVEL_APP, TENANT_V2);
}
static enum st_err put_tenant(struct core_call *k)
{
    return put_target(k, LEVEL_TENANT, v1_of(k));
}
static enum st_err put_tenant_v2(struct core_call *k)
{
    return put_target(k, LEVEL_TENANT, TENANT_V2);
}

/* ---- read ---- */

static bool is_public(struct str id)
{
    return str_is(id, STR("public"));
}

static struct str without_protected(struct arena *a, struct str core_config)
{
    json_object *object = json_parse(a, core_config);
    if (!json_object_is_type(object, json_type_object))
        return STR("{}");
    json_object_object_foreach(object, name, value)
    {
        const struct config_key *key = config_key_find(str_of(name));
        (void)value;
        if (key && key->marks & CONFIG_PROTECTED)
            json_object_object_del(object, name);
    }
    return json_text(a, object);
}

struct listing {
    struct tenant_records records; /* by domain, app, tenant */
    struct provider_lists providers;
    enum tenant_api api;
};

static enum st_err load_listing(struct core_call *k, struct tenant_id which, enum tenant_api api,
                                struct listing *out)
{
    struct tenancy *tenancy = service_tenancy(k->service);
    out->api = api;
    ST_TRY(multitenancy_list(k->c, tenancy, which, &out->records));
    for (size_t i = 0; must_protect(k) && i < out->records.n; i++) {
        struct str *core_config = &out->records.v[i].core_config;
        *core_config = without_protected(k->c->arena, *core_config);
    }
    return providers_load(k->c, tenancy_base_db(tenancy), which, &out->providers);
}

static void write_members(struct core_call *k, const struct listing *l, size_t i)
{
    const struct tenant_record *t = &l->records.v[i];
    tenant_write_members(&k->out, t, providers_of(&l->providers, t->id), l->api);
}

static enum st_err answer_tenant(struct core_call *k, enum tenant_api api)
{
    struct listing l = {0};
    if (k->path_tenant)
        ST_TRY(load_listing(k, k->path, api, &l));
    if (l.records.n)
        write_members(k, &l, 0);
    answer_status(k, l.records.n ? "OK" : "TENANT_NOT_FOUND_ERROR");
    return ST_OK;
}

static enum st_err get_tenant(struct core_call *k)
{
    return answer_tenant(k, v1_of(k));
}
static enum st_err get_tenant_v2(struct core_call *k)
{
    return answer_tenant(k, TENANT_V2);
}

/* Writes the tenants of the app that record FIRST belongs to; returns the index behind them. */
static size_t write_tenants(struct core_call *k, const struct listing *l, size_t first)
{
    const struct tenant_record *v = l->records.v;
    size_t i = first;
    json_open(&k->out, "tenants", '[');
    for (; i < l->records.n && str_is(v[i].id.app, v[first].id.app) && str_is(v[i].id.cud, v[first].id.cud);
         i++) {
        json_open(&k->out, NULL, '{');
        write_members(k, l, i);
        json_close(&k->out, '}');
    }
    json_close(&k->out, ']');
    return i;
}

static size_t write_apps(struct core_call *k, const struct listing *l, size_t first)
{
    const struct tenant_record *v = l->records.v;
    size_t i = first;
    json_open(&k->out, "apps", '[');
    while (i < l->records.n && str_is(v[i].id.cud, v[first].id.cud)) {
        json_open(&k->out, NULL, '{');
        json_add_str(&k->out, "appId", v[i].id.app);
        i = write_tenants(k, l, i);
        json_close(&k->out, '}');
    }
    json_close(&k->out, ']');
    return i;
}

static enum st_err list_tenants(struct core_call *k, enum tenant_api api)
{
    struct listing l;
    struct tenant_id id = k->path;
    if (!is_public(id.tenant))
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "Only the public tenantId is allowed to list all tenants associated with this app");
    ST_TRY(load_listing(k, (struct tenant_id){id.cud, id.app, STR_NONE}, api, &l));
    answer_status(k, "OK");
    write_tenants(k, &l, 0);
    return ST_OK;
}

static enum st_err list_apps(struct core_call *k, enum tenant_api api)
{
    struct listing l;
    struct tenant_id id = k->path;
    if (!is_public(id.tenant) || !is_public(id.app))
        return ctx_fail(
            k->c, ST_FORBIDDEN,
            "Only the public tenantId and public appId is allowed to list all apps associated with "
            "this connection uri domain");
    ST_TRY(load_listing(k, (struct tenant_id){id.cud, STR_NONE, STR_NONE}, api, &l));
    answer_status(k, "OK");
    write_apps(k, &l, 0);
    return ST_OK;
}

static enum st_err list_domains(struct core_call *k, enum tenant_api api)
{
    struct listing l;
    if (!tenant_is_base(k->path))
        return ctx_fail(
            k->c, ST_FORBIDDEN,
            "Only the public tenantId, public appId and default connectionUriDomain is allowed to "
            "list all connectionUriDomains and appIds associated with this core");
    ST_TRY(load_listing(k, (struct tenant_id){STR_NONE, STR_NONE, STR_NONE}, api, &l));
    answer_status(k, "OK");
    json_open(&k->out, "connectionUriDomains", '[');
    for (size_t i = 0; i < l.records.n;) {
        json_open(&k->out, NULL, '{');
        json_add_str(&k->out, "connectionUriDomain", l.records.v[i].id.cud);
        i = write_apps(k, &l, i);
        json_close(&k->out, '}');
    }
    json_close(&k->out, ']');
    return ST_OK;
}

static enum st_err get_tenants(struct core_call *k)
{
    return list_tenants(k, v1_of(k));
}
static enum st_err get_tenants_v2(struct core_call *k)
{
    return list_tenants(k, TENANT_V2);
}
static enum st_err get_apps(struct core_call *k)
{
    return list_apps(k, v1_of(k));
}
static enum st_err get_apps_v2(struct core_call *k)
{
    return list_apps(k, TENANT_V2);
}
static enum st_err get_domains(struct core_call *k)
{
    return list_domains(k, v1_of(k));
}
static enum st_err get_domains_v2(struct core_call *k)
{
    return list_domains(k, TENANT_V2);
}

/* ---- remove ---- */

struct remove_in {
    struct str id;
};

#define REMOVE_FIELDS(ID_NAME)                                                                               \
    {                                                                                                        \
        {.name = (ID_NAME),                                                                                  \
         .type = FIELD_STRING,                                                                               \
         .offset = offsetof(struct remove_in, id),                                                           \
         .has_offset = SIZE_MAX},                                                                            \
            FIELDS_END                                                                                       \
    }

static const struct field remove_domain_fields[] = REMOVE_FIELDS("connectionUriDomain");
static const struct field remove_app_fields[] = REMOVE_FIELDS("appId");
static const struct field remove_tenant_fields[] = REMOVE_FIELDS("tenantId");

static enum st_err answer_removed(struct core_call *k, struct tenant_id id)
{
    bool existed;
    ST_TRY(multitenancy_delete(k->c, service_tenancy(k->service), id, &existed));
    answer_status(k, "OK");
    json_add_bool(&k->out, "didExist", existed);
    return ST_OK;
}

static enum st_err remove_tenant(struct core_call *k)
{
    const struct remove_in *in = k->in;
    struct tenant_id id = {k->path.cud, k->path.app, STR_NONE};
    ST_TRY(multitenancy_read_tenant(k->c, in->id, &id.tenant));
    if (is_public(id.tenant))
        return ctx_fail(k->c, ST_FORBIDDEN, "Cannot delete public tenant, use remove app API instead");
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    if (!is_public(k->path.tenant))
        return ctx_fail(k->c, ST_FORBIDDEN, "Only the public tenantId is allowed to delete a tenant");
    return answer_removed(k, id);
}

static enum st_err count(struct core_call *k, struct db_call call, int64_t *out)
{
    const PGresult *r;
    ST_TRY(db_run_one(k->c, service_base_db(k->service), &r, call));
    *out = db_int(r, 0, 0);
    return ST_OK;
}

static enum st_err remove_app(struct core_call *k)
{
    const struct remove_in *in = k->in;
    struct tenant_id id = {k->path.cud, STR_NONE, STR_NONE};
    int64_t tenants;
    ST_TRY(multitenancy_read_app(k->c, in->id, &id.app));
    if (is_public(id.app))
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "Cannot delete the public app, use remove connection uri domain API instead");
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    if (!is_public(k->path.tenant) || !is_public(k->path.app))
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "Only the public tenantId and public appId is allowed to delete an app");
    ST_TRY(count(k, DB_CALL(STMT_tenant_count_of_app, db_str(id.cud), db_str(id.app)), &tenants));
    if (tenants)
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "Please delete all tenants except the public tenant for this app before calling the "
                        "delete API");
    return answer_removed(k, id);
}

static enum st_err remove_domain(struct core_call *k)
{
    const struct remove_in *in = k->in;
    struct tenant_id id = {STR_NONE, STR_NONE, STR_NONE};
    const struct config *base = service_base_config(k->service);
    const struct tenant *domain;
    int64_t apps;
    ST_TRY(multitenancy_read_domain(k->c, in->id, &id.cud));
    if (id.cud.n == 0)
        return ctx_fail(k->c, ST_FORBIDDEN, "Cannot delete the default connection uri domain");
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    if (!tenant_is_base(k->path))
        return ctx_fail(
            k->c, ST_FORBIDDEN,
            "Only the public tenantId, public appId and default connectionUriDomain is allowed to "
            "delete a connectionUriDomain");
    ST_TRY(count(k, DB_CALL(STMT_tenant_count_of_domain, db_str(id.cud)), &apps));
    if (apps)
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "Please delete all apps except the public appID for this connectionUriDomain before "
                        "calling the delete API.");
    enum st_err err = tenancy_find(k->c, service_tenancy(k->service),
                                   (struct tenant_id){id.cud, STR("public"), STR("public")}, &domain);
    if (err == ST_OK && strcmp(domain->config->user_pool_id, base->user_pool_id) != 0)
        return answer_removed(k, id);
    if (err != ST_OK && err != ST_NOT_FOUND)
        return err;
    answer_status(k, "OK"); /* the public app of the base database is never deleted */
    json_add_bool(&k->out, "didExist", false);
    return ST_OK;
}

#define MULTITENANCY "/recipe/multitenancy/"
#define PUT_ROW(PATH, FIELDS, HANDLER, HELP, STATUSES)                                                       \
    {                                                                                                        \
        .path = MULTITENANCY PATH, .method = HTTP_PUT, .scope = SCOPE_NONE, .since = CDI_3_0,                \
        .fields = (FIELDS), .in_size = sizeof(struct put_in), .handler = (HANDLER), .help = (HELP),          \
        .statuses = (STATUSES)                                                                               \
    }
#define GET_ROW(PATH, SCOPE, HANDLER, HELP, STATUSES)                                                        \
    {                                                                                                        \
        .path = MULTITENANCY PATH, .method = HTTP_GET, .scope = (SCOPE), .since = CDI_3_0,                   \
        .handler = (HANDLER), .help = (HELP), .statuses = (STATUSES)                                         \
    }
#define REMOVE_ROW(PATH, FIELDS, HANDLER, HELP, STATUSES)                                                    \
    {                                                                                                        \
        .path = MULTITENANCY PATH, .method = HTTP_POST, .scope = SCOPE_NONE, .since = CDI_3_0,               \
        .fields = (FIELDS), .in_size = sizeof(struct remove_in), .handler = (HANDLER), .help = (HELP),       \
        .statuses = (STATUSES)                                                                               \
    }

const struct route multitenancy_routes[] = {
    PUT_ROW("connectionuridomain", put_domain_fields, put_domain,
            "Creates or changes a connection-URI domain.", "OK"),
    PUT_ROW("connectionuridomain/v2", put_domain_v2_fields, put_domain_v2,
            "Creates or changes a connection-URI domain, with firstFactors.", "OK"),
    GET_ROW("connectionuridomain/list", SCOPE_TENANT, get_domains,
            "The connection-URI domains with their apps and tenants.", "OK"),
    GET_ROW("connectionuridomain/list/v2", SCOPE_TENANT, get_domains_v2,
            "The connection-URI domains with their apps and tenants, with firstFactors.", "OK"),
    REMOVE_ROW("connectionuridomain/remove", remove_domain_fields, remove_domain,
               "Removes a connection-URI domain that has no apps left.", "OK"),
    PUT_ROW("app", put_app_fields, put_app, "Creates or changes an app.", "OK"),
    PUT_ROW("app/v2", put_app_v2_fields, put_app_v2, "Creates or changes an app, with firstFactors.", "OK"),
    GET_ROW("app/list", SCOPE_TENANT, get_apps, "The apps of the domain with their tenants.", "OK"),
    GET_ROW("app/list/v2", SCOPE_TENANT, get_apps_v2,
            "The apps of the domain with their tenants, with firstFactors.", "OK"),
    REMOVE_ROW("app/remove", remove_app_fields, remove_app,
               "Removes an app that has no tenants left, with its users.", "OK"),
    PUT_ROW("tenant", put_tenant_fields, put_tenant, "Creates or changes a tenant.", "OK"),
    PUT_ROW("tenant/v2", put_tenant_v2_fields, put_tenant_v2,
            "Creates or changes a tenant, with firstFactors.", "OK"),
    GET_ROW("tenant", SCOPE_NONE, get_tenant, "A tenant.", "OK TENANT_NOT_FOUND_ERROR"),
    GET_ROW("tenant/v2", SCOPE_NONE, get_tenant_v2, "A tenant, with firstFactors.",
            "OK TENANT_NOT_FOUND_ERROR"),
    GET_ROW("tenant/list", SCOPE_TENANT, get_tenants, "The tenants of the app.", "OK"),
    GET_ROW("tenant/list/v2", SCOPE_TENANT, get_tenants_v2, "The tenants of the app, with firstFactors.",
            "OK"),
    REMOVE_ROW("tenant/remove", remove_tenant_fields, remove_tenant,
               "Removes a tenant; users stay members of the others.", "OK"),
    {.path = NULL},
};
