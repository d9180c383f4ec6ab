/* SPDX-License-Identifier: Apache-2.0
 *
 * The database keys: checks, the URI laid over the single keys, names of tables, identity of pools (spec:
 * config 3, db-schema 1).
 */
#include <stdio.h>

#include "config/internal.h"
#include "config/pg.h"

bool config_pg_is_identifier(const char *name, size_t most)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return n > 0 && n <= most;
}

static enum st_err check_uri(struct config_build *b, enum config_key_id id, const char *text)
{
    struct config_uri uri;
    struct config_chunk *memory = NULL;
    bool memory_failed;
    bool parsed = config_uri_parse(str_of(text), &uri, &memory, &memory_failed);
    config_memory_free(memory);
    if (memory_failed)
        return config_out_of_memory(b->error);
    return parsed ? ST_OK : config_fail(b->error, ST_BAD_REQUEST, "%s", config_keys[id].error);
}

static enum st_err check_migration_mode(struct config_build *b)
{
    const char *mode = b->config->migration_mode;
    for (const char *const *choice = config_keys[CONFIG_KEY_migration_mode].choices; *choice; choice++)
        if (*choice == mode)
            return ST_OK;
    return config_fail(b->error, ST_BAD_REQUEST,
                       "Invalid migration_mode value: '%.200s'. Must be one of: LEGACY, DUAL_WRITE_READ_OLD, "
                       "DUAL_WRITE_READ_NEW, MIGRATED",
                       mode);
}

enum st_err config_validate_pg(struct config_build *b)
{
    const struct config *c = b->config;
    if (c->postgresql_connection_uri)
        ST_TRY(check_uri(b, CONFIG_KEY_postgresql_connection_uri, c->postgresql_connection_uri));
    else if (!c->postgresql_user)
        return config_fail(
            b->error, ST_BAD_REQUEST,
            "'postgresql_user' and 'postgresql_connection_uri' are not set. Please set at least one of "
            "these values");
    ST_TRY(config_check_key(b, CONFIG_KEY_postgresql_connection_pool_size));
    ST_TRY(config_check_key(b, CONFIG_KEY_postgresql_minimum_idle_connections));
    if (c->postgresql_minimum_idle_connections.set &&
        c->postgresql_minimum_idle_connections.value > c->postgresql_connection_pool_size)
        return config_fail(b->error, ST_BAD_REQUEST,
                           "'postgresql_minimum_idle_connections' must be less than or equal to "
                           "'postgresql_connection_pool_size'");
    ST_TRY(check_migration_mode(b));
    if (c->fcgi_listen_connection_uri)
        ST_TRY(check_uri(b, CONFIG_KEY_fcgi_listen_connection_uri, c->fcgi_listen_connection_uri));
    if (c->fcgi_read_only_connection_uri)
        ST_TRY(check_uri(b, CONFIG_KEY_fcgi_read_only_connection_uri, c->fcgi_read_only_connection_uri));
    return ST_OK;
}

/* ---- the URI over the keys ---- */

/* The first of URI_PART and KEY_VALUE that is there; strings of the configuration before (PART) and of the
 * keys are shared. */
static void choose(struct config_build *b, const char **part, struct str uri_part, const char *key_value)
{
    if (uri_part.p)
        *part = config_keep(b, *part, uri_part);
    else
        *part = key_value;
}

static void choose_trimmed(struct config_build *b, const char **part, struct str uri_part,
                           const char *key_value)
{
    struct str trimmed = str_trim(uri_part.p ? uri_part : str_of(key_value));
    *part = config_keep(b, str_is_c(trimmed, key_value) ? key_value : *part, trimmed);
}

static void resolve_port(struct config_build *b, struct str uri_ports)
{
    struct config *c = b->config;
    char text[16];
    int key_port = c->postgresql_port < 0 ? 5432 : c->postgresql_port;
    struct str ports = {text, (size_t)snprintf(text, sizeof text, "%d", key_port)};
    int64_t first = key_port;
    if (uri_ports.p) {
        struct str rest = uri_ports, head = str_split(&rest, ',');
        ports = uri_ports;
        first = 5432; /* libpq's default for "h1,h2:5433" */
        (void)str_to_i64(head, &first);
    }
    c->pg.port = (int)first;
    c->pg.ports = config_keep(b, c->pg.ports, ports);
}

/* The reference adds this word for its driver; it belongs to the connection pool's identity. */
static void resolve_attributes(struct config_build *b, struct str query)
{
    static const char word[] = "allowPublicKeyRetrieval=";
    struct config *c = b->config;
    char text[CONFIG_MAX_VALUE + 64];
    if (query.p && !memmem(query.p, query.n, word, sizeof word - 1)) {
        int n = snprintf(text, sizeof text, "%.*s&%strue", STR_ARG(query), word);
        query = (struct str){text, (size_t)n};
    }
    choose(b, &c->pg.attributes, query, c->postgresql_connection_attributes);
}

static void resolve_prefix(struct config_build *b)
{
    char text[CONFIG_MAX_VALUE + 2];
    struct str prefix = str_trim(str_of(b->config->postgresql_table_names_prefix));
    int n = snprintf(text, sizeof text, "%.*s%s", STR_ARG(prefix), prefix.n ? "_" : "");
    b->config->pg.table_prefix = config_keep(b, b->config->pg.table_prefix, (struct str){text, (size_t)n});
}

static enum st_err resolve_parts(struct config_build *b, struct config_chunk **memory)
{
    struct config *c = b->config;
    struct config_uri uri = {0};
    struct str schema = STR_NONE;
    bool memory_failed = false;
    if (c->postgresql_connection_uri &&
        !config_uri_parse(str_of(c->postgresql_connection_uri), &uri, memory, &memory_failed))
        return config_out_of_memory(b->error); /* it was parsed by the check before */
    resolve_attributes(b, uri.query);
    if (c->postgresql_connection_uri && c->pg.attributes)
        schema = config_query_get(str_of(c->pg.attributes), "currentSchema");
    if (schema.n) {
        schema = config_uri_decode(schema, memory);
        if (!schema.p)
            return config_out_of_memory(b->error);
    } else {
        schema = STR_NONE; /* "currentSchema=" says nothing */
    }

    choose(b, &c->pg.host, uri.host, c->postgresql_host);
    choose(b, &c->pg.user, uri.user, c->postgresql_user);
    choose(b, &c->pg.password, uri.password, c->postgresql_password);
    choose_trimmed(b, &c->pg.database, uri.database, c->postgresql_database_name);
    choose_trimmed(b, &c->pg.schema, schema, c->postgresql_table_schema);
    choose_trimmed(b, &c->pg.scheme, uri.scheme, c->postgresql_connection_scheme);
    resolve_port(b, uri.ports);
    resolve_prefix(b);
    return b->out_of_memory ? config_out_of_memory(b->error) : ST_OK;
}

/* ---- names: ours to check, since they become part of SQL text ---- */

static enum st_err check_identifier(struct config_build *b, enum config_key_id id, const char *name,
                                    size_t most)
{
    if (config_pg_is_identifier(name, most))
        return ST_OK;
    return config_fail(
        b->error, ST_BAD_REQUEST,
        "'%s' must start with a letter or an underscore, contain only letters, digits and underscores, "
        "and have at most %zu characters",
        config_keys[id].name, most);
}

static enum st_err check_names(struct config_build *b)
{
    const struct config *c = b->config;
    size_t prefix = strlen(c->pg.table_prefix);
    ST_TRY(check_identifier(b, CONFIG_KEY_postgresql_table_schema, c->pg.schema, CONFIG_MAX_IDENTIFIER));
    if (prefix && (!config_pg_is_identifier(c->pg.table_prefix, CONFIG_MAX_IDENTIFIER) ||
                   prefix - 1 > CONFIG_MAX_TABLE_PREFIX))
        return check_identifier(b, CONFIG_KEY_postgresql_table_names_prefix, "", CONFIG_MAX_TABLE_PREFIX);
    for (enum config_key_id id = 0; id < CONFIG_KEYS; id++) {
        const char *name =
            config_keys[id].table ? *(const char *const *)config_value(c, &config_keys[id]) : NULL;
        if (name)
            ST_TRY(check_identifier(b, id, name, CONFIG_MAX_IDENTIFIER));
    }
    if (c->pg.port < 1 || c->pg.port > 65535)
        return config_fail(b->error, ST_BAD_REQUEST, "'postgresql_port' must be between 1 and 65535");
    if (!*c->pg.host)
        return config_fail(b->error, ST_BAD_REQUEST, "'postgresql_host' must not be empty");
    return ST_OK;
}

void config_pg_table_name(const struct config *c, const char *table, char out[CONFIG_PG_TABLE_NAME_SIZE])
{
    const char *prefix = c->pg.table_prefix;
    bool is_public = strcmp(c->pg.schema, "public") == 0;
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        if (!key->table || strcmp(key->table, table) != 0)
            continue;
        const char *name = *(const char *const *)config_value(c, key);
        if (name) {
            table = name;
            prefix = "";
        }
    }
    snprintf(out, CONFIG_PG_TABLE_NAME_SIZE, "%s%s%s%s", is_public ? "" : c->pg.schema, is_public ? "" : ".",
             prefix, table);
}

/* ---- identity ---- */

/* The values, each behind a |, which is escaped where a value contains it: equal ids are equal values. */
static const char *join(struct config_build *b, struct config_chunk **memory, const char *old,
                        const char *const *values, size_t n)
{
    size_t size = 1, used = 0;
    for (size_t i = 0; i < n; i++)
        size += 1 + 2 * strlen(values[i]);
    char *text = config_memory_get(memory, size);
    if (!text) {
        b->out_of_memory = true;
        return old;
    }
    for (size_t i = 0; i < n; i++) {
        text[used++] = '|';
        for (const char *p = values[i]; *p; p++) {
            if (*p == '|' || *p == '\\')
                text[used++] = '\\';
            text[used++] = *p;
        }
    }
    return config_keep(b, old, (struct str){text, used});
}

static void resolve_ids(struct config_build *b, struct config_chunk **memory)
{
    struct config *c = b->config;
    const struct config_pg *pg = &c->pg;
    char size[16], timeout[24], idle[16] = "";
    snprintf(size, sizeof size, "%d", c->postgresql_connection_pool_size);
    snprintf(timeout, sizeof timeout, "%lld", (long long)c->postgresql_idle_connection_timeout);
    if (c->postgresql_minimum_idle_connections.set)
        snprintf(idle, sizeof idle, "%d", c->postgresql_minimum_idle_connections.value);

    const char *const database[] = {pg->host, pg->ports, pg->database, pg->schema};
    const char *const connection[] = {
        size, pg->user ? pg->user : "", pg->password ? pg->password : "", pg->attributes, pg->scheme, timeout,
        idle, c->migration_mode};
    c->user_pool_id = join(b, memory, c->user_pool_id, database, sizeof database / sizeof *database);
    c->connection_pool_id =
        join(b, memory, c->connection_pool_id, connection, sizeof connection / sizeof *connection);
}

enum st_err config_resolve_pg(struct config_build *b)
{
    struct config *c = b->config;
    struct config_chunk *memory = NULL;
    enum st_err err = resolve_parts(b, &memory);
    if (err == ST_OK)
        err = check_names(b);
    if (err == ST_OK) {
        c->migration = CONFIG_LEGACY;
        while (config_keys[CONFIG_KEY_migration_mode].choices[c->migration] != c->migration_mode)
            c->migration++;
        resolve_ids(b, &memory);
        if (b->out_of_memory)
            err = config_out_of_memory(b->error);
    }
    config_memory_free(memory);
    return err;
}
