/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ops.h"

const struct ops_route_row ops_routes[] = {
    {"/metrics", HTTP_GET, ops_metrics},
    {"/metrics", HTTP_HEAD, ops_metrics},
    {"/health/live", HTTP_GET, ops_live},
    {"/health/live", HTTP_HEAD, ops_live},
    {"/health/ready", HTTP_GET, ops_ready},
    {"/health/ready", HTTP_HEAD, ops_ready},
    {0},
};

/* Behind whatever path nginx has the door at. */
static bool is_path(struct str path, const char *route)
{
    size_t n = strlen(route);
    return path.n >= n && str_is_c(str_from(path, path.n - n), route);
}

enum st_err ops_begin(struct service *s, struct exchange *x)
{
    unsigned allowed = 0;
    struct str path = str_head(x->rq.uri, str_find(x->rq.uri, '?'));
    for (const struct ops_route_row *row = ops_routes; row->path; row++) {
        if (!is_path(path, row->path))
            continue;
        allowed |= 1u << row->method;
        if (row->method != x->rq.method)
            continue;
        x->route = row;
        return row->handler(s, x);
    }
    if (!allowed)
        return ctx_fail(&x->ctx, ST_NOT_FOUND, "Not found");
    http_answer_bad_method(&x->ctx, &x->rs, x->rq.method, allowed);
    return ST_OK;
}

void ops_finish(struct exchange *x, enum st_err err)
{
    if (err)
        http_answer_error(&x->ctx, &x->rs, err);
    http_add_header(&x->rs, "Cache-Control", STR("no-store"));
}
