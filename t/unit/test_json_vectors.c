/* SPDX-License-Identifier: Apache-2.0
 *
 * What JSONTestSuite leaves to the implementation (its classes i_...) and its largest texts: what we do of
 * it. What must be taken (y_...) or refused (n_...) is in test_json.c.
 */

#include <string.h>

#include "arena_fixture.h"
#include "base/buf.h"
#include "json/json.h"
#include "json/set_order.h"

#define HALF "\xef\xbf\xbd" /* U+FFFD */

/* Written again; NULL: refused. */
static const struct {
    const char *name;
    struct str text;
    const char *written;
} rows[] = {
    /* Numbers keep their text, whatever it is worth. */
    {"number_double_huge_neg_exp", STR("[123.456e-789]"), "[123.456e-789]"},
    {"number_huge_exp", STR("[0.4e00669999999999999999999999999999999999999999999999999999969999999006]"),
     "[0.4e00669999999999999999999999999999999999999999999999999999969999999006]"},
    {"number_neg_int_huge_exp", STR("[-1e+9999]"), "[-1e+9999]"},
    {"number_pos_double_huge_exp", STR("[1.5e+9999]"), "[1.5e+9999]"},
    {"number_real_neg_overflow", STR("[-123123e100000]"), "[-123123e100000]"},
    {"number_real_pos_overflow", STR("[123123e100000]"), "[123123e100000]"},
    {"number_real_underflow", STR("[123e-10000000]"), "[123e-10000000]"},
    {"number_too_big_neg_int", STR("[-123123123123123123123123123123]"), "[-123123123123123123123123123123]"},
    {"number_too_big_pos_int", STR("[100000000000000000000]"), "[100000000000000000000]"},
    {"number_very_big_negative_int", STR("[-237462374673276894279832749832423479823246327846]"),
     "[-237462374673276894279832749832423479823246327846]"},
    /* Halves of pairs become U+FFFD, one each. */
    {"object_key_lone_2nd_surrogate", STR("{\"\\uDFAA\":0}"), "{\"" HALF "\":0}"},
    {"string_1st_surrogate_but_2nd_missing", STR("[\"\\uDADA\"]"), "[\"" HALF "\"]"},
    {"string_1st_valid_surrogate_2nd_invalid", STR("[\"\\uD888\\u1234\"]"), "[\"" HALF "\xe1\x88\xb4\"]"},
    {"string_incomplete_surrogate_and_escape_valid", STR("[\"\\uD800\\n\"]"), "[\"" HALF "\\n\"]"},
    {"string_incomplete_surrogate_pair", STR("[\"\\uDd1ea\"]"), "[\"" HALF "a\"]"},
    {"string_incomplete_surrogates_escape_valid", STR("[\"\\uD800\\uD800\\n\"]"), "[\"" HALF HALF "\\n\"]"},
    {"string_invalid_lonely_surrogate", STR("[\"\\ud800\"]"), "[\"" HALF "\"]"},
    {"string_invalid_surrogate", STR("[\"\\ud800abc\"]"), "[\"" HALF "abc\"]"},
    {"string_inverted_surrogates_U+1D11E", STR("[\"\\uDd1e\\uD834\"]"), "[\"" HALF HALF "\"]"},
    {"string_lone_second_surrogate", STR("[\"\\uDFAA\"]"), "[\"" HALF "\"]"},
    {"a half before a pair", STR("[\"\\uD800\\uDBF6\\uDFFF\"]"), "[\"" HALF "\xf4\x8d\xaf\xbf\"]"},
    /* What is no UTF-8 is refused. */
    {"string_invalid_utf-8", STR("[\"\xff\"]"), NULL},
    {"string_iso_latin_1", STR("[\"\xe9\"]"), NULL},
    {"string_lone_utf8_continuation_byte", STR("[\"\x81\"]"), NULL},
    {"string_not_in_unicode_range", STR("[\"\xf4\xbf\xbf\xbf\"]"), NULL},
    {"string_overlong_sequence_2_bytes", STR("[\"\xc0\xaf\"]"), NULL},
    {"string_overlong_sequence_6_bytes", STR("[\"\xfc\x83\xbf\xbf\xbf\xbf\"]"), NULL},
    {"string_overlong_sequence_6_bytes_null", STR("[\"\xfc\x80\x80\x80\x80\x80\"]"), NULL},
    {"string_truncated-utf-8", STR("[\"\xe0\xff\"]"), NULL},
    {"string_UTF-8_invalid_sequence", STR("[\"\xe6\x97\xa5\xd1\x88\xfa\"]"), NULL},
    {"string_UTF8_surrogate_U+D800", STR("[\"\xed\xa0\x80\"]"), NULL},
    {"string_UTF-16LE_with_BOM", STR("\xff\xfe[\0\"\0\xe9\0\"\0]\0"), NULL},
    {"string_utf16BE_no_BOM", STR("\0[\0\"\0\xe9\0\"\0]"), NULL},
    {"string_utf16LE_no_BOM", STR("[\0\"\0\xe9\0\"\0]\0"), NULL},
    {"structure_UTF-8_BOM_empty_object", STR("\xef\xbb\xbf{}"), NULL},
    /* Of equal names the last value counts, in the first place: every reader of ours sees the same. */
    {"object_duplicated_key", STR("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}"},
    {"object_duplicated_key, escaped", STR("{\"a\":1,\"\\u0061\":2}"), "{\"a\":2}"},
};

static void implementation_defined(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_object *value = json_parse(&arena, rows[i].text);
        if (json_check(rows[i].text) != (rows[i].written != NULL) || !value != !rows[i].written)
            fail_msg("%s: taken or not", rows[i].name);
        if (value && strcmp(json_text(&arena, value).p, rows[i].written) != 0)
            fail_msg("%s: %s", rows[i].name, json_text(&arena, value).p);
    }
}

static struct str times(const char *text, size_t n)
{
    struct buf b = buf_in(&arena);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(text));
    return buf_str(&b);
}

static void large_structures(void **state)
{
    (void)state;
    assert_false(json_check(times("[", 100000)));
    assert_false(json_check(times("[{\"\":", 50000)));
    assert_false(json_check(ARENA_CONCAT(&arena, times("[", 500), times("]", 500))));
    assert_false(
        json_check(ARENA_CONCAT(&arena, times("[", JSON_MAX_DEPTH + 1), times("]", JSON_MAX_DEPTH + 1))));
    assert_true(json_check(ARENA_CONCAT(&arena, times("[", JSON_MAX_DEPTH), times("]", JSON_MAX_DEPTH))));
    struct str wide = ARENA_CONCAT(&arena, STR("[0"), times(",{\"a\":[]}", 20000), STR("]"));
    assert_true(str_is(json_text(&arena, json_parse(&arena, wide)), wide));
}

/* Java's hash codes: 97, 228, 1772899 (two units) and 8364 are in places 1, 4, 8 and 12 of 16. */
static void sets_in_java_order(void **state)
{
    (void)state;
    struct str set[] = {STR("\xe2\x82\xac"), STR("\xf0\x9f\x98\x80"), STR("a"), STR("\xc3\xa4")};
    json_set_order(set, 4);
    assert_string_equal(set[0].p, "a");
    assert_string_equal(set[1].p, "\xc3\xa4");
    assert_string_equal(set[2].p, "\xf0\x9f\x98\x80");
    assert_string_equal(set[3].p, "\xe2\x82\xac");
    struct str many[20];
    for (size_t i = 0; i < 20; i++)
        many[i] = arena_printf(&arena, "%c", (char)('t' - i));
    json_set_order(many, 20); /* 32 places */
    for (size_t i = 1; i < 20; i++)
        assert_true(many[i - 1].p[0] < many[i].p[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(implementation_defined, reset),
        cmocka_unit_test_teardown(large_structures, reset),
        cmocka_unit_test_teardown(sets_in_java_order, reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
