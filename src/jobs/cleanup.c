/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/cleanup.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "db/schema.h"
#include "jwt/keys.h"
#include "runtime/runtime.h"

enum { PORTION = 5000, MOST_DATABASES = 128 };

/* A database, and a tenant whose data is there. */
struct place {
    struct db *db;
    const struct tenant *tenant;
};

struct places {
    struct place v[MOST_DATABASES];
    size_t n;
};

static enum st_err add_place(struct ctx *c, struct service *s, struct tenant_id id, struct places *out)
{
    const struct tenant *tenant;
    enum st_err err = tenancy_find(c, service_tenancy(s), id, &tenant);
    if (err == ST_NOT_FOUND || err == ST_INTERNAL) /* removed meanwhile, or not loadable, which was logged */
        return ST_OK;
    ST_TRY(err);
    for (size_t i = 0; i < out->n; i++)
        if (out->v[i].db == tenant->db)
            return ST_OK;
    if (out->n < MOST_DATABASES)
        out->v[out->n++] = (struct place){tenant->db, tenant};
    return ST_OK;
}

static enum st_err find_places(struct ctx *c, struct service *s, struct places *out)
{
    const PGresult *r;
    out->n = 0;
    ST_TRY(add_place(c, s, TENANT_BASE, out));
    ST_TRY(db_run_one(c, service_base_db(s), &r, DB_CALL(STMT_job_tenants_with_database)));
    for (size_t i = 0; i < db_rows(r); i++)
        ST_TRY(
            add_place(c, s, (struct tenant_id){db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2)}, out));
    return ST_OK;
}

/* One database that is away must not keep the others from being cleaned. */
static enum st_err delete_everywhere(struct ctx *c, struct service *s, enum stmt stmt)
{
    struct places *places = ARENA_NEW(c->arena, struct places);
    enum st_err result = find_places(c, s, places);
    for (size_t i = 0; i < places->n; i++) {
        const PGresult *r;
        enum st_err err;
        do
            err = DB_RUN(c, places->v[i].db, &r, stmt, db_i64(clock_now_ms()), db_i64(PORTION));
        while (err == ST_OK && db_affected(r) == PORTION);
        if (err)
            result = err;
    }
    return result;
}

enum st_err cleanup_sessions(struct ctx *c, struct service *s)
{
    return delete_everywhere(c, s, STMT_job_delete_sessions);
}

enum st_err cleanup_reset_tokens(struct ctx *c, struct service *s)
{
    return delete_everywhere(c, s, STMT_job_delete_reset_tokens);
}

enum st_err cleanup_verification_tokens(struct ctx *c, struct service *s)
{
    return delete_everywhere(c, s, STMT_job_delete_verification_tokens);
}

static enum st_err delete_keys(struct ctx *c, struct service *s, const struct place *place)
{
    const PGresult *r;
    ST_TRY(db_run_one(c, place->db, &r, DB_CALL(STMT_job_apps_with_old_keys)));
    for (size_t i = 0; i < db_rows(r); i++) {
        const struct tenant *app;
        struct tenant_id id = {place->tenant->id.cud, db_text(r, i, 0), STR("public")};
        enum st_err err = tenancy_find(c, service_tenancy(s), id, &app);
        if (err == ST_NOT_FOUND || err == ST_INTERNAL)
            continue;
        ST_TRY(err);
        struct key_rules rules = key_rules_of(app->config);
        ST_TRY(keys_delete_expired(c, app->db, app->id.app, &rules));
    }
    return ST_OK;
}

enum st_err cleanup_signing_keys(struct ctx *c, struct service *s)
{
    struct places *places = ARENA_NEW(c->arena, struct places);
    enum st_err result = find_places(c, s, places);
    for (size_t i = 0; i < places->n; i++) {
        enum st_err err = delete_keys(c, s, &places->v[i]);
        if (err)
            result = err;
    }
    return result;
}

enum st_err cleanup_partitions(struct ctx *c, struct service *s)
{
    struct places *places = ARENA_NEW(c->arena, struct places);
    enum st_err result = find_places(c, s, places);
    for (size_t i = 0; i < places->n; i++) {
        enum st_err err = schema_ensure(c, places->v[i].tenant->config);
        if (err)
            result = err;
    }
    return result;
}
