/* SPDX-License-Identifier: Apache-2.0 */
#include "http/inflate.h"

#include <zlib.h>

#include "base/buf.h"

enum { CHUNK = 16 * 1024, GZIP_BITS = 15 + 16, ZLIB_BITS = 15 };

static void *allocate(void *arena, unsigned n, unsigned size)
{
    return arena_array(arena, n, size);
}

static void release(void *arena, void *memory) /* goes with the arena */
{
    (void)arena;
    (void)memory;
}

enum st_err http_inflate(struct ctx *c, enum http_coding coding, struct str text, size_t max, struct str *out)
{
    z_stream z = {.zalloc = allocate, .zfree = release, .opaque = c->arena};
    struct buf b = buf_in(c->arena);
    z.next_in = (unsigned char *)(uintptr_t)text.p;
    z.avail_in = (unsigned)text.n;
    if (text.n > UINT32_MAX || inflateInit2(&z, coding == HTTP_GZIP ? GZIP_BITS : ZLIB_BITS) != Z_OK)
        return ST_BAD_REQUEST;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (b.cap - b.n < CHUNK)
            buf_grow(&b, CHUNK);
        z.next_out = (unsigned char *)b.p + b.n;
        z.avail_out = CHUNK;
        state = inflate(&z, Z_NO_FLUSH);
        b.n += CHUNK - z.avail_out;
        if (b.n > max)
            return ST_TOO_LARGE;
        if (state != Z_OK && state != Z_STREAM_END) /* also at the end of what there is */
            return ST_BAD_REQUEST;
    }
    *out = buf_str(&b);
    return z.avail_in ? ST_BAD_REQUEST : ST_OK;
}
