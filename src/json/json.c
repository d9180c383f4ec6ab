/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "json/write.h"

struct str json_str(json_object *string)
{
    if (!json_object_is_type(string, json_type_string))
        return STR_NONE;
    return (struct str){json_object_get_string(string), (size_t)json_object_get_string_len(string)};
}

static void add_value(struct json_out *j, struct str name, json_object *value);

static void add_object(struct json_out *j, json_object *object)
{
    json_open(j, NULL, '{');
    json_object_object_foreach(object, name, member) add_value(j, str_of(name), member);
    json_close(j, '}');
}

static void add_array(struct json_out *j, json_object *array)
{
    size_t n = json_object_array_length(array);
    json_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        add_value(j, STR_NONE, json_object_array_get_idx(array, i));
    json_close(j, ']');
}

static void add_integer(struct json_out *j, json_object *integer)
{
    uint64_t u = json_object_get_uint64(integer); /* 0 for negative ones */
    if (u > INT64_MAX)
        buf_printf(json_value(j), "%llu", (unsigned long long)u);
    else
        json_add_i64(j, NULL, json_object_get_int64(integer));
}

static void add_double(struct json_out *j, json_object *number)
{
    const char *text = json_object_get_userdata(number); /* json_object_new_double_s keeps it there */
    if (text)
        json_add_raw(j, NULL, str_of(text));
    else
        json_add_double(j, NULL, json_object_get_double(number));
}

/* NAME is absent in arrays. Depth is that of parsed text, at most JSON_MAX_DEPTH, and what a handler wraps
 * around. */
static void add_value(struct json_out *j, struct str name, json_object *value)
{
    if (name.p)
        json_add_name(j, name);
    switch (json_object_get_type(value)) {
    case json_type_object:
        add_object(j, value);
        break;
    case json_type_array:
        add_array(j, value);
        break;
    case json_type_string:
        json_add_str(j, NULL, json_str(value));
        break;
    case json_type_boolean:
        json_add_bool(j, NULL, json_object_get_boolean(value));
        break;
    case json_type_int:
        add_integer(j, value);
        break;
    case json_type_double:
        add_double(j, value);
        break;
    case json_type_null:
        json_add_null(j, NULL);
        break;
    }
}

struct str json_text(struct arena *a, json_object *value)
{
    struct json_out j = json_out(a);
    add_value(&j, STR_NONE, value);
    return json_done(&j);
}

static bool is_number(json_object *value)
{
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

static bool objects_equal(json_object *a, json_object *b)
{
    if (json_object_object_length(a) != json_object_object_length(b))
        return false;
    json_object_object_foreach(a, name, member)
    {
        json_object *other;
        if (!json_object_object_get_ex(b, name, &other) || !json_equal(member, other))
            return false;
    }
    return true;
}

static bool arrays_equal(json_object *a, json_object *b)
{
    size_t n = json_object_array_length(a);
    if (n != json_object_array_length(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!json_equal(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
            return false;
    return true;
}

bool json_equal(json_object *a, json_object *b)
{
    if (is_number(a) && is_number(b))
        return json_object_get_double(a) == json_object_get_double(b);
    if (json_object_get_type(a) != json_object_get_type(b))
        return false;
    switch (json_object_get_type(a)) {
    case json_type_object:
        return objects_equal(a, b);
    case json_type_array:
        return arrays_equal(a, b);
    case json_type_string:
        return str_is(json_str(a), json_str(b));
    case json_type_boolean:
        return json_object_get_boolean(a) == json_object_get_boolean(b);
    default: /* null; numbers are done */
        return true;
    }
}
