/* SPDX-License-Identifier: Apache-2.0
 *
 * The core door: from a request to its row, in the order of cdi-conventions 4.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "core/route.h"
#include "policy/policy.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"

static struct router *router; /* made before the threads, then only read */

bool core_open(void)
{
    router = router_new(core_route_tables);
    return router != NULL;
}

void core_close(void)
{
    router_free(router);
    router = NULL;
}

/* Takes the base path off. ST_NOT_FOUND for other paths; the base path itself is redirected, as by the
 * reference. */
static enum st_err strip_base_path(struct exchange *x, const char *base_path, struct str *path)
{
    struct str base = str_of(base_path);
    if (base.n == 0)
        return ST_OK;
    if (str_is(*path, base)) {
        http_answer_text(&x->ctx, &x->rs, 302, STR(""));
        http_add_header(&x->rs, "Location", arena_printf(&x->arena, "%s/", base_path));
        return ST_OK;
    }
    if (!str_starts(*path, base) || path->p[base.n] != '/')
        return ctx_fail(&x->ctx, ST_NOT_FOUND, "Not found");
    *path = str_from(*path, base.n);
    return ST_OK;
}

static enum st_err find_tenants(struct core_call *k)
{
    struct tenancy *tenancy = service_tenancy(k->service);
    enum st_err err = tenancy_find(k->c, tenancy, k->path, &k->path_tenant);
    if (err == ST_OK) {
        k->app = k->path_tenant->app;
        return ST_OK;
    }
    k->path_tenant = NULL;
    if (err != ST_NOT_FOUND)
        return err;
    err = tenancy_find(k->c, tenancy, (struct tenant_id){k->path.cud, k->path.app, STR("public")}, &k->app);
    return err == ST_NOT_FOUND ? ST_OK : err;
}

static bool same_secret(struct str given, struct str secret)
{
    return given.n == secret.n && sodium_memcmp(given.p, secret.p, secret.n) == 0;
}

/* Header api-key, else Authorization with or without "Bearer ". */
static struct str given_key(const struct http_request *rq)
{
    struct str key = http_param(rq, "HTTP_API_KEY");
    if (key.p)
        return str_trim(key);
    key = http_param(rq, "HTTP_AUTHORIZATION");
    if (!key.p)
        return key;
    if (key.n >= 7 && str_is_ci(str_head(key, 7), STR("bearer ")))
        key = str_from(key, 7);
    return str_trim(key);
}

static enum st_err check_api_key(struct core_call *k)
{
    const struct config *config = k->app ? k->app->config : NULL;
    const char *saas = service_base_config(k->service)->supertokens_saas_secret;
    if (!config || (!config->api_keys && !saas))
        return ST_OK;
    struct str key = given_key(&k->x->rq);
    for (size_t i = 0; key.p && i < config->api_key_count; i++)
        if (same_secret(key, config->api_key_list[i]))
            return ST_OK;
    if (key.p && saas && same_secret(key, str_of(saas))) {
        k->shows_saas_secret = true;
        return ST_OK;
    }
    return ctx_fail(k->c, ST_UNAUTHORISED, "Invalid API key");
}

static enum st_err check_version(struct core_call *k)
{
    const struct config *config = k->app ? k->app->config : NULL;
    ST_TRY(cdi_negotiate(k->c, http_param(&k->x->rq, "HTTP_CDI_VERSION"),
                         str_of(config ? config->supertokens_max_cdi_version : NULL),
                         str_of(config ? config->supertokens_min_cdi_version : NULL), &k->version));
    k->cdi = k->version.number;
    return ST_OK;
}

static const struct route *any_row(const struct route_match *m)
{
    for (int i = 0; i < HTTP_OTHER; i++)
        if (m->rows[i])
            return m->rows[i];
    return NULL;
}

static enum st_err method_not_declared(struct core_call *k, const struct route_match *m)
{
    static const char *const names[HTTP_OTHER] = {"GET", "POST", "PUT", "DELETE"};
    struct buf allow = buf_in(k->c->arena);
    if (k->x->rq.method == HTTP_OTHER) {
        http_answer_text(k->c, &k->x->rs, 501, STR("Method not supported"));
        return ST_OK;
    }
    for (int i = 0; i < HTTP_OTHER; i++)
        if (m->rows[i] && names[i])
            buf_printf(&allow, "%s%s", allow.n ? ", " : "", names[i]);
    http_answer_text(k->c, &k->x->rs, 405, STR("Method not supported"));
    http_add_header(&k->x->rs, "Allow", buf_str(&allow));
    return ST_OK;
}

/* Steps 2 to 7: who may call at all. */
static enum st_err admit(struct core_call *k, const struct route *row)
{
    ST_TRY(find_tenants(k));
    const struct tenant *owner = k->path_tenant ? k->path_tenant : k->app;
    if (owner && !policy_allows(owner->policy, k->x->rq.remote_addr))
        return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
    k->count = k->app != NULL;
    if (!(row->flags & ROUTE_NO_API_KEY))
        ST_TRY(check_api_key(k));
    ST_TRY(check_version(k));
    if (k->version.before_3_0 && !str_is(k->path.tenant, STR("public"))) {
        k->count = false;
        return ctx_fail(k->c, ST_NOT_FOUND, "Not found");
    }
    if (!k->cdi && !(row->flags & ROUTE_ANY_VERSION))
        return ctx_fail(k->c, ST_BAD_REQUEST, "cdi-version %.*s not supported", STR_ARG(k->version.text));
    return ST_OK;
}

enum st_err core_use_scope(struct core_call *k, enum route_scope scope)
{
    switch (scope) {
    case SCOPE_NONE:
        return ST_OK;
    case SCOPE_TENANT:
        k->tenant = k->path_tenant;
        return k->tenant ? ST_OK : tenancy_unknown(k->c, k->path);
    case SCOPE_APP:
        if (k->cdi >= CDI_5_0 && !str_is(k->path.tenant, STR("public")))
            return ctx_fail(k->c, ST_FORBIDDEN, "Only public tenantId can call this app specific API");
        break;
    case SCOPE_APP_LOOSE:
        break;
    }
    k->tenant = k->app;
    return k->tenant ? ST_OK : tenancy_unknown_app(k->c, k->path);
}

static enum st_err call_handler(struct core_call *k)
{
    const struct route *row = k->route;
    if ((row->since && k->cdi < row->since) || (row->until && k->cdi > row->until))
        return ctx_fail(k->c, ST_NOT_FOUND, "Not found");
    if (row->max_body && k->x->rq.body.n > row->max_body)
        return ctx_fail(k->c, ST_TOO_LARGE, "Request body is too large");
    if (row->fields) {
        k->in = arena_zalloc(k->c->arena, row->in_size);
        ST_TRY(fields_read(k->c, &k->x->rq, row->fields, k->cdi, k->in));
    }
    if (row->check)
        ST_TRY(row->check(k));
    ST_TRY(core_use_scope(k, row->scope));
    json_open(&k->out, NULL, '{');
    return row->handler(k);
}

static enum st_err route_call(struct core_call *k, struct str path)
{
    struct route_match match;
    struct http_request *rq = &k->x->rq;
    router_match(router, path, http_param(rq, "HTTP_RID"), &match);
    k->is_hello = match.is_hello;
    k->path = (struct tenant_id){STR(""), match.app, match.tenant};
    const struct route *row = rq->method < HTTP_OTHER ? match.rows[rq->method] : NULL;
    k->needs_version = !((row ? row : any_row(&match))->flags & ROUTE_ANY_VERSION);
    ST_TRY(tenancy_domain_of_host(k->c, service_tenancy(k->service), rq->host, &k->path.cud));
    k->c->cud = k->path.cud;
    k->c->app = k->path.app;
    k->c->tenant = k->path.tenant;
    ST_TRY(admit(k, row ? row : any_row(&match)));
    if (!row)
        return method_not_declared(k, &match);
    k->x->route = k->route = row;
    return call_handler(k);
}

enum st_err core_begin(struct service *s, struct exchange *x)
{
    ST_TRY(http_normalise_path(&x->ctx, str_head(x->rq.uri, str_find(x->rq.uri, '?')), &x->rq.path));
    struct core_call *k = ARENA_NEW(&x->arena, struct core_call);
    k->x = x;
    k->c = &x->ctx;
    k->service = s;
    k->out = json_out(&x->arena);
    x->door = k;
    struct str path = x->rq.path;
    ST_TRY(strip_base_path(x, service_base_config(s)->base_path, &path));
    if (x->rs.status)
        return ST_OK;
    return route_call(k, arena_lower(&x->arena, path));
}

/* One log entry for both of the reference's lines, so that a request costs one write. */
static void log_call(struct core_call *k, enum st_err err)
{
    struct str uri = str_head(k->x->rq.uri, str_find(k->x->rq.uri, '?'));
    if (err)
        LOG_ERROR(k->c, "API threw an exception: %.*s %.*s: %d %.*s", STR_ARG(k->x->rq.method_text),
                  STR_ARG(uri), k->x->rs.status, STR_ARG(k->c->message));
    if (!log_enabled(LOG_INFO_LEVEL))
        return;
    bool show_version = k->needs_version && k->version.text.p; /* refused ones have none */
    LOG_INFO(k->c, "API called: %.*s. Method: %.*s.%s%.*s API ended with status %d", STR_ARG(uri),
             STR_ARG(k->x->rq.method_text), show_version ? " Version: " : "",
             show_version ? (int)k->version.text.n : 0, show_version ? k->version.text.p : "",
             k->x->rs.status);
    LOG_DEBUG(k->c, "%.*s %.*s took %u statements in %u round trips", STR_ARG(k->x->rq.method_text),
              STR_ARG(uri), k->c->statements, k->c->round_trips);
}

void core_finish(struct exchange *x, enum st_err err)
{
    struct core_call *k = x->door;
    if (err) {
        http_answer_error(&x->ctx, &x->rs, err);
    } else if (!x->rs.status) {
        json_close(&k->out, '}');
        http_answer_json(&x->ctx, &x->rs, &k->out);
    }
    if (!k)
        return;
    if (k->count)
        stats_count(&service_shared(k->service)->stats, k->path.cud, k->path.app, clock_now_ms());
    log_call(k, err);
}
