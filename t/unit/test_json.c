/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena_fixture.h"
#include "json/json.h"
#include "json/write.h"

/* clang-format off */
static const struct str accepted[] = {
    /* whole texts of every kind, white space */
    STR("{}"), STR("[]"), STR("\"\""), STR("0"), STR("-1"), STR("true"), STR("false"), STR("null"), STR("\"text\""),
    STR(" [ ] "), STR("\n\r\t {\"a\" :\t1 , \"b\":\n[ 1 ,2 ] }\n\n"), STR("[null,true,false]"), STR("[[[[[]]]]]"),
    STR("[{},[],{\"a\":{}}]"), STR("[1,\"a\",null,{\"b\":[2]}]"), STR("[[] ]"), STR("[\"\"]"), STR("[null, 1, \"1\", {}]"),
    /* numbers */
    STR("[123e65]"), STR("[0e+1]"), STR("[0e1]"), STR("[ 4]"), STR("[-0.000000000000000000000000000000000000000001]"),
    STR("[20e1]"), STR("[-0]"), STR("[-123]"), STR("[-1]"), STR("[-0.0]"), STR("[1E22]"), STR("[1E-2]"), STR("[1E+2]"),
    STR("[123.456e78]"), STR("[123.456789]"), STR("[1e400]"), STR("[1e-400]"), STR("[0.4e00669999999999999999999]"),
    STR("[-1e+9999]"), STR("[1.5e+9999]"), STR("[123123e100000]"), STR("18446744073709551615"),
    STR("-9223372036854775808"), STR("[9223372036854775808]"), STR("[1.0,1E5]"), STR("[100000000000000000000.0]"),
    STR("[1e20]"),
    /* strings */
    STR("[\"\\u0060\\u012a\\u12AB\"]"), STR("[\"\\uD801\\udc37\"]"), STR("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
    STR("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), STR("[\"\\\\u0000\"]"), STR("[\"\\\"\"]"), STR("[\"a/*b*/c/*d//e\"]"),
    STR("[\"\\u0000\"]"), STR("[\"\\\\a\"]"), STR("[\"\\u0012\"]"), STR("[\"\\uFFFF\"]"), STR("[\"asd \"]"),
    STR("[\"\xf4\x8f\xbf\xbf\"]"), STR("[\"\xef\xbf\xbf\"]"), STR("[\"\xe2\x80\xa8\xe2\x80\xa9\"]"), STR("[\"\x7f\"]"),
    STR("[\"\xcf\x80\xe2\x82\xac\xf0\x9d\x84\x9e\"]"), STR("[\"\xed\x9f\xbf\xee\x80\x80\"]"), STR("[\"new\\u000Aline\"]"),
    /* halves of surrogate pairs are in the grammar */
    STR("[\"\\uD800\"]"), STR("[\"\\uDADA\\n\"]"), STR("[\"\\udc00\\ud800\"]"), STR("[\"\\uD800\\uD800\\uDC00\"]"),
    STR("[\"\\ud800\\u0041\"]"), STR("[\"\\ud800abc\\\\\"]"), STR("[\"\\ud83d\\\"\"]"),
    /* objects */
    STR("{\"asd\":\"sdf\", \"dfg\":\"fgh\"}"), STR("{\"a\":\"b\",\"a\":\"c\"}"), STR("{\"a\":\"b\",\"a\":\"b\"}"),
    STR("{\"\":0}"), STR("{\"min\": -1.0e+28, \"max\": 1.0e+28}"), STR("{\"x\":[{\"id\": \"xx\"}], \"id\": \"xx\"}"),
    STR("{\"\\u041f\\u043e\": \"\\u041f\"}"), STR("{\"a\":[]}"), STR("{\n\"a\": \"b\"\n}"), STR("{\"\\\"\":\"\\\\\"}"),
    STR("{\"a\":\"\\u0000\"}"), STR("{\"\\\\u0000\":1}"), STR("{\"__proto__\":null}"),
};

static const struct str refused[] = {
    /* no value, more than one, cut short */
    STR(""), STR(" "), STR("\n"), STR("1 2"), STR("[1] x"), STR("{} {}"), STR("[][]"), STR("[1"), STR("["), STR("{"),
    STR("[\"a"), STR("[\"a\\"), STR("[\"a\\u"), STR("[\"\\u00"), STR("{\"a\""), STR("{\"a\":"), STR("{\"a\":1"), STR("\""),
    STR("[1,"), STR("tru"), STR("nul"), STR("fals"), STR("[tru]"), STR("truex"), STR("[\"x\"]]"), STR("[1]}"), STR("]"),
    STR("[}"), STR("{]"), STR("[1}"), STR("{\"a\":1]"), STR("[[1]"), STR("[{\"a\":1]}"), STR("{\"a\":[1}]"),
    STR("\"\\"), STR("-"), STR("[-]"), STR("<null>"), STR("\xe5"), STR("a\xc3\xa5"), STR("\0"), STR("1\0"), STR("[1]\0"),
    STR("\0" "1"), STR("{\"a\":\"b\"}#"), STR("{\"a\":\"b\"}/**/"), STR("{\"a\":\"b\"}//"),
    /* byte order mark, other encodings, other white space */
    STR("\xef\xbb\xbf{}"), STR("\xef\xbb\xbf"), STR("\xef\xbb{}"), STR("\xff\xfe{\0}\0"), STR("[\f]"), STR("[\v1]"),
    STR("[\xc2\xa0]"), STR("[\xe2\x81\xa0]"), STR("\f[]"),
    /* commas and colons */
    STR("[,]"), STR("[1,]"), STR("[,1]"), STR("[1,,2]"), STR("[1,,]"), STR("[1 true]"), STR("[\"a\" \"b\"]"), STR("[1:2]"),
    STR("{,}"), STR("{\"a\":1,}"), STR("{,\"a\":1}"), STR("{\"a\":1,,\"b\":2}"), STR("{\"a\" 1}"), STR("{\"a\",1}"),
    STR("{\"a\"::1}"), STR("{\"a\":}"), STR("{:1}"), STR("{\"a\":1 \"b\":2}"), STR("{\"a\":1;\"b\":2}"), STR("{\"a\"=1}"),
    STR("{\"a\":1,,}"), STR("{\"a\":\"b\",\"c\"}"), STR("[,\"\"]"), STR("[\"\",]"), STR("{[:\"x\"}"), STR("{\"x\", null}"),
    /* names */
    STR("{a:1}"), STR("{'a':1}"), STR("{1:1}"), STR("{null:1}"), STR("{[]:1}"), STR("{{}:1}"), STR("{\"a\":1,b:2}"),
    STR("{\"a\\u0000b\":1}"), STR("{\"\\u0000\":1}"), STR("[{\"a\":1,\"\\u0000a\":2}]"),
    /* numbers */
    STR("[01]"), STR("[-01]"), STR("[00]"), STR("[+1]"), STR("[.5]"), STR("[-.5]"), STR("[1.]"), STR("[1.e1]"), STR("[1e]"),
    STR("[1e+]"), STR("[1E-]"), STR("[1eE2]"), STR("[1.2.3]"), STR("[1e1.5]"), STR("[0x10]"), STR("[0x]"), STR("[1a]"),
    STR("[--1]"), STR("[-+1]"), STR("[1+2]"), STR("[1 000]"), STR("[1_000]"), STR("[NaN]"), STR("[-NaN]"), STR("[Infinity]"),
    STR("[-Infinity]"), STR("[Inf]"), STR("[\xef\xbc\x91]"), STR("[0e]"), STR("[0.3e+]"), STR("[9.e+]"), STR("[2.e-3]"),
    STR("[- 1]"), STR("[++1234]"), STR("[-2.]"), STR("[012]"), STR("[1.8011670033376514H-308]"), STR("[-1x]"),
    /* strings */
    STR("['a']"), STR("'a'"), STR("[\"a\nb\"]"), STR("[\"a\tb\"]"), STR("[\"a\0b\"]"), STR("[\"\x1f\"]"), STR("[\"\\x00\"]"),
    STR("[\"\\a\"]"), STR("[\"\\'\"]"), STR("[\"\\0\"]"), STR("[\"\\U0041\"]"), STR("[\"\\u 041\"]"), STR("[\"\\u00G0\"]"),
    STR("[\"\\u123\"]"), STR("[\"\\\"]"), STR("[\"\\\\\\\"]"), STR("[\"\\\t\"]"), STR("[\"\\\xf0\x9f\x8c\x80\"]"), STR("[\\u0020\"a\"]"),
    STR("[\"\\uD834\\uDd\"]"), STR("[\"\\uD800\\u\"]"), STR("[\"\\\0\"]"), STR("[\\n]"), STR("`a`"), STR("[\"\\u\xe5\"]"),
    /* broken UTF-8: lone bytes, overlong forms, surrogates, beyond U+10FFFF, cut sequences */
    STR("[\"\x80\"]"), STR("[\"\xff\"]"), STR("[\"\xc0\xaf\"]"), STR("[\"\xc1\xbf\"]"), STR("[\"\xe0\x80\xaf\"]"),
    STR("[\"\xe0\x9f\xbf\"]"), STR("[\"\xed\xa0\x80\"]"), STR("[\"\xed\xbf\xbf\"]"), STR("[\"\xf0\x80\x80\xaf\"]"),
    STR("[\"\xf0\x8f\xbf\xbf\"]"), STR("[\"\xf4\x90\x80\x80\"]"), STR("[\"\xf5\x80\x80\x80\"]"), STR("[\"\xc3\"]"),
    STR("[\"\xe2\x82\"]"), STR("[\"\xf0\x9d\x84\"]"), STR("[\"\xc3\x28\"]"), STR("{\"\xe9\":1}"), STR("[\"\xf8\x88\x80\x80\x80\"]"),
    STR("[\"\\u00e9\xe9\"]"), STR("[\xc3\xa9]"), STR("[\"\xe0\xff\"]"),
    /* what lenient readers take */
    STR("/* a */ {}"), STR("[1] // a"), STR("# a\n[]"), STR("[1/**/]"), STR(")]}'\n{}"), STR("[TRUE]"), STR("[True]"),
    STR("[Null]"), STR("[undefined]"), STR("{\"a\":undefined}"), STR("[x]"), STR("abc"), STR("(1)"), STR("[\"a\"+\"b\"]"),
    STR("{\"a\":b}"), STR("[*]"), STR("[&]"), STR("[\"a\",\n4\n,1,"), STR("{9999E9999:1}"), STR("[-foo]"), STR("{\"a\":\"a\" 123}"),
};
/* clang-format on */

static void test_check_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++)
        if (!json_check(accepted[i]))
            fail_msg("refused: %s", accepted[i].p);
}

static void test_check_refuses(void **state)
{
    (void)state;
    assert_false(json_check(STR_NONE));
    for (size_t i = 0; i < COUNT(refused); i++) {
        if (json_check(refused[i]))
            fail_msg("accepted: %s", refused[i].p);
        assert_null(json_parse(&arena, refused[i]));
    }
}

/* No text that was cut short may be accepted, or read beyond its end (seen by the address sanitizer). */
static void test_check_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct str text = str_trim(accepted[i]);
        if (text.p[0] != '[' && text.p[0] != '{' && text.p[0] != '"')
            continue;
        for (size_t n = 0; n < text.n; n++) {
            char *copy = malloc(n ? n : 1);
            assert_non_null(copy);
            memcpy(copy, text.p, n);
            if (json_check((struct str){copy, n}))
                fail_msg("accepted the first %zu bytes of %s", n, text.p);
            free(copy);
        }
    }
}

static struct str nested(size_t depth, const char *open, const char *middle, const char *close)
{
    struct buf b = buf_in(&arena);
    for (size_t i = 0; i < depth; i++)
        buf_add(&b, str_of(open));
    buf_add(&b, str_of(middle));
    for (size_t i = 0; i < depth; i++)
        buf_add(&b, str_of(close));
    return buf_str(&b);
}

static void test_depth(void **state)
{
    (void)state;
    static const char *const shapes[][3] = {
        {"[", "", "]"}, {"[", "1", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":[", "", "]}]"}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        size_t levels = i == 3 ? 3 : 1;
        struct str fits = nested(JSON_MAX_DEPTH / levels, shapes[i][0], shapes[i][1], shapes[i][2]);
        struct str deeper = nested(JSON_MAX_DEPTH / levels + 1, shapes[i][0], shapes[i][1], shapes[i][2]);
        assert_true(json_check(fits));
        assert_string_equal(json_text(&arena, json_parse(&arena, fits)).p, fits.p);
        assert_false(json_check(deeper));
    }
    assert_false(json_check(nested(1000000, "[", "", "]")));
    assert_false(json_check(nested(1000000, "[", "", "")));
    assert_false(json_check(nested(1000, "[],", "[]", ""))); /* many values, none of them deep */
}

static json_object *read_with_json_c(struct str text)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    assert_non_null(tokener);
    json_object *value = json_tokener_parse_ex(tokener, text.p, (int)text.n);
    if (json_tokener_get_error(tokener) == json_tokener_continue) /* a number ends at something else only */
        value = json_tokener_parse_ex(tokener, "", 1);
    assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
    json_tokener_free(tokener);
    return value;
}

/* Everything accepted is read by json-c as well, as the same value, and survives being written. */
static void test_same_as_json_c(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        json_object *theirs = read_with_json_c(accepted[i]), *ours = json_parse(&arena, accepted[i]);
        struct str text = json_text(&arena, ours);
        if (!json_equal(ours, theirs))
            fail_msg("differs: %s", accepted[i].p);
        assert_true(json_check(text));
        json_object *again = json_parse(&arena, text);
        assert_true(json_equal(ours, again));
        assert_str(json_text(&arena, again), text.p);
        json_object_put(theirs);
        arena_reset(&arena);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"[1.0,1e400,1E5,-0,18446744073709551615]", NULL},
        {"[-0.0,-0e5,0.10,1e-400,-9223372036854775808,9223372036854775807,9223372036854775808,1E+2]", NULL},
        /* where json-c's integers end */
        {"[18446744073709551616,-9223372036854775809,99999999999999999999999999999999999999999999]", NULL},
        {"{\"a\":-0}", NULL},
        {"-0", NULL},
        {"{\"b\":1,\"a\":2,\"b\":3}", "{\"b\":3,\"a\":2}"},
        {"{\"a\":1,\"b\":2,\"\\u0061\":null}", "{\"a\":null,\"b\":2}"},
        {"{\"a\":{\"x\":1},\"b\":[2],\"a\":[3]}", "{\"a\":[3],\"b\":[2]}"},
        {" { \"z\" : [ ] , \"a\" : { } } ", "{\"z\":[],\"a\":{}}"},
        {"[\"\\/\",\"<>&='\",\"\\u00e4\"]", "[\"/\",\"<>&='\",\"\xc3\xa4\"]"},
        {"[\"\\u0000\\u0001\\u001F\\u007f\"]", "[\"\\u0000\\u0001\\u001f\x7f\"]"},
        {"[\"\\b\\f\\n\\r\\t\\\"\\\\\"]", NULL},
        {"[\"\\u2028\\u2029\"]", NULL},
        {"[\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\"]", "[\"\\u2028\\u2029\xe2\x80\xa7\"]"},
        {"{\"\\n\\\"\":1}", NULL},
        {"[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]"},
        {"[\"\\u07ff\\u0800\\uffff\\udbff\\udfff\"]",
         "[\"\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\"]"},
        /* halves of surrogate pairs: one U+FFFD each, whatever follows */
        {"[\"\\ud800\",\"\\udfff\"]", "[\"\xef\xbf\xbd\",\"\xef\xbf\xbd\"]"},
        {"[\"\\ud800\\ud800\\udc00\"]", "[\"\xef\xbf\xbd\xf0\x90\x80\x80\"]"},
        {"[\"\\ud800\\n\\ud800x\\ud800\\\\u\"]", "[\"\xef\xbf\xbd\\n\xef\xbf\xbdx\xef\xbf\xbd\\\\u\"]"},
        {"[\"\\udc00\\udc00\"]", "[\"\xef\xbf\xbd\xef\xbf\xbd\"]"},
        {" [ 1 , -2.5\n, 3\t, -0 ] ", "[1,-2.5,3,-0]"},
        {"[null,true,false]", NULL},
        {"\"x\"", NULL},
        {"null", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_object *value = json_parse(&arena, str_of(cases[i].in));
        assert_str(json_text(&arena, value), cases[i].out ? cases[i].out : cases[i].in);
    }
}

/* The text need not end with a NUL, and strings with U+0000 keep their length. */
static void test_parse_slices(void **state)
{
    (void)state;
    struct str text = str_head(STR("[12]3"), 4), number = str_head(STR("123456"), 3);
    assert_str(json_text(&arena, json_parse(&arena, text)), "[12]");
    assert_int_equal(json_object_get_int(json_parse(&arena, number)), 123);
    struct str s = json_str(json_parse(&arena, STR("\"a\\u0000b\"")));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "a\0b", 4);
    assert_null(json_str(json_parse(&arena, STR("1"))).p);
    assert_null(json_str(json_parse(&arena, STR("[\"a\"]"))).p);
    assert_null(json_str(NULL).p);
    assert_int_equal(json_str(json_parse(&arena, STR("\"\""))).n, 0);
    assert_non_null(json_str(json_parse(&arena, STR("\"\""))).p);
}

static void test_values(void **state)
{
    (void)state;
    json_object *v = json_parse(&arena, STR("[18446744073709551615,-9223372036854775808,-5,1.5,1e400,-0]"));
    assert_true(json_object_get_uint64(json_object_array_get_idx(v, 0)) == UINT64_MAX);
    assert_true(json_object_get_int64(json_object_array_get_idx(v, 1)) == INT64_MIN);
    assert_int_equal(json_object_get_int64(json_object_array_get_idx(v, 2)), -5);
    assert_true(json_object_get_double(json_object_array_get_idx(v, 3)) == 1.5);
    assert_true(json_object_get_double(json_object_array_get_idx(v, 4)) > DBL_MAX);
    assert_true(1 / json_object_get_double(json_object_array_get_idx(v, 5)) < 0);
}

/* Values that a program made, not a text: no original text of numbers. */
static void test_text_of_made_values(void **state)
{
    (void)state;
    json_object *array = json_object_new_array();
    json_object_array_add(array, json_object_new_double(0.1));
    json_object_array_add(array, json_object_new_double(2));
    json_object_array_add(array, json_object_new_int64(-7));
    json_object_array_add(array, json_object_new_uint64(UINT64_MAX));
    json_object_array_add(array, NULL);
    json_object_array_add(array, json_object_new_string("a/b"));
    assert_str(json_text(&arena, array), "[0.1,2.0,-7,18446744073709551615,null,\"a/b\"]");
    json_object_put(array);
    assert_str(json_text(&arena, NULL), "null");
}

static void test_equal(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1.0}", true},
        {"[1e2,-0,9007199254740993]", "[100,0,9007199254740992]", true}, /* as doubles */
        {"1e400", "1e500", true},
        {"18446744073709551615", "18446744073709551616.0", true},
        {"1", "-1", false},
        {"1", "1.5", false},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"{\"a\":null}", "{\"a\":null}", true},
        {"{\"a\":null}", "{\"a\":false}", false},
        {"{\"a\":{\"b\":{\"c\":[{}]}}}", "{\"a\":{\"b\":{\"c\":[{}]}}}", true},
        {"{\"a\":{\"b\":{\"c\":[{}]}}}", "{\"a\":{\"b\":{\"c\":[[]]}}}", false},
        {"\"1\"", "1", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\"", "\"A\"", false},
        {"\"a\\u0000b\"", "\"a\\u0000c\"", false},
        {"true", "true", true},
        {"true", "false", false},
        {"true", "1", false},
        {"null", "null", true},
        {"null", "0", false},
        {"{}", "[]", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_object *a = json_parse(&arena, str_of(cases[i].a)), *b = json_parse(&arena, str_of(cases[i].b));
        if (json_equal(a, b) != cases[i].equal || json_equal(b, a) != cases[i].equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

static void test_write(void **state)
{
    (void)state;
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "status", STR("OK"));
    json_add_str(&j, "none", STR_NONE);
    json_add_str_if(&j, "left out", STR_NONE);
    json_add_str_if(&j, "empty", STR(""));
    json_open(&j, "o", '{');
    json_close(&j, '}');
    json_open(&j, "list", '[');
    json_add_i64(&j, NULL, INT64_MIN);
    json_add_i64(&j, NULL, INT64_MAX);
    json_add_bool(&j, NULL, true);
    json_add_null(&j, NULL);
    json_open(&j, NULL, '{');
    json_add_bool(&j, "f", false);
    json_close(&j, '}');
    json_close(&j, ']');
    json_add_raw(&j, "raw", STR("{\"x\":1}"));
    json_add_raw(&j, "absent", STR_NONE);
    json_add_member(&j, STR("na\"me"), STR("[1]"));
    json_add_name(&j, STR("later"));
    json_add_strs(&j, NULL, (struct str[]){STR("a"), STR("b\n")}, 2);
    json_add_strs(&j, "no", NULL, 0);
    json_add_double(&j, "d", -1);
    json_close(&j, '}');
    struct str text = json_done(&j);
    assert_str(text,
               "{\"status\":\"OK\",\"none\":null,\"empty\":\"\",\"o\":{},\"list\":[-9223372036854775808,"
               "9223372036854775807,true,null,{\"f\":false}],\"raw\":{\"x\":1},\"absent\":null,"
               "\"na\\\"me\":[1],\"later\":[\"a\",\"b\\n\"],\"no\":[],\"d\":-1.0}");
    assert_true(json_check(text));
}

static void test_write_doubles(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0.0"},
                 {-1, "-1.0"},
                 {0.1, "0.1"},
                 {1.0 / 60, "0.016666666666666666"},
                 {123456789, "123456789.0"},
                 {1e300, "1e+300"},
                 {5e-324, "4.94065645841247e-324"},
                 {HUGE_VAL, "null"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_in(&arena);
        json_number(&b, cases[i].value);
        assert_str(buf_str(&b), cases[i].text);
    }
}

static void test_quote_every_byte(void **state)
{
    (void)state;
    for (int c = 0; c < 128; c++) {
        struct buf b = buf_in(&arena);
        json_quote(&b, (struct str){(char[]){'x', (char)c, 'y'}, 3});
        struct str back = json_str(json_parse(&arena, buf_str(&b)));
        assert_int_equal(back.n, 3);
        assert_int_equal(back.p[1], c);
    }
    struct buf b = buf_in(&arena);
    char *cut = malloc(2); /* nothing to escape, and nothing read beyond the end */
    assert_non_null(cut);
    memcpy(cut, "\xe2\x80", 2);
    json_quote(&b, (struct str){cut, 2});
    free(cut);
    assert_str(buf_str(&b), "\"\xe2\x80\"");
}

/* Running out of memory anywhere in the middle leaves nothing behind (seen by the leak checker). */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct str text = STR("{\"a\":[1,2.5,\"x\\ny\",{\"b\":null}],\"c\":{\"d\":[[],{}]},\"a\":\"again\"}");
    struct arena small;
    jmp_buf recover;
    arena_init(&small);
    small.recover = &recover;
    static volatile size_t failures;
    failures = 0;
    for (volatile size_t limit = 16; limit < 8000; limit += 16) {
        small.limit = limit;
        if (setjmp(recover) == 0)
            assert_non_null(json_parse(&small, text));
        else
            failures++;
        arena_reset(&small);
    }
    assert_true(failures > 50 && failures < 490);
    arena_free(&small);
}

/* [{},{},...]: a small body must not become hundreds of megabytes of objects. */
static void test_amplification(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    buf_char(&b, '[');
    for (int i = 0; i < 300000; i++)
        buf_add(&b, STR("{},"));
    buf_add(&b, STR("{}]"));
    struct str text = buf_str(&b);
    assert_true(json_check(text));
    jmp_buf recover;
    arena.recover = &recover;
    if (setjmp(recover) == 0) {
        json_parse(&arena, text);
        fail_msg("parsed");
    }
    arena.recover = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_check_accepts, reset),
        cmocka_unit_test_teardown(test_check_refuses, reset),
        cmocka_unit_test_teardown(test_check_prefixes, reset),
        cmocka_unit_test_teardown(test_depth, reset),
        cmocka_unit_test_teardown(test_same_as_json_c, reset),
        cmocka_unit_test_teardown(test_round_trip, reset),
        cmocka_unit_test_teardown(test_parse_slices, reset),
        cmocka_unit_test_teardown(test_values, reset),
        cmocka_unit_test_teardown(test_text_of_made_values, reset),
        cmocka_unit_test_teardown(test_equal, reset),
        cmocka_unit_test_teardown(test_write, reset),
        cmocka_unit_test_teardown(test_write_doubles, reset),
        cmocka_unit_test_teardown(test_quote_every_byte, reset),
        cmocka_unit_test_teardown(test_out_of_memory, reset),
        cmocka_unit_test_teardown(test_amplification, reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    arena_init(&arena);
    int failed = cmocka_run_group_tests_name("json", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
