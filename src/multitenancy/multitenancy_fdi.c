/* SPDX-License-Identifier: Apache-2.0
 *
 * How one can sign in to a tenant (spec: fdi-recipes 5). Sign-in pages ask before they show anything, so no
 * provider is talked to.
 */
#include "auth/factors.h"
#include "thirdparty/providers_fdi.h"

struct login_methods_in {
    struct str clientType;
};

static const struct auth_field login_methods_fields[] = {
    {.name = "clientType",
     .type = AUTH_QUERY_STRING,
     .offset = offsetof(struct login_methods_in, clientType)},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

/* Those that can be used: with a client of the type, or exactly one where no type is given. */
static enum st_err write_providers(struct auth_call *k, struct str client_type)
{
    struct provider_configs all;
    struct str why;
    ST_TRY(providers_of_call(k, &all));
    json_open(&k->out, "providers", '[');
    for (size_t i = 0; i < all.n; i++) {
        if (!provider_for_client(k->c->arena, &all.v[i], client_type, &why))
            continue;
        json_open(&k->out, NULL, '{');
        json_add_str(&k->out, "id", all.v[i].id);
        json_add_str_if(&k->out, "name", provider_config_name(&all.v[i]));
        json_close(&k->out, '}');
    }
    json_close(&k->out, ']');
    return ST_OK;
}

struct factor_list {
    struct str v[AUTH_FACTORS_MAX];
    size_t n;
};

static bool has(const struct factor_list *factors, const char *name)
{
    for (size_t i = 0; i < factors->n; i++)
        if (str_is_c(factors->v[i], name))
            return true;
    return false;
}

static void write_enabled(struct auth_call *k, const char *recipe, bool enabled)
{
    json_open(&k->out, recipe, '{');
    json_add_bool(&k->out, "enabled", enabled);
    json_close(&k->out, '}');
}

static enum st_err get_login_methods(struct auth_call *k)
{
    const struct login_methods_in *in = k->in;
    struct factor_list factors;
    factors.n = auth_first_factors(k->site, k->tenant, factors.v);
    auth_status(k, "OK");
    write_enabled(k, "emailPassword", has(&factors, "emailpassword"));
    json_open(&k->out, "thirdParty", '{');
    json_add_bool(&k->out, "enabled", has(&factors, "thirdparty"));
    ST_TRY(write_providers(k, in->clientType));
    json_close(&k->out, '}');
    write_enabled(k, "webauthn", has(&factors, "webauthn"));
    write_enabled(k, "passwordless",
                  has(&factors, "otp-email") || has(&factors, "otp-phone") || has(&factors, "link-email") ||
                      has(&factors, "link-phone"));
    json_add_strs(&k->out, "firstFactors", factors.v, factors.n);
    return ST_OK;
}

const struct auth_route multitenancy_fdi_routes[] = {
    {.path = "/loginmethods",
     .method = HTTP_GET,
     .recipe = SITE_MULTITENANCY,
     .fields = login_methods_fields,
     .in_size = sizeof(struct login_methods_in),
     .handler = get_login_methods,
     .help = "The ways to sign in to a tenant.",
     .statuses = "OK"},
    {.path = NULL},
};
