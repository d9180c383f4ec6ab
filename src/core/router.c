/* SPDX-License-Identifier: Apache-2.0
 *
 * From a path to the row that serves it (spec: cdi-conventions 3).
 */
#include <stdlib.h>

#include "core/route.h"

enum { BUCKETS = 512 };

struct router_path {
    struct router_path *next;
    struct str path;
    size_t nrows;
    const struct route *rows[8]; /* methods and rids of one path */
};

struct router {
    struct router_path *buckets[BUCKETS];
    struct router_path *root;
};

static struct router_path *find_path(const struct router *r, struct str path)
{
    struct router_path *p = r->buckets[str_hash(path, 2) % BUCKETS];
    while (p && !str_is(p->path, path))
        p = p->next;
    return p;
}

static bool add_row(struct router *r, const struct route *row)
{
    struct str path = str_of(row->path);
    struct router_path *p = find_path(r, path);
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p)
            return false;
        struct router_path **bucket = &r->buckets[str_hash(path, 2) % BUCKETS];
        p->path = path;
        p->next = *bucket;
        *bucket = p;
    }
    if (p->nrows == sizeof p->rows / sizeof p->rows[0])
        return false;
    p->rows[p->nrows++] = row;
    return true;
}

struct router *router_new(const struct route *const *tables)
{
    struct router *r = calloc(1, sizeof *r);
    for (size_t t = 0; r && tables[t]; t++)
        for (const struct route *row = tables[t]; row->path; row++)
            if (!add_row(r, row)) {
                router_free(r);
                return NULL;
            }
    if (r)
        r->root = find_path(r, STR(""));
    return r;
}

void router_free(struct router *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (r->buckets[i]) {
            struct router_path *p = r->buckets[i];
            r->buckets[i] = p->next;
            free(p);
        }
    free(r);
}

/* [a-z0-9-]+ */
static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-'))
            return false;
    return s.n > 0;
}

static bool is_reserved(struct str segment)
{
    return str_is(segment, STR("recipe")) || str_is(segment, STR("config")) ||
           str_is(segment, STR("users")) || str_is(segment, STR("hello"));
}

/* Splits "/first/rest" into its first segment and "/rest" (or "" after the last). False: no segment. */
static bool take_segment(struct str path, struct str *segment, struct str *rest)
{
    if (path.n < 2 || path.p[0] != '/')
        return false;
    struct str after = str_from(path, 1);
    size_t end = str_find(after, '/');
    *segment = str_head(after, end);
    *rest = str_from(after, end);
    return true;
}

static void choose_rows(const struct router_path *p, struct str rid, struct route_match *out)
{
    bool known_rid = false;
    out->path = p->path.p;
    for (size_t i = 0; i < p->nrows; i++)
        known_rid |= p->rows[i]->rid && str_is_c(rid, p->rows[i]->rid);
    struct str wanted = known_rid ? rid : STR("emailpassword");
    for (size_t i = 0; i < p->nrows; i++)
        if (!(p->rows[i]->flags & ROUTE_RID) || str_is_c(wanted, p->rows[i]->rid))
            out->rows[p->rows[i]->method] = p->rows[i];
}

static const struct router_path *find_known(const struct router *r, struct str path)
{
    return path.n ? find_path(r, path) : NULL;
}

void router_match(const struct router *r, struct str path, struct str rid, struct route_match *out)
{
    *out = (struct route_match){.app = STR("public"), .tenant = STR("public")};
    if (path.n && path.p[path.n - 1] == '/')
        path.n--;
    const struct router_path *found = find_known(r, path);
    struct str segment, rest = path, app = STR_NONE, tenant = STR_NONE;
    if (!found && take_segment(rest, &segment, &rest) && str_starts(segment, STR("appid-")) &&
        (segment.n == 6 || is_name(str_from(segment, 6)))) {
        app = str_from(segment, 6);
        found = find_known(r, rest);
    } else {
        rest = path;
    }
    struct str after;
    if (!found && take_segment(rest, &segment, &after) && is_name(segment)) {
        bool reserved = is_reserved(segment);
        const struct router_path *behind = reserved ? NULL : find_known(r, after);
        if (behind || (after.n == 0 && !reserved)) {
            tenant = segment;
            rest = after;
            found = behind;
        }
    }
    if (!found) {
        out->is_hello = rest.n == 0;
        if (!out->is_hello) /* an unknown path: neither app nor tenant are derived from it */
            app = tenant = STR_NONE;
        found = r->root;
    }
    if (app.n)
        out->app = app;
    if (tenant.p && !is_reserved(tenant))
        out->tenant = tenant;
    choose_rows(found, rid, out);
}
