/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"
#include "http/percent.h"

struct str http_param(const struct http_request *rq, const char *name)
{
    size_t n = strlen(name);
    for (char *const *param = rq->params; param && *param; param++)
        if (strncmp(*param, name, n) == 0 && (*param)[n] == '=')
            return str_of(*param + n + 1);
    return STR_NONE;
}

struct str http_request_id(const struct http_request *rq)
{
    enum { LONGEST = 64 };
    struct str id = http_param(rq, "REQUEST_ID");
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
              c == '_'))
            return STR_NONE;
    }
    return id.n > 0 && id.n <= LONGEST ? id : STR_NONE;
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
    char *start = path->p + path->n, *end = percent_decode(start, name, false);
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

enum st_err http_query_all(struct ctx *c, const struct http_request *rq, const char *name, struct str *out,
                           unsigned *times)
{
    *out = STR_NONE;
    *times = 0;
    if (!rq->query.n)
        return ST_OK;
    for (struct str rest = rq->query; rest.p;) {
        struct str found, value;
        if (!percent_pair(c->arena, &rest, &found, &value))
            return ctx_fail(c, ST_BAD_REQUEST, "Invalid query string");
        if (!str_is_c(found, name))
            continue;
        if (!(*times)++)
            *out = value;
    }
    return ST_OK;
}

enum st_err http_query(struct ctx *c, const struct http_request *rq, const char *name, struct str *out)
{
    unsigned times;
    return http_query_all(c, rq, name, out, &times);
}
