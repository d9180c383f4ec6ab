/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's own endpoints (spec: cdi-conventions 11).
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "config/config.h"
#include "core/route.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"

/* Any row would do: the question is whether every database of the app answers. */
static enum st_err look_into_databases(struct core_call *k)
{
    struct tenant_databases dbs;
    const PGresult *r;
    ST_TRY(tenancy_databases(k->c, service_tenancy(k->service), k->tenant, &dbs));
    for (size_t i = 0; i < dbs.n; i++)
        ST_TRY(DB_RUN(k->c, dbs.v[i], &r, STMT_key_value_get, db_str(k->tenant->id.app),
                      db_str(STR("public")), db_str(STR("Test"))));
    return ST_OK;
}

static enum st_err answer_hello(struct core_call *k)
{
    if (service_take_hello_token(k->service, k->tenant->id))
        ST_TRY(look_into_databases(k));
    else
        metrics_count(METRIC_limited);
    http_answer_text(k->c, &k->x->rs, 200, STR("Hello"));
    return ST_OK;
}

/* "/", "/<tenant>", "/appid-<app>", "/appid-<app>/<tenant>", and every path that is not known. */
static enum st_err answer_root(struct core_call *k)
{
    const struct tenant *tenant;
    struct tenancy *tenancy = service_tenancy(k->service);
    enum st_err err = tenancy_find(k->c, tenancy, k->path, &tenant);
    if (err == ST_OK && k->is_hello) {
        k->tenant = tenant->app;
        return answer_hello(k);
    }
    if (err == ST_UNAVAILABLE)
        return err;
    if (!k->app)
        return tenancy_unknown_app(k->c, k->path);
    /* without the query, which may hold what nobody else should read */
    LOG_ERROR(k->c, "Unknown API called: %.*s", (int)str_find(k->x->rq.uri, '?'), k->x->rq.uri.p);
    return ctx_fail(k->c, ST_NOT_FOUND, "Not found");
}

struct apiversion_in {
    struct str websiteDomain, apiDomain;
    bool has_websiteDomain, has_apiDomain;
};

static const struct field apiversion_fields[] = {
    FIELD_OPTIONAL(struct apiversion_in, websiteDomain, QUERY_STRING),
    FIELD_OPTIONAL(struct apiversion_in, apiDomain, QUERY_STRING),
    FIELDS_END,
};

/* What the SDK says of its site is only remembered; a failure never changes the answer. */
static void remember_domains(struct core_call *k, const struct apiversion_in *in)
{
    struct db_arg app = db_str(k->tenant->id.app), tenant = db_str(STR("public")),
                  now = db_i64(clock_now_ms());
    struct db_call calls[2];
    size_t n = 0;
    if (in->has_websiteDomain)
        calls[n++] = DB_CALL(STMT_key_value_set, app, tenant, db_str(STR("websiteDomain")),
                             db_str(in->websiteDomain), now);
    if (in->has_apiDomain)
        calls[n++] =
            DB_CALL(STMT_key_value_set, app, tenant, db_str(STR("apiDomain")), db_str(in->apiDomain), now);
    if (n && db_run(k->c, k->tenant->db, calls, n) != ST_OK)
        LOG_WARN(k->c, "apiDomain and websiteDomain could not be stored");
}

static enum st_err get_apiversion(struct core_call *k)
{
    const char *max = k->tenant->config->supertokens_max_cdi_version;
    remember_domains(k, k->in);
    json_open(&k->out, "versions", '[');
    for (size_t i = 0; cdi_versions[i]; i++)
        if (!max || cdi_compare(str_of(cdi_versions[i]), str_of(max)) <= 0)
            json_add_str(&k->out, NULL, str_of(cdi_versions[i]));
    json_close(&k->out, ']');
    return ST_OK;
}

struct config_in {
    struct str pid;
};

static const struct field config_fields[] = {
    FIELD(struct config_in, pid, QUERY_STRING),
    FIELDS_END,
};

static enum st_err get_config(struct core_call *k)
{
    const struct config_in *in = k->in;
    const struct shared *shared = service_shared(k->service);
    int64_t pid;
    if (!tenant_is_base(k->tenant->id))
        return ctx_fail(k->c, ST_FORBIDDEN,
                        "you can call this only from the base connection uri domain, public app and tenant");
    bool ours = str_to_i64(in->pid, &pid) && pid == shared->master_pid;
    answer_status(k, ours ? "OK" : "NOT_ALLOWED");
    if (ours)
        json_add_str(&k->out, "path", str_of(shared->config_file));
    return ST_OK;
}

static enum st_err get_telemetry(struct core_call *k)
{
    bool exists = !k->tenant->config->disable_telemetry;
    json_add_bool(&k->out, "exists", exists);
    if (!exists)
        return ST_OK;
    const PGresult *r;
    ST_TRY(DB_RUN(k->c, k->tenant->db, &r, STMT_key_value_keep, db_str(k->tenant->id.app),
                  db_str(STR("public")), db_str(STR("TELEMETRY_ID")), db_str(random_uuid_str(k->c->arena)),
                  db_i64(clock_now_ms())));
    json_add_str(&k->out, "telemetryId", db_text(r, 0, 0));
    return ST_OK;
}

static enum st_err get_request_stats(struct core_call *k)
{
    struct stats_report *report = ARENA_NEW(k->c->arena, struct stats_report);
    struct tenant_id id = k->tenant->id;
    stats_read(&service_shared(k->service)->stats, id.cud, id.app, clock_now_ms(), report);
    json_add_i64(&k->out, "atMinute", report->at_minute);
    json_open(&k->out, "averageRequestsPerSecond", '[');
    for (int i = 0; i < STATS_MINUTES; i++)
        json_add_double(&k->out, NULL, report->average[i]);
    json_close(&k->out, ']');
    json_open(&k->out, "peakRequestsPerSecond", '[');
    for (int i = 0; i < STATS_MINUTES; i++)
        json_add_i64(&k->out, NULL, report->peak[i]);
    json_close(&k->out, ']');
    answer_status(k, "OK");
    return ST_OK;
}

static enum st_err get_search_tags(struct core_call *k)
{
    static const struct str tags[] = {{"email", 5}, {"phone", 5}, {"provider", 8}};
    answer_status(k, "OK");
    json_add_strs(&k->out, "tags", tags, sizeof tags / sizeof tags[0]);
    return ST_OK;
}

#define HELLO_ROW(METHOD)                                                                                    \
    {                                                                                                        \
        .path = "/hello", .method = (METHOD), .scope = SCOPE_APP_LOOSE, .handler = answer_hello,             \
        .flags = ROUTE_NO_API_KEY | ROUTE_ANY_VERSION,                                                       \
        .help = "Says Hello where service and database answer (also POST, PUT, DELETE)."                     \
    }
#define ROOT_ROW(METHOD)                                                                                     \
    {                                                                                                        \
        .path = "", .method = (METHOD), .scope = SCOPE_NONE, .handler = answer_root,                         \
        .flags = ROUTE_NO_API_KEY,                                                                           \
        .help = "The same at the root, for load balancers (also POST, PUT, DELETE)."                         \
    }

const struct route misc_routes[] = {
    HELLO_ROW(HTTP_GET),
    HELLO_ROW(HTTP_POST),
    HELLO_ROW(HTTP_PUT),
    HELLO_ROW(HTTP_DELETE),
    ROOT_ROW(HTTP_GET),
    ROOT_ROW(HTTP_POST),
    ROOT_ROW(HTTP_PUT),
    ROOT_ROW(HTTP_DELETE),
    {.path = "/apiversion",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .flags = ROUTE_ANY_VERSION,
     .fields = apiversion_fields,
     .in_size = sizeof(struct apiversion_in),
     .handler = get_apiversion,
     .help = "Tells which interface versions are served."},
    {.path = "/config",
     .method = HTTP_GET,
     .scope = SCOPE_TENANT,
     .flags = ROUTE_NO_API_KEY,
     .fields = config_fields,
     .in_size = sizeof(struct config_in),
     .handler = get_config,
     .help = "Tells which configuration file the process read.",
     .statuses = "OK NOT_ALLOWED"},
    {.path = "/telemetry",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .handler = get_telemetry,
     .help = "Tells whether there is a telemetry id; nothing is ever sent.",
     .statuses = "OK"},
    {.path = "/requests/stats",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .handler = get_request_stats,
     .help = "Requests per second of the last 24 hours, by minute.",
     .statuses = "OK"},
    {.path = "/user/search/tags",
     .method = HTTP_GET,
     .scope = SCOPE_NONE,
     .handler = get_search_tags,
     .help = "The fields by which GET /users can be searched.",
     .statuses = "OK"},
    {.path = NULL},
};
