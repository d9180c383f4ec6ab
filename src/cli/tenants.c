/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens tenant: domains, apps and tenants, by the rules of the core door. Secrets in their
 * configuration are not shown.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/ask.h"
#include "config/keys.h"
#include "multitenancy/multitenancy.h"
#include "multitenancy/providers.h"

enum { CORE_CONFIG_MAX = 256 * 1024 };

static bool is_public(struct str id)
{
    return str_is(id, STR("public"));
}

/* ---- shown ---- */

static struct str masked_config(struct arena *a, struct str core_config)
{
    json_object *object = json_parse(a, core_config);
    if (!json_object_is_type(object, json_type_object))
        return STR("{}");
    json_object_object_foreach(object, name, value)
    {
        const struct config_key *key = config_key_find(str_of(name));
        bool secret = !key || (key->marks & (CONFIG_SECRET | CONFIG_URI));
        if (value && secret)
            json_object_object_add(object, name, json_object_new_string("********"));
    }
    return json_text(a, object);
}

/* Their ids: what else providers have is secrets and addresses. */
static void add_providers(struct work *w, struct str providers)
{
    json_object *list = json_parse(w->c->arena, providers), *id;
    json_open(&w->out, "providers", '[');
    for (size_t i = 0; list && i < json_object_array_length(list); i++)
        if (json_object_object_get_ex(json_object_array_get_idx(list, i), "thirdPartyId", &id))
            json_add_str(&w->out, NULL, json_str(id));
    json_close(&w->out, ']');
}

static void add_tenant(struct work *w, const struct tenant_record *t, struct str providers)
{
    struct factors first;
    json_open(&w->out, NULL, '{');
    json_add_str(&w->out, "connectionUriDomain", t->id.cud);
    json_add_str(&w->out, "appId", t->id.app);
    json_add_str(&w->out, "tenantId", t->id.tenant);
    if (factors_shown_v2(&t->factors, &first))
        json_add_strs(&w->out, "firstFactors", first.v, first.n);
    else
        json_add_null(&w->out, "firstFactors");
    if (t->factors.secondary.is_null)
        json_add_null(&w->out, "requiredSecondaryFactors");
    else
        json_add_strs(&w->out, "requiredSecondaryFactors", t->factors.secondary.v, t->factors.secondary.n);
    add_providers(w, providers);
    json_add_raw(&w->out, "coreConfig", masked_config(w->c->arena, t->core_config));
    json_close(&w->out, '}');
}

static enum st_err add_tenants(struct work *w, struct tenant_id which, size_t *n)
{
    struct tenant_records records;
    struct provider_lists providers;
    ST_TRY(multitenancy_list(w->c, w->tenancy, which, &records));
    ST_TRY(providers_load(w->c, tenancy_base_db(w->tenancy), which, &providers));
    json_open(&w->out, "tenants", '[');
    for (size_t i = 0; i < records.n; i++)
        add_tenant(w, &records.v[i], providers_of(&providers, records.v[i].id));
    json_close(&w->out, ']');
    *n = records.n;
    return ST_OK;
}

enum st_err tenant_list_data(struct work *w)
{
    size_t n;
    struct tenant_id which = {w->id.cud, w->id.app, STR_NONE};
    w->layout = (struct layout){
        .list = "tenants",
        .columns = "connectionUriDomain appId tenantId firstFactors requiredSecondaryFactors providers",
        .empty = "There are no tenants."};
    if (w->in->all)
        which = (struct tenant_id){STR_NONE, STR_NONE, STR_NONE};
    return add_tenants(w, which, &n);
}

/* The tenant that the argument names in the app of the options, or the app's public one. */
static enum st_err find_target(struct work *w, struct tenant_id *out)
{
    *out = w->id;
    out->tenant = STR("public");
    return w->in->narguments ? multitenancy_read_tenant(w->c, str_of(w->in->argument[0]), &out->tenant)
                             : ST_OK;
}

enum st_err tenant_show_data(struct work *w)
{
    struct tenant_id id;
    size_t n;
    w->layout = (struct layout){.object = "tenants"};
    ST_TRY(find_target(w, &id));
    ST_TRY(add_tenants(w, id, &n));
    return n ? ST_OK : tenancy_unknown(w->c, id);
}

/* ---- changed ---- */

/* Whose word is enough: the tenant, app or domain above it. */
static struct tenant_id source_of(struct tenant_id target)
{
    if (!is_public(target.tenant))
        return (struct tenant_id){target.cud, target.app, STR("public")};
    if (!is_public(target.app))
        return (struct tenant_id){target.cud, STR("public"), STR("public")};
    return TENANT_BASE;
}

/* "a,b": a list. "default": as if it had never been set. "none": an empty list. */
static struct strs read_factors(struct arena *a, const char *text)
{
    struct str rest = str_of(text);
    struct strs list = {ARENA_ARRAY(a, rest.n + 1, struct str), 0};
    if (str_is(rest, STR("default")))
        return (struct strs){NULL, 0};
    if (str_is(rest, STR("none")))
        return list;
    while (rest.p)
        list.v[list.n++] = str_trim(str_split(&rest, ','));
    return list;
}

static enum st_err read_stream(struct work *w, const char *path, struct str *out)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    if (!in)
        return ctx_fail(w->c, ST_NOT_FOUND, "%s cannot be read", path);
    char *text = arena_alloc(w->c->arena, CORE_CONFIG_MAX + 1);
    size_t n = fread(text, 1, CORE_CONFIG_MAX + 1, in);
    if (!standard)
        (void)fclose(in);
    *out = (struct str){text, n};
    return n <= CORE_CONFIG_MAX ? ST_OK : ctx_fail(w->c, ST_BAD_REQUEST, "%s is too long", path);
}

static enum st_err read_core_config(struct work *w, json_object **out)
{
    const char *given = w->in->core_config;
    struct str text = str_of(given);
    *out = NULL;
    if (!given)
        return ST_OK;
    if (given[0] == '@')
        ST_TRY(read_stream(w, given + 1, &text));
    *out = json_parse(w->c->arena, str_trim(text));
    return json_object_is_type(*out, json_type_object)
               ? ST_OK
               : ctx_fail(w->c, ST_BAD_REQUEST, "--core-config must be a JSON object, or @FILE with one");
}

static enum st_err put(struct work *w, bool exists)
{
    struct tenant_change change = {.api = TENANT_V2};
    struct tenant_records stored;
    bool created;
    size_t n;
    ST_TRY(find_target(w, &change.target));
    change.source = source_of(change.target);
    ST_TRY(read_core_config(w, &change.core_config));
    change.factors.has_first = w->in->first_factors != NULL;
    change.factors.has_secondary = w->in->secondary_factors != NULL;
    if (w->in->first_factors)
        change.factors.first = read_factors(w->c->arena, w->in->first_factors);
    if (w->in->secondary_factors)
        change.factors.secondary = read_factors(w->c->arena, w->in->secondary_factors);
    ST_TRY(multitenancy_list(w->c, w->tenancy, change.target, &stored));
    if (!exists && stored.n)
        return ctx_fail(w->c, ST_BAD_REQUEST, "There is such a tenant already: supertokens tenant update");
    if (exists && !stored.n)
        return tenancy_unknown(w->c, change.target);
    ST_TRY(multitenancy_put(w->c, w->tenancy, &change, &created));
    w->layout = (struct layout){.object = "tenants"};
    return add_tenants(w, change.target, &n);
}

enum st_err tenant_create_data(struct work *w)
{
    return put(w, false);
}

enum st_err tenant_update_data(struct work *w)
{
    return put(w, true);
}

enum st_err tenant_remove_data(struct work *w)
{
    struct tenant_id id;
    bool existed;
    ST_TRY(find_target(w, &id));
    if (is_public(id.tenant))
        return ctx_fail(w->c, ST_FORBIDDEN, "Cannot delete public tenant, use remove app API instead");
    ST_TRY(ask_whether(w, "This removes the tenant with its sessions and settings, for good. Remove it?"));
    ST_TRY(multitenancy_delete(w->c, w->tenancy, id, &existed));
    if (!existed)
        return tenancy_unknown(w->c, id);
    json_add_str(&w->out, "removed", id.tenant);
    return ST_OK;
}
