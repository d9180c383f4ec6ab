/* SPDX-License-Identifier: Apache-2.0 */
#include "db_fixture.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

static const struct names no_names = {"", NULL, NULL};

void fixture_start(void)
{
    if (!getenv("ST_TEST_PG")) {
        puts("1..0 # SKIP ST_TEST_PG is not set: run it by tools/with-pg");
        exit(0);
    }
    if (sodium_init() < 0)
        exit(1);
    char why[256];
    struct log_options options = {.level = getenv("ST_TEST_LOG") ? LOG_DEBUG_LEVEL : LOG_NONE,
                                  .info_path = NULL};
    if (!log_open(&options, why, sizeof why))
        exit(1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
}

const char *fixture_conninfo(void)
{
    return getenv("ST_TEST_PG");
}

bool fixture_table_name(const void *source, const char *table, char *out, size_t size)
{
    const struct names *names = source;
    bool renamed = names->renamed && strcmp(table, names->renamed) == 0;
    int n = snprintf(out, size, "%s%s", renamed ? "" : names->prefix, renamed ? names->new_name : table);
    return n >= 0 && (size_t)n < size;
}

struct db_settings fixture_settings_of(const char *conninfo)
{
    enum { MAX = 16, SIZE = 256 };
    static const char *keywords[MAX + 1], *values[MAX + 1];
    static char texts[MAX][2][SIZE];
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &error);
    assert_non_null(options);
    size_t n = 0;
    for (PQconninfoOption *o = options; o->keyword && n < MAX; o++) {
        if (!o->val)
            continue;
        snprintf(texts[n][0], SIZE, "%s", o->keyword);
        snprintf(texts[n][1], SIZE, "%s", o->val);
        keywords[n] = texts[n][0];
        values[n] = texts[n][1];
        n++;
    }
    keywords[n] = values[n] = NULL;
    PQconninfoFree(options);
    return (struct db_settings){.keywords = keywords,
                                .values = values,
                                .pool_size = 4,
                                .min_idle = 4,
                                .named_statements = true,
                                .schema = "public",
                                .table_name = fixture_table_name,
                                .table_source = &no_names};
}

struct db_settings fixture_settings(void)
{
    return fixture_settings_of(fixture_conninfo());
}

const char *fixture_parameter(const struct db_settings *s, const char *keyword)
{
    const char *value = "";
    for (size_t i = 0; s->keywords[i]; i++)
        if (strcmp(s->keywords[i], keyword) == 0)
            value = s->values[i];
    return value;
}

void fixture_open(struct fixture *f, const struct db_settings *s)
{
    char why[256] = "";
    *f = (struct fixture){0};
    arena_init(&f->arena);
    f->db = db_open_settings(s, why, sizeof why);
    if (!f->db)
        fail_msg("%s", why);
    fixture_next(f);
}

void fixture_next(struct fixture *f)
{
    arena_reset(&f->arena);
    f->c = (struct ctx){.arena = &f->arena};
}

void fixture_close(struct fixture *f)
{
    arena_free(&f->arena);
    assert_int_equal(fixture_leased(f), 0);
    db_close(f->db);
}

unsigned fixture_open_connections(struct fixture *f)
{
    unsigned open, leased;
    db_pool_counts(f->db, &open, &leased);
    return open;
}

unsigned fixture_leased(struct fixture *f)
{
    unsigned open, leased;
    db_pool_counts(f->db, &open, &leased);
    return leased;
}

void fixture_sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

bool fixture_shell(const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof command);
    return system(command) == 0;
}
