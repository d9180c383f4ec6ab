/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/verified_tokens.h"

#include <pthread.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SHARDS = 16,
    WAYS = 8, /* entries that a token may be in */
    SETS = VERIFIED_TOKENS / SHARDS / WAYS,
    SHARD_BYTES = VERIFIED_TOKENS_BYTES / SHARDS,
};

struct info {
    atomic_uint references; /* of the table and of requests that read it */
    size_t n;
    alignas(max_align_t) char bytes[];
};

struct entry {
    struct verified_token_id id;
    int64_t expires_ms;
    uint64_t used;     /* the shard's count when it was used last */
    struct info *info; /* NULL: empty */
};

struct shard {
    pthread_mutex_t lock;
    uint64_t uses;
    size_t bytes;
    unsigned hand; /* where making room continues */
    struct entry entries[SETS][WAYS];
};

struct verified_tokens {
    struct shard shards[SHARDS];
};

struct verified_tokens *verified_tokens_new(void)
{
    struct verified_tokens *v = calloc(1, sizeof *v);
    for (int i = 0; v && i < SHARDS; i++)
        pthread_mutex_init(&v->shards[i].lock, NULL);
    return v;
}

static void unref(void *object)
{
    struct info *info = object;
    if (atomic_fetch_sub_explicit(&info->references, 1, memory_order_acq_rel) != 1)
        return;
    sodium_memzero(info->bytes, info->n);
    free(info);
}

static void drop(struct shard *s, struct entry *e)
{
    if (!e->info)
        return;
    s->bytes -= e->info->n;
    unref(e->info);
    e->info = NULL;
}

void verified_tokens_free(struct verified_tokens *v)
{
    for (int i = 0; v && i < SHARDS; i++) {
        for (int set = 0; set < SETS; set++)
            for (int way = 0; way < WAYS; way++)
                drop(&v->shards[i], &v->shards[i].entries[set][way]);
        pthread_mutex_destroy(&v->shards[i].lock);
    }
    free(v);
}

/* Bytes of a SHA-256 are as good as random. */
static struct shard *shard_of(struct verified_tokens *v, const struct verified_token_id *id)
{
    return &v->shards[id->hash[0] % SHARDS];
}

static struct entry *set_of(struct shard *s, const struct verified_token_id *id)
{
    return s->entries[id->hash[1] % SETS];
}

static bool is_same(const struct verified_token_id *a, const struct verified_token_id *b)
{
    return a->scope == b->scope && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

bool verified_tokens_get(struct verified_tokens *v, struct arena *a, const struct verified_token_id *id,
                         int64_t now_ms, struct str *info)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(a, unref); /* may jump away: before the lock */
    struct shard *s = shard_of(v, id);
    struct entry *set = set_of(s, id);
    struct info *found = NULL;
    pthread_mutex_lock(&s->lock);
    for (int way = 0; way < WAYS && !found; way++) {
        struct entry *e = &set[way];
        if (!e->info || !is_same(&e->id, id))
            continue;
        if (e->expires_ms <= now_ms) {
            drop(s, e);
            break;
        }
        e->used = ++s->uses;
        found = e->info;
        atomic_fetch_add_explicit(&found->references, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&s->lock);
    slot->object = found;
    if (found)
        *info = (struct str){found->bytes, found->n};
    return found != NULL;
}

static void make_room(struct shard *s, size_t n)
{
    while (s->bytes + n > SHARD_BYTES) {
        drop(s, &s->entries[0][0] + s->hand);
        s->hand = (s->hand + 1) % (SETS * WAYS);
    }
}

/* The entry that holds ID already, an empty one, or the one used least recently. */
static struct entry *place_for(struct entry *set, const struct verified_token_id *id)
{
    struct entry *oldest = &set[0];
    for (int way = 0; way < WAYS; way++)
        if (set[way].info && is_same(&set[way].id, id))
            return &set[way];
    for (int way = 0; way < WAYS; way++) {
        if (!set[way].info)
            return &set[way];
        if (set[way].used < oldest->used)
            oldest = &set[way];
    }
    return oldest;
}

void verified_tokens_put(struct verified_tokens *v, const struct verified_token_id *id, int64_t expires_ms,
                         struct str info)
{
    struct info *copy = info.n <= VERIFIED_TOKEN_MAX ? malloc(sizeof *copy + info.n) : NULL;
    if (!copy)
        return; /* it is only a cache */
    atomic_init(&copy->references, 1);
    copy->n = info.n;
    if (info.n)
        memcpy(copy->bytes, info.p, info.n);
    struct shard *s = shard_of(v, id);
    pthread_mutex_lock(&s->lock);
    struct entry *e = place_for(set_of(s, id), id);
    drop(s, e);
    make_room(s, info.n);
    *e = (struct entry){.id = *id, .expires_ms = expires_ms, .used = ++s->uses, .info = copy};
    s->bytes += info.n;
    pthread_mutex_unlock(&s->lock);
}
