/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "db/hosts.h"
#include "db/internal.h"
#include "db/settings.h"

/* After the caller's parameters; libpq lets the last of equal keywords win. */
static const char *const forced[][2] = {{"client_encoding", "UTF8"}};

enum { FORCED = sizeof forced / sizeof forced[0] };

static void free_text(char *text)
{
    if (text)
        sodium_memzero(text, strlen(text)); /* may be a password */
    free(text);
}

static bool put_parameter(struct db *db, size_t *n, const char *keyword, const char *value)
{
    if (!value)
        return true;
    db->keywords[*n] = strdup(keyword);
    db->values[*n] = strdup(value);
    return db->keywords[*n] && db->values[(*n)++];
}

static bool copy_parameters(struct db *db, const struct db_settings *s)
{
    size_t n = 0, given = 0;
    while (s->keywords[given])
        given++;
    db->keywords = calloc(given + FORCED + 1, sizeof *db->keywords);
    db->values = calloc(given + FORCED + 1, sizeof *db->values);
    bool ok = db->keywords && db->values;
    for (size_t i = 0; ok && i < given; i++)
        ok = put_parameter(db, &n, s->keywords[i], s->values[i]);
    for (size_t i = 0; ok && i < FORCED; i++)
        ok = put_parameter(db, &n, forced[i][0], forced[i][1]);
    return ok;
}

static bool expand_statements(struct db *db)
{
    db->texts = calloc(STMT_COUNT + 1, sizeof *db->texts);
    for (size_t i = 0; db->texts && i < STMT_COUNT; i++)
        if (!(db->texts[i] = names_expand(&db->names, statements[i].text)))
            return false;
    names_freeze(&db->names);
    return db->texts != NULL;
}

static void free_db(struct db *db)
{
    for (size_t i = 0; db->keywords && db->values && (db->keywords[i] || db->values[i]); i++) {
        free(db->keywords[i]);
        free_text(db->values[i]);
    }
    free(db->keywords);
    free(db->values);
    for (size_t i = 0; db->texts && i < STMT_COUNT; i++)
        free(db->texts[i]);
    free(db->texts);
    names_free(&db->names);
    free(db);
}

static const char *value_of(const struct db_settings *s, const char *keyword)
{
    const char *value = "";
    for (size_t i = 0; s->keywords[i]; i++)
        if (strcmp(s->keywords[i], keyword) == 0 && s->values[i])
            value = s->values[i];
    return value;
}

/* "name@host:port": no user and no password. */
static unsigned metrics_number(const struct db_settings *s)
{
    char name[METRICS_NAME];
    const char *port = value_of(s, "port");
    snprintf(name, sizeof name, "%s@%s%s%s", value_of(s, "dbname"), value_of(s, "host"), *port ? ":" : "",
             port);
    return metrics_database(name);
}

struct db *db_open_settings(const struct db_settings *s, char *why, size_t why_size)
{
    struct db *db = calloc(1, sizeof *db);
    if (db) {
        db->pool_size = s->pool_size ? s->pool_size : 1;
        db->min_idle = s->min_idle;
        db->idle_timeout_ms = s->idle_timeout_ms;
        db->named_statements = s->named_statements;
        db->hosts = db_hosts_count(s->keywords, s->values, &db->hosts_ordered);
        db->lease_wait_ms = DB_LEASE_WAIT_MS;
        db->max_backoff_ms = DB_MAX_BACKOFF_MS;
        db->metrics = metrics_number(s);
        if (names_init(&db->names, s->schema, s->table_name, s->table_source) && expand_statements(db) &&
            copy_parameters(db, s) && pool_init(db))
            return db;
    }
    snprintf(why, why_size, "%s", db && db->names.why[0] ? db->names.why : "out of memory");
    if (db)
        free_db(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_close(db->standby);
    pool_free(db);
    free_db(db);
}

bool db_add_standby(struct db *db, const struct db_settings *s)
{
    char why[256];
    db->standby = db_open_settings(s, why, sizeof why);
    if (!db->standby)
        return false;
    db->standby->lease_wait_ms = DB_STANDBY_WAIT_MS;
    db->standby->max_backoff_ms = DB_STANDBY_BACKOFF_MS;
    return true;
}

bool db_violated(const struct ctx *c, const struct db *db, const char *table, const char *suffix)
{
    const char *actual = NULL;
    for (size_t i = 0; i < db->names.n && !actual; i++)
        if (strcmp(db->names.known[i].canonical, table) == 0)
            actual = db->names.known[i].actual;
    if (!actual || !c->violated.p)
        return false;
    /* PostgreSQL cuts longer names, as snprintf does. */
    char name[DB_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", actual, suffix);
    return str_is_c(c->violated, name);
}
