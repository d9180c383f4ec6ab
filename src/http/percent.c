/* SPDX-License-Identifier: Apache-2.0 */
#include "http/percent.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Value of the two hex digits behind a %, or -1. */
static int escaped_byte(struct str digits)
{
    if (digits.n < 2)
        return -1;
    int high = hex_digit(digits.p[0]), low = hex_digit(digits.p[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

char *percent_decode(char *out, struct str s, bool plus_is_space)
{
    for (size_t i = 0; i < s.n; i++) {
        int c = (unsigned char)s.p[i];
        if (c == '%') {
            c = escaped_byte(str_from(s, i + 1));
            if (c < 0)
                return NULL;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        *out++ = (char)c;
    }
    return out;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.!~*'()", c));
}

struct str percent_encode(struct arena *a, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_array(a, s.n + 1, 3), *end = out;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved((char)c)) {
            *end++ = (char)c;
            continue;
        }
        *end++ = '%';
        *end++ = digits[c >> 4];
        *end++ = digits[c & 15];
    }
    *end = 0;
    return (struct str){out, (size_t)(end - out)};
}

bool percent_pair(struct arena *a, struct str *rest, struct str *name, struct str *value)
{
    struct str second = str_split(rest, '&'), first = str_split(&second, '=');
    struct str raw[2] = {first, second.p ? second : STR("")}, *const out[2] = {name, value};
    for (int i = 0; i < 2; i++) {
        char *start = arena_alloc(a, raw[i].n + 1), *end = percent_decode(start, raw[i], true);
        if (!end || !str_is_utf8((struct str){start, (size_t)(end - start)}))
            return false;
        *end = 0;
        *out[i] = (struct str){start, (size_t)(end - start)};
    }
    return true;
}
