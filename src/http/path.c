/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

struct str http_param(const struct http_request *rq, const char *name)
{
    size_t n = strlen(name);
    for (char *const *param = rq->params; param && *param; param++)
        if (strncmp(*param, name, n) == 0 && (*param)[n] == '=')
            return str_of(*param + n + 1);
    return STR_NONE;
}

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

/* Decodes S to OUT, which has room for S.n bytes, and returns the new end, or NULL at a malformed escape. */
static char *decode(char *out, struct str s, bool plus_is_space)
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

/* A path that is being put together; it begins with the root's slash, and every segment but the last ends
 * with one. */
struct path {
    char *p;
    size_t n;
};

static bool leave_segment(struct path *path)
{
    if (path->n == 1)
        return false;
    do
        path->n--;
    while (path->p[path->n - 1] != '/');
    return true;
}

static bool add_segment(struct path *path, struct str raw, bool last)
{
    struct str name = str_head(raw, str_find(raw, ';'));
    char *start = path->p + path->n, *end = decode(start, name, false);
    if (!end)
        return false;
    struct str segment = {start, (size_t)(end - start)};
    if (str_find(segment, '/') < segment.n || str_find(segment, 0) < segment.n)
        return false;
    bool dot = str_is(segment, STR(".")), dots = str_is(segment, STR(".."));
    if (dot ||
        dots) /* nginx takes "..;" for a name: a path must not mean one thing to it and another to us */
        return name.n == raw.n && (dot || leave_segment(path));
    path->n += segment.n;
    if (segment.n && !last)
        path->p[path->n++] = '/';
    return true;
}

enum st_err http_normalise_path(struct ctx *c, struct str raw, struct str *out)
{
    struct path path = {arena_alloc(c->arena, raw.n + 2), 1};
    bool ok = raw.n && raw.p[0] == '/';
    path.p[0] = '/';
    for (struct str rest = str_from(raw, 1); ok && rest.p;) {
        struct str segment = str_split(&rest, '/');
        ok = add_segment(&path, segment, !rest.p);
    }
    path.p[path.n] = 0;
    *out = (struct str){path.p, path.n};
    return ok && str_is_utf8(*out) ? ST_OK : ctx_fail(c, ST_BAD_REQUEST, "Invalid path");
}

enum st_err http_query(struct ctx *c, const struct http_request *rq, const char *name, struct str *out)
{
    *out = STR_NONE;
    if (!rq->query.n)
        return ST_OK;
    char *end = arena_alloc(c->arena, 2 * rq->query.n + 1); /* each part takes at most its length and a NUL */
    for (struct str rest = rq->query; rest.p;) {
        struct str value = str_split(&rest, '&');
        struct str parts[2] = {str_split(&value, '='), value.p ? value : STR("")};
        for (int i = 0; i < 2; i++) {
            char *start = end;
            end = decode(start, parts[i], true);
            if (!end || !str_is_utf8((struct str){start, (size_t)(end - start)}))
                return ctx_fail(c, ST_BAD_REQUEST, "Invalid query string");
            parts[i] = (struct str){start, (size_t)(end - start)};
            *end++ = 0;
        }
        if (!out->p && str_is_c(parts[0], name))
            *out = parts[1];
    }
    return ST_OK;
}
