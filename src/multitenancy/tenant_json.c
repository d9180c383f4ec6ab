/* SPDX-License-Identifier: Apache-2.0
 *
 * The three forms in which tenants are shown (spec: cdi-multitenancy 5).
 */
#include "multitenancy/tenant_json.h"
#include "json/set_order.h"

static void write_factors(struct json_out *j, const char *key, const struct factors *f)
{
    struct factors ordered = *f;
    json_set_order(ordered.v, ordered.n);
    json_add_strs(j, key, ordered.v, ordered.n);
}

static void write_recipe(struct json_out *j, const char *key, bool enabled, struct str providers)
{
    json_open(j, key, '{');
    json_add_bool(j, "enabled", enabled);
    if (providers.p)
        json_add_raw(j, "providers", providers);
    json_close(j, '}');
}

static void write_v1(struct json_out *j, const struct tenant_record *t, struct str providers, bool old)
{
    const struct factor_state *f = &t->factors;
    bool (*enabled)(const struct factor_state *, enum recipe_kind) =
        old ? factors_enabled_old : factors_enabled;
    write_recipe(j, "emailPassword", enabled(f, RECIPE_EMAILPASSWORD), STR_NONE);
    write_recipe(j, "thirdParty", enabled(f, RECIPE_THIRDPARTY), providers);
    write_recipe(j, "passwordless", enabled(f, RECIPE_PASSWORDLESS), STR_NONE);
    if (!old && !f->first.is_null && f->first.n)
        write_factors(j, "firstFactors", &f->first);
    if (!old && !f->secondary.is_null)
        write_factors(j, "requiredSecondaryFactors", &f->secondary);
}

static void write_v2(struct json_out *j, const struct tenant_record *t, struct str providers)
{
    struct factors first;
    json_open(j, "thirdParty", '{');
    json_add_raw(j, "providers", providers);
    json_close(j, '}');
    if (factors_shown_v2(&t->factors, &first))
        write_factors(j, "firstFactors", &first);
    if (!t->factors.secondary.is_null)
        write_factors(j, "requiredSecondaryFactors", &t->factors.secondary);
}

void tenant_write_members(struct json_out *j, const struct tenant_record *t, struct str providers,
                          enum tenant_api api)
{
    json_add_str(j, "tenantId", t->id.tenant);
    if (api == TENANT_V2)
        write_v2(j, t, providers);
    else
        write_v1(j, t, providers, api == TENANT_V1_OLD);
    json_add_raw(j, "coreConfig", t->core_config);
}
