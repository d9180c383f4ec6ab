/* SPDX-License-Identifier: Apache-2.0 */
#include "session/payload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

/* The shortest decimal of at least two digits that reads back as VALUE: d.ddde[+-]xx. */
static void shortest(double value, char *text, size_t size)
{
    for (int digits = 2; digits <= 17; digits++) {
        (void)snprintf(text, size, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

/* Plain notation from 1e-3 up to 1e7, scientific outside of it; always a digit on both sides of the point. */
static void write_digits(struct buf *b, struct str digits, int exponent)
{
    while (digits.n > 2 && digits.p[digits.n - 1] == '0')
        digits.n--;
    bool plain = exponent >= -3 && exponent < 7;
    size_t whole = plain && exponent >= 0 ? (size_t)exponent + 1 : 1;
    if (plain && exponent < 0) {
        buf_add(b, STR("0."));
        for (int i = -1; i > exponent; i--)
            buf_char(b, '0');
        if (digits.n == 2 && digits.p[1] == '0')
            digits.n = 1;
        buf_add(b, digits);
        return;
    }
    buf_add(b, str_head(digits, whole));
    for (size_t i = digits.n; i < whole; i++)
        buf_char(b, '0');
    buf_char(b, '.');
    buf_add(b, digits.n > whole ? str_from(digits, whole) : STR("0"));
    if (!plain)
        buf_printf(b, "E%d", exponent);
}

void payload_write_double(struct buf *b, double value)
{
    char text[40], digits[20];
    if (signbit(value))
        buf_char(b, '-');
    value = fabs(value);
    if (value == 0) {
        buf_add(b, STR("0.0"));
        return;
    }
    shortest(value, text, sizeof text);
    size_t n = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++)
        if (*p != '.')
            digits[n++] = *p;
    write_digits(b, (struct str){digits, n}, (int)strtol(p + 1, NULL, 10));
}

static bool write_number(struct json_out *j, json_object *number)
{
    if (json_object_is_type(number, json_type_int)) {
        if (json_object_get_uint64(number) > INT64_MAX)
            return false;
        json_add_i64(j, NULL, json_object_get_int64(number));
        return true;
    }
    double value = json_object_get_double(number);
    const char *text = json_object_get_userdata(number); /* as it was parsed */
    if (!isfinite(value) || (text && !strpbrk(text, ".eE") && value != 0))
        return false;
    if (text && !strpbrk(text, ".eE"))
        json_add_i64(j, NULL, 0); /* -0 */
    else
        payload_write_double(json_value(j), value);
    return true;
}

static bool write_object(struct json_out *j, json_object *object)
{
    json_open(j, NULL, '{');
    json_object_object_foreach(object, name, member)
    {
        json_add_name(j, str_of(name));
        if (!payload_write(j, member))
            return false;
    }
    json_close(j, '}');
    return true;
}

static bool write_array(struct json_out *j, json_object *array)
{
    json_open(j, NULL, '[');
    for (size_t i = 0; i < json_object_array_length(array); i++)
        if (!payload_write(j, json_object_array_get_idx(array, i)))
            return false;
    json_close(j, ']');
    return true;
}

/* Recursion is bounded by JSON_MAX_DEPTH. */
bool payload_write(struct json_out *j, json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        return write_object(j, value);
    case json_type_array:
        return write_array(j, value);
    case json_type_int:
    case json_type_double:
        return write_number(j, value);
    case json_type_string:
        json_add_str(j, NULL, json_str(value));
        return true;
    case json_type_boolean:
        json_add_bool(j, NULL, json_object_get_boolean(value));
        return true;
    case json_type_null:
        break;
    }
    json_add_null(j, NULL);
    return true;
}
