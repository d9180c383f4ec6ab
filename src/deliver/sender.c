/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread owns everything here but the wake counters, "stopping" and "seen".
 */
#include "deliver/sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "db/schema.h"
#include "deliver/flight.h"
#include "deliver/row.h"
#include "tenancy/all_databases.h"

enum {
    STACK_BYTES = 512 * 1024,
    TICK_MS = 250,   /* how often the wake counters are looked at */
    EAGER_MS = 3000, /* for so long after a wake the row may still be uncommitted */
    LOOK_MS = 1000,
    LOOK_MORE_MS = 10000, /* by itself, in the base database and in others */
    LIST_MS = 60 * 1000,  /* how often the databases are listed */
    DATABASE_LIMIT_MS = 5000,
    PAUSE_MS = 1000, /* after a failure of a database */
    WARN_MS = 60 * 1000,
};

/* A database. They are never closed before the process ends. */
struct place {
    struct db *db;
    const struct config *config;
    unsigned slot;
    uint64_t seen; /* of the wake counter */
    int64_t look_ms, eager_until_ms;
    bool ready;  /* has our table */
    bool behind; /* there was more than could be taken */
    bool failing;
};

/* A site's mail, or one of its webhooks. */
struct target {
    const struct site *site;
    const struct site_webhook *webhook;
    struct str name;
    unsigned class, busy;
    int64_t warned_ms;
    unsigned unsaid; /* failures since then */
};

struct slot {
    struct flight flight;
    struct place *place;
    struct target *target;
    int64_t taken_ms;
    enum { IDLE, FLYING, LANDED } state;
};

struct sender {
    struct tenancy *tenancy;
    const struct sites *sites;
    struct deliver_wake *wake;
    struct flight_common common;
    pthread_t thread;
    atomic_bool stopping;
    _Atomic int64_t seen_ms;
    CURLM *multi;
    struct arena arena, names; /* of one step; of the targets' names */
    struct target *targets;
    size_t ntargets, first_target; /* the list is begun at another one each time */
    unsigned busy[FLIGHT_CLASSES];
    struct slot slots[FLIGHTS_MAX];
    struct place places[ALL_DATABASES_MAX];
    size_t nplaces;
    int64_t list_ms;
    uint64_t strangers[DELIVER_WAKE_SLOTS]; /* the counters when the databases were listed */
};

static struct ctx new_ctx(struct sender *s)
{
    return (struct ctx){.arena = &s->arena, .deadline_ms = clock_monotonic_ms() + DATABASE_LIMIT_MS};
}

/* ---- databases ---- */

static void add_place(struct sender *s, const struct tenant *t)
{
    for (size_t i = 0; i < s->nplaces; i++)
        if (s->places[i].db == t->db)
            return;
    if (s->nplaces == ALL_DATABASES_MAX)
        return;
    s->places[s->nplaces++] = (struct place){
        .db = t->db,
        .config = config_ref(t->config),
        .slot = deliver_wake_slot(t->config),
        .ready = t->db == tenancy_base_db(s->tenancy), /* the master has seen to it */
    };
}

static bool is_known_slot(const struct sender *s, unsigned slot)
{
    for (size_t i = 0; i < s->nplaces; i++)
        if (s->places[i].slot == slot)
            return true;
    return false;
}

/* Something was written into a database that we do not know yet. */
static bool has_stranger(struct sender *s)
{
    bool found = false;
    for (unsigned i = 0; i < DELIVER_WAKE_SLOTS; i++) {
        uint64_t now = atomic_load_explicit(&s->wake->written[i], memory_order_acquire);
        found |= now != s->strangers[i] && !is_known_slot(s, i);
        s->strangers[i] = now;
    }
    return found;
}

static void list_places(struct sender *s)
{
    struct ctx c = new_ctx(s);
    int64_t now = clock_monotonic_ms();
    bool stranger = has_stranger(s);
    if (now < s->list_ms && !stranger)
        return;
    struct all_databases *found = ARENA_NEW(c.arena, struct all_databases);
    enum st_err err = tenancy_all_databases(&c, s->tenancy, found);
    for (size_t i = 0; i < found->n; i++)
        add_place(s, found->v[i]);
    s->list_ms = now + (err ? PAUSE_MS : LIST_MS);
}

static void note_failure(struct ctx *c, struct place *p, enum st_err err)
{
    if (err && !p->failing)
        LOG_ERROR(c, "mails and webhooks wait for their database: %.*s", STR_ARG(c->message));
    else if (!err && p->failing)
        LOG_INFO(c, "mails and webhooks go on");
    p->failing = err != ST_OK;
}

/* ---- taking ---- */

static size_t list_wishes(struct sender *s, unsigned class, struct queue_wish *wishes)
{
    size_t n = 0;
    for (size_t i = 0; i < s->ntargets; i++) {
        const struct target *t = &s->targets[(s->first_target + i) % s->ntargets];
        if (t->class == class && t->busy < flight_classes[class].of_target)
            wishes[n++] =
                (struct queue_wish){t->site->name, t->name, flight_classes[class].of_target - t->busy};
    }
    return n;
}

static struct target *find_target(struct sender *s, const struct queue_item *item)
{
    for (size_t i = 0; i < s->ntargets; i++)
        if (str_is(s->targets[i].name, item->target) && str_is(s->targets[i].site->name, item->site))
            return &s->targets[i];
    return NULL;
}

static struct slot *find_idle(struct sender *s)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        if (s->slots[i].state == IDLE)
            return &s->slots[i];
    return NULL;
}

static void start(struct sender *s, struct place *p, const struct queue_item *item)
{
    struct target *t = find_target(s, item);
    struct slot *slot = find_idle(s);
    if (!t || !slot) /* cannot be; its lease will end */
        return;
    slot->place = p;
    slot->target = t;
    slot->taken_ms = clock_monotonic_ms();
    slot->flight.site = t->site;
    slot->flight.webhook = t->webhook;
    t->busy++;
    s->busy[t->class]++;
    bool flies = flight_begin(&slot->flight, &s->common, item);
    if (flies && curl_multi_add_handle(s->multi, slot->flight.easy) != CURLM_OK) {
        flight_end(&slot->flight, CURLE_OUT_OF_MEMORY);
        flies = false;
    }
    slot->state = flies ? FLYING : LANDED;
}

static bool is_full(const struct sender *s)
{
    for (unsigned i = 0; i < FLIGHT_CLASSES; i++)
        if (s->busy[i] == flight_classes[i].in_all)
            return true;
    for (size_t i = 0; i < s->ntargets; i++)
        if (s->targets[i].busy == flight_classes[s->targets[i].class].of_target)
            return true;
    return false;
}

static enum st_err take_from(struct sender *s, struct ctx *c, struct place *p, size_t *taken)
{
    struct queue_wish *wishes = ARENA_ARRAY(c->arena, s->ntargets, struct queue_wish);
    *taken = 0;
    if (!p->ready)
        ST_TRY(schema_prepare_now(c, p->config));
    p->ready = true;
    for (unsigned class = 0; class < FLIGHT_CLASSES; class ++) {
        struct queue_item *items;
        size_t n = 0, nwishes = list_wishes(s, class, wishes);
        size_t most = flight_classes[class].in_all - s->busy[class];
        if (nwishes > 0 && most > 0)
            ST_TRY(queue_take(c, p->db, wishes, nwishes, most, &items, &n));
        for (size_t i = 0; i < n; i++)
            start(s, p, &items[i]);
        *taken += n;
    }
    return ST_OK;
}

static void look(struct sender *s, struct place *p)
{
    struct ctx c = new_ctx(s);
    size_t taken;
    enum st_err err = take_from(s, &c, p, &taken);
    int64_t now = clock_monotonic_ms();
    note_failure(&c, p, err);
    s->first_target = (s->first_target + 1) % s->ntargets;
    p->behind = taken > 0 && is_full(s);
    p->look_ms = now + (err                       ? PAUSE_MS
                        : taken > 0 && !p->behind ? 0
                        : now < p->eager_until_ms ? TICK_MS
                        : p == s->places          ? LOOK_MS
                                                  : LOOK_MORE_MS);
}

static void look_where_due(struct sender *s)
{
    for (size_t i = 0; i < s->nplaces; i++) {
        struct place *p = &s->places[i];
        int64_t now = clock_monotonic_ms();
        uint64_t written = atomic_load_explicit(&s->wake->written[p->slot], memory_order_acquire);
        if (written != p->seen) {
            p->seen = written;
            p->eager_until_ms = now + EAGER_MS;
            if (!p->failing)
                p->look_ms = now;
        }
        if (now >= p->look_ms)
            look(s, p);
        arena_reset(&s->arena);
    }
}

/* ---- ending ---- */

/* Failures that follow soon upon one that was told are only counted; what is given up is always told. */
static void tell_failure(struct slot *slot)
{
    struct target *t = slot->target;
    const struct flight *f = &slot->flight;
    int64_t now = clock_monotonic_ms();
    struct str why = f->result.why;
    if (f->result.outcome == QUEUE_GIVE_UP) {
        LOG_ERROR(&f->c, "site %.*s, %.*s: delivery %lld (%.*s) was given up, attempt %lld: %.*s",
                  STR_ARG(t->site->name), STR_ARG(t->name), (long long)f->item.id,
                  STR_ARG(f->item.message_id), (long long)f->item.attempts, STR_ARG(why));
    } else if (t->warned_ms && now - t->warned_ms < WARN_MS) {
        t->unsaid++;
    } else {
        char more[64] = "";
        if (t->unsaid)
            snprintf(more, sizeof more, "; %u others failed since the last message", t->unsaid);
        LOG_WARN(&f->c, "site %.*s, %.*s: delivery %lld (%.*s) will be tried again, attempt %lld: %.*s%s",
                 STR_ARG(t->site->name), STR_ARG(t->name), (long long)f->item.id, STR_ARG(f->item.message_id),
                 (long long)f->item.attempts, STR_ARG(why), more);
        t->warned_ms = now;
        t->unsaid = 0;
    }
}

static void collect_landed(struct sender *s)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left)) != NULL;) {
        struct flight *f = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f) != CURLE_OK ||
            !f)
            continue;
        (void)curl_multi_remove_handle(s->multi, f->easy);
        flight_end(f, code);
        ((struct slot *)f)->state = LANDED; /* its first member */
    }
}

static void release(struct sender *s, struct slot *slot)
{
    struct place *p = slot->place;
    slot->target->busy--;
    s->busy[slot->target->class]--;
    flight_clear(&slot->flight);
    slot->state = IDLE;
    if (!p->failing)
        p->look_ms = 0; /* the same user or target may have more */
    for (size_t i = 0; i < s->nplaces; i++)
        if (s->places[i].behind)
            s->places[i].look_ms = 0;
}

static void settle(struct sender *s, struct place *p)
{
    struct ctx c = new_ctx(s);
    struct queue_result *results = ARENA_ARRAY(c.arena, FLIGHTS_MAX, struct queue_result);
    struct slot *landed[FLIGHTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        if (s->slots[i].state == LANDED && s->slots[i].place == p) {
            landed[n] = &s->slots[i];
            results[n++] = s->slots[i].flight.result;
        }
    if (n == 0 || (p->failing && clock_monotonic_ms() < p->look_ms))
        return;
    enum st_err err = queue_settle(&c, p->db, results, n);
    note_failure(&c, p, err);
    if (err)
        p->look_ms = clock_monotonic_ms() + PAUSE_MS;
    for (size_t i = 0; i < n; i++) {
        if (err && clock_monotonic_ms() < landed[i]->taken_ms + QUEUE_LEASE_MS)
            continue;
        if (landed[i]->flight.result.outcome != QUEUE_DONE)
            tell_failure(landed[i]);
        release(s, landed[i]);
    }
}

static void settle_all(struct sender *s)
{
    for (size_t i = 0; i < s->nplaces; i++) {
        settle(s, &s->places[i]);
        arena_reset(&s->arena);
    }
}

/* ---- the thread ---- */

static bool is_idle(const struct sender *s)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        if (s->slots[i].state != IDLE)
            return false;
    return true;
}

static int wait_ms(const struct sender *s)
{
    int64_t now = clock_monotonic_ms(), until = now + TICK_MS;
    for (size_t i = 0; i < s->nplaces && !atomic_load(&s->stopping); i++)
        if (s->places[i].look_ms < until)
            until = s->places[i].look_ms;
    return until > now ? (int)(until - now) : 0;
}

/* One time round. The arena is this thread's own, so memory that runs out costs only this round. */
static void go_round(struct sender *s)
{
    jmp_buf out_of_memory;
    int running;
    atomic_store(&s->seen_ms, clock_monotonic_ms());
    if (setjmp(out_of_memory) == 0) {
        s->arena.recover = &out_of_memory;
        (void)curl_multi_perform(s->multi, &running);
        collect_landed(s);
        settle_all(s);
        if (!atomic_load(&s->stopping)) {
            list_places(s);
            arena_reset(&s->arena);
            look_where_due(s);
        }
    } else {
        LOG_ERROR(NULL, "out of memory while mails and webhooks were sent");
    }
    s->arena.recover = NULL;
    arena_reset(&s->arena);
    (void)curl_multi_poll(s->multi, NULL, 0, wait_ms(s), NULL);
}

/* The next one who looks takes them at once. */
static void abort_flights(struct sender *s)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        struct slot *slot = &s->slots[i];
        if (slot->state != FLYING)
            continue;
        (void)curl_multi_remove_handle(s->multi, slot->flight.easy);
        slot->flight.result = (struct queue_result){.id = slot->flight.item.id,
                                                    .attempts = slot->flight.item.attempts,
                                                    .outcome = QUEUE_RETRY,
                                                    .why = STR("the service was stopped meanwhile")};
        slot->state = LANDED;
    }
}

static void *sender_main(void *object)
{
    struct sender *s = object;
    (void)pthread_setname_np(pthread_self(), "sender");
    log_thread_name("sender");
    while (!atomic_load(&s->stopping))
        go_round(s);
    /* What is left of the time is for the database. */
    int64_t end = clock_monotonic_ms() + (int64_t)s->common.config->fcgi_drain_timeout * 3 / 4;
    while (!is_idle(s) && clock_monotonic_ms() < end)
        go_round(s);
    abort_flights(s);
    go_round(s);
    return NULL;
}

/* ---- beginning and end ---- */

static bool list_targets(struct sender *s)
{
    size_t n = 0;
    for (size_t i = 0; i < sites_count(s->sites); i++)
        n += 1 + sites_at(s->sites, i)->nwebhooks;
    s->targets = calloc(n ? n : 1, sizeof *s->targets);
    if (!s->targets)
        return false;
    for (size_t i = 0; i < sites_count(s->sites); i++) {
        const struct site *site = sites_at(s->sites, i);
        s->targets[s->ntargets++] = (struct target){.site = site, .name = DELIVER_TARGET_MAIL};
        for (size_t w = 0; w < site->nwebhooks; w++)
            s->targets[s->ntargets++] = (struct target){
                .site = site,
                .webhook = &site->webhooks[w],
                .name = deliver_webhook_target(&s->names, &site->webhooks[w]),
                .class = FLIGHT_WEBHOOK,
            };
    }
    return true;
}

static bool open_curl(struct sender *s)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(s->multi = curl_multi_init()) ||
        !(s->common.authorities = outgoing_authorities(s->common.config)))
        return false;
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        arena_init(&s->slots[i].flight.arena);
        if (!(s->slots[i].flight.easy = curl_easy_init()))
            return false;
    }
    return true;
}

static void free_sender(struct sender *s)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        if (s->slots[i].flight.easy) {
            flight_clear(&s->slots[i].flight);
            arena_free(&s->slots[i].flight.arena);
            curl_easy_cleanup(s->slots[i].flight.easy);
        }
    if (s->multi)
        (void)curl_multi_cleanup(s->multi);
    X509_STORE_free(s->common.authorities);
    curl_global_cleanup();
    for (size_t i = 0; i < s->nplaces; i++)
        config_free(s->places[i].config);
    arena_free(&s->arena);
    arena_free(&s->names);
    free(s->targets);
    free(s);
}

struct sender *sender_start(struct tenancy *tenancy, const struct sites *sites, struct deliver_wake *wake)
{
    struct sender *s = calloc(1, sizeof *s);
    pthread_attr_t attributes;
    if (!s)
        return NULL;
    s->tenancy = tenancy;
    s->sites = sites;
    s->wake = wake;
    s->common.config = tenancy_base_config(tenancy);
    arena_init(&s->arena);
    arena_init(&s->names);
    int err = list_targets(s) && open_curl(s) ? pthread_attr_init(&attributes) : ENOMEM;
    if (!err) {
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        err = pthread_create(&s->thread, &attributes, sender_main, s);
        (void)pthread_attr_destroy(&attributes);
    }
    if (!err)
        return s;
    LOG_ERROR(NULL, "mails and webhooks cannot be sent: %s", strerror(err));
    free_sender(s);
    return NULL;
}

void sender_stop(struct sender *s)
{
    if (!s)
        return;
    atomic_store(&s->stopping, true);
    (void)curl_multi_wakeup(s->multi);
    (void)pthread_join(s->thread, NULL);
    free_sender(s);
}

int64_t sender_seen_ms(const struct sender *s)
{
    return atomic_load(&s->seen_ms);
}
