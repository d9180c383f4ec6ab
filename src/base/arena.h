/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory of one request: bump allocation, everything freed at once by arena_reset. Foreign objects (PGresult,
 * EVP_*, json-c, leased connections) are tied to it by arena_on_reset and released in reverse order.
 *
 * Out of memory: when the arena has a recovery point (arena->recover, set by whoever runs the request), an
 * allocation that fails longjmps there; the request is answered with 503 and the arena reset. Hence callers
 * never check for NULL, and no lock may be held while allocating. Without a recovery point the process
 * aborts.
 */
#ifndef ST_BASE_ARENA_H
#define ST_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>

#include "base/str.h"

struct arena_block;
struct arena_cleanup;

struct arena {
    struct arena_block *block;     /* newest first */
    struct arena_cleanup *cleanup; /* newest first */
    jmp_buf *recover;
    size_t used;  /* bytes handed out since the last reset */
    size_t limit; /* refuses to grow past this many bytes (0: 64 MiB) */
};

void arena_init(struct arena *a);
void arena_reset(
    struct arena *a); /* runs the clean-ups, wipes; keeps the first block when it is of the usual size */
void arena_free(struct arena *a); /* reset, and gives all memory back */

void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(2)));
void *arena_zalloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(2)));
/* Fails like OOM when N * SIZE overflows. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(A, TYPE) ((TYPE *)arena_zalloc((A), sizeof(TYPE)))
#define ARENA_ARRAY(A, N, TYPE) ((TYPE *)arena_array((A), (N), sizeof(TYPE)))

struct str arena_str(struct arena *a, struct str s);   /* copy, NUL after the end */
struct str arena_lower(struct arena *a, struct str s); /* copy with ASCII letters in lower case */
struct str arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
struct str arena_vprintf(struct arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0), nonnull(2)));
struct str arena_concat(struct arena *a, const struct str *parts, size_t n);
#define ARENA_CONCAT(A, ...)                                                                                 \
    arena_concat((A), (struct str[]){__VA_ARGS__}, sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str))

/* RELEASE(OBJECT) is called at the next reset. The registration itself cannot fail after OBJECT was made:
 * make it before creating the object when OBJECT must not leak even on OOM (see arena_reserve_cleanup). */
void arena_on_reset(struct arena *a, void (*release)(void *object), void *object);
/* Reserves a slot to be filled later without allocating: slot->object = x. A NULL object is skipped. */
struct arena_cleanup {
    struct arena_cleanup *next;
    void (*release)(void *object);
    void *object;
};
struct arena_cleanup *arena_reserve_cleanup(struct arena *a, void (*release)(void *object));

/* Jumps to the recovery point, for a library's own failed allocation (json-c, OpenSSL). */
_Noreturn void arena_out_of_memory(struct arena *a);

#endif
