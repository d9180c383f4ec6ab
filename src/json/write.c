/* SPDX-License-Identifier: Apache-2.0 */
#include "json/write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Length of the character at P that needs an escape, or 0. */
static size_t needs_escape(const unsigned char *p, size_t left)
{
    if (*p < ' ' || *p == '"' || *p == '\\')
        return 1;
    /* U+2028 and U+2029 end a line in older JavaScript */
    return *p == 0xE2 && left >= 3 && p[1] == 0x80 && (p[2] | 1) == 0xA9 ? 3 : 0;
}

static void add_escape(struct buf *b, const unsigned char *p)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
    unsigned char c = *p;
    if (c == 0xE2) {
        buf_add(b, p[2] == 0xA8 ? STR("\\u2028") : STR("\\u2029"));
    } else if (letters[c]) {
        buf_add(b, (struct str){(char[]){'\\', letters[c]}, 2});
    } else {
        buf_add(b, STR("\\u00"));
        buf_add(b, (struct str){(char[]){digits[c >> 4], digits[c & 15]}, 2});
    }
}

void json_quote(struct buf *b, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t start = 0; /* of what is not yet copied */
    buf_char(b, '"');
    for (size_t at = 0; at < s.n; at++) {
        size_t n = needs_escape(p + at, s.n - at);
        if (n == 0)
            continue;
        buf_add(b, (struct str){s.p + start, at - start});
        add_escape(b, p + at);
        start = at + n;
    }
    buf_add(b, str_from(s, start));
    buf_char(b, '"');
}

struct buf *json_value(struct json_out *j)
{
    if (j->comma)
        buf_char(&j->buf, ',');
    j->comma = true;
    return &j->buf;
}

void json_add_name(struct json_out *j, struct str name)
{
    struct buf *b = json_value(j);
    json_quote(b, name);
    buf_char(b, ':');
    j->comma = false;
}

static struct buf *value_at(struct json_out *j, const char *key)
{
    json_value(j);
    if (key) {
        buf_char(&j->buf, '"');
        buf_add(&j->buf, str_of(key));
        buf_add(&j->buf, STR("\":"));
    }
    return &j->buf;
}

void json_open(struct json_out *j, const char *key, char bracket)
{
    buf_char(value_at(j, key), bracket);
    j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
    buf_char(&j->buf, bracket);
    j->comma = true;
}

void json_add_str(struct json_out *j, const char *key, struct str value)
{
    struct buf *b = value_at(j, key);
    if (value.p)
        json_quote(b, value);
    else
        buf_add(b, STR("null"));
}

void json_add_str_if(struct json_out *j, const char *key, struct str value)
{
    if (value.p)
        json_add_str(j, key, value);
}

void json_add_i64(struct json_out *j, const char *key, int64_t value)
{
    buf_i64(value_at(j, key), value);
}

/* The shortest text that reads back as VALUE. The locale is never set, so the point is a point. */
void json_number(struct buf *b, double value)
{
    char text[40];
    if (!isfinite(value)) {
        buf_add(b, STR("null")); /* JSON has no word for it */
        return;
    }
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_add(b, (struct str){text, (size_t)n});
    if (!strpbrk(text, ".e"))
        buf_add(b, STR(".0"));
}

void json_add_double(struct json_out *j, const char *key, double value)
{
    json_number(value_at(j, key), value);
}

void json_add_bool(struct json_out *j, const char *key, bool value)
{
    buf_add(value_at(j, key), value ? STR("true") : STR("false"));
}

void json_add_null(struct json_out *j, const char *key)
{
    buf_add(value_at(j, key), STR("null"));
}

void json_add_raw(struct json_out *j, const char *key, struct str json_text)
{
    buf_add(value_at(j, key), json_text.p ? json_text : STR("null"));
}

void json_add_member(struct json_out *j, struct str key, struct str json_text)
{
    json_add_name(j, key);
    json_add_raw(j, NULL, json_text);
}

void json_add_strs(struct json_out *j, const char *key, const struct str *values, size_t n)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        json_add_str(j, NULL, values[i]);
    json_close(j, ']');
}

struct str json_done(struct json_out *j)
{
    return buf_str(&j->buf);
}
