/* SPDX-License-Identifier: Apache-2.0
 *
 * The input is a request target: what comes before the first "?" is normalised, the rest is a query.
 */
#include "fuzz.h"
#include "http/exchange.h"

static void expect_normal(struct ctx *c, struct str path)
{
    FUZZ_EXPECT(path.p[0] == '/' && path.p[path.n] == 0 && str_is_utf8(path) && str_find(path, 0) == path.n);
    for (struct str rest = str_from(path, 1); rest.p;) {
        struct str segment = str_split(&rest, '/');
        FUZZ_EXPECT(segment.n || !rest.p); /* only the last one may be empty */
        FUZZ_EXPECT(!str_is(segment, STR(".")) && !str_is(segment, STR("..")));
    }
    if (str_find(path, '%') == path.n && str_find(path, ';') == path.n) {
        struct str again;
        FUZZ_EXPECT(http_normalise_path(c, path, &again) == ST_OK && str_is(again, path));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct ctx c = {.arena = &arena};
    struct str target = {(const char *)data, size};
    struct str path, raw = str_head(target, str_find(target, '?'));
    struct http_request rq = {.query = str_from(target, raw.n + 1)};
    if (http_normalise_path(&c, raw, &path) == ST_OK)
        expect_normal(&c, path);
    else
        FUZZ_EXPECT(c.message.n);
    static const char *const names[] = {"a", "tenantId", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct str value;
        if (http_query(&c, &rq, names[i], &value) == ST_OK)
            FUZZ_EXPECT(str_is_utf8(value) && value.n <= rq.query.n);
        else
            FUZZ_EXPECT(c.message.n);
    }
    arena_reset(&arena);
    return 0;
}
