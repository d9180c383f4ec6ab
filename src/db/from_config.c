/* SPDX-License-Identifier: Apache-2.0
 *
 * From a configuration to what the rest of src/db/ works with.
 */
#include <stdio.h>

#include "base/log.h"
#include "config/pg.h"
#include "db/settings.h"

/* config_pg_table_name writes the schema too. */
static bool bare_table_name(const void *source, const char *table, char *out, size_t size)
{
    char name[CONFIG_PG_TABLE_NAME_SIZE];
    config_pg_table_name(source, table, name);
    const char *dot = strrchr(name, '.');
    int n = snprintf(out, size, "%s", dot ? dot + 1 : name);
    return n > 0 && (size_t)n < size;
}

static unsigned at_least_none(int n)
{
    return n > 0 ? (unsigned)n : 0;
}

static enum db_served served(const struct config *config)
{
    if (!config_is_set(config, CONFIG_KEY_migration_mode))
        return DB_SERVED_UNKNOWN;
    return config->migration == CONFIG_LEGACY     ? DB_SERVED_LEGACY
           : config->migration == CONFIG_MIGRATED ? DB_SERVED_MIGRATED
                                                  : DB_SERVED_DUAL;
}

/* CONNINFO must live as long as the settings. */
static enum st_err settings_for(const struct config *config, enum config_pg_which which,
                                struct config_pg_conninfo *conninfo, struct db_settings *out)
{
    const struct config_nint *min_idle = &config->postgresql_minimum_idle_connections;
    ST_TRY(config_pg_conninfo(config, which, conninfo));
    *out = (struct db_settings){
        .keywords = conninfo->keywords,
        .values = conninfo->values,
        .pool_size = at_least_none(config->postgresql_connection_pool_size),
        /* The time-out has an effect only together with the minimum (spec: config 3). */
        .min_idle = min_idle->set ? at_least_none(min_idle->value) : 0,
        .idle_timeout_ms = min_idle->set ? config->postgresql_idle_connection_timeout : 0,
        .named_statements = config->fcgi_named_statements,
        .schema = config->pg.schema,
        .table_name = bare_table_name,
        .table_source = config,
        .served = served(config),
    };
    return ST_OK;
}

static enum st_err settings_of(const struct config *config, struct config_pg_conninfo *conninfo,
                               struct db_settings *out)
{
    return settings_for(config, CONFIG_PG_MAIN, conninfo, out);
}

static bool add_standby(struct db *db, const struct config *config)
{
    struct config_pg_conninfo conninfo;
    struct db_settings settings;
    if (settings_for(config, CONFIG_PG_READ_ONLY, &conninfo, &settings) != ST_OK)
        return false;
    bool added = db_add_standby(db, &settings);
    config_pg_conninfo_free(&conninfo);
    return added;
}

struct db *db_open(const struct config *config)
{
    struct config_pg_conninfo conninfo;
    struct db_settings settings;
    char why[256] = "out of memory";
    struct db *db = NULL;
    if (settings_of(config, &conninfo, &settings) == ST_OK) {
        db = db_open_settings(&settings, why, sizeof why);
        config_pg_conninfo_free(&conninfo);
    }
    if (db && config_pg_has_read_only(config) && !add_standby(db, config)) {
        db_close(db);
        db = NULL;
    }
    if (!db)
        LOG_ERROR(NULL, "cannot use the database: %s", why);
    return db;
}

static void free_conninfo(void *conninfo)
{
    config_pg_conninfo_free(conninfo);
}

/* The same, held by the arena until *CONNINFO is freed: memory may run out while they are used. */
static enum st_err held_settings(struct ctx *c, const struct config *config,
                                 struct config_pg_conninfo **conninfo, struct db_settings *out)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, free_conninfo);
    slot->object = *conninfo = ARENA_NEW(c->arena, struct config_pg_conninfo);
    return settings_of(config, *conninfo, out);
}

static enum st_err prepare(struct ctx *c, const struct config *config, bool once, bool (*cancelled)(void))
{
    struct config_pg_conninfo *conninfo;
    struct db_settings settings;
    ST_TRY(held_settings(c, config, &conninfo, &settings));
    settings.connect_once = once;
    enum st_err err = schema_prepare_settings(c, &settings, cancelled);
    config_pg_conninfo_free(conninfo);
    return err;
}

enum st_err schema_prepare(struct ctx *c, const struct config *config, bool (*cancelled)(void))
{
    return prepare(c, config, false, cancelled);
}

enum st_err schema_prepare_now(struct ctx *c, const struct config *config)
{
    return prepare(c, config, true, NULL);
}

enum st_err schema_ensure(struct ctx *c, const struct config *config)
{
    struct config_pg_conninfo *conninfo;
    struct db_settings settings;
    ST_TRY(held_settings(c, config, &conninfo, &settings));
    enum st_err err = schema_ensure_settings(c, &settings);
    config_pg_conninfo_free(conninfo);
    return err;
}

enum st_err schema_migrate(struct ctx *c, const struct config *config, bool dry_run)
{
    struct config_pg_conninfo *conninfo;
    struct db_settings settings;
    ST_TRY(held_settings(c, config, &conninfo, &settings));
    enum st_err err = schema_migrate_settings(c, &settings, dry_run);
    config_pg_conninfo_free(conninfo);
    return err;
}
