/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of src/db/ share. They need a PostgreSQL (see tools/with-pg); without ST_TEST_PG they are
 * skipped.
 */
#ifndef ST_T_DB_FIXTURE_H
#define ST_T_DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/settings.h"

#define ROWS(RESULT) ((int)db_rows(RESULT))

struct names {
    const char *prefix;
    const char *renamed, *new_name; /* one table with a name of its own, or NULL */
};

struct fixture {
    struct arena arena;
    struct ctx c;
    struct db *db;
};

/* Prints TAP's skip line and ends the program when there is no PostgreSQL. Initialises libsodium. */
void fixture_start(void);
const char *fixture_conninfo(void);
/* Settings for the test server: pool of 4, named statements, schema public, no prefix. Static memory. */
struct db_settings fixture_settings(void);
struct db_settings fixture_settings_of(const char *conninfo);
const char *fixture_parameter(const struct db_settings *s, const char *keyword); /* "" when it is not set */
/* A request's context and a database; fails the test when the settings are refused. */
void fixture_open(struct fixture *f, const struct db_settings *s);
void fixture_next(struct fixture *f); /* as between two requests */
void fixture_close(struct fixture *f);

bool fixture_table_name(const void *names, const char *table, char *out, size_t size);

unsigned fixture_open_connections(struct fixture *f);
unsigned fixture_leased(struct fixture *f);
void fixture_sleep_ms(int ms);
/* Runs a shell command; true when it exits with 0. */
bool fixture_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
