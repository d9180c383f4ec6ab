/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of raw values, and its filling from a tenant's core_config.
 */
#include <json-c/json.h>

#include "config/internal.h"

struct config_raw *config_source_find(struct config_source *source, const struct config_key *key,
                                      bool by_alias)
{
    for (struct config_raw *raw = source->values; raw < source->values + source->n; raw++)
        if (raw->key == key && raw->by_alias == by_alias)
            return raw;
    return NULL;
}

enum st_err config_source_put(struct config_source *source, const struct config_raw *raw,
                              struct config_error *e)
{
    struct config_raw *slot = config_source_find(source, raw->key, raw->by_alias);
    if (!slot)
        slot = &source->values[source->n++];
    *slot = *raw;
    /* Longer values are refused by config_set; no need to keep them whole. */
    slot->text = str_head(slot->text, CONFIG_MAX_VALUE + 1);
    slot->text.p = config_memory_text(&source->memory, slot->text);
    return slot->text.p ? ST_OK : config_out_of_memory(e);
}

static enum config_raw_kind kind_of(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        return CONFIG_RAW_NULL;
    case json_type_boolean:
        return CONFIG_RAW_BOOLEAN;
    case json_type_int:
    case json_type_double:
        return CONFIG_RAW_NUMBER;
    case json_type_string:
        return CONFIG_RAW_STRING;
    default:
        return CONFIG_RAW_OTHER;
    }
}

enum st_err config_source_json(struct config_source *source, struct json_object *own, bool with_core,
                               struct config_error *e)
{
    if (!own)
        return ST_OK;
    if (!json_object_is_type(own, json_type_object))
        return config_fail(e, ST_BAD_REQUEST, "core_config is not an object");
    json_object_object_foreach(own, name, value)
    {
        const struct config_key *key = config_key_find(str_of(name));
        if (!key || (key->level == CONFIG_CORE && !with_core))
            continue;
        struct config_raw raw = {
            .key = key, .kind = kind_of(value), .by_alias = strcmp(name, key->name) != 0};
        if (raw.kind == CONFIG_RAW_STRING)
            raw.text = (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
        else if (raw.kind == CONFIG_RAW_NUMBER || raw.kind == CONFIG_RAW_BOOLEAN)
            raw.text = str_of(json_object_get_string(value));
        ST_TRY(config_source_put(source, &raw, e));
    }
    return ST_OK;
}
