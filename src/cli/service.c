/* SPDX-License-Identifier: Apache-2.0
 *
 * list, stop and reload running services; install and uninstall, which packages do here. (spec: config 6)
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "cli/instances.h"
#include "cli/print.h"
#include "json/write.h"

enum { STOP_MS = 60 * 1000, POLL_MS = 50 };

static void add_instance(struct json_out *j, const struct instance *it)
{
    json_add_i64(j, "pid", it->pid);
    json_add_str(j, "host", it->host);
    json_add_str(j, "port", it->port);
    json_add_str(j, "configFile", it->config_file);
}

static void list_json(struct arena *a, const struct instances *all)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_open(&j, "instances", '[');
    for (size_t i = 0; i < all->n; i++) {
        json_open(&j, NULL, '{');
        add_instance(&j, &all->v[i]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    puts(json_done(&j).p);
}

int list_run(const struct invocation *in)
{
    struct instances all;
    struct arena arena;
    arena_init(&arena);
    instances_find(in, &arena, &all);
    if (in->json)
        list_json(&arena, &all);
    else if (all.n == 0)
        puts("No SuperTokens instances running.");
    for (size_t i = 0; !in->json && i < all.n; i++) {
        const struct instance *it = &all.v[i];
        struct str file = it->config_file.p ? it->config_file : STR("none");
        printf("-> Instance PID: %d, address: %.*s:%.*s, config file loaded: %.*s\n", (int)it->pid,
               STR_ARG(it->host), STR_ARG(it->port), STR_ARG(file));
    }
    arena_free(&arena);
    return 0;
}

static bool stop_one(const struct instance *it)
{
    int64_t end = clock_monotonic_ms() + STOP_MS;
    bool stopped = kill(it->pid, SIGTERM) == 0;
    bool gone = errno == ESRCH && !stopped;
    while (stopped && !(gone = !instance_runs(it->pid)) && clock_monotonic_ms() < end)
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    if (gone)
        printf("Successfully stopped SuperTokens with PID %d, running on %.*s:%.*s\n", (int)it->pid,
               STR_ARG(it->host), STR_ARG(it->port));
    else
        print_error("Failed to stop SuperTokens with PID %d, running on %.*s:%.*s", (int)it->pid,
                    STR_ARG(it->host), STR_ARG(it->port));
    return gone;
}

static bool reload_one(const struct instance *it)
{
    bool sent = kill(it->pid, SIGHUP) == 0;
    if (sent)
        printf("SuperTokens with PID %d, running on %.*s:%.*s, reads its configuration again; its log says "
               "how that went\n",
               (int)it->pid, STR_ARG(it->host), STR_ARG(it->port));
    else
        print_error("Failed to reload SuperTokens with PID %d, running on %.*s:%.*s", (int)it->pid,
                    STR_ARG(it->host), STR_ARG(it->port));
    return sent;
}

/* Does DO_IT to all running services, or to the one that --id names. */
static int each(const struct invocation *in, bool (*do_it)(const struct instance *), const char *when_failed)
{
    struct instances all;
    struct arena arena;
    size_t wanted = 0, done = 0;
    arena_init(&arena);
    instances_find(in, &arena, &all);
    for (size_t i = 0; i < all.n; i++)
        if (in->pid == 0 || in->pid == all.v[i].pid) {
            wanted++;
            done += do_it(&all.v[i]);
        }
    arena_free(&arena);
    if (all.n == 0) {
        puts("No SuperTokens instances are running.");
        return 0;
    }
    if (wanted == 0)
        return print_error("Unknown PID: %lld. Please use \"supertokens list\" to list all currently running "
                           "instances along with their PIDs",
                           (long long)in->pid);
    return done == wanted ? 0 : print_error("%s", when_failed);
}

int stop_run(const struct invocation *in)
{
    return each(in, stop_one, "Failed to stop all SuperTokens instances. Try again with root permissions.");
}

int reload_run(const struct invocation *in)
{
    return each(in, reload_one, "Try again with root permissions.");
}

int install_run(const struct invocation *in)
{
    (void)in;
    puts("SuperTokens is already installed.");
    return 0;
}

int uninstall_run(const struct invocation *in)
{
    struct instances all;
    struct arena arena;
    arena_init(&arena);
    instances_find(in, &arena, &all);
    arena_free(&arena);
    if (all.n > 0)
        return print_error("More than one SuperTokens instance is still running. Please run \"supertokens "
                           "stop\" and then run the uninstall command again.");
    return print_error(
        "SuperTokens is removed by what has installed it, such as: apt remove supertokens-fcgi");
}
