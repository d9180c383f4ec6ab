/* SPDX-License-Identifier: Apache-2.0
 *
 * What prepared statements and pipelines save: src/db/ against PQexecParams with a round trip for each
 * statement. tools/with-pg build/bench/db [iterations] Times are microseconds for one iteration; CPU
 * is the client's and the server backend's together. With the fsync of a real disk: PGTEST_OPTIONS='-c
 * fsync=on'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "db/internal.h"
#include "db_fixture.h"

struct bench {
    struct fixture f;
    PGconn *plain;
    char *insert, *get, *add, *begin, *commit;
    char id[64];
    int n;
    int backends[2];
};

struct cost {
    double wall, cpu;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* User and system time: fields 14 and 15 of /proc/PID/stat; the name before them may hold blanks. */
static double cpu_of_process(int pid)
{
    enum { STATE = 3, USER = 14, SYSTEM = 15 };
    char path[64], line[1024] = "";
    int64_t ticks = 0, value;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file) || !strrchr(line, ')'))
        fputs("no CPU time of the server: is it on this machine?\n", stderr);
    if (file)
        fclose(file);
    struct str rest = str_of(strrchr(line, ')') ? strrchr(line, ')') + 2 : NULL);
    for (int field = STATE; rest.p && field <= SYSTEM; field++)
        if (str_to_i64(str_split(&rest, ' '), &value) && field >= USER)
            ticks += value;
    return (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double cpu(const struct bench *b)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double own = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
                 (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    return own + cpu_of_process(b->backends[0]) + cpu_of_process(b->backends[1]);
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static void plain(struct bench *b, const char *text, int n, const char *const *values)
{
    PGresult *r = PQexecParams(b->plain, text, n, NULL, values, NULL, NULL, 0);
    check(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, text);
    PQclear(r);
}

static void next_id(struct bench *b)
{
    snprintf(b->id, sizeof b->id, "item %d", b->n++);
    fixture_next(&b->f);
}

static void plain_insert(struct bench *b)
{
    next_id(b);
    plain(b, b->insert, 3, (const char *[]){b->id, "owner", "7"});
}

static void our_insert(struct bench *b)
{
    next_id(b);
    check(DB_RUN(&b->f.c, b->f.db, NULL, STMT_test_insert, db_str(str_of(b->id)), db_str(STR("owner")),
                 db_i64(7)) == ST_OK,
          "insert");
}

static void plain_three(struct bench *b)
{
    plain_insert(b);
    plain(b, b->add, 2, (const char *[]){b->id, "1"});
    plain(b, b->get, 1, (const char *[]){b->id});
}

static void plain_transaction(struct bench *b)
{
    plain(b, b->begin, 0, NULL);
    plain_three(b);
    plain(b, b->commit, 0, NULL);
}

static void our_three(struct bench *b)
{
    next_id(b);
    struct db_call calls[] = {
        DB_CALL(STMT_test_insert, db_str(str_of(b->id)), db_str(STR("owner")), db_i64(7)),
        DB_CALL(STMT_test_add, db_str(str_of(b->id)), db_i64(1)),
        DB_CALL(STMT_test_get, db_str(str_of(b->id))),
    };
    check(db_run(&b->f.c, b->f.db, calls, 3) == ST_OK, "pipeline");
}

static enum st_err two_trips(struct ctx *c, struct db *db, void *arg)
{
    struct bench *b = arg;
    struct str id = str_of(b->id);
    struct db_call calls[] = {DB_CALL(STMT_test_insert, db_str(id), db_str(STR("owner")), db_i64(7)),
                              DB_CALL(STMT_test_add, db_str(id), db_i64(1))};
    ST_TRY(db_run(c, db, calls, 2));
    db_commit_with_next(c);
    return DB_RUN(c, db, NULL, STMT_test_get, db_str(id));
}

static void our_transaction(struct bench *b)
{
    next_id(b);
    check(db_tx(&b->f.c, b->f.db, two_trips, b) == ST_OK, "transaction");
}

static struct cost measure(struct bench *b, void (*fn)(struct bench *), int iterations)
{
    for (int i = 0; i < 50; i++)
        fn(b);
    double wall = now(), used = cpu(b);
    for (int i = 0; i < iterations; i++)
        fn(b);
    return (struct cost){(now() - wall) / iterations, (cpu(b) - used) / iterations};
}

static void compare(struct bench *b, const char *name, void (*plain_fn)(struct bench *),
                    void (*our_fn)(struct bench *), int iterations)
{
    struct cost p = {1e9, 1e9}, o = {1e9, 1e9};
    for (int round = 0; round < 5;
         round++) { /* the best of five, taken in turns: other work disturbs both alike */
        struct cost x = measure(b, plain_fn, iterations), y = measure(b, our_fn, iterations);
        p = (struct cost){x.wall < p.wall ? x.wall : p.wall, x.cpu < p.cpu ? x.cpu : p.cpu};
        o = (struct cost){y.wall < o.wall ? y.wall : o.wall, y.cpu < o.cpu ? y.cpu : o.cpu};
    }
    printf("%-44s wall %6.0f -> %6.0f us (%.2f)   cpu %6.0f -> %6.0f us (%.2f)\n", name, p.wall, o.wall,
           o.wall / p.wall, p.cpu, o.cpu, o.cpu / p.cpu);
}

static char *expanded(struct db_names *names, enum stmt stmt)
{
    char *text = names_expand(names, statements[stmt].text);
    check(text != NULL, names->why);
    return text;
}

int main(int argc, char **argv)
{
    fixture_start();
    int64_t iterations = 2000;
    if (argc > 1)
        check(str_to_i64(str_of(argv[1]), &iterations) && iterations > 0 && iterations < 1000000,
              "iterations");
    struct bench b = {0};
    struct db_settings s = fixture_settings();
    s.pool_size = 1;
    fixture_open(&b.f, &s);
    b.plain = PQconnectdb(fixture_conninfo());
    check(PQstatus(b.plain) == CONNECTION_OK, "connect");
    struct db_names names;
    check(names_init(&names, s.schema, s.table_name, s.table_source), "names");
    b.insert = expanded(&names, STMT_test_insert);
    b.get = expanded(&names, STMT_test_get);
    b.add = expanded(&names, STMT_test_add);
    b.begin = expanded(&names, STMT_tx_begin);
    b.commit = expanded(&names, STMT_tx_commit);
    struct db_call calls[] = {DB_CALL(STMT_test_drop), DB_CALL(STMT_test_create), DB_CALL(STMT_test_pid)};
    check(db_run(&b.f.c, b.f.db, calls, 3) == ST_OK, "create");
    b.backends[0] = (int)db_int(calls[2].result, 0, 0);
    b.backends[1] = PQbackendPID(b.plain);

    compare(&b, "autocommit INSERT", plain_insert, our_insert, (int)iterations);
    compare(&b, "3 statements, autocommitted / one pipeline", plain_three, our_three, (int)iterations);
    compare(&b, "3 statements in a transaction, 5 / 2 trips", plain_transaction, our_transaction,
            (int)iterations);

    PQfinish(b.plain);
    free(b.insert);
    free(b.get);
    free(b.add);
    free(b.begin);
    free(b.commit);
    names_free(&names);
    fixture_close(&b.f);
    return 0;
}
