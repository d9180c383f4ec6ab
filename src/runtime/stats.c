/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats.h"

#include <errno.h>
#include <stdio.h>

int stats_init(struct stats *s)
{
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    int err = pthread_mutex_init(&s->lock, &a);
    pthread_mutexattr_destroy(&a);
    return err;
}

static void lock(struct stats *s)
{
    if (pthread_mutex_lock(&s->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&s->lock);
}

static bool make_name(struct str cud, struct str app, char out[STATS_NAME])
{
    int n = snprintf(out, STATS_NAME, "%.*s|%.*s", STR_ARG(cud), STR_ARG(app));
    return n > 0 && n < STATS_NAME;
}

static struct stats_app *find(struct stats *s, const char *name)
{
    for (int i = 0; i < STATS_APPS; i++)
        if (strcmp(s->apps[i].name, name) == 0)
            return &s->apps[i];
    return NULL;
}

static struct stats_app *oldest(struct stats *s)
{
    struct stats_app *best = &s->apps[0];
    for (int i = 0; i < STATS_APPS; i++) {
        if (!s->apps[i].name[0])
            return &s->apps[i];
        if (s->apps[i].last_second < best->last_second)
            best = &s->apps[i];
    }
    return best;
}

static void count_in(struct stats_app *a, int64_t second)
{
    int64_t minute = second / 60;
    __typeof__(&a->slots[0]) slot = &a->slots[minute % (STATS_MINUTES + 1)];
    if (slot->minute != minute) {
        slot->minute = minute;
        slot->count = slot->peak = 0;
    }
    if (a->last_second != second) {
        a->last_second = second;
        a->in_second = 0;
    }
    a->in_second++;
    slot->count++;
    if (slot->peak < a->in_second)
        slot->peak = a->in_second;
}

void stats_count(struct stats *s, struct str cud, struct str app, int64_t now_ms)
{
    char name[STATS_NAME];
    if (!make_name(cud, app, name))
        return;
    lock(s);
    struct stats_app *a = find(s, name);
    if (!a) {
        a = oldest(s);
        memset(a, 0, sizeof *a);
        memcpy(a->name, name, sizeof a->name);
        a->first_minute = now_ms / 60000;
    }
    count_in(a, now_ms / 1000);
    pthread_mutex_unlock(&s->lock);
}

void stats_read(struct stats *s, struct str cud, struct str app, int64_t now_ms, struct stats_report *out)
{
    char name[STATS_NAME];
    out->at_minute = now_ms / 60000;
    lock(s);
    const struct stats_app *a = make_name(cud, app, name) ? find(s, name) : NULL;
    for (int i = 0; i < STATS_MINUTES; i++) {
        int64_t minute = out->at_minute - STATS_MINUTES + i;
        out->average[i] = -1;
        out->peak[i] = -1;
        if (!a || minute < a->first_minute)
            continue;
        __typeof__(&a->slots[0]) slot = &a->slots[minute % (STATS_MINUTES + 1)];
        bool counted = slot->minute == minute;
        out->average[i] = counted ? slot->count / 60.0 : 0;
        out->peak[i] = counted ? (int32_t)slot->peak : 0;
    }
    pthread_mutex_unlock(&s->lock);
}
