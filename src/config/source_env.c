/* SPDX-License-Identifier: Apache-2.0
 *
 * Environment variables (spec: config 1, "Environment values").
 */
#include "base/environment.h"
#include "config/internal.h"

/* VALUE without its quotes and with its escapes decoded, one kind of escape after the other as the reference
 * does: hence \\n gives a backslash and a line feed. Works in place on TEXT. */
static struct str unquote(char *text, size_t n)
{
    static const char from[] = "ntr\"'\\", to[] = "\n\t\r\"'\\";
    if (n < 2 || text[0] != '"' || text[n - 1] != '"')
        return (struct str){text, n};
    text++;
    n -= 2;
    for (size_t kind = 0; from[kind]; kind++) {
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
            bool escape = text[i] == '\\' && i + 1 < n && text[i + 1] == from[kind];
            text[kept++] = escape ? to[kind] : text[i];
            i += escape;
        }
        n = kept;
    }
    return (struct str){text, n};
}

/* Numbers must parse here already: the reference reports them before anything in the file. */
static bool parses(struct config_raw *raw)
{
    int64_t integer;
    switch (raw->key->type) {
    case CONFIG_INT:
    case CONFIG_NINT:
        return str_to_i64(raw->text, &integer) && integer >= INT32_MIN && integer <= INT32_MAX;
    case CONFIG_LONG:
        return str_to_i64(raw->text, &integer);
    case CONFIG_DOUBLE: {
        /* The conversion itself decides; a scratch configuration receives the value. */
        struct config scratch = {0};
        struct config_error ignored;
        struct config_build b = {.config = &scratch, .error = &ignored};
        return config_set(&b, raw) == ST_OK;
    }
    case CONFIG_BOOLEAN:
        raw->text = str_is_ci(raw->text, STR("true")) ? STR("true") : STR("false");
        return true;
    default:
        return true;
    }
}

enum st_err config_source_env(struct config_source *source, char *const *environment, struct config_error *e)
{
    if (!environment)
        return ST_OK;
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        const char *value = key->env ? environment_find(environment, str_of(key->env)) : NULL;
        if (!value || !*value)
            continue;
        struct str text = str_head(str_of(value), CONFIG_MAX_VALUE + 1);
        char *copy = (char *)config_memory_text(&source->memory, text);
        if (!copy)
            return config_out_of_memory(e);
        struct config_raw raw = {.key = key, .text = unquote(copy, text.n), .kind = CONFIG_RAW_STRING};
        if (!parses(&raw))
            return config_fail(e, ST_BAD_REQUEST, "For input string: \"%.*s\"",
                               STR_ARG(str_head(raw.text, 200)));
        ST_TRY(config_source_put(source, &raw, e));
    }
    return ST_OK;
}
