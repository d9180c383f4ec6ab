/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a database is on its way to the reservation tables (spec: cdi-misc 3, cdi-multitenancy 10). A
 * database that is served here has arrived: others are refused at the start (db/schema.h).
 */
#include "config/config.h"
#include "core/route.h"
#include "runtime/runtime.h"

static const char mode[] = "MIGRATED";

struct progress_in {
    struct str verify;
};

static const struct field progress_fields[] = {
    {.name = "verify",
     .type = QUERY_STRING,
     .optional = true,
     .offset = offsetof(struct progress_in, verify),
     .has_offset = SIZE_MAX},
    FIELDS_END,
};

typedef void write_members(struct core_call *k);

static void write_mode(struct core_call *k)
{
    json_add_str(&k->out, "mode", str_of(mode));
}

static void write_progress(struct core_call *k)
{
    const struct progress_in *in = k->in;
    write_mode(k);
    json_add_i64(&k->out, "pendingUsers", 0);
    if (str_is(in->verify, STR("true")))
        json_add_str(&k->out, "verifySkipped", STR("migrated"));
}

static bool is_listed(const char *pool, const char *const *pools, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pool, pools[i]) == 0)
            return true;
    return false;
}

static void write_entry(struct core_call *k, struct str cud, write_members *write)
{
    json_open(&k->out, NULL, '{');
    json_add_str(&k->out, "connectionUriDomain", cud);
    write(k);
    json_close(&k->out, '}');
}

/* One entry for each database, named by its first tenant. Only tenants with database settings can have
 * another one than what they inherit from. */
static enum st_err write_databases(struct core_call *k, write_members *write)
{
    struct tenancy *tenancy = service_tenancy(k->service);
    const struct tenant *t;
    const PGresult *r;
    ST_TRY(
        db_run_one(k->c, tenancy_base_db(tenancy), &r, (struct db_call){.stmt = STMT_tenants_with_database}));
    const char **pools = ARENA_ARRAY(k->c->arena, db_rows(r) + 1, const char *);
    size_t n = 0;
    pools[n++] = tenancy_base_config(tenancy)->user_pool_id;
    json_open(&k->out, "cuds", '[');
    write_entry(k, STR(""), write);
    for (size_t row = 0; row < db_rows(r); row++) {
        struct tenant_id id = {db_text(r, row, 0), db_text(r, row, 1), db_text(r, row, 2)};
        if (tenancy_find(k->c, tenancy, id, &t) != ST_OK || is_listed(t->config->user_pool_id, pools, n))
            continue; /* one that cannot be loaded was logged */
        pools[n++] = t->config->user_pool_id;
        write_entry(k, id.cud, write);
    }
    json_close(&k->out, ']');
    return ST_OK;
}

static bool is_root(const struct core_call *k)
{
    return k->tenant->id.cud.n == 0 && str_is(k->tenant->id.app, STR("public"));
}

static enum st_err get_mode(struct core_call *k)
{
    answer_status(k, "OK");
    if (is_root(k))
        return write_databases(k, write_mode);
    write_mode(k);
    return ST_OK;
}

static enum st_err get_progress(struct core_call *k)
{
    if (is_root(k)) {
        answer_status(k, "OK");
        return write_databases(k, write_progress);
    }
    write_progress(k);
    answer_status(k, "OK");
    return ST_OK;
}

const struct route migration_routes[] = {
    {.path = "/migration/mode",
     .method = HTTP_GET,
     .scope = SCOPE_APP_LOOSE,
     .handler = get_mode,
     .help = "The migration mode of the database.",
     .statuses = "OK"},
    {.path = "/migration/backfill/progress",
     .method = HTTP_GET,
     .scope = SCOPE_APP_LOOSE,
     .fields = progress_fields,
     .in_size = sizeof(struct progress_in),
     .handler = get_progress,
     .help = "How many users still need the migration.",
     .statuses = "OK"},
    {.path = NULL},
};
