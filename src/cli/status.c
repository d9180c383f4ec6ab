/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens status: what runs, and whether its database answers.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/instances.h"
#include "cli/work.h"
#include "config/config.h"

enum { CHILDREN_MAX = 1100, PATIENCE_MS = 6000 };

/* What the running program says of itself, which may be another one than the installed one by now. Only its
 * user and root are told. */
static struct str running_version(struct arena *a, pid_t pid)
{
    char *text = arena_alloc(a, 256);
    struct str path = arena_printf(a, "/proc/%d/exe", (int)pid);
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return STR_NONE;
    pid_t child = fork();
    if (child == 0) {
        if (dup2(pipe_fds[1], STDOUT_FILENO) >= 0)
            execl(path.p, "supertokens-fcgid", "--version", (char *)NULL);
        _exit(1);
    }
    close(pipe_fds[1]);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<255; n += got> 0 ? (size_t)got : 0)
        got = read(pipe_fds[0], text + n, 255 - n);
    close(pipe_fds[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    struct str rest = {text, n};
    struct str line = str_split(&rest, '\n');
    size_t blank = str_find(line, ' '), comma = str_find(line, ',');
    return comma < line.n && blank < comma ? str_head(str_from(line, blank + 1), comma - blank - 1)
                                           : STR_NONE;
}

static bool ask_database(const struct config *config)
{
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena, .deadline_ms = clock_monotonic_ms() + PATIENCE_MS};
    const PGresult *r;
    struct db *db = db_open(config);
    bool answers = db && DB_RUN(&c, db, &r, STMT_server_version) == ST_OK;
    arena_free(&arena); /* gives the connection back */
    if (db)
        db_close(db);
    return answers;
}

/* Does it? Asked by a process of its own, which may become another user. */
static bool database_answers(const struct config *config)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(!work_become_service_user(config) || !ask_database(config));
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* With the configuration of that service, as far as this user may read it. */
static bool add_database(struct json_out *j, const struct instance *it, const struct invocation *in)
{
    struct invocation own = *in;
    if (it->config_file.p)
        own.config_file = it->config_file.p;
    const struct config *config = work_load_config(&own);
    bool answers = config && database_answers(config);
    json_add_str(j, "database",
                 answers  ? STR("reachable")
                 : config ? STR("not reachable")
                          : STR("not asked: its configuration cannot be read"));
    config_free(config);
    return answers;
}

static bool add_status(struct arena *a, struct json_out *j, const struct instance *it,
                       const struct invocation *in)
{
    pid_t children[CHILDREN_MAX];
    size_t n = instance_children(it->pid, children, CHILDREN_MAX);
    int64_t started = instance_started_ms(it->pid);
    json_open(j, NULL, '{');
    json_add_i64(j, "pid", it->pid);
    json_add_str(j, "address", arena_printf(a, "%.*s:%.*s", STR_ARG(it->host), STR_ARG(it->port)));
    json_add_str(j, "version", running_version(a, it->pid));
    json_add_str(j, "configFile", it->config_file);
    json_add_i64(j, "startedAt", started);
    json_add_i64(j, "uptimeSeconds", started ? (clock_now_ms() - started) / 1000 : 0);
    json_add_i64(j, "workers", n > 0 ? (int64_t)n - 1 : 0); /* the jobs process is none */
    json_open(j, "processes", '[');
    for (size_t i = 0; i < n; i++)
        json_add_i64(j, NULL, children[i]);
    json_close(j, ']');
    bool answers = add_database(j, it, in);
    json_close(j, '}');
    return answers;
}

int status_run(const struct invocation *in)
{
    static const struct layout layout = {.list = "instances", .empty = "No SuperTokens instances running."};
    struct instances all;
    struct arena arena;
    arena_init(&arena);
    instances_find(in, &arena, &all);
    struct json_out j = json_out(&arena);
    bool good = all.n > 0;
    json_open(&j, NULL, '{');
    json_open(&j, "instances", '[');
    for (size_t i = 0; i < all.n; i++)
        good &= add_status(&arena, &j, &all.v[i], in);
    json_close(&j, ']');
    json_close(&j, '}');
    print_result(in, &arena, json_done(&j), all.n ? NULL : &layout);
    arena_free(&arena);
    return !good;
}
