/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading, writing and deleting tenants.
 */
#include "multitenancy/multitenancy.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "db/array.h"
#include "db/schema.h"
#include "multitenancy/change.h"

enum record_column {
    DOMAIN,
    APP,
    TENANT,
    CORE_CONFIG,
    FLAG_FIRST,
    FACTORS_NULL = FLAG_FIRST + RECIPES,
    FACTORS,
    SECONDARY
};

static bool is_public(struct str id)
{
    return str_is(id, STR("public"));
}

static struct db_arg or_null(struct str s)
{
    return s.p ? db_str(s) : db_null();
}

static void read_factors(struct arena *a, struct str text, bool is_null, struct factors *out)
{
    struct str *v;
    size_t n = db_array_read(a, text, &v);
    out->is_null = is_null;
    out->n = is_null ? 0 : n < FACTORS_MAX ? n : FACTORS_MAX;
    for (size_t i = 0; i < out->n; i++)
        out->v[i] = v[i];
}

static void read_record(struct arena *a, const PGresult *r, size_t row, struct tenant_record *out)
{
    *out = (struct tenant_record){
        .id = {db_text(r, row, DOMAIN), db_text(r, row, APP), db_text(r, row, TENANT)},
        .stored = true,
        .core_config = db_text(r, row, CORE_CONFIG),
    };
    for (int i = 0; i < RECIPES; i++)
        out->factors.flag[i] = db_true(r, row, FLAG_FIRST + i);
    read_factors(a, db_text(r, row, FACTORS), db_true(r, row, FACTORS_NULL), &out->factors.first);
    struct str secondary = db_text(r, row, SECONDARY);
    read_factors(a, secondary, secondary.n <= 2, &out->factors.secondary);
}

/* What a tenant has before anything was stored of it (spec: section 3.1). */
struct tenant_record multitenancy_defaults(struct tenant_id id, enum tenant_api api)
{
    bool all = is_public(id.tenant) || api == TENANT_V2;
    struct tenant_record t = {.id = id, .core_config = STR("{}")};
    for (int i = 0; i < RECIPES; i++)
        t.factors.flag[i] = all;
    t.factors.first.is_null = is_public(id.tenant) || api == TENANT_V1;
    t.factors.secondary.is_null = true;
    return t;
}

static bool matches(struct str wanted, struct str value)
{
    return !wanted.p || str_is(wanted, value);
}

static bool sorts_before_base(struct tenant_id id)
{
    int order = str_cmp(id.cud, TENANT_BASE.cud);
    order = order ? order : str_cmp(id.app, TENANT_BASE.app);
    return (order ? order : str_cmp(id.tenant, TENANT_BASE.tenant)) < 0;
}

/* In its place, so that the tenants of an app stay together. V has room for one more. */
static void insert_base(struct tenant_records *records)
{
    size_t at = records->n++;
    for (; at > 0 && !sorts_before_base(records->v[at - 1].id); at--)
        records->v[at] = records->v[at - 1];
    records->v[at] = multitenancy_defaults(TENANT_BASE, TENANT_V2);
}

bool multitenancy_is_loaded(const struct tenancy *tenancy, struct str cud)
{
    const char *only = tenancy_base_config(tenancy)->supertokens_saas_load_only_cud;
    return !only || !*only || cud.n == 0 || str_is_c(cud, only);
}

enum st_err multitenancy_list(struct ctx *c, const struct tenancy *tenancy, struct tenant_id which,
                              struct tenant_records *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, tenancy_base_db(tenancy), &r, STMT_tenant_records, or_null(which.cud),
                  or_null(which.app), or_null(which.tenant)));
    bool base_missing = matches(which.cud, TENANT_BASE.cud) && matches(which.app, TENANT_BASE.app) &&
                        matches(which.tenant, TENANT_BASE.tenant);
    out->n = 0;
    out->v = ARENA_ARRAY(c->arena, db_rows(r) + 1, struct tenant_record);
    for (size_t i = 0; i < db_rows(r); i++) {
        read_record(c->arena, r, i, &out->v[out->n]);
        base_missing &= !tenant_is_base(out->v[out->n].id);
        out->n += multitenancy_is_loaded(tenancy, out->v[out->n].id.cud);
    }
    if (base_missing)
        insert_base(out);
    return ST_OK;
}

/* ---- writing ---- */

struct put {
    struct tenancy *tenancy;
    const struct tenant_change *in;
    bool created;
    const struct config *config; /* effective, of the target; owned by the arena */
};

static struct db_call lock_call(struct arena *a, struct tenant_id id)
{
    return DB_CALL(STMT_tenant_lock, db_str(ARENA_CONCAT(a, id.cud, STR("~"), id.app, STR("~"), id.tenant)));
}

enum st_err multitenancy_lock(struct ctx *c, struct db *db, struct tenant_id id, enum tenant_api api,
                              struct tenant_record *out)
{
    struct db_call calls[] = {
        lock_call(c->arena, id),
        DB_CALL(STMT_tenant_records, db_str(id.cud), db_str(id.app), db_str(id.tenant)),
    };
    /* A statement sees what was committed before it began: first the lock. */
    ST_TRY(db_run(c, db, &calls[0], 1));
    ST_TRY(db_run(c, db, &calls[1], 1));
    if (db_rows(calls[1].result))
        read_record(c->arena, calls[1].result, 0, out);
    else
        *out = multitenancy_defaults(id, api);
    out->id = id;
    return ST_OK;
}

/* The apps and tenants rows that the tenant's data refers to; CALLS has room for two. */
static size_t data_rows(struct tenant_id id, struct db_call *calls)
{
    struct db_arg now = db_i64(clock_now_ms());
    calls[0] = DB_CALL(STMT_tenant_create_app, db_str(id.app), now);
    calls[1] = DB_CALL(STMT_tenant_create_tenant, db_str(id.app), db_str(id.tenant), now);
    return 2;
}

struct db_call multitenancy_write_call(const struct tenant_record *t)
{
    const struct factor_state *f = &t->factors;
    return DB_CALL(STMT_tenant_write, db_str(t->id.cud), db_str(t->id.app), db_str(t->id.tenant),
                   db_str(t->core_config), db_bool(f->flag[RECIPE_EMAILPASSWORD]),
                   db_bool(f->flag[RECIPE_THIRDPARTY]), db_bool(f->flag[RECIPE_PASSWORDLESS]),
                   db_bool(f->first.is_null));
}

struct db_call multitenancy_notify_call(struct arena *a, struct tenant_id id)
{
    return DB_CALL(STMT_notify, db_str(STR(GENERATION_CHANNEL)), db_str(tenancy_notify_payload(a, id)));
}

static enum st_err write_record(struct ctx *c, struct db *db, const struct tenant_record *t, bool data_here)
{
    struct db_arg cud = db_str(t->id.cud), app = db_str(t->id.app), tenant = db_str(t->id.tenant);
    const struct factor_state *f = &t->factors;
    struct db_call calls[10] = {
        multitenancy_write_call(t),
        DB_CALL(STMT_tenant_clear_first_factors, cud, app, tenant),
        DB_CALL(STMT_tenant_clear_secondary_factors, cud, app, tenant),
        multitenancy_notify_call(c->arena, t->id),
    };
    size_t n = 4;
    if (f->first.n)
        calls[n++] = DB_CALL(STMT_tenant_add_first_factors, cud, app, tenant,
                             db_strs(c->arena, f->first.v, f->first.n));
    if (f->secondary.n)
        calls[n++] = DB_CALL(STMT_tenant_add_secondary_factors, cud, app, tenant,
                             db_strs(c->arena, f->secondary.v, f->secondary.n));
    if (data_here)
        n += data_rows(t->id, calls + n);
    db_commit_with_next(c);
    return db_run(c, db, calls, n);
}

static enum st_err put_tx(struct ctx *c, struct db *db, void *arg)
{
    struct put *p = arg;
    struct tenant_record t;
    ST_TRY(multitenancy_lock(c, db, p->in->target, p->in->api, &t));
    p->created = !t.stored && !tenant_is_base(t.id);
    ST_TRY(multitenancy_apply_change(c, p->tenancy, p->in, &t, &p->config));
    bool data_here = tenancy_db(p->tenancy, p->config) == db;
    return write_record(c, db, &t, data_here);
}

/* A tenant with a database of its own: its tables and rows are made after its configuration was stored;
 * repeating the call repairs a failure in between. */
static enum st_err prepare_own_database(struct ctx *c, struct put *p, struct db *base_db)
{
    struct db *db = tenancy_db(p->tenancy, p->config);
    struct db_call calls[2];
    if (db == base_db)
        return ST_OK;
    if (!db)
        return ctx_fail(c, ST_UNAVAILABLE, "the database of this tenant cannot be opened");
    enum st_err err = schema_prepare_now(c, p->config);
    if (err) { /* its text may tell more of the database than the client should know */
        LOG_ERROR(c, "the database of this tenant cannot be prepared: %.*s", STR_ARG(c->message));
        return ctx_fail(c, err == ST_UNAVAILABLE ? err : ST_INTERNAL,
                        "the database of this tenant cannot be prepared");
    }
    return db_run(c, db, calls, data_rows(p->in->target, calls));
}

enum st_err multitenancy_put(struct ctx *c, struct tenancy *tenancy, const struct tenant_change *in,
                             bool *created)
{
    struct put p = {.tenancy = tenancy, .in = in};
    ST_TRY(db_tx(c, tenancy_base_db(tenancy), put_tx, &p));
    tenancy_changed(tenancy, in->target);
    *created = p.created;
    return prepare_own_database(c, &p, tenancy_base_db(tenancy));
}

/* ---- deleting ---- */

/* Where the data of a tenant, or of an app's public tenant, lives; NULL when the tenant is not known. */
static enum st_err find_db(struct ctx *c, struct tenancy *tenancy, struct tenant_id id, struct db **out)
{
    const struct tenant *tenant;
    enum st_err err = tenancy_find(c, tenancy, id, &tenant);
    *out = err == ST_OK ? tenant->db : NULL;
    return err == ST_NOT_FOUND ? ST_OK : err;
}

enum st_err multitenancy_delete(struct ctx *c, struct tenancy *tenancy, struct tenant_id id, bool *existed)
{
    struct tenant_id changed = {id.cud, id.app.p ? id.app : STR("public"),
                                id.tenant.p ? id.tenant : STR("public")};
    struct db *db, *base_db = tenancy_base_db(tenancy);
    ST_TRY(find_db(c, tenancy, changed, &db));
    struct db_call data = id.tenant.p
                              ? DB_CALL(STMT_tenant_delete_data, db_str(changed.app), db_str(changed.tenant))
                              : DB_CALL(STMT_tenant_delete_app_data, db_str(changed.app));
    struct db_call calls[4] = {
        lock_call(c->arena, changed),
        DB_CALL(STMT_tenant_delete, db_str(id.cud), db_str(changed.app), or_null(id.tenant)),
        multitenancy_notify_call(c->arena, changed),
        data,
    };
    if (db && db != base_db)
        ST_TRY(db_run(c, db, &data, 1));
    ST_TRY(db_run(c, base_db, calls, db == base_db ? 4 : 3));
    *existed = db_affected(calls[1].result) > 0;
    tenancy_changed(tenancy, changed);
    return ST_OK;
}
