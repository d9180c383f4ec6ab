/* SPDX-License-Identifier: Apache-2.0 */
#include "arena_fixture.h"
#include "base/buf.h"

static void test_str(void **state)
{
    (void)state;
    assert_true(str_is(STR("ab"), str_head(STR("abc"), 2)));
    assert_true(str_is(STR_NONE, STR("")));
    assert_false(str_is(STR("ab"), STR("aB")));
    assert_true(str_is_c(STR("ab"), "ab"));
    assert_false(str_is(STR("a\0b"), STR("a\0c")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR("")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_str(str_from(STR("abc"), 1), "bc");
    assert_str(str_from(STR("abc"), 3), "");
    assert_str(str_from(STR("abc"), 9), "");
    assert_null(str_from(STR_NONE, 1).p);
    assert_str(str_head(STR("abc"), 9), "abc");
    assert_int_equal(str_find(STR("abc"), 'c'), 2);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(STR_NONE, 'x'), 0);
    assert_null(str_of(NULL).p);
    assert_true(str_is_ci(STR("Api-KEY"), STR("api-key")));
    assert_false(str_is_ci(STR("@[a"), STR("`{a")));
    assert_false(str_is_ci(STR("a"), STR("ab")));
}

static void test_str_cmp(void **state)
{
    (void)state;
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("b"), STR("a")) > 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("ab"), STR("a")) > 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
    assert_true(str_hash(STR("a"), 0) != str_hash(STR("b"), 0));
    assert_true(str_hash(STR("a"), 0) != str_hash(STR("a"), 1));
    assert_true(str_hash(STR("a"), 7) == str_hash(str_head(STR("ab"), 1), 7));
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *joined; /* parts, each followed by '|' */
    } cases[] = {{STR("a,b"), "a|b|"}, {STR("a"), "a|"},         {STR(""), "|"},
                 {STR(","), "||"},     {STR("a,,b,"), "a||b||"}, {STR_NONE, ""}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_in(&arena);
        struct str rest = cases[i].text;
        while (rest.p) {
            buf_add(&b, str_split(&rest, ','));
            buf_char(&b, '|');
        }
        assert_str(buf_str(&b), cases[i].joined);
    }
}

static void test_trim(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t\r\n\x01 a b \x1f\0 ")), "a b");
    assert_str(str_trim(STR("a")), "a");
    assert_str(str_trim(STR("  ")), "");
    assert_str(str_trim(STR("\xc2\xa0")), "\xc2\xa0");
    assert_int_equal(str_trim(STR_NONE).n, 0);
}

static void test_to_i64(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int64_t value;
    } good[] = {{STR("0"), 0},
                {STR("-0"), 0},
                {STR("+7"), 7},
                {STR("0012"), 12},
                {STR("9223372036854775807"), INT64_MAX},
                {STR("-9223372036854775808"), INT64_MIN},
                {STR("00000000000000000000000000001"), 1}};
    static const struct str bad[] = {STR(""),
                                     STR("-"),
                                     STR("+"),
                                     STR("+-1"),
                                     STR("1 "),
                                     STR(" 1"),
                                     STR("1.0"),
                                     STR("1e1"),
                                     STR("0x1"),
                                     STR("9223372036854775808"),
                                     STR("a"),
                                     STR("1a"),
                                     STR("1\0"),
                                     STR("--1"),
                                     STR("-9223372036854775809"),
                                     STR("1-"),
                                     STR_NONE,
                                     STR("99999999999999999999999")};
    int64_t value;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(str_to_i64(good[i].text, &value) && value == good[i].value);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(str_to_i64(bad[i], &value));
}

/* Unicode table 3-7, row by row: the first and last bytes that are well formed, and their neighbours. */
static void test_utf8_table(void **state)
{
    (void)state;
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t n;
    } rows[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (int first = 0x80; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            size_t n = 0;
            for (size_t r = 0; r < COUNT(rows); r++)
                if (first >= rows[r].first_low && first <= rows[r].first_high &&
                    second >= rows[r].second_low && second <= rows[r].second_high)
                    n = rows[r].n;
            char text[] = {(char)first, (char)second, (char)0x80, (char)0xBF};
            for (size_t length = 1; length <= 4; length++)
                assert_int_equal(str_is_utf8((struct str){text, length}), n == length);
            if (n == 4) {
                text[3] = (char)0xC0;
                assert_false(str_is_utf8((struct str){text, 4}));
                text[2] = (char)0x7F;
                assert_false(str_is_utf8((struct str){text, 4}));
            }
        }
    assert_true(str_is_utf8(STR("a\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z")));
    assert_false(str_is_utf8(STR("a\xc3\xa9\x80z")));
    assert_true(str_is_utf8(STR("")));
    assert_true(str_is_utf8(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str),  cmocka_unit_test(test_str_cmp), cmocka_unit_test(test_split),
        cmocka_unit_test(test_trim), cmocka_unit_test(test_to_i64),  cmocka_unit_test(test_utf8_table),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    arena_init(&arena);
    int failed = cmocka_run_group_tests_name("str", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
