/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens at the start of the service, in one transaction: nothing is changed in a database that is
 * refused.
 */
#include "db/schema.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/schema_state.h"

static enum st_err refuse_legacy(struct schema_conn *s)
{
    return ctx_fail(
        s->c, ST_FORBIDDEN,
        "The database (schema %s) holds users that are not in the tables this service reads. Stop every "
        "other SuperTokens core that uses it, make a backup and run: supertokens migrate",
        s->names.schema);
}

static enum st_err insert_base_tenant(struct schema_conn *s)
{
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)clock_now_ms());
    const char *const values[] = {now};
    ST_TRY(schema_statement(s, NULL, STMT_schema_base_app, values));
    return schema_statement(s, NULL, STMT_schema_base_tenant, values);
}

static enum st_err prepare(struct schema_conn *s, void *arg)
{
    (void)arg;
    struct schema_found found;
    unsigned created;
    bool legacy = false;
    ST_TRY(schema_look(s, &found));
    if (found.unsupported)
        return schema_refuse_unsupported(s, &found);
    if (found.old_columns && found.users)
        return refuse_legacy(s);
    ST_TRY(schema_run_migrations(s, false));
    ST_TRY(schema_create_tables(s, &found, false, &created));
    ST_TRY(schema_is_legacy(s, &found, &legacy));
    if (legacy)
        return refuse_legacy(s);
    if (!found.adopted)
        ST_TRY(schema_adopt(s));
    ST_TRY(insert_base_tenant(s));
    if (created)
        LOG_INFO(s->c, "created %u tables in schema %s", created, s->names.schema);
    return ST_OK;
}

enum st_err schema_prepare_settings(struct ctx *c, const struct db_settings *settings,
                                    bool (*cancelled)(void))
{
    struct schema_conn *s = ARENA_NEW(c->arena, struct schema_conn);
    *s = (struct schema_conn){.c = c, .settings = settings, .cancelled = cancelled};
    enum st_err err = schema_connect(s, !settings->connect_once);
    if (err == ST_OK)
        err = schema_locked(s, prepare, NULL);
    if (err == ST_INTERNAL && strcmp(s->sqlstate, "3F000") == 0) { /* the schema itself is missing */
        err = schema_query(s, NULL, "schema_create", NULL);
        if (err == ST_OK)
            err = schema_locked(s, prepare, NULL);
    }
    if (err == ST_OK)
        err = schema_run_ensures(s);
    schema_close(s);
    return err;
}

enum st_err schema_ensure_settings(struct ctx *c, const struct db_settings *settings)
{
    struct schema_conn *s = ARENA_NEW(c->arena, struct schema_conn);
    *s = (struct schema_conn){.c = c, .settings = settings};
    enum st_err err = schema_connect(s, false);
    if (err == ST_OK)
        err = schema_run_ensures(s);
    schema_close(s);
    return err;
}
