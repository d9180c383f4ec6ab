/* SPDX-License-Identifier: Apache-2.0
 *
 * `supertokens migrate`: brings the users of a database that a reference core has served in LEGACY or
 * DUAL_WRITE mode into the reservation tables (spec: db-schema 4). May be stopped and started again at any
 * point.
 */
#include <stdio.h>

#include "base/log.h"
#include "db/schema.h"
#include "db/schema_state.h"

struct migration {
    struct schema_conn *s;
    struct schema_found found;
    bool legacy; /* what needs the backfill; elsewhere the old tables are frozen and not to be trusted */
    struct arena *batch; /* results of one batch: the request's arena would keep all of them */
    struct str app;
    enum db_served served; /* mode of the app */
    bool migrated;         /* an app was served in MIGRATED mode */
    int64_t users;         /* done in this batch */
};

static const char *text_of(const PGresult *r, size_t row, int col)
{
    return db_is_null(r, row, col) ? "" : db_text(r, row, col).p;
}

/* ---- tables and steps ---- */

static enum st_err refuse_other_core(struct schema_conn *s, bool dry_run)
{
    const PGresult *r;
    ST_TRY(schema_query(s, &r, "detect_other_core", NULL));
    int64_t n = db_rows(r) ? db_int(r, 0, 0) : 0;
    if (n && dry_run)
        printf(
            "Another SuperTokens core seems to be connected (%lld sessions): stop it before the migration.\n",
            (long long)n);
    if (!n || dry_run)
        return ST_OK;
    return ctx_fail(
        s->c, ST_FORBIDDEN,
        "Another SuperTokens core seems to be connected to the database (%lld sessions). What it changes "
        "during the migration would be lost: stop it first",
        (long long)n);
}

static enum st_err alter(struct schema_conn *s, void *arg)
{
    struct migration *m = arg;
    unsigned created;
    ST_TRY(schema_look(s, &m->found));
    if (m->found.unsupported)
        return schema_refuse_unsupported(s, &m->found);
    if (!m->found.any)
        return ST_OK;
    ST_TRY(schema_run_migrations(s, true));
    ST_TRY(schema_create_tables(s, &m->found, true, &created));
    printf("Tables created: %u\n", created);
    /* Columns that were missing hold zero now, which is what "pending" means. */
    return schema_is_legacy(s, &m->found, &m->legacy);
}

/* ---- users ---- */

static enum st_err find_mode(struct migration *m)
{
    const PGresult *r;
    ST_TRY(schema_statement(m->s, &r, STMT_schema_stored_modes, (const char *[]){m->app.p}));
    m->served = db_int(r, 0, 2)   ? DB_SERVED_MIGRATED
                : db_int(r, 0, 1) ? DB_SERVED_DUAL
                : db_int(r, 0, 0) ? DB_SERVED_LEGACY
                                  : m->s->settings->served;
    m->migrated |= m->served == DB_SERVED_MIGRATED;
    return ST_OK;
}

/* Users whose reservations are not what the old tables say: either the database was switched back to LEGACY
 * after a backfill, and the old tables are right, or it was served in another mode, and they are not.
 * Guessing wrong would lose data, so only an explicit setting decides. */
static enum st_err settle_stale(struct schema_conn *s, const struct migration *m)
{
    const char *const values[] = {m->app.p};
    const PGresult *r;
    ST_TRY(schema_query(s, &r, "backfill_stale", values));
    int64_t stale = db_rows(r) ? db_int(r, 0, 0) : 0;
    if (!stale)
        return ST_OK;
    if (m->served != DB_SERVED_LEGACY)
        return ctx_fail(
            s->c, ST_FORBIDDEN,
            "App %.*s: the old and the new tables differ in %lld users. Set migration_mode "
            "(SUPERTOKENS_MIGRATION_MODE) to the mode in which the other core last served this database, "
            "and start again: with LEGACY the old tables are taken, with any other mode the new ones",
            STR_ARG(m->app), (long long)stale);
    printf("App %.*s: %lld users changed after an earlier backfill: starting over\n", STR_ARG(m->app),
           (long long)stale);
    return schema_query(s, NULL, "backfill_forget", values);
}

static enum st_err reopen(struct schema_conn *s, void *arg)
{
    const struct migration *m = arg;
    if (m->served == DB_SERVED_MIGRATED)
        return ST_OK;
    if (m->served != DB_SERVED_DUAL)
        ST_TRY(settle_stale(s, m));
    return schema_query(s, NULL, "backfill_reopen", (const char *[]){m->app.p});
}

static enum st_err run_batch(struct schema_conn *s, void *arg)
{
    enum { USER_IDS, HOW_MANY, UNKNOWN_RECIPE };
    struct migration *m = arg;
    const PGresult *locked, *done;
    ST_TRY(schema_query(s, &locked, "backfill_lock", (const char *[]){m->app.p, "1000"}));
    m->users = db_rows(locked) ? db_int(locked, 0, HOW_MANY) : 0;
    if (m->users == 0)
        return ST_OK;
    if (!db_is_null(locked, 0, UNKNOWN_RECIPE))
        return ctx_fail(s->c, ST_FORBIDDEN, "App %.*s: users of recipe %s cannot be migrated",
                        STR_ARG(m->app), text_of(locked, 0, UNKNOWN_RECIPE));
    return schema_query(s, &done, "backfill_batch", (const char *[]){m->app.p, text_of(locked, 0, USER_IDS)});
}

/* One transaction, whose results are freed. */
static enum st_err run_batch_apart(struct migration *m)
{
    struct ctx *c = m->s->c;
    struct arena *outer = c->arena;
    c->arena = m->batch;
    m->batch->recover = outer->recover;
    enum st_err err = schema_transaction(m->s, run_batch, m);
    c->arena = outer;
    if (err != ST_OK)
        c->message = arena_str(outer, c->message);
    else
        c->message = STR_NONE;
    arena_reset(m->batch);
    return err;
}

static enum st_err backfill_app(struct migration *m)
{
    int64_t total = 0;
    ST_TRY(find_mode(m));
    if (!m->found.adopted)
        ST_TRY(schema_transaction(m->s, reopen, m));
    for (unsigned batch = 1;; batch++) {
        ST_TRY(run_batch_apart(m));
        if (m->users == 0)
            break;
        total += m->users;
        printf("App %.*s: %lld users\n", STR_ARG(m->app), (long long)total);
        fflush(stdout);
        if ((batch & (batch - 1)) == 0) /* as the tables grow, at powers of two */
            ST_TRY(schema_statement(m->s, NULL, STMT_schema_analyze, NULL));
    }
    ST_TRY(schema_query(m->s, NULL, "backfill_group_times", (const char *[]){m->app.p}));
    printf("App %.*s: done\n", STR_ARG(m->app));
    return ST_OK;
}

/* ---- the end ---- */

static enum st_err conclude(struct schema_conn *s, void *arg)
{
    const struct migration *m = arg;
    bool pending, unreserved;
    ST_TRY(schema_statement(s, NULL, STMT_schema_analyze, NULL));
    ST_TRY(schema_ask(s, "detect_pending", &pending));
    if (pending)
        return ctx_fail(s->c, ST_UNAVAILABLE,
                        "Users are still waiting: another process works on them. Start again");
    ST_TRY(schema_ask(s, "detect_unreserved", &unreserved));
    if (unreserved && !m->migrated && !m->found.adopted)
        return ctx_fail(s->c, ST_INTERNAL,
                        "Users without reservations are left: supertokens migrate --dry-run shows "
                        "how many");
    if (unreserved)
        printf(
            "Some users have no reserved identifier and cannot be found by it, as before the migration.\n");
    return ST_OK;
}

static enum st_err adopt(struct schema_conn *s, void *arg)
{
    (void)arg;
    ST_TRY(schema_adopt(s));
    return schema_query(s, NULL, "backfill_stored_modes", NULL);
}

static enum st_err backfill(struct schema_conn *s, struct migration *m)
{
    const PGresult *apps;
    ST_TRY(schema_statement(s, NULL, STMT_schema_analyze, NULL));
    ST_TRY(schema_query(s, &apps, "backfill_apps", NULL));
    for (size_t i = 0; i < db_rows(apps); i++) {
        m->app = db_text(apps, i, 0);
        ST_TRY(backfill_app(m));
    }
    return schema_transaction(s, conclude, m);
}

static void free_arena(void *object)
{
    arena_free(object);
}

static enum st_err migrate(struct schema_conn *s)
{
    struct migration m = {.s = s, .batch = ARENA_NEW(s->c->arena, struct arena)};
    arena_init(m.batch);
    arena_on_reset(s->c->arena, free_arena, m.batch);
    ST_TRY(refuse_other_core(s, false));
    ST_TRY(schema_locked(s, alter, &m));
    if (!m.found.any) {
        printf("Schema %s holds no tables yet: there is nothing to migrate.\n", s->names.schema);
        return ST_OK;
    }
    ST_TRY(schema_run_ensures(s));
    if (m.legacy)
        ST_TRY(backfill(s, &m));
    ST_TRY(schema_locked(s, adopt, &m));
    printf("The database is ready.\n");
    return ST_OK;
}

/* ---- dry run ---- */

static bool has_new_tables(struct schema_conn *s, const struct schema_found *found)
{
    static const char *const needed[] = {
        "recipe_user_account_infos", "recipe_user_tenants", "emailpassword_users",
        "thirdparty_users",          "webauthn_users",      "passwordless_users"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!schema_has_table(s, found, needed[i]))
            return false;
    return !found->old_columns;
}

static enum st_err report_apps(struct schema_conn *s, const struct schema_found *found)
{
    enum { APP, USERS, PENDING, INCONSISTENT, WITHOUT_LOGIN };
    const PGresult *r;
    ST_TRY(schema_query(s, &r, has_new_tables(s, found) ? "backfill_report" : "backfill_report_old", NULL));
    for (size_t i = 0; i < db_rows(r); i++)
        printf("App %s: %lld users, %lld to be brought into the new tables, %lld without reservation (%lld "
               "of them "
               "deleted logins, which is in order)\n",
               text_of(r, i, APP), (long long)db_int(r, i, USERS), (long long)db_int(r, i, PENDING),
               (long long)db_int(r, i, INCONSISTENT), (long long)db_int(r, i, WITHOUT_LOGIN));
    return ST_OK;
}

static enum st_err report_steps(struct schema_conn *s, const struct schema_found *found)
{
    const PGresult *migrations = NULL;
    if (schema_has_table(s, found, "stfcgi_migrations"))
        ST_TRY(schema_query(s, &migrations, "migrations_list", NULL));
    for (const struct sql_block *b = sql_blocks; b->file; b++) {
        if (b->kind == SQL_TABLE && !schema_has_table(s, found, b->name))
            printf("Table to be created: %s\n", names_table(&s->names, str_of(b->name)));
        if (schema_version(b) && !(migrations && schema_is_recorded(migrations, schema_version(b))))
            printf("Step: %s: %s\n", b->file, b->name);
    }
    for (size_t i = 0; i < db_rows(found->columns); i++)
        printf("Column to be added: %s.%s\n", text_of(found->columns, i, 0), text_of(found->columns, i, 1));
    return ST_OK;
}

static enum st_err report(struct schema_conn *s)
{
    struct schema_found found;
    ST_TRY(schema_statement(s, NULL, STMT_tx_begin_read_only, NULL));
    ST_TRY(schema_look(s, &found));
    if (found.unsupported)
        return schema_refuse_unsupported(s, &found);
    if (!found.any) {
        printf("Schema %s holds no tables yet: there is nothing to migrate.\n", s->names.schema);
        return ST_OK;
    }
    ST_TRY(refuse_other_core(s, true));
    ST_TRY(report_steps(s, &found));
    if (schema_has_table(s, &found, "apps") && schema_has_table(s, &found, "app_id_to_user_id"))
        ST_TRY(report_apps(s, &found));
    printf("Nothing was changed.\n");
    return ST_OK;
}

enum st_err schema_migrate_settings(struct ctx *c, const struct db_settings *settings, bool dry_run)
{
    struct schema_conn *s = ARENA_NEW(c->arena, struct schema_conn);
    *s = (struct schema_conn){.c = c, .settings = settings};
    enum st_err err = schema_connect(s, false);
    if (err == ST_OK)
        err = dry_run ? report(s) : migrate(s);
    schema_rollback(s);
    schema_close(s);
    fflush(stdout);
    return err;
}
