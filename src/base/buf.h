/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing byte buffer in an arena: response bodies, log lines, SQL arrays.
 */
#ifndef ST_BASE_BUF_H
#define ST_BASE_BUF_H

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *p;
    size_t n, cap;
};

static inline struct buf buf_in(struct arena *a)
{
    return (struct buf){.arena = a};
}

void buf_grow(struct buf *b, size_t extra); /* makes room for EXTRA more bytes */

static inline void buf_add(struct buf *b, struct str s)
{
    if (b->cap - b->n < s.n)
        buf_grow(b, s.n);
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

static inline void buf_char(struct buf *b, char c)
{
    if (b->cap == b->n)
        buf_grow(b, 1);
    b->p[b->n++] = c;
}

void buf_i64(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str buf_str(struct buf *b); /* the content; NUL after the end */

#endif
