/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks of a tenant's configuration against its level and against the other tenants
 * (spec: cdi-multitenancy 1.3 and 3.6).
 */
#include <json-c/json.h>

#include "config/internal.h"

static bool is_base(const struct config_tenant *tenant)
{
    return tenant->cud.n == 0 && str_is(tenant->app, STR("public")) && str_is(tenant->tenant, STR("public"));
}

static bool same_app(const struct config_tenant *a, const struct config_tenant *b)
{
    return str_is(a->cud, b->cud) && str_is(a->app, b->app);
}

static bool same_tenant(const struct config_tenant *a, const struct config_tenant *b)
{
    return same_app(a, b) && str_is(a->tenant, b->tenant);
}

static enum st_err check_known(struct json_object *own, struct config_error *e)
{
    json_object_object_foreach(own, name, value)
    {
        (void)value;
        if (!config_key_find(str_of(name)))
            return config_fail(e, ST_BAD_REQUEST, "Invalid core config: Invalid config key: %.200s", name);
    }
    return ST_OK;
}

/* Whether protected key NAME has another value than the stored one; a null differs from nothing stored. */
static bool is_changed(const struct config_check *check, const char *name)
{
    struct json_object *new_value, *old_value;
    if (!json_object_object_get_ex(check->own, name, &new_value))
        return false;
    if (!check->stored || !json_object_object_get_ex(check->stored, name, &old_value))
        return true;
    return !json_object_equal(new_value, old_value);
}

static enum st_err check_protected(const struct config_check *check, bool plugin, const char *text,
                                   struct config_error *e)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        bool is_plugin = key->marks & CONFIG_PLUGIN;
        if ((key->marks & CONFIG_PROTECTED) && is_plugin == plugin && is_changed(check, key->name))
            return config_fail(e, ST_FORBIDDEN, "%s", text);
    }
    return ST_OK;
}

static enum st_err check_levels(struct json_object *own, struct config_error *e)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if (key->level == CONFIG_CORE && json_object_object_get_ex(own, key->name, NULL))
            return config_fail(e, ST_BAD_REQUEST,
                               "Invalid core config: %s can only be set via the core's base config setting",
                               key->name);
    return ST_OK;
}

const char *config_app_conflict(const struct config *a, const struct config *b)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if (key->level == CONFIG_APP && !config_value_equal(a, b, key))
            return key->name;
    return NULL;
}

const char *config_pool_conflict(const struct config *a, const struct config *b)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if ((key->marks & CONFIG_SAME_IN_POOL) && !config_value_equal(a, b, key))
            return key->name;
    return NULL;
}

static enum st_err check_app(const struct config_check *check, const struct config *config,
                             struct config_error *e)
{
    for (size_t i = 0; i < check->n_others; i++) {
        const struct config_tenant *other = &check->others[i];
        if (!other->config || same_tenant(other, &check->target) || !same_app(other, &check->target))
            continue;
        const char *name = config_app_conflict(config, other->config);
        if (name)
            return config_fail(
                e, ST_BAD_REQUEST,
                "Invalid core config: You cannot set different values for %s for the same appId", name);
    }
    return ST_OK;
}

static enum st_err check_pools(const struct config_check *check, const struct config *config,
                               bool across_cuds, struct config_error *e)
{
    const struct str cud = check->target.cud;
    for (size_t i = 0; i < check->n_others; i++) {
        const struct config_tenant *other = &check->others[i];
        if (!other->config || same_tenant(other, &check->target) ||
            strcmp(other->config->user_pool_id, config->user_pool_id) != 0)
            continue;
        const char *name = across_cuds ? NULL : config_pool_conflict(config, other->config);
        if (across_cuds && !str_is(other->cud, cud))
            return config_fail(
                e, ST_BAD_REQUEST,
                "Invalid core config: ConnectionUriDomain: %.*s cannot be mapped to the same user pool "
                "as %.*s",
                STR_ARG(other->cud), STR_ARG(cud));
        if (name)
            return config_fail(
                e, ST_BAD_REQUEST,
                "Invalid core config: You cannot set different values for %s for the same user pool", name);
    }
    return ST_OK;
}

static enum st_err check_others(const struct config_check *check, const struct config *config,
                                struct config_error *e)
{
    ST_TRY(check_app(check, config, e));
    ST_TRY(check_pools(check, config, true, e));
    return check_pools(check, config, false, e);
}

enum st_err config_check_tenant(const struct config_check *check, const struct config **out,
                                struct config_error *e)
{
    struct json_object *own = check->own;
    const struct config *config;
    struct config_error why;

    if (own && !json_object_is_type(own, json_type_object))
        return config_fail(e, ST_BAD_REQUEST, "Invalid core config: core_config is not an object");
    if (own && json_object_object_length(own) > 0) {
        if (is_base(&check->target))
            return config_fail(e, ST_BAD_REQUEST, "Cannot modify base config");
        ST_TRY(check_known(own, e));
        if (check->protect) {
            ST_TRY(check_protected(check, true, "Not allowed to modify DB related configs.", e));
            ST_TRY(check_protected(check, false, "Not allowed to modify protected configs.", e));
        }
    }
    enum st_err err = config_derive_with_core(check->parent, own, &config, &why);
    if (err != ST_OK)
        return config_fail(e, err, "%s%s", err == ST_BAD_REQUEST ? "Invalid core config: " : "", why.text);
    if (own)
        err = check_levels(own, e);
    if (err == ST_OK)
        err = check_others(check, config, e);
    if (err == ST_OK && out)
        *out = config;
    else
        config_free(config);
    return err;
}
