/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients send in sizes and numbers that nobody needs: compressed bodies, forms of many pairs, versions.
 */

#include <zlib.h>

#include "arena_fixture.h"
#include "base/buf.h"
#include "http/cdi.h"
#include "http/inflate.h"
#include "http/params.h"

static struct ctx ctx = {.arena = &arena};

/* ---- compressed bodies ---- */

enum { ZLIB = 15, GZIP = 15 + 16, RAW = -15 };

static struct str deflated(struct str plain, int form)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)plain.p, .avail_in = (unsigned)plain.n};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, form, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t size = deflateBound(&z, plain.n);
    char *p = arena_alloc(&arena, size);
    z.next_out = (unsigned char *)p;
    z.avail_out = (unsigned)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    struct str text = {p, size - z.avail_out};
    deflateEnd(&z);
    return text;
}

static enum st_err inflated(enum http_coding coding, struct str text, size_t max)
{
    struct str out;
    return http_inflate(&ctx, coding, text, max, &out);
}

static void compressed_bodies(void **state)
{
    (void)state;
    enum { PLAIN = 100 * 1000 };
    struct str plain = {arena_zalloc(&arena, PLAIN), PLAIN}, out;
    struct str gzip = deflated(plain, GZIP), zlib = deflated(plain, ZLIB), raw = deflated(plain, RAW);
    assert_true(gzip.n < PLAIN / 100); /* a bomb */
    assert_int_equal(http_inflate(&ctx, HTTP_GZIP, gzip, PLAIN, &out), ST_OK);
    assert_true(str_is(out, plain));
    assert_int_equal(http_inflate(&ctx, HTTP_DEFLATE, zlib, PLAIN, &out), ST_OK);
    assert_true(str_is(out, plain));
    size_t before = arena.used;
    assert_int_equal(inflated(HTTP_GZIP, gzip, PLAIN - 1), ST_TOO_LARGE);
    assert_int_equal(inflated(HTTP_GZIP, gzip, 10), ST_TOO_LARGE);
    assert_true(arena.used - before < 3 * PLAIN + 200 * 1000); /* no more than the limit and zlib's own */
    const struct {
        enum http_coding coding;
        struct str text;
    } bad[] = {
        {HTTP_GZIP, zlib},
        {HTTP_DEFLATE, gzip},
        {HTTP_DEFLATE, raw},
        {HTTP_GZIP, STR("")},
        {HTTP_GZIP, str_head(gzip, gzip.n - 1)},
        {HTTP_GZIP, str_head(gzip, 10)},
        {HTTP_GZIP, ARENA_CONCAT(&arena, gzip, STR("\0"))},
        {HTTP_GZIP, ARENA_CONCAT(&arena, gzip, gzip)},
        {HTTP_DEFLATE, ARENA_CONCAT(&arena, str_head(zlib, zlib.n - 1), STR("x"))}, /* its checksum */
        {HTTP_DEFLATE, {gzip.p, (size_t)UINT32_MAX + 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(inflated(bad[i].coding, bad[i].text, PLAIN), ST_BAD_REQUEST);
}

/* ---- forms ---- */

static struct str pairs(size_t n)
{
    struct buf b = buf_in(&arena);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%sn%zu=%zu", i ? "&" : "", i, i);
    return buf_str(&b);
}

static void many_pairs(void **state)
{
    (void)state;
    struct params f = params_in(&arena);
    assert_true(params_read(&f, pairs(PARAMS_MAX)));
    assert_int_equal(f.n, PARAMS_MAX);
    assert_true(str_is(params_text(&f), pairs(PARAMS_MAX)));
    assert_true(str_is(params_get(&f, STR("n127")), STR("127")));
    f = params_in(&arena);
    assert_false(params_read(&f, pairs(PARAMS_MAX + 1)));
    f = params_in(&arena);
    assert_true(params_read(&f, STR("=&&=x&y=&=")));
    assert_true(str_is(params_text(&f), STR("=x&y=")));
}

/* ---- versions of the interface ---- */

static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *header, *max, *min;
        enum st_err err;
        int number;
        bool before_3_0;
    } rows[] = {
        {NULL, NULL, NULL, ST_OK, CDI_LATEST, false},
        {NULL, "2.21", NULL, ST_OK, CDI_2_21, true},
        {"3.0", NULL, NULL, ST_OK, CDI_3_0, false},
        {"3", NULL, NULL, ST_OK, 0, false}, /* equal to 3.0, and none of the supported */
        {"2.99", NULL, NULL, ST_OK, 0, true},
        {"2.7", NULL, "2.8", ST_BAD_REQUEST, 0, false},
        {"5.7", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"5.1", "5.0", NULL, ST_BAD_REQUEST, 0, false},
        {"5.0.0.1", "5.0", NULL, ST_BAD_REQUEST, 0, false},
        {"99999999999999999999.1", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"5.", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {".5", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"5..0", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"5.x", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"-5.0", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"5.0/", NULL, NULL, ST_BAD_REQUEST, 0, false},
        {"1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", NULL, NULL, ST_BAD_REQUEST, 0,
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cdi_choice choice = {.number = 0};
        enum st_err err =
            cdi_negotiate(&ctx, str_of(rows[i].header), str_of(rows[i].max), str_of(rows[i].min), &choice);
        if (err != rows[i].err || choice.number != rows[i].number || choice.before_3_0 != rows[i].before_3_0)
            fail_msg("row %zu: %d %d %d", i, (int)err, choice.number, choice.before_3_0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(compressed_bodies, reset),
        cmocka_unit_test_teardown(many_pairs, reset),
        cmocka_unit_test_teardown(versions, reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
