/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/documents.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

struct text {
    atomic_uint references;
    size_t n;
    char bytes[];
};

struct document {
    char *url;
    size_t url_n;
    uint64_t hash;
    struct text *text; /* NULL: asked for, nothing came yet */
    int64_t fetched_ms, asked_ms, used_ms;
};

struct documents {
    pthread_mutex_t lock;
    struct document *v;
    size_t n, bytes;
};

static void text_unref(void *object)
{
    struct text *t = object;
    if (t && atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) == 1)
        free(t);
}

static void release(const struct document *e)
{
    text_unref(e->text);
    free(e->url);
}

static void forget(struct documents *d, struct document *e)
{
    /* Every entry has a reference of its own, which the analyzer loses sight of when entries move. */
    d->bytes -= e->url_n + (e->text ? e->text->n : 0); /* NOLINT(clang-analyzer-unix.Malloc) */
    release(e);
    *e = d->v[--d->n];
}

struct documents *documents_new(void)
{
    struct documents *d = calloc(1, sizeof *d);
    if (d && pthread_mutex_init(&d->lock, NULL) != 0) {
        free(d);
        return NULL;
    }
    return d;
}

void documents_free(struct documents *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++)
        release(&d->v[i]);
    free(d->v);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}

static struct document *find(struct documents *d, struct str url)
{
    uint64_t hash = str_hash(url, 0);
    for (size_t i = 0; i < d->n; i++) {
        struct document *e = &d->v[i];
        if (e->hash == hash && str_is(url, (struct str){e->url, e->url_n}))
            return e;
    }
    return NULL;
}

/* Makes room for EXTRA bytes and one document more. */
static void make_room(struct documents *d, size_t extra)
{
    while (d->n == DOCUMENTS_MAX || (d->n && d->bytes + extra > DOCUMENTS_BYTES_MAX)) {
        struct document *oldest = &d->v[0];
        for (size_t i = 1; i < d->n; i++)
            if (d->v[i].used_ms < oldest->used_ms)
                oldest = &d->v[i];
        forget(d, oldest);
    }
}

/* NULL: out of memory. */
static struct document *find_or_add(struct documents *d, struct str url)
{
    struct document *e = find(d, url);
    if (e)
        return e;
    if (!d->v && !(d->v = calloc(DOCUMENTS_MAX, sizeof d->v[0])))
        return NULL;
    char *copy = malloc(url.n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, url.p, url.n);
    make_room(d, url.n);
    d->bytes += url.n;
    e = &d->v[d->n++];
    *e = (struct document){.url = copy, .url_n = url.n, .hash = str_hash(url, 0)};
    return e;
}

struct str documents_get(struct documents *d, struct arena *a, struct str url, int64_t *age_ms)
{
    int64_t now = clock_monotonic_ms();
    struct text *text = NULL;
    struct arena_cleanup *slot = arena_reserve_cleanup(a, text_unref);
    pthread_mutex_lock(&d->lock);
    struct document *e = find(d, url);
    if (e && e->text) {
        e->used_ms = now;
        *age_ms = now - e->fetched_ms;
        text = e->text;
        atomic_fetch_add_explicit(&text->references, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&d->lock);
    slot->object = text;
    return text ? (struct str){text->bytes, text->n} : STR_NONE;
}

void documents_put(struct documents *d, struct str url, struct str content)
{
    struct text *text = content.n <= DOCUMENT_MAX ? malloc(sizeof *text + content.n + 1) : NULL;
    if (!text)
        return;
    atomic_init(&text->references, 1);
    text->n = content.n;
    memcpy(text->bytes, content.p, content.n);
    text->bytes[content.n] = 0;
    pthread_mutex_lock(&d->lock);
    struct document *e = find(d, url);
    if (e) /* its old text gives its place back first */
        forget(d, e);
    make_room(d, url.n + content.n);
    e = find_or_add(d, url);
    if (e) {
        e->fetched_ms = e->asked_ms = e->used_ms = clock_monotonic_ms();
        e->text = text;
        d->bytes += content.n;
    } else {
        text_unref(text);
    }
    pthread_mutex_unlock(&d->lock);
}

bool documents_claim(struct documents *d, struct str url, int64_t interval_ms)
{
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&d->lock);
    struct document *e = find_or_add(d, url);
    bool due = !e || e->asked_ms == 0 || now - e->asked_ms >= interval_ms;
    if (e && due)
        e->asked_ms = e->used_ms = now;
    pthread_mutex_unlock(&d->lock);
    return due;
}
