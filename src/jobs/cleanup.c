/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/cleanup.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "db/schema.h"
#include "jwt/keys.h"
#include "runtime/runtime.h"
#include "tenancy/all_databases.h"

enum { PORTION = 5000 };

/* One database that is away must not keep the others from being cleaned. */
static enum st_err delete_everywhere(struct ctx *c, struct service *s, enum stmt stmt)
{
    struct all_databases *databases = ARENA_NEW(c->arena, struct all_databases);
    enum st_err result = tenancy_all_databases(c, service_tenancy(s), databases);
    for (size_t i = 0; i < databases->n; i++) {
        const PGresult *r;
        enum st_err err;
        do
            err = DB_RUN(c, databases->v[i]->db, &r, stmt, db_i64(clock_now_ms()), db_i64(PORTION));
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

static enum st_err delete_keys(struct ctx *c, struct service *s, const struct tenant *at)
{
    const PGresult *r;
    ST_TRY(db_run_one(c, at->db, &r, DB_CALL(STMT_job_apps_with_old_keys)));
    for (size_t i = 0; i < db_rows(r); i++) {
        const struct tenant *app;
        struct tenant_id id = {at->id.cud, db_text(r, i, 0), STR("public")};
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
    struct all_databases *databases = ARENA_NEW(c->arena, struct all_databases);
    enum st_err result = tenancy_all_databases(c, service_tenancy(s), databases);
    for (size_t i = 0; i < databases->n; i++) {
        enum st_err err = delete_keys(c, s, databases->v[i]);
        if (err)
            result = err;
    }
    return result;
}

static void tell_forgotten(struct ctx *c, const PGresult *r)
{
    enum { APP, TENANT, SITE, TARGET, MESSAGE_ID };
    for (size_t i = 0; i < db_rows(r); i++) {
        struct str site = db_text(r, i, SITE), target = db_text(r, i, TARGET), id = db_text(r, i, MESSAGE_ID);
        c->app = db_text(r, i, APP);
        c->tenant = db_text(r, i, TENANT);
        LOG_ERROR(c, "site %.*s: %.*s was given up: %.*s: it is not configured any more", STR_ARG(site),
                  STR_ARG(target), STR_ARG(id));
    }
    c->app = c->tenant = STR_NONE;
}

static enum st_err clean_deliveries(struct ctx *c, struct db *db)
{
    const PGresult *r;
    do {
        ST_TRY(DB_RUN(c, db, &r, STMT_deliver_give_up_forgotten, db_i64(PORTION)));
        tell_forgotten(c, r);
    } while (db_rows(r) == PORTION);
    do
        ST_TRY(DB_RUN(c, db, &r, STMT_deliver_drop_links, db_i64(PORTION)));
    while (db_affected(r) == PORTION);
    do
        ST_TRY(DB_RUN(c, db, &r, STMT_deliver_forget, db_i64(PORTION)));
    while (db_affected(r) == PORTION);
    return ST_OK;
}

enum st_err cleanup_deliveries(struct ctx *c, struct service *s)
{
    struct all_databases *databases = ARENA_NEW(c->arena, struct all_databases);
    enum st_err result = tenancy_all_databases(c, service_tenancy(s), databases);
    for (size_t i = 0; i < databases->n; i++) {
        enum st_err err = clean_deliveries(c, databases->v[i]->db);
        if (err)
            result = err;
    }
    return result;
}

enum st_err cleanup_partitions(struct ctx *c, struct service *s)
{
    struct all_databases *databases = ARENA_NEW(c->arena, struct all_databases);
    enum st_err result = tenancy_all_databases(c, service_tenancy(s), databases);
    for (size_t i = 0; i < databases->n; i++) {
        enum st_err err = schema_ensure(c, databases->v[i]->config);
        if (err)
            result = err;
    }
    return result;
}
