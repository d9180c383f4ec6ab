/* SPDX-License-Identifier: Apache-2.0
 *
 * What the master knows, for its files only: master.c (the loop, and what happens to children), reload.c and
 * upgrade.c.
 */
#ifndef ST_FCGI_MASTER_STATE_H
#define ST_FCGI_MASTER_STATE_H

#include "children.h"
#include "listener.h"
#include "notify.h"
#include "predecessor.h"
#include "started.h"
#include "startup.h"

struct shared;
struct sites;

enum {
    WORKERS_MAX = 1024,
    START_LIMIT_MS = 60 * 1000, /* for the new workers of a reload */
    END_MARGIN_MS = 5 * 1000,   /* for a child to notice that its drain is over */
};

enum phase {
    PHASE_STARTING, /* until all workers were ready once, and the predecessor, where there is one, let go */
    PHASE_SERVING,
    PHASE_ENDING,
    PHASE_HANDED_OVER, /* the successor serves; our workers finish what they have */
};

/* A place that is to be filled: one per worker, and the last one is that of the jobs process. */
struct slot {
    unsigned failures; /* in a row */
    int64_t start_ms;  /* when the next child is to be started; 0: there is one */
};

struct master {
    const struct options *options;
    const struct config *config;
    const struct sites *sites;
    struct shared *shared;
    struct listeners listeners;
    struct listener listener;
    struct notify notify;
    struct started started;
    int signal_fd;
    enum phase phase;
    int status; /* the process's exit status in the end */
    struct children children;
    struct slot slots[WORKERS_MAX + 1];
    unsigned workers, generation;
    int64_t next_watchdog_ms;
    /* A reload: the workers of the next generation start beside those of this one. */
    const struct config *next; /* NULL: no reload is under way */
    const struct sites *next_sites;
    int64_t reload_limit_ms;
    bool reload_wanted;
    /* An upgrade (upgrade.h). */
    char program[PATH_MAX];
    int64_t upgrade_limit_ms; /* 0: none is under way */
    bool upgrade_wanted;
    bool stand_in; /* handed over, and we stay: whoever started us watches this process */
    struct predecessor predecessor;
};

bool master_spawn(struct master *m, enum child_kind kind, unsigned slot, bool next);
void master_end(struct master *m, int status);
/* The time within which a child that was told to end must have done so. */
int64_t master_drain_limit(const struct master *m);
/* All workers are ready, and nobody else is the service. */
void master_started(struct master *m);

/* reload.c */
void reload_begin(struct master *m);
void reload_abort(struct master *m, const char *why);
void reload_finish(struct master *m);
void reload_forget(struct master *m);
bool reload_is_next(const struct master *m, const struct child *child);

#endif
