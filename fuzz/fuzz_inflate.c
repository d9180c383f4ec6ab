/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed bodies: the input as one, and what zlib makes of the input. Never more than the limit comes out,
 * and nothing that was cut or has something behind its end is taken.
 */
#include <zlib.h>

#include "fuzz.h"
#include "http/inflate.h"

enum { MAX = 64 * 1024 };

static struct str deflate_as(struct arena *a, enum http_coding coding, struct str plain)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)plain.p, .avail_in = (unsigned)plain.n};
    FUZZ_EXPECT(deflateInit2(&z, 1, Z_DEFLATED, coding == HTTP_GZIP ? 31 : 15, 8, Z_DEFAULT_STRATEGY) ==
                Z_OK);
    size_t size = deflateBound(&z, plain.n);
    char *p = arena_alloc(a, size);
    z.next_out = (unsigned char *)p;
    z.avail_out = (unsigned)size;
    FUZZ_EXPECT(deflate(&z, Z_FINISH) == Z_STREAM_END);
    struct str text = {p, size - z.avail_out};
    deflateEnd(&z);
    return text;
}

static void round_trip(struct ctx *c, enum http_coding coding, struct str plain)
{
    struct str text = deflate_as(c->arena, coding, plain), out = STR_NONE;
    FUZZ_EXPECT(http_inflate(c, coding, text, MAX, &out) == ST_OK && str_is(out, plain));
    FUZZ_EXPECT(http_inflate(c, coding, text, plain.n, &out) == ST_OK);
    if (plain.n)
        FUZZ_EXPECT(http_inflate(c, coding, text, plain.n - 1, &out) == ST_TOO_LARGE);
    FUZZ_EXPECT(http_inflate(c, coding, str_head(text, text.n - 1), MAX, &out) == ST_BAD_REQUEST);
    struct str longer = ARENA_CONCAT(c->arena, text, STR("x"));
    FUZZ_EXPECT(http_inflate(c, coding, longer, MAX, &out) == ST_BAD_REQUEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct ctx c = {.arena = &arena};
    struct str input = {(const char *)data, size};
    for (int coding = HTTP_GZIP; coding <= HTTP_DEFLATE; coding++) {
        struct str out = STR_NONE;
        enum st_err err = http_inflate(&c, (enum http_coding)coding, input, MAX, &out);
        FUZZ_EXPECT(err == ST_OK || err == ST_BAD_REQUEST || err == ST_TOO_LARGE);
        FUZZ_EXPECT(err != ST_OK || out.n <= MAX);
        if (size <= MAX)
            round_trip(&c, (enum http_coding)coding, input);
    }
    FUZZ_EXPECT(arena.used < 16 * 1024 * 1024);
    arena_reset(&arena);
    return 0;
}
