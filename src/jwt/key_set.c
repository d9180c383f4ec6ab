/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt/key_set.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"

static atomic_uint_fast64_t last_serial;

/* The set, its pointers and its times are one block. */
struct key_set *key_set_new(size_t n)
{
    struct key_set *set = calloc(1, sizeof *set + n * (sizeof(void *) + sizeof(int64_t)));
    if (!set)
        return NULL;
    set->keys = (struct rsa_key **)(set + 1);
    set->created = (int64_t *)(set->keys + n);
    set->serial = atomic_fetch_add(&last_serial, 1) + 1;
    atomic_init(&set->references, 1);
    return set;
}

/* A set is constant for its readers; only the count of them changes. */
const struct key_set *key_set_ref(const struct key_set *set)
{
    if (set)
        atomic_fetch_add_explicit(&((struct key_set *)(uintptr_t)set)->references, 1, memory_order_relaxed);
    return set;
}

void key_set_unref(void *object)
{
    struct key_set *set = object;
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < set->ndynamic + set->nstatic; i++)
        rsa_key_unref(set->keys[i]);
    if (set->refresh_token_key.p) {
        char *secret = (char *)(uintptr_t)set->refresh_token_key.p;
        sodium_memzero(secret, set->refresh_token_key.n);
        free(secret);
    }
    free(set);
}

void key_set_add(struct key_set *set, struct rsa_key *key, bool dynamic)
{
    set->keys[set->ndynamic + set->nstatic] = key;
    if (dynamic)
        ((int64_t *)(uintptr_t)set->created)[set->ndynamic++] = key->created_at;
    else
        set->nstatic++;
}

bool key_set_keep_refresh_key(struct key_set *set, struct str key)
{
    char *copy = malloc(key.n + 1);
    if (!copy)
        return false;
    if (key.n)
        memcpy(copy, key.p, key.n);
    copy[key.n] = 0;
    set->refresh_token_key = (struct str){copy, key.n};
    return true;
}

/* Keys that were not changed are the same objects (key_store.c). */
bool key_set_equal(const struct key_set *a, const struct key_set *b)
{
    if (a->ndynamic != b->ndynamic || a->nstatic != b->nstatic ||
        !str_is(a->refresh_token_key, b->refresh_token_key))
        return false;
    for (size_t i = 0; i < a->ndynamic + a->nstatic; i++)
        if (a->keys[i] != b->keys[i])
            return false;
    return true;
}

static bool dynamic_keys_do(const struct key_set *set, const struct key_rules *rules, int64_t now,
                            enum key_demand demand)
{
    size_t live = key_count_live(set->created, set->ndynamic, now, rules);
    switch (demand) {
    case KEYS_FRESH:
        return !key_is_due(set->created, live, now, rules);
    case KEYS_SIGNING:
        return live > 0 && now < key_rotates_at(set->created[0], rules);
    case KEYS_LIVE:
        break;
    }
    return live > 0;
}

unsigned key_set_lacks(const struct key_set *set, const struct key_rules *rules, unsigned needs, int64_t now,
                       enum key_demand demand)
{
    unsigned lacks = 0;
    if ((needs & KEYS_DYNAMIC) && !dynamic_keys_do(set, rules, now, demand))
        lacks |= KEYS_DYNAMIC;
    if ((needs & KEYS_STATIC) && set->nstatic == 0)
        lacks |= KEYS_STATIC;
    if ((needs & KEYS_REFRESH) && !set->refresh_token_key.p)
        lacks |= KEYS_REFRESH;
    return lacks;
}

size_t key_set_live(const struct key_set *set, const struct key_rules *rules)
{
    return key_count_live(set->created, set->ndynamic, clock_now_ms(), rules);
}

const struct rsa_key *key_set_find(const struct key_set *set, const struct key_rules *rules, struct str kid)
{
    size_t live = key_set_live(set, rules);
    for (size_t i = 0; i < set->ndynamic + set->nstatic; i++)
        if (str_is(set->keys[i]->kid, kid) && (i < live || i >= set->ndynamic))
            return set->keys[i];
    return NULL;
}
