/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw values to the types of the members (spec: config 1, "Type conversion").
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/internal.h"

/* Names of the types in the error texts; the reference's language shows through. */
static const char *const type_names[] = {
    [CONFIG_STRING] = "String", [CONFIG_INT] = "int",         [CONFIG_LONG] = "long",
    [CONFIG_DOUBLE] = "double", [CONFIG_BOOLEAN] = "boolean", [CONFIG_ENUM] = "String",
    [CONFIG_NINT] = "Integer",
};

static bool to_double(struct str text, double *out)
{
    char copy[64];
    text = str_trim(text);
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    /* strtod alone would also take hexadecimal, "inf" and "nan". */
    if (strspn(copy, "0123456789+-.eE") != text.n)
        return false;
    char *end;
    *out = strtod(copy, &end);
    return *end == '\0' && isfinite(*out);
}

/* 2^63 as a double: the first value beyond int64. */
static const double INT64_END = 9223372036854775808.0;

static bool to_integer(const struct config_raw *raw, int64_t min, int64_t max, int64_t *out)
{
    double number;
    if (!str_to_i64(raw->text, out)) {
        /* 5.0 and 1e3 are integers as numbers, not as strings. */
        if (raw->kind != CONFIG_RAW_NUMBER || !to_double(raw->text, &number) || number != trunc(number) ||
            number < -INT64_END || number >= INT64_END)
            return false;
        *out = (int64_t)number;
    }
    return *out >= min && *out <= max;
}

static bool to_boolean(const struct config_raw *raw, bool *out)
{
    *out = str_is_ci(raw->text, STR("true"));
    return raw->kind != CONFIG_RAW_NUMBER && (*out || str_is_ci(raw->text, STR("false")));
}

static void *member(struct config_build *b, const struct config_key *key)
{
    return (char *)b->config + key->offset;
}

static void mark(struct config *config, const struct config_key *key, bool is_set)
{
    unsigned id = (unsigned)config_key_index(key);
    uint64_t bit = UINT64_C(1) << (id % 64);
    if (is_set)
        config->set[id / 64] |= bit;
    else
        config->set[id / 64] &= ~bit;
}

bool config_is_set(const struct config *config, enum config_key_id key)
{
    return config->set[(unsigned)key / 64] >> ((unsigned)key % 64) & 1;
}

/* A choice is kept as the table's own string; anything else as it is, for the check and its text. */
static const char *keep_choice(struct config_build *b, const struct config_key *key, const char *old,
                               struct str text)
{
    for (const char *const *choice = key->choices; *choice; choice++)
        if (str_is_ci(text, str_of(*choice)))
            return *choice;
    return config_keep(b, old, text);
}

/* Stores RAW, which is not null. False: of another type. */
static bool store(struct config_build *b, const struct config_raw *raw)
{
    const struct config_key *key = raw->key;
    void *at = member(b, key);
    int64_t integer;
    bool scalar_number = raw->kind == CONFIG_RAW_NUMBER || raw->kind == CONFIG_RAW_STRING;

    if (raw->kind == CONFIG_RAW_OTHER)
        return false;
    switch (key->type) {
    case CONFIG_STRING:
        *(const char **)at = config_keep(b, *(const char **)at, raw->text);
        return true;
    case CONFIG_ENUM:
        *(const char **)at = keep_choice(b, key, *(const char **)at, raw->text);
        return true;
    case CONFIG_BOOLEAN:
        return to_boolean(raw, at);
    case CONFIG_DOUBLE:
        return scalar_number && to_double(raw->text, at);
    case CONFIG_LONG:
        return scalar_number && to_integer(raw, INT64_MIN, INT64_MAX, at);
    case CONFIG_INT:
        if (!scalar_number || !to_integer(raw, INT_MIN, INT_MAX, &integer))
            return false;
        *(int *)at = (int)integer;
        return true;
    case CONFIG_NINT:
        if (!scalar_number || !to_integer(raw, INT_MIN, INT_MAX, &integer))
            return false;
        *(struct config_nint *)at = (struct config_nint){(int)integer, true};
        return true;
    }
    return false;
}

static void store_null(struct config_build *b, const struct config_key *key)
{
    if (key->type == CONFIG_NINT)
        *(struct config_nint *)member(b, key) = (struct config_nint){0};
    else
        *(const char **)member(b, key) = NULL;
}

enum st_err config_set_default(struct config_build *b, const struct config_key *key)
{
    char cpus[16];
    struct str text = str_of(key->fallback);
    mark(b->config, key, false);
    if (!text.p) {
        store_null(b, key);
        return ST_OK;
    }
    if (str_is_c(text, CONFIG_CPUS)) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        text = (struct str){cpus, (size_t)snprintf(cpus, sizeof cpus, "%ld", n > 0 ? n : 1)};
    }
    struct config_raw raw = {.key = key, .text = text, .kind = CONFIG_RAW_STRING};
    if (!store(b, &raw))
        return config_fail(b->error, ST_INTERNAL, "default of '%s' is not a %s", key->name,
                           type_names[key->type]);
    return b->out_of_memory ? config_out_of_memory(b->error) : ST_OK;
}

/* Null is the default of the types that have no null; for strings it is null, and where a null string would
 * mean nothing (a host, an algorithm) again the default. For the log files it means the standard output. */
static enum st_err set_null(struct config_build *b, const struct config_key *key)
{
    enum config_key_id id = config_key_index(key);
    if (id == CONFIG_KEY_info_log_path || id == CONFIG_KEY_error_log_path) {
        struct config_raw raw = {.key = key, .text = STR("null"), .kind = CONFIG_RAW_STRING};
        return config_set(b, &raw);
    }
    ST_TRY(config_set_default(b, key));
    if (key->type == CONFIG_NINT) {
        store_null(b, key);
        mark(b->config, key, true);
    }
    return ST_OK;
}

enum st_err config_set(struct config_build *b, const struct config_raw *raw)
{
    const struct config_key *key = raw->key;
    if (raw->kind == CONFIG_RAW_NULL)
        return set_null(b, key);
    if (raw->text.n > CONFIG_MAX_VALUE)
        return config_fail(b->error, ST_BAD_REQUEST, "'%s' is longer than %d bytes", key->name,
                           CONFIG_MAX_VALUE);
    if (raw->text.n && memchr(raw->text.p, '\0', raw->text.n))
        return config_fail(b->error, ST_BAD_REQUEST, "'%s' contains a NUL character", key->name);
    if (!store(b, raw))
        return config_fail(b->error, ST_BAD_REQUEST, "'%s' must be of type %s", key->name,
                           type_names[key->type]);
    mark(b->config, key, true);
    return b->out_of_memory ? config_out_of_memory(b->error) : ST_OK;
}
