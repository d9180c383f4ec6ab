/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth door: from a request to its row and its answer.
 */
#include "auth/frame.h"
#include "auth/transport.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/policy.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"

static enum st_err find_site(struct auth_call *k)
{
    struct str name = http_param(&k->x->rq, "ST_SITE");
    k->site = name.p ? sites_find(service_sites(k->service), name) : NULL;
    if (k->site)
        return ST_OK;
    return ctx_fail(k->c, ST_INTERNAL, "nginx names the site \"%.*s\", which is not configured",
                    STR_ARG(name));
}

static enum st_err find_app(struct auth_call *k)
{
    const struct site *site = k->site;
    k->c->cud = site->cud;
    k->c->app = site->app;
    k->c->tenant = STR("public");
    enum st_err err = tenancy_find(k->c, service_tenancy(k->service),
                                   (struct tenant_id){site->cud, site->app, STR("public")}, &k->app);
    if (err == ST_NOT_FOUND)
        return ctx_fail(k->c, ST_INTERNAL, "the app of site %.*s does not exist", STR_ARG(site->name));
    k->tenant = k->app;
    return err;
}

static enum st_err find_tenant(struct auth_call *k, struct str name)
{
    struct tenant_id id = {k->site->cud, k->site->app, arena_lower(k->c->arena, name)};
    if (!str_is(id.tenant, STR("public"))) {
        enum st_err err = tenancy_find(k->c, service_tenancy(k->service), id, &k->tenant);
        if (err == ST_NOT_FOUND)
            return ctx_fail(k->c, ST_BAD_REQUEST, "Unknown tenant: %.*s", STR_ARG(name));
        ST_TRY(err);
    }
    k->c->tenant = k->tenant->id.tenant;
    if (!policy_allows(k->tenant->policy, k->x->rq.remote_addr))
        return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
    k->counts = true;
    return ST_OK;
}

static enum auth_linking linking_of(const struct auth_call *k)
{
    json_object *flag = NULL;
    if (k->fdi < AUTH_FDI_LINKING)
        return AUTH_LINKING_UNDEFINED;
    if (!json_object_object_get_ex(k->body, "shouldTryLinkingWithSessionUser", &flag) || !flag)
        return AUTH_LINKING_FALSE;
    if (!json_object_is_type(flag, json_type_boolean))
        return AUTH_LINKING_UNDEFINED;
    return json_object_get_boolean(flag) ? AUTH_LINKING_TRUE : AUTH_LINKING_FALSE;
}

static enum st_err call_handler(struct auth_call *k)
{
    ST_TRY(auth_read_body(k));
    ST_TRY(auth_read_fields(k));
    k->linking = linking_of(k);
    ST_TRY(auth_session_load(k, k->route->session));
    json_open(&k->out, NULL, '{');
    return k->route->handler(k);
}

enum st_err auth_call_new(struct service *s, struct exchange *x, struct auth_call **out)
{
    struct auth_call *k = ARENA_NEW(&x->arena, struct auth_call);
    k->x = x;
    k->c = &x->ctx;
    k->service = s;
    k->out = json_out(&x->arena);
    x->door = *out = k;
    ST_TRY(find_site(k));
    k->transport = auth_transport_new(x, k->site);
    return find_app(k);
}

enum st_err auth_begin(struct service *s, struct exchange *x)
{
    struct auth_call *k;
    struct auth_match match;
    if (x->rq.method == HTTP_OPTIONS) { /* a CORS preflight, whose headers are nginx's (nginx/cors.conf) */
        x->rs.status = 204;
        return ST_OK;
    }
    ST_TRY(auth_call_new(s, x, &k));
    if (!auth_match(&x->arena, k->site, &x->rq, &match))
        return ctx_fail(k->c, ST_NOT_FOUND, "Not found");
    x->route = k->route = match.route;
    k->fdi = auth_fdi_largest(http_param(&x->rq, "HTTP_FDI_VERSION"));
    ST_TRY(find_tenant(k, match.tenant));
    return call_handler(k);
}

/* Without the query string, which may hold secrets. */
static void log_call(const struct auth_call *k, enum st_err err)
{
    const struct http_request *rq = &k->x->rq;
    struct str uri = str_head(rq->uri, str_find(rq->uri, '?'));
    if (err == ST_INTERNAL || err == ST_UNAVAILABLE)
        LOG_ERROR(k->c, "auth door failed: %.*s %.*s: %d %.*s", STR_ARG(rq->method_text), STR_ARG(uri),
                  k->x->rs.status, STR_ARG(k->c->message));
    LOG_INFO(k->c, "auth door called: %.*s. Method: %.*s. Ended with status %d", STR_ARG(uri),
             STR_ARG(rq->method_text), k->x->rs.status);
    LOG_DEBUG(k->c, "%.*s %.*s took %u statements in %u round trips", STR_ARG(rq->method_text), STR_ARG(uri),
              k->c->statements, k->c->round_trips);
}

/* Tokens travel only with an answer that was meant. */
void auth_finish(struct exchange *x, enum st_err err)
{
    struct auth_call *k = x->door;
    if (err)
        auth_answer_error(x, err);
    else if (!x->rs.status)
        auth_answer_json(x, 200, &k->out);
    if (!k)
        return;
    if (!err && k->transport)
        auth_transport_finish(k->transport);
    if (k->counts)
        stats_count(&service_shared(k->service)->stats, k->site->cud, k->site->app, clock_now_ms());
    log_call(k, err);
}
