/* SPDX-License-Identifier: Apache-2.0
 *
 * From a request to its row (spec: fdi 2). Tables are short, so rows are compared one by one.
 */
#include "auth/frame.h"

static const struct {
    struct str id;
    enum site_recipe recipes[2]; /* the same one twice: just this */
} rids[] = {
    {{"session", 7}, {SITE_SESSION, SITE_SESSION}},
    {{"emailpassword", 13}, {SITE_EMAILPASSWORD, SITE_EMAILPASSWORD}},
    {{"thirdparty", 10}, {SITE_THIRDPARTY, SITE_THIRDPARTY}},
    {{"emailverification", 17}, {SITE_EMAILVERIFICATION, SITE_EMAILVERIFICATION}},
    {{"multitenancy", 12}, {SITE_MULTITENANCY, SITE_MULTITENANCY}},
    {{"thirdpartyemailpassword", 23}, {SITE_THIRDPARTY, SITE_EMAILPASSWORD}},
};

/* A dot segment, also percent-encoded, counts its dots; 0: another segment. */
static unsigned dots(struct str segment)
{
    unsigned n = 0;
    while (segment.n && n < 3) {
        size_t width = segment.p[0] == '.' ? 1 : 3;
        if (width == 3 && !str_is_ci(str_head(segment, 3), STR("%2e")))
            return 0;
        segment = str_from(segment, width);
        n++;
    }
    return n < 3 ? n : 0;
}

/* As a URL parser reads a path: dot segments are resolved, everything else stays as it was sent. One slash at
 * the end is dropped. */
static struct str url_path(struct arena *a, struct str raw)
{
    struct str *segments = ARENA_ARRAY(a, raw.n + 2, struct str);
    size_t n = 0;
    if (raw.n && raw.p[0] == '/')
        raw = str_from(raw, 1);
    for (struct str rest = raw; rest.p;) {
        struct str segment = str_split(&rest, '/');
        unsigned up = dots(segment);
        if (up == 2 && n > 0)
            n--;
        if (!up)
            segments[n++] = segment;
        else if (!rest.p)
            segments[n++] = STR("");
    }
    struct buf path = buf_in(a);
    for (size_t i = 0; i < n; i++) {
        buf_char(&path, '/');
        buf_add(&path, segments[i]);
    }
    if (path.n && path.p[path.n - 1] == '/')
        path.n--;
    return buf_str(&path);
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return s.n > 0;
}

/* What is behind the base path, read in both ways. */
struct path {
    struct str exact;         /* with the whole of it being the route */
    struct str tenant, route; /* with its first segment being a tenant; route absent: not possible */
};

static bool split_path(struct arena *a, const struct site *site, const struct http_request *rq,
                       struct path *out)
{
    struct str sent = url_path(a, str_head(rq->uri, str_find(rq->uri, '?')));
    struct str path = ARENA_CONCAT(a, site->gateway_path, sent);
    struct str base = site->api_base_path;
    *out = (struct path){.exact = str_from(path, base.n)};
    if (!str_starts(path, base) || (out->exact.n && out->exact.p[0] != '/'))
        return false;
    struct str rest = str_from(out->exact, 1);
    size_t end = str_find(rest, '/');
    if (end < rest.n && is_name(str_head(rest, end))) {
        out->tenant = str_head(rest, end);
        out->route = str_from(rest, end);
    }
    return true;
}

static bool is_candidate(struct str rid, const struct auth_route *row)
{
    if (row->rid)
        return str_is_c(rid, row->rid);
    for (size_t i = 0; i < sizeof rids / sizeof rids[0]; i++)
        if (str_is(rid, rids[i].id))
            return row->recipe == rids[i].recipes[0] || row->recipe == rids[i].recipes[1];
    return false;
}

/* Keeps the row when it is the first exact match, or the first match with a tenant so far. RID absent: every
 * row is a candidate. True: nothing better can come. */
static bool consider(const struct auth_route *row, const struct http_request *rq, const struct path *path,
                     struct str rid, struct auth_match *best)
{
    if (row->method != rq->method || (rid.p && !is_candidate(rid, row)))
        return false;
    if (str_is_c(path->exact, row->path)) {
        *best = (struct auth_match){row, STR("public")};
        return true;
    }
    if (!best->route && path->route.p && str_is_c(path->route, row->path))
        *best = (struct auth_match){row, path->tenant};
    return false;
}

static bool walk(const struct site *site, const struct http_request *rq, const struct path *path,
                 struct str rid, struct auth_match *best)
{
    *best = (struct auth_match){.route = NULL};
    for (size_t r = 0; r < site->nrecipes; r++)
        for (size_t t = 0; auth_route_tables[t]; t++)
            for (const struct auth_route *row = auth_route_tables[t]; row->path; row++)
                if (row->recipe == site->recipes[r] && consider(row, rq, path, rid, best))
                    return true;
    return best->route != NULL;
}

bool auth_match(struct arena *a, const struct site *site, const struct http_request *rq,
                struct auth_match *out)
{
    struct path path;
    struct str rid = http_param(rq, "HTTP_RID");
    if (!split_path(a, site, rq, &path))
        return false;
    return (rid.p && walk(site, rq, &path, rid, out)) || walk(site, rq, &path, STR_NONE, out);
}
