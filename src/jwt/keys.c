/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt/keys.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/held.h"
#include "base/log.h"
#include "config/config.h"
#include "json/write.h"
#include "jwt/key_set.h"
#include "jwt/key_store.h"

enum {
    RELOAD_INTERVAL_MS = 1000, /* between reads because of tokens that cannot be verified */
    RETRY_INTERVAL_MS = 1000,  /* after a failed read, when there are old keys to go on with */
    PATIENCE_MS = 1000,        /* for another thread's read, when there are old keys to go on with */
    MAX_WAIT_MS = 10000,       /* the same when there are none, without a deadline of the request */
};

struct keyring {
    struct str app_id;
    struct generations *generations;
    struct key_stock *stock;
    unsigned slot;         /* of the app's generation */
    uint64_t owner;        /* of the sets that threads hold */
    _Atomic uint64_t sets; /* how many there have been */
    atomic_uint references;

    pthread_mutex_t lock; /* protects the rest */
    pthread_cond_t loaded;
    const struct key_set *set; /* NULL: not read yet */
    uint64_t generation;       /* that the set was read at */
    bool loading;              /* a thread is reading: others go on with a current set, or wait */
    int64_t reload_after_ms, retry_after_ms; /* monotonic */
};

struct keyring *keyring_new(struct str app_id, struct generations *generations, struct key_stock *stock)
{
    struct keyring *ring = calloc(1, sizeof *ring + app_id.n + 1);
    if (!ring)
        return NULL;
    char *name = (char *)(ring + 1);
    if (app_id.n)
        memcpy(name, app_id.p, app_id.n);
    ring->app_id = (struct str){name, app_id.n};
    ring->generations = generations;
    ring->stock = stock;
    ring->slot = generation_slot(app_id);
    ring->owner = held_owner();
    atomic_init(&ring->references, 1);
    pthread_mutex_init(&ring->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ring->loaded, &attr);
    pthread_condattr_destroy(&attr);
    return ring;
}

struct keyring *keyring_ref(struct keyring *ring)
{
    atomic_fetch_add_explicit(&ring->references, 1, memory_order_relaxed);
    return ring;
}

void keyring_unref(struct keyring *ring)
{
    if (!ring || atomic_fetch_sub_explicit(&ring->references, 1, memory_order_acq_rel) != 1)
        return;
    key_set_unref((void *)(uintptr_t)ring->set);
    pthread_cond_destroy(&ring->loaded);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

struct key_rules key_rules_of(const struct config *app)
{
    return (struct key_rules){.interval_ms = app->signing_key_update_interval_ms,
                              .access_validity_ms = app->access_token_validity_ms,
                              .legacy_is_dynamic = app->access_token_signing_key_dynamic};
}

static uint64_t generation_of(const struct keyring *ring)
{
    return generation_now(ring->generations, GENERATION_KEYS, ring->slot);
}

/* Changes with the generation and with the set. */
static uint64_t state_of(const struct keyring *ring, uint64_t generation)
{
    return generation * UINT64_C(0x9E3779B97F4A7C15) + atomic_load(&ring->sets);
}

struct view {
    const struct key_set *set; /* or NULL; referenced by the arena */
    uint64_t state;            /* for threads that hold the set: state_of the ring */
    bool current;              /* read after the last change that is known of */
    bool loading, failing;     /* being read just now; reading failed a moment ago */
};

static struct view look(struct ctx *c, struct keyring *ring)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, key_set_unref); /* before the lock */
    uint64_t generation = generation_of(ring);
    pthread_mutex_lock(&ring->lock);
    struct view v = {.set = key_set_ref(ring->set),
                     .state = state_of(ring, generation),
                     .current = ring->set && ring->generation == generation,
                     .loading = ring->loading,
                     .failing = clock_monotonic_ms() < ring->retry_after_ms};
    pthread_mutex_unlock(&ring->lock);
    slot->object = (void *)(uintptr_t)v.set;
    return v;
}

static void end_load(void *object)
{
    struct keyring *ring = object;
    pthread_mutex_lock(&ring->lock);
    ring->loading = false;
    pthread_cond_broadcast(&ring->loaded);
    pthread_mutex_unlock(&ring->lock);
}

/* Waits under the lock until another thread has put a new set in place or has given up; false: not in time.
 */
static bool wait_for_load(struct keyring *ring, int64_t until)
{
    struct timespec t = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    const struct key_set *set = ring->set;
    uint64_t generation = ring->generation;
    int err = 0;
    while (ring->loading && ring->set == set && ring->generation == generation && err == 0)
        err = pthread_cond_timedwait(&ring->loaded, &ring->lock, &t);
    return err == 0;
}

/* Makes this thread the one that reads: *SLOT ends that at the latest with the request, even if it runs out
 * of memory. Where another thread is reading, waits for that instead and leaves *SLOT NULL. USABLE: there are
 * keys to go on with when it takes long. */
static enum st_err begin_load(struct ctx *c, struct keyring *ring, bool usable, struct arena_cleanup **slot)
{
    struct arena_cleanup *end = arena_reserve_cleanup(c->arena, end_load); /* before the lock */
    int64_t now = clock_monotonic_ms();
    int64_t until = usable ? now + PATIENCE_MS : c->deadline_ms ? c->deadline_ms : now + MAX_WAIT_MS;
    bool in_time = true;
    pthread_mutex_lock(&ring->lock);
    bool mine = !ring->loading;
    if (mine) {
        ring->loading = true;
        end->object = ring;
    } else {
        in_time = wait_for_load(ring, until);
    }
    if (!in_time && usable)
        ring->retry_after_ms = until + RETRY_INTERVAL_MS;
    pthread_mutex_unlock(&ring->lock);
    *slot = mine ? end : NULL;
    return in_time || usable ? ST_OK
                             : ctx_fail(c, ST_UNAVAILABLE, "the signing keys could not be read in time");
}

static void install(struct keyring *ring, const struct key_set *set, uint64_t generation)
{
    const struct key_set *old = NULL;
    pthread_mutex_lock(&ring->lock);
    if (!ring->set || !key_set_equal(ring->set, set)) {
        old = ring->set;
        ring->set = key_set_ref(set);
        atomic_fetch_add(&ring->sets, 1);
    }
    ring->generation = generation;
    ring->retry_after_ms = 0;
    pthread_cond_broadcast(&ring->loaded);
    pthread_mutex_unlock(&ring->lock);
    key_set_unref((void *)(uintptr_t)old);
}

/* The generation is taken before reading: what changes meanwhile makes the set old at once. */
static enum st_err load(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                        const struct key_set **set, bool *legacy)
{
    uint64_t generation = generation_of(ring);
    ST_TRY(key_store_load(c, db, ring->app_id, rules, *set, set, legacy));
    install(ring, *set, generation);
    return ST_OK;
}

static enum st_err load_and_make(struct ctx *c, struct keyring *ring, struct db *db,
                                 const struct key_rules *rules, unsigned needs, const struct key_set *set)
{
    bool legacy, wrote;
    ST_TRY(load(c, ring, db, rules, &set, &legacy));
    unsigned lacks = key_set_lacks(set, rules, needs, clock_now_ms(), KEYS_FRESH);
    if (!lacks && !legacy)
        return ST_OK;
    if (c->lease) { /* what the caller may still roll back must not be used by others */
        LOG_ERROR(c, "signing keys must be made before the request's transaction begins");
        return ctx_fail(c, ST_INTERNAL, "internal error");
    }
    ST_TRY(key_store_make(c, db, ring->app_id, rules, ring->stock, lacks, &wrote));
    if (wrote)
        generation_bump(ring->generations, GENERATION_KEYS, ring->slot);
    return load(c, ring, db, rules, &set, &legacy);
}

/* Reads the keys, or waits until another thread has read them (*MINE is false then). USABLE: OLD would do. */
static enum st_err refresh(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                           unsigned needs, const struct key_set *old, bool usable, bool *mine)
{
    struct arena_cleanup *slot;
    ST_TRY(begin_load(c, ring, usable, &slot));
    *mine = slot != NULL;
    if (!slot)
        return ST_OK;
    enum st_err err = load_and_make(c, ring, db, rules, needs, old);
    if (err) {
        pthread_mutex_lock(&ring->lock);
        ring->retry_after_ms = clock_monotonic_ms() + RETRY_INTERVAL_MS;
        pthread_mutex_unlock(&ring->lock);
    }
    slot->object = NULL;
    end_load(ring);
    return err;
}

/* While another thread reads, what may still sign does; not so after news of a change or the end of the
 * newest key's time: other nodes may sign with a key that this set does not have. */
static bool may_go_on(const struct view *v, const struct key_rules *rules, unsigned needs, int64_t now)
{
    return v->failing ||
           (v->loading && v->current && !key_set_lacks(v->set, rules, needs, now, KEYS_SIGNING));
}

/* The set that this thread was given before, while it is the current one: no lock is taken. */
static const struct key_set *held_set(struct ctx *c, struct keyring *ring, const struct key_rules *rules,
                                      unsigned needs)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, key_set_unref);
    const struct key_set *set = held_find(ring->owner, 0, state_of(ring, generation_of(ring)));
    if (!set || key_set_lacks(set, rules, needs, clock_now_ms(), KEYS_FRESH))
        return NULL;
    slot->object = (void *)(uintptr_t)key_set_ref(set);
    return set;
}

static void hold(struct keyring *ring, const struct view *v)
{
    held_keep(ring->owner, 0, v->state, (void *)(uintptr_t)key_set_ref(v->set), key_set_unref);
}

enum st_err keys_current(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                         unsigned needs, const struct key_set **out)
{
    *out = held_set(c, ring, rules, needs);
    if (*out)
        return ST_OK;
    for (bool mine = false;;) {
        struct view v = look(c, ring);
        int64_t now = clock_now_ms();
        bool usable = v.set && !key_set_lacks(v.set, rules, needs, now, KEYS_LIVE);
        bool good = usable && v.current && !key_set_lacks(v.set, rules, needs, now, KEYS_FRESH);
        if (good)
            hold(ring, &v);
        if (good || (usable && (mine || may_go_on(&v, rules, needs, now)))) {
            *out = v.set;
            return ST_OK;
        }
        if (mine) {
            (void)ctx_fail(c, ST_INTERNAL, "a stored signing key cannot be used");
            return ST_INTERNAL;
        }
        enum st_err err = refresh(c, ring, db, rules, needs, v.set, usable, &mine);
        if (err && !usable)
            return err;
        if (err) {
            LOG_WARN(c, "signing keys could not be read; the ones known so far stay in use");
            *out = v.set;
            return ST_OK;
        }
    }
}

static bool may_reload(struct keyring *ring)
{
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&ring->lock);
    bool may = now >= ring->reload_after_ms;
    if (may)
        ring->reload_after_ms = now + RELOAD_INTERVAL_MS;
    pthread_mutex_unlock(&ring->lock);
    return may;
}

enum st_err keys_reload(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                        const struct key_set **set)
{
    bool mine;
    if (may_reload(ring))
        ST_TRY(refresh(c, ring, db, rules, 0, *set, true, &mine));
    *set = look(c, ring).set; /* also when another thread has read it in the meantime */
    return ST_OK;
}

enum st_err keys_for_signing(struct ctx *c, struct keyring *ring, struct db *db,
                             const struct key_rules *rules, bool dynamic, const struct rsa_key **out)
{
    const struct key_set *set;
    ST_TRY(keys_current(c, ring, db, rules, dynamic ? KEYS_DYNAMIC : KEYS_STATIC, &set));
    size_t live = key_set_live(set, rules);
    size_t at = dynamic ? key_choose(set->created, live ? live : 1, clock_now_ms(), rules) : set->ndynamic;
    *out = set->keys[at];
    return ST_OK;
}

enum st_err keys_find(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                      struct str kid, const struct rsa_key **out)
{
    const struct key_set *set;
    ST_TRY(keys_current(c, ring, db, rules, 0, &set));
    *out = key_set_find(set, rules, kid);
    if (!*out) {
        ST_TRY(keys_reload(c, ring, db, rules, &set));
        *out = key_set_find(set, rules, kid);
    }
    return ST_OK;
}

enum st_err keys_refresh_token_key(struct ctx *c, struct keyring *ring, struct db *db,
                                   const struct key_rules *rules, struct str *out)
{
    const struct key_set *set;
    ST_TRY(keys_current(c, ring, db, rules, KEYS_REFRESH, &set));
    *out = set->refresh_token_key;
    return ST_OK;
}

enum st_err keys_jwks_json(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                           struct str *json, int64_t *max_age_s)
{
    const struct key_set *set;
    ST_TRY(keys_current(c, ring, db, rules, KEYS_DYNAMIC | KEYS_STATIC, &set));
    size_t live = key_set_live(set, rules);
    struct json_out j = json_out(c->arena);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < set->ndynamic + set->nstatic; i++)
        if (i < live || i >= set->ndynamic)
            json_add_raw(&j, NULL, set->keys[i]->jwk);
    json_close(&j, ']');
    *json = json_done(&j);
    *max_age_s = key_set_max_age(set->created[0], clock_now_ms(), rules);
    return ST_OK;
}

enum st_err keys_rotate(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                        bool at_once, int64_t *created)
{
    ST_TRY(key_store_rotate(c, db, ring->app_id, rules, ring->stock, at_once, created));
    generation_bump(ring->generations, GENERATION_KEYS, ring->slot);
    return ST_OK;
}

enum st_err keys_delete_expired(struct ctx *c, struct db *db, struct str app_id,
                                const struct key_rules *rules)
{
    const PGresult *result;
    return DB_RUN(c, db, &result, STMT_keys_dynamic_expire, db_str(app_id),
                  db_i64(key_keep_since(clock_now_ms(), rules)));
}
