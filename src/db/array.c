/* SPDX-License-Identifier: Apache-2.0 */
#include "db/array.h"

/* Reads one element at *REST, which then stands behind it. */
static struct str read_element(struct arena *a, struct str *rest)
{
    char *out = arena_alloc(a, rest->n + 1);
    size_t n = 0, at = 0;
    bool quoted = rest->n && rest->p[0] == '"';
    for (at = quoted; at < rest->n; at++) {
        char c = rest->p[at];
        if (quoted ? c == '"' : c == ',' || c == '}')
            break;
        if (c == '\\' && at + 1 < rest->n)
            c = rest->p[++at];
        out[n++] = c;
    }
    out[n] = 0;
    *rest = str_from(*rest, at + (quoted && at < rest->n));
    if (!quoted && n == 4 && memcmp(out, "NULL", 4) == 0)
        return STR_NONE;
    return (struct str){out, n};
}

size_t db_array_read(struct arena *a, struct str text, struct str **out)
{
    size_t n = 0, most = 1;
    *out = NULL;
    if (text.n <= 2 || text.p[0] != '{')
        return 0;
    for (size_t i = 0; i < text.n; i++)
        most += text.p[i] == ',';
    struct str *elements = ARENA_ARRAY(a, most, struct str), rest = str_from(text, 1);
    while (n < most) {
        elements[n++] = read_element(a, &rest);
        if (!rest.n || rest.p[0] != ',')
            break;
        rest = str_from(rest, 1);
    }
    *out = elements;
    return n;
}
