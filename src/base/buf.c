/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_SIZE = 256 };

void buf_grow(struct buf *b, size_t extra)
{
    size_t need;
    if (__builtin_add_overflow(b->n, extra, &need))
        arena_out_of_memory(b->arena);
    size_t cap = b->cap ? b->cap * 2 : FIRST_SIZE;
    while (cap < need)
        cap *= 2;
    char *p = arena_alloc(b->arena, cap);
    if (b->n)
        memcpy(p, b->p, b->n);
    b->p = p;
    b->cap = cap;
}

void buf_i64(struct buf *b, int64_t value)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    buf_add(b, (struct str){p, (size_t)(digits + sizeof digits - p)});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_add(b, arena_vprintf(b->arena, format, args));
    va_end(args);
}

struct str buf_str(struct buf *b)
{
    if (b->n == b->cap)
        buf_grow(b, 1);
    b->p[b->n] = 0;
    return (struct str){b->p, b->n};
}
