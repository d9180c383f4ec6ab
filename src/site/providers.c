/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider's configuration as the text of a JSON object, its members checked by the table of keys.
 */
#include "json/json.h"
#include "json/write.h"
#include "site/internal.h"
#include "tenancy/provider_config.h"
#include "tenancy/provider_kind.h"

static enum st_err write_map(struct site_build *b, struct json_out *j, const struct site_key *parent,
                             const struct site_node *node);

static bool is_json_number(struct str text)
{
    int64_t ignored;
    return text.n <= 18 && str_to_i64(text, &ignored) && text.p[0] != '+' &&
           (text.p[0] != '0' || text.n == 1);
}

/* Anything, as it stands in YAML. */
static void write_free(struct json_out *j, const struct site_node *node)
{
    const struct site_node *entry;
    switch (node->kind) {
    case SITE_NODE_NULL:
        json_add_null(j, NULL);
        break;
    case SITE_NODE_SCALAR:
        if (node->plain && (str_is(node->text, STR("true")) || str_is(node->text, STR("false"))))
            json_add_bool(j, NULL, str_is(node->text, STR("true")));
        else if (node->plain && is_json_number(node->text))
            json_add_raw(j, NULL, node->text);
        else
            json_add_str(j, NULL, node->text);
        break;
    case SITE_NODE_MAP:
        json_open(j, NULL, '{');
        for (entry = node->first; entry; entry = entry->next) {
            json_add_name(j, entry->name);
            write_free(j, entry);
        }
        json_close(j, '}');
        break;
    case SITE_NODE_LIST:
        json_open(j, NULL, '[');
        for (entry = node->first; entry; entry = entry->next)
            write_free(j, entry);
        json_close(j, ']');
        break;
    }
}

static enum st_err write_params(struct site_build *b, struct json_out *j, const struct site_node *node)
{
    ST_TRY(site_want_map(b, node));
    json_open(j, NULL, '{');
    for (const struct site_node *entry = node->first; entry; entry = entry->next) {
        size_t before = site_enter(b, entry->name);
        json_add_name(j, entry->name);
        if (entry->kind == SITE_NODE_NULL)
            json_add_null(j, NULL);
        else if (entry->kind == SITE_NODE_SCALAR)
            json_add_str(j, NULL, entry->text);
        else
            return site_wrong(b, entry->line, "must be a text, or null");
        site_leave(b, before);
    }
    json_close(j, '}');
    return ST_OK;
}

static enum st_err write_list(struct site_build *b, struct json_out *j, const struct site_key *row,
                              const struct site_node *node)
{
    size_t i = 0;
    if (node->kind != SITE_NODE_LIST || node->n < (size_t)row->min || node->n > (size_t)row->max)
        return site_wrong(b, node->line, "must be a list of %lld to %lld entries", (long long)row->min,
                          (long long)row->max);
    json_open(j, NULL, '[');
    for (const struct site_node *entry = node->first; entry; entry = entry->next, i++) {
        size_t before = site_enter_index(b, i);
        ST_TRY(write_map(b, j, row, entry));
        site_leave(b, before);
    }
    json_close(j, ']');
    return ST_OK;
}

/* The member's name has been written. */
static enum st_err write_value(struct site_build *b, struct json_out *j, const struct site_key *row,
                               const struct site_node *node)
{
    struct site_value value;
    switch (row->type) {
    case SITE_KEY_MAP:
        return write_map(b, j, row, node);
    case SITE_KEY_LIST:
        return write_list(b, j, row, node);
    case SITE_KEY_PARAMS:
        return write_params(b, j, node);
    case SITE_KEY_FREE:
        ST_TRY(site_want_map(b, node));
        write_free(j, node);
        return ST_OK;
    default:
        ST_TRY(site_read_value(b, row, node, &value));
    }
    if (row->type == SITE_KEY_BOOL)
        json_add_bool(j, NULL, value.number != 0);
    else if (row->type == SITE_KEY_STRINGS)
        json_add_strs(j, NULL, value.list, value.n);
    else
        json_add_str(j, NULL, value.text);
    return ST_OK;
}

static enum st_err write_map(struct site_build *b, struct json_out *j, const struct site_key *parent,
                             const struct site_node *node)
{
    ST_TRY(site_want_map(b, node));
    ST_TRY(site_check_names(b, parent, node));
    json_open(j, NULL, '{');
    for (const struct site_key *row = site_keys; row->path; row++) {
        struct str name = str_of(site_key_name(row));
        const struct site_node *entry = site_key_is_in(row, parent) ? site_node_find(node, name) : NULL;
        size_t before = site_enter(b, name);
        if (entry && entry->kind != SITE_NODE_NULL) {
            json_add_name(j, name);
            ST_TRY(write_value(b, j, row, entry));
        } else if (site_key_is_in(row, parent) && (row->marks & SITE_KEY_REQUIRED)) {
            return site_wrong(b, entry ? entry->line : node->line, "is missing");
        }
        site_leave(b, before);
    }
    json_close(j, '}');
    return ST_OK;
}

enum st_err site_read_json(struct site_build *b, const struct site_key *row, const struct site_node *node,
                           struct str *out)
{
    struct json_out j = json_out(b->arena);
    ST_TRY(write_map(b, &j, row, node));
    *out = json_done(&j);
    return ST_OK;
}

/* ---- rules ---- */

static bool has(json_object *config, const char *name)
{
    return json_object_object_get(config, name) != NULL;
}

static bool has_endpoints(json_object *config)
{
    return has(config, "oidcDiscoveryEndpoint") ||
           (has(config, "authorizationEndpoint") && has(config, "tokenEndpoint") &&
            (has(config, "userInfoEndpoint") || has(config, "jwksURI")));
}

static enum st_err check_endpoints(struct site_build *b, unsigned line, json_object *config)
{
    const struct provider_kind *kind = provider_kind_of(config);
    json_object *clients = json_object_object_get(config, "clients");
    bool needs_base = kind->base && !kind->discovery;
    if (kind->is_saml)
        return site_wrong(b, line, "is a SAML provider, which a site cannot have yet");
    if (has_endpoints(config) || (provider_kind_is_built_in(kind) && !needs_base))
        return ST_OK;
    if (!needs_base)
        return site_wrong(b, line,
                          "is no built-in provider: it needs oidcDiscoveryEndpoint, or "
                          "authorizationEndpoint, tokenEndpoint and one of userInfoEndpoint and jwksURI");
    for (size_t i = 0; i < json_object_array_length(clients); i++) {
        json_object *more = json_object_object_get(json_object_array_get_idx(clients, i), "additionalConfig");
        if (!more || json_str(json_object_object_get(more, kind->base)).n == 0)
            return site_wrong(b, line, "clients[%zu].additionalConfig.%s is missing", i, kind->base);
    }
    return ST_OK;
}

enum st_err site_check_provider(struct site_build *b, const struct site_node *node, void *elements, size_t i)
{
    struct site_provider *list = elements;
    struct ctx c = {.arena = b->source->scratch};
    json_object *config = json_parse(b->source->scratch, list[i].config);
    list[i].id = arena_str(b->arena, json_str(json_object_object_get(config, "thirdPartyId")));
    for (size_t before = 0; before < i; before++)
        if (str_is(list[before].id, list[i].id))
            return site_wrong(b, node->line, "has the thirdPartyId of providers[%zu]", before);
    if (provider_check(&c, config) != ST_OK)
        return site_wrong(b, node->line, "%.*s", STR_ARG(c.message));
    return check_endpoints(b, node->line, config);
}
