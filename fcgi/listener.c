/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "config/pg.h"
#include "db/hosts.h"
#include "db/statements.h"

enum {
    ATTEMPT_MS = 15 * 1000,
    FIRST_PAUSE_MS = 500,
    LONGEST_PAUSE_MS = 30 * 1000,
    BUMP_ALL_MS = 60 * 1000,
    CONNINFO_MAX = HOSTS_PARAMETERS_MAX + 8,
};

void listener_open(struct listener *l, struct generations *generations, const struct config *config)
{
    *l = (struct listener){.generations = generations, .config = config_ref(config), .resolve.fd = -1};
    l->due_ms = clock_monotonic_ms();
    l->bump_all_ms = l->due_ms + BUMP_ALL_MS;
}

static void disconnect(struct listener *l)
{
    resolve_stop(&l->resolve);
    PQfinish(l->pg);
    l->pg = NULL;
    l->state = LISTENER_WAITING;
}

void listener_close(struct listener *l)
{
    disconnect(l);
    config_free(l->config);
    l->config = NULL;
}

void listener_forget(struct listener *l)
{
    if (l->pg && PQsocket(l->pg) >= 0)
        close(PQsocket(l->pg));
    if (l->resolve.fd >= 0)
        close(l->resolve.fd);
}

void listener_reconfigure(struct listener *l, const struct config *config)
{
    disconnect(l);
    config_free(l->config);
    l->config = config_ref(config);
    l->failures = l->host = l->tried = 0;
    l->due_ms = clock_monotonic_ms();
}

/* WHY: NULL for libpq's own words, whose line breaks a log line turns into blanks. */
static void fail(struct listener *l, const char *why)
{
    if (!why)
        why = l->pg && *PQerrorMessage(l->pg) ? PQerrorMessage(l->pg) : "no answer";
    if (l->failures == 0 && l->tried + 1 >= l->hosts)
        LOG_WARN(NULL, "no news of other nodes until the database can be reached again: %s", why);
    disconnect(l);
    l->host++;
    if (++l->tried < l->hosts) { /* another one may be the primary */
        l->due_ms = clock_monotonic_ms();
        return;
    }
    l->tried = 0;
    int64_t pause = FIRST_PAUSE_MS << (l->failures < 6 ? l->failures : 6);
    double longest = pause < LONGEST_PAUSE_MS ? (double)pause : LONGEST_PAUSE_MS;
    l->failures++;
    l->due_ms = clock_monotonic_ms() + (int64_t)(longest * (0.5 + 0.5 * random_unit()));
}

static void start_connecting(struct listener *l, const struct db_host *one)
{
    const char *keywords[CONNINFO_MAX] = {NULL}, *values[CONNINFO_MAX] = {NULL};
    size_t n = 0;
    for (; one->keywords[n]; n++) {
        keywords[n] = one->keywords[n];
        values[n] = one->values[n];
    }
    keywords[n] = "application_name";
    values[n++] = "supertokens-fcgi listener";
    if (l->state == LISTENER_RESOLVING) {
        keywords[n] = "hostaddr"; /* host stays, for the server's certificate */
        values[n] = l->resolve.addresses;
    }
    l->pg = PQconnectStartParams(keywords, values, 0);
    l->state = LISTENER_CONNECTING;
    l->events = POLLOUT;
    if (!l->pg || PQstatus(l->pg) == CONNECTION_BAD)
        fail(l, NULL);
}

/* From LISTENER_WAITING, and again from LISTENER_RESOLVING. */
static void start_attempt(struct listener *l)
{
    struct config_pg_conninfo info;
    struct db_host one;
    bool ordered;
    if (config_pg_conninfo(l->config, CONFIG_PG_LISTEN, &info) != ST_OK) {
        fail(l, "out of memory");
        return;
    }
    l->hosts = db_hosts_count(info.keywords, info.values, &ordered);
    if (!db_hosts_pick(info.keywords, info.values, l->host, &one)) {
        fail(l, "the name of its host is too long");
    } else if (l->state == LISTENER_WAITING && !one.address[0] && resolve_needed(one.host)) {
        if (resolve_start(&l->resolve, one.host))
            l->state = LISTENER_RESOLVING;
        else
            fail(l, "no process can be started");
    } else {
        start_connecting(l, &one);
    }
    config_pg_conninfo_free(&info);
}

static void subscribe(struct listener *l)
{
    l->state = LISTENER_SUBSCRIBING;
    l->events = POLLIN;
    if (PQsetnonblocking(l->pg, 1) != 0 || !PQsendQuery(l->pg, statements[STMT_listen].text))
        fail(l, NULL);
    else if (PQflush(l->pg) > 0)
        l->events = POLLIN | POLLOUT;
}

static void go_on_connecting(struct listener *l)
{
    switch (PQconnectPoll(l->pg)) {
    case PGRES_POLLING_OK:
        subscribe(l);
        break;
    case PGRES_POLLING_READING:
        l->events = POLLIN;
        break;
    case PGRES_POLLING_WRITING:
        l->events = POLLOUT;
        break;
    default:
        fail(l, NULL);
    }
}

/* What was written while nobody listened is unknown, so everything counts as changed. */
static void subscribed(struct listener *l)
{
    l->state = LISTENER_LISTENING;
    generation_bump_all(l->generations);
    if (l->failures > 0)
        LOG_INFO(NULL, "news of other nodes arrive again");
    l->failures = l->tried = 0;
}

static void receive(struct listener *l, short revents)
{
    bool ok = !(revents & POLLOUT) || PQflush(l->pg) >= 0;
    l->events = POLLIN;
    if (!ok || !PQconsumeInput(l->pg)) {
        fail(l, NULL);
        return;
    }
    while (l->state == LISTENER_SUBSCRIBING && !PQisBusy(l->pg)) {
        PGresult *result = PQgetResult(l->pg);
        ok = !result || PQresultStatus(result) == PGRES_COMMAND_OK;
        bool done = !result;
        PQclear(result);
        if (!ok) {
            fail(l, NULL);
            return;
        }
        if (done)
            subscribed(l);
    }
    PGnotify *news;
    while ((news = PQnotifies(l->pg)) != NULL) {
        if (!generation_apply(l->generations, news->extra))
            generation_bump_all(l->generations); /* of a newer version of ours */
        PQfreemem(news);
    }
}

struct pollfd listener_poll(const struct listener *l)
{
    struct pollfd p = {.fd = -1, .events = l->events};
    if (l->state == LISTENER_RESOLVING)
        p = (struct pollfd){.fd = l->resolve.fd, .events = POLLIN};
    else if (l->pg)
        p.fd = PQsocket(l->pg);
    return p;
}

int64_t listener_due(const struct listener *l)
{
    if (!l->config)
        return INT64_MAX;
    return l->state == LISTENER_LISTENING || l->bump_all_ms < l->due_ms ? l->bump_all_ms : l->due_ms;
}

static void resolve_more(struct listener *l)
{
    enum resolve_state state = resolve_read(&l->resolve);
    if (state == RESOLVE_DONE) {
        start_attempt(l);
        resolve_stop(&l->resolve);
    } else if (state == RESOLVE_FAILED) {
        fail(l, "the name of its host cannot be resolved");
    }
}

static void time_has_come(struct listener *l, int64_t now)
{
    if (l->state == LISTENER_WAITING) {
        l->due_ms = now + ATTEMPT_MS;
        start_attempt(l);
    } else if (l->state != LISTENER_LISTENING) {
        fail(l, NULL);
    }
}

void listener_run(struct listener *l, short revents)
{
    int64_t now = clock_monotonic_ms();
    if (!l->config)
        return;
    if (now >= l->bump_all_ms) {
        generation_bump_all(l->generations);
        l->bump_all_ms = now + BUMP_ALL_MS;
    }
    if (revents && l->state == LISTENER_RESOLVING)
        resolve_more(l);
    else if (revents && l->state == LISTENER_CONNECTING)
        go_on_connecting(l);
    else if (revents && l->pg)
        receive(l, revents);
    if (now >= l->due_ms)
        time_has_come(l, now);
}
