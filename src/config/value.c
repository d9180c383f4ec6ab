/* SPDX-License-Identifier: Apache-2.0
 *
 * Values by key: comparison, JSON for the dashboard, text for dumps.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/internal.h"
#include "config/pg.h"

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool config_value_equal(const struct config *a, const struct config *b, const struct config_key *key)
{
    const void *x = config_value_shown(a, key), *y = config_value_shown(b, key);
    if (key->table) {
        /* Not set and set to the default name are the same table. */
        char table_a[CONFIG_PG_TABLE_NAME_SIZE], table_b[CONFIG_PG_TABLE_NAME_SIZE];
        config_pg_table_name(a, key->table, table_a);
        config_pg_table_name(b, key->table, table_b);
        return strcmp(table_a, table_b) == 0;
    }
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_ENUM:
        return text_equal(*(const char *const *)x, *(const char *const *)y);
    case CONFIG_INT:
        return *(const int *)x == *(const int *)y;
    case CONFIG_LONG:
        return *(const int64_t *)x == *(const int64_t *)y;
    case CONFIG_DOUBLE:
        return !(*(const double *)x < *(const double *)y) && !(*(const double *)x > *(const double *)y);
    case CONFIG_BOOLEAN:
        return *(const bool *)x == *(const bool *)y;
    case CONFIG_NINT: {
        const struct config_nint *m = x, *n = y;
        return m->set == n->set && (!m->set || m->value == n->value);
    }
    }
    return false;
}

/* The shortest text that reads back as NUMBER, with a decimal point. */
static void double_text(double number, char out[40])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, number);
        double back = strtod(out, NULL);
        if (!(back < number) && !(back > number))
            break;
    }
    if (!strpbrk(out, ".en"))
        memcpy(out + strlen(out), ".0", 3);
}

static struct json_object *to_json(const void *at, const struct config_key *key, bool *ok)
{
    char text[40];
    struct json_object *json = NULL;
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_ENUM:
        if (!*(const char *const *)at)
            return NULL;
        json = json_object_new_string(*(const char *const *)at);
        break;
    case CONFIG_INT:
        json = json_object_new_int(*(const int *)at);
        break;
    case CONFIG_LONG:
        json = json_object_new_int64(*(const int64_t *)at);
        break;
    case CONFIG_DOUBLE:
        double_text(*(const double *)at, text);
        json = json_object_new_double_s(*(const double *)at, text);
        break;
    case CONFIG_BOOLEAN:
        json = json_object_new_boolean(*(const bool *)at);
        break;
    case CONFIG_NINT:
        if (!((const struct config_nint *)at)->set)
            return NULL;
        json = json_object_new_int(((const struct config_nint *)at)->value);
        break;
    }
    if (!json)
        *ok = false;
    return json;
}

struct json_object *config_value_json(const struct config *config, const struct config_key *key, bool *ok)
{
    return to_json(config_value_shown(config, key), key, ok);
}

struct json_object *config_fallback_json(const struct config_key *key, bool *ok)
{
    struct config scratch = {0};
    struct config_error ignored;
    struct config_build b = {.config = &scratch, .error = &ignored};
    struct json_object *json = NULL;
    if (config_set_default(&b, key) == ST_OK)
        json = to_json(config_value(&scratch, key), key, ok);
    else
        *ok = false;
    config_memory_free(scratch.memory);
    return json;
}

const char *config_value_type(const struct config_key *key)
{
    switch (key->type) {
    case CONFIG_STRING:
        return "string";
    case CONFIG_BOOLEAN:
        return "boolean";
    case CONFIG_ENUM:
        return key->marks & CONFIG_PLUGIN ? "string" : "enum";
    default:
        return "number";
    }
}

int config_value_text(const struct config *config, const struct config_key *key, char *out, size_t size)
{
    const void *at = config_value(config, key);
    char text[40];
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_ENUM:
        return *(const char *const *)at ? snprintf(out, size, "%s", *(const char *const *)at) : -1;
    case CONFIG_INT:
        return snprintf(out, size, "%d", *(const int *)at);
    case CONFIG_LONG:
        return snprintf(out, size, "%lld", (long long)*(const int64_t *)at);
    case CONFIG_DOUBLE:
        double_text(*(const double *)at, text);
        return snprintf(out, size, "%s", text);
    case CONFIG_BOOLEAN:
        return snprintf(out, size, "%s", *(const bool *)at ? "true" : "false");
    case CONFIG_NINT:
        if (!((const struct config_nint *)at)->set)
            return -1;
        return snprintf(out, size, "%d", ((const struct config_nint *)at)->value);
    }
    return -1;
}
