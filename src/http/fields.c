/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fields.h"

#include <limits.h>

/* A row is read by a function that stores VALUE at AT, or returns false when it is not of the row's type. */
typedef bool read_json(struct ctx *c, const struct field *f, json_object *value, void *at);
typedef bool read_query(struct str text, void *at);

static bool storable(const struct field *f, struct str text)
{
    return text.p && str_find(text, 0) == text.n && (!f->max_bytes || text.n <= f->max_bytes);
}

static bool read_string(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    (void)c;
    struct str text = json_str(value);
    *(struct str *)at = text;
    return storable(f, text);
}

static bool read_bool(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    (void)c;
    (void)f;
    *(bool *)at = json_object_get_boolean(value);
    return json_object_is_type(value, json_type_boolean);
}

static bool read_long(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    (void)c;
    (void)f;
    int64_t *out = at;
    double number;
    switch (json_object_get_type(value)) {
    case json_type_int:
        *out = json_object_get_int64(value);
        return json_object_get_uint64(value) <= INT64_MAX;
    case json_type_double:
        number = json_object_get_double(value);
        if (!(number >= -0x1p63 && number < 0x1p63))
            return false;
        *out = (int64_t)number;
        return true;
    case json_type_string:
        return str_to_i64(json_str(value), out);
    default:
        return false;
    }
}

static bool read_object(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    (void)c;
    (void)f;
    *(json_object **)at = value;
    return json_object_is_type(value, json_type_object);
}

static bool read_array(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    (void)c;
    (void)f;
    *(json_object **)at = value;
    return json_object_is_type(value, json_type_array);
}

static bool read_strings(struct ctx *c, const struct field *f, json_object *value, void *at)
{
    if (!json_object_is_type(value, json_type_array))
        return false;
    struct strs list = {.n = json_object_array_length(value)};
    list.v = ARENA_ARRAY(c->arena, list.n, struct str);
    for (size_t i = 0; i < list.n; i++) {
        list.v[i] = json_str(json_object_array_get_idx(value, i));
        if (!storable(f, list.v[i]))
            return false;
    }
    *(struct strs *)at = list;
    return true;
}

static bool read_query_string(struct str text, void *at)
{
    *(struct str *)at = text;
    return true;
}

static bool read_query_long(struct str text, void *at)
{
    return str_to_i64(text, at);
}

static bool read_query_int(struct str text, void *at)
{
    int64_t *out = at;
    return str_to_i64(text, out) && *out >= INT32_MIN && *out <= INT32_MAX;
}

static bool read_query_bool(struct str text, void *at)
{
    *(bool *)at = str_is_ci(text, STR("true"));
    return true;
}

static const struct field_kind {
    read_json *json;
    bool or_null;
    read_query *query;
    const char *query_error; /* after the field's name */
} kinds[] = {
    [FIELD_STRING] = {.json = read_string},
    [FIELD_STRING_OR_NULL] = {.json = read_string, .or_null = true},
    [FIELD_BOOL] = {.json = read_bool},
    [FIELD_LONG] = {.json = read_long},
    [FIELD_OBJECT] = {.json = read_object},
    [FIELD_OBJECT_OR_NULL] = {.json = read_object, .or_null = true},
    [FIELD_ARRAY] = {.json = read_array},
    [FIELD_STRINGS] = {.json = read_strings},
    [FIELD_STRINGS_OR_NULL] = {.json = read_strings, .or_null = true},
    [QUERY_STRING] = {.query = read_query_string},
    [QUERY_LONG] = {.query = read_query_long, .query_error = "must be a long in the GET request"},
    [QUERY_INT] = {.query = read_query_int, .query_error = "must be an int in the GET request"},
    [QUERY_BOOL] = {.query = read_query_bool},
};

static void *place(const struct field *f, void *out)
{
    return (char *)out + f->offset;
}

static void mark_present(const struct field *f, void *out)
{
    if (f->has_offset != SIZE_MAX)
        *(bool *)((char *)out + f->has_offset) = true;
}

static enum st_err read_member(struct ctx *c, json_object *object, const struct field *f, void *out)
{
    const struct field_kind *kind = &kinds[f->type];
    json_object *value;
    bool present = json_object_object_get_ex(object, f->name, &value), ok = f->optional;
    if (present) {
        mark_present(f, out);
        ok = (!value && kind->or_null) || kind->json(c, f, value, place(f, out));
    }
    return ok ? ST_OK : ctx_fail(c, ST_BAD_REQUEST, "Field name '%s' is invalid in JSON input", f->name);
}

static enum st_err read_parameter(struct ctx *c, const struct http_request *rq, const struct field *f,
                                  void *out)
{
    const struct field_kind *kind = &kinds[f->type];
    struct str text;
    ST_TRY(http_query(c, rq, f->name, &text));
    if (!text.p && f->optional)
        return ST_OK;
    if (!text.p)
        return ctx_fail(c, ST_BAD_REQUEST, "Field name '%s' is missing in GET request", f->name);
    mark_present(f, out);
    if (kind->query(text, place(f, out)) && storable(f, text))
        return ST_OK;
    return ctx_fail(c, ST_BAD_REQUEST, "Field name '%s' %s", f->name,
                    kind->query_error ? kind->query_error : "is invalid in GET request");
}

static bool applies(const struct field *f, int cdi)
{
    return (!f->since || cdi >= f->since) && (!f->until || cdi <= f->until);
}

enum st_err fields_read_object(struct ctx *c, json_object *object, const struct field *fields, int cdi,
                               void *out)
{
    for (const struct field *f = fields; f->type != FIELDS_END_MARK; f++)
        if (applies(f, cdi) && kinds[f->type].json)
            ST_TRY(read_member(c, object, f, out));
    return ST_OK;
}

enum st_err fields_read(struct ctx *c, const struct http_request *rq, const struct field *fields, int cdi,
                        void *out)
{
    json_object *body = NULL;
    for (const struct field *f = fields; f->type != FIELDS_END_MARK; f++) {
        if (!applies(f, cdi))
            continue;
        if (kinds[f->type].query) {
            ST_TRY(read_parameter(c, rq, f, out));
            continue;
        }
        if (!body)
            body = json_parse(c->arena, rq->body);
        if (!json_object_is_type(body, json_type_object))
            return ctx_fail(c, ST_BAD_REQUEST, "Invalid Json Input");
        ST_TRY(read_member(c, body, f, out));
    }
    return ST_OK;
}
