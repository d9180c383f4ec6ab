/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <sodium.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

enum {
    FIRST_BLOCK = 16 * 1024 - 64,
    DEFAULT_LIMIT = 64 * 1024 * 1024,
    ALIGNMENT = alignof(max_align_t),
};

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

_Noreturn void arena_out_of_memory(struct arena *a)
{
    if (a->recover)
        longjmp(*a->recover, 1);
    fputs("out of memory\n", stderr);
    abort();
}

static struct arena_block *add_block(struct arena *a, size_t at_least)
{
    size_t size = a->block ? a->block->size * 2 : FIRST_BLOCK;
    if (size < at_least)
        size = at_least;
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block)
        arena_out_of_memory(a);
    block->older = a->block;
    block->size = size;
    block->used = 0;
    a->block = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t limit = a->limit ? a->limit : DEFAULT_LIMIT;
    size_t rounded = size > limit ? size : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > limit || a->used > limit - rounded || fault_hits(FAULT_ALLOC))
        arena_out_of_memory(a);
    struct arena_block *block = a->block;
    if (!block || block->size - block->used < rounded)
        block = add_block(a, rounded);
    void *p = block->bytes + block->used;
    block->used += rounded;
    a->used += rounded;
    return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        arena_out_of_memory(a);
    return arena_zalloc(a, total);
}

struct arena_cleanup *arena_reserve_cleanup(struct arena *a, void (*release)(void *object))
{
    struct arena_cleanup *slot = arena_alloc(a, sizeof *slot);
    *slot = (struct arena_cleanup){.next = a->cleanup, .release = release};
    a->cleanup = slot;
    return slot;
}

void arena_on_reset(struct arena *a, void (*release)(void *object), void *object)
{
    arena_reserve_cleanup(a, release)->object = object;
}

static void run_cleanups(struct arena *a)
{
    while (a->cleanup) {
        struct arena_cleanup *slot = a->cleanup;
        a->cleanup = slot->next;
        if (slot->object)
            slot->release(slot->object);
    }
}

/* Requests carry passwords and tokens, so the bytes that were used are wiped before they serve another one.
 */
void arena_reset(struct arena *a)
{
    run_cleanups(a);
    while (a->block && (a->block->older || a->block->size > FIRST_BLOCK)) {
        struct arena_block *block = a->block;
        a->block = block->older;
        sodium_memzero(block->bytes, block->used);
        free(block);
    }
    if (a->block) {
        sodium_memzero(a->block->bytes, a->block->used);
        a->block->used = 0;
    }
    a->used = 0;
}

void arena_free(struct arena *a)
{
    arena_reset(a);
    free(a->block);
    a->block = NULL;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    struct str copy = arena_str(a, s);
    char *p = (char *)copy.p;
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    return copy;
}

struct str arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        n = 0;
    char *p = arena_alloc(a, (size_t)n + 1);
    p[0] = 0;
    (void)vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}

struct str arena_concat(struct arena *a, const struct str *parts, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(total, parts[i].n, &total))
            arena_out_of_memory(a);
    char *p = arena_alloc(a, total + 1), *end = p;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n)
            memcpy(end, parts[i].p, parts[i].n);
        end += parts[i].n;
    }
    *end = 0;
    return (struct str){p, total};
}
