/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/internal.h"

struct config_chunk {
    struct config_chunk *next;
    size_t used, size;
    max_align_t bytes[];
};

enum { CHUNK = 192 }; /* most derived configurations need a few short strings */

void *config_memory_get(struct config_chunk **memory, size_t size)
{
    size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    struct config_chunk *chunk = *memory;
    if (!chunk || chunk->size - chunk->used < size) {
        /* Later chunks are larger: a file has some kilobytes of values. */
        size_t room = chunk ? 4 * CHUNK : CHUNK;
        if (room < size)
            room = size;
        struct config_chunk *fresh = malloc(sizeof *fresh + room);
        if (!fresh)
            return NULL;
        *fresh = (struct config_chunk){.next = chunk, .size = room};
        *memory = chunk = fresh;
    }
    void *at = (char *)chunk->bytes + chunk->used;
    chunk->used += size;
    return at;
}

const char *config_memory_text(struct config_chunk **memory, struct str text)
{
    char *copy = config_memory_get(memory, text.n + 1);
    if (!copy)
        return NULL;
    if (text.n)
        memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

void config_memory_free(struct config_chunk *memory)
{
    while (memory) {
        struct config_chunk *next = memory->next;
        explicit_bzero(memory->bytes, memory->used);
        free(memory);
        memory = next;
    }
}

enum st_err config_fail(struct config_error *e, enum st_err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return err;
}

enum st_err config_out_of_memory(struct config_error *e)
{
    return config_fail(e, ST_UNAVAILABLE, "out of memory");
}

const char *config_keep(struct config_build *b, const char *old, struct str text)
{
    if (old && str_is_c(text, old))
        return old;
    const char *copy = config_memory_text(&b->config->memory, text);
    if (!copy)
        b->out_of_memory = true;
    return copy;
}
