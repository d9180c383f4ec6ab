/* SPDX-License-Identifier: Apache-2.0 */
#include "arena_fixture.h"
#include "http/fields.h"

static struct ctx ctx;

static int start(void **state)
{
    (void)state;
    ctx = (struct ctx){.arena = &arena};
    return 0;
}

struct input {
    struct str s;
    bool b;
    int64_t n;
    json_object *o, *a;
    struct strs list;
    bool has_s, has_b, has_n, has_list;
};

static enum st_err read_body(struct str body, const struct field *fields, int cdi, struct input *in)
{
    struct http_request rq = {.body = body};
    *in = (struct input){0};
    ctx.message = STR_NONE;
    return fields_read(&ctx, &rq, fields, cdi, in);
}

static void assert_refused(struct str body, const struct field *fields, const char *text)
{
    struct input in;
    if (read_body(body, fields, 0, &in) != ST_BAD_REQUEST)
        fail_msg("accepted %s", body.p);
    assert_str(ctx.message, text);
}

static const struct field every_type[] = {
    FIELD(struct input, s, FIELD_STRING),
    FIELD(struct input, b, FIELD_BOOL),
    FIELD(struct input, n, FIELD_LONG),
    FIELD(struct input, o, FIELD_OBJECT),
    FIELD(struct input, a, FIELD_ARRAY),
    FIELD(struct input, list, FIELD_STRINGS),
    FIELDS_END,
};

static void test_fields(void **state)
{
    (void)state;
    struct input in;
    struct str body = STR("{\"unknown\":1,\"list\":[\"x\",\"\"],\"a\":[1],\"o\":{\"k\":2},\"n\":-5,\"b\":"
                          "true,\"s\":\"\\u00e9\"}");
    assert_int_equal(read_body(body, every_type, 0, &in), ST_OK);
    assert_str(in.s, "\xc3\xa9");
    assert_true(in.b);
    assert_int_equal(in.n, -5);
    assert_str(json_text(&arena, in.o), "{\"k\":2}");
    assert_str(json_text(&arena, in.a), "[1]");
    assert_int_equal(in.list.n, 2);
    assert_str(in.list.v[0], "x");
    assert_str(in.list.v[1], "");
}

static void test_body_errors(void **state)
{
    (void)state;
    static const struct str bodies[] = {STR(""),        STR("null"), STR("[]"),
                                        STR("\"a\""),   STR("1"),    STR("{"),
                                        STR("{'s':1}"), STR("{} x"), STR("{\"s\":\"\xff\"}"),
                                        STR_NONE};
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_refused(bodies[i], every_type, "Invalid Json Input");
}

/* The values that each type refuses, and the order in which fields are looked at. */
static void test_field_errors(void **state)
{
    (void)state;
    static const struct field s[] = {FIELD(struct input, s, FIELD_STRING), FIELDS_END};
    static const struct field b[] = {FIELD(struct input, b, FIELD_BOOL), FIELDS_END};
    static const struct field n[] = {FIELD(struct input, n, FIELD_LONG), FIELDS_END};
    static const struct field o[] = {FIELD(struct input, o, FIELD_OBJECT), FIELDS_END};
    static const struct field a[] = {FIELD(struct input, a, FIELD_ARRAY), FIELDS_END};
    static const struct field list[] = {FIELD(struct input, list, FIELD_STRINGS), FIELDS_END};
    static const struct field list_null[] = {FIELD(struct input, list, FIELD_STRINGS_OR_NULL), FIELDS_END};
    static const struct field s_null[] = {FIELD(struct input, s, FIELD_STRING_OR_NULL), FIELDS_END};
    static const struct {
        const struct field *fields;
        const char *values[24];
    } cases[] = {
        {s, {"null", "1", "true", "{}", "[]", "[\"x\"]", "\"\\u0000\"", "\"a\\u0000b\""}},
        {s_null, {"1", "true", "{}", "[]", "[\"x\"]", "\"\\u0000\""}},
        {b, {"null", "0", "1", "\"true\"", "[true]", "{}"}},
        {n,
         {"null",
          "true",
          "\"\"",
          "\"5.7\"",
          "\" 5\"",
          "\"5 \"",
          "\"1e3\"",
          "\"x\"",
          "\"9223372036854775808\"",
          "9223372036854775808",
          "18446744073709551615",
          "1e400",
          "-1e400",
          "9.3e18",
          "-9.3e18",
          "9223372036854775808.0",
          "[5]",
          "{}",
          "\"0x10\"",
          "\"5\\u0000\""}},
        {o, {"null", "[]", "\"{}\"", "1", "true"}},
        {a, {"null", "{}", "\"[]\"", "1", "true"}},
        {list, {"null", "{}", "\"x\"", "[1]", "[\"x\",null]", "[[\"x\"]]", "[\"x\",\"\\u0000\"]", "[true]"}},
        {list_null, {"{}", "\"x\"", "[1]", "[null]", "[\"x\",null]"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = cases[i].fields[0].name;
        struct str text = arena_printf(&arena, "Field name '%s' is invalid in JSON input", name);
        assert_refused(STR("{}"), cases[i].fields, text.p);
        for (size_t v = 0; cases[i].values[v]; v++)
            assert_refused(arena_printf(&arena, "{\"%s\":%s}", name, cases[i].values[v]), cases[i].fields,
                           text.p);
    }
    assert_refused(STR("{\"n\":1,\"b\":1,\"s\":1}"), every_type, "Field name 's' is invalid in JSON input");
    assert_refused(STR("{\"n\":null,\"b\":null,\"s\":\"\"}"), every_type,
                   "Field name 'b' is invalid in JSON input");
}

static void test_longs(void **state)
{
    (void)state;
    static const struct field fields[] = {FIELD(struct input, n, FIELD_LONG), FIELDS_END};
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"5.7", 5},
        {"-5.7", -5},
        {"0.9", 0},
        {"-0.9", 0},
        {"1e3", 1000},
        {"1E-400", 0},
        {"\"5\"", 5},
        {"\"-5\"", -5},
        {"\"+5\"", 5},
        {"\"007\"", 7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775808.0", INT64_MIN},
        {"\"9223372036854775807\"", INT64_MAX},
        {"\"-9223372036854775808\"", INT64_MIN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in;
        struct str body = arena_printf(&arena, "{\"n\":%s}", cases[i].text);
        if (read_body(body, fields, 0, &in) != ST_OK || in.n != cases[i].value)
            fail_msg("%s became %lld", cases[i].text, (long long)in.n);
    }
}

static void test_optional(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD_OPTIONAL(struct input, s, FIELD_STRING),
        FIELD_OPTIONAL(struct input, b, FIELD_BOOL),
        FIELD_OPTIONAL(struct input, n, FIELD_LONG),
        FIELD_OPTIONAL(struct input, list, FIELD_STRINGS),
        FIELD(struct input, o, FIELD_OBJECT, .optional = true),
        FIELDS_END,
    };
    struct input in;
    assert_int_equal(read_body(STR("{}"), fields, 0, &in), ST_OK);
    assert_false(in.has_s || in.has_b || in.has_n || in.has_list);
    assert_null(in.s.p);
    assert_null(in.o);
    assert_int_equal(read_body(STR("{\"b\":false,\"list\":[],\"s\":\"\"}"), fields, 0, &in), ST_OK);
    assert_true(in.has_s && in.has_b && !in.has_n && in.has_list);
    assert_non_null(in.s.p);
    assert_non_null(in.list.v);
    assert_int_equal(in.list.n, 0);
    assert_refused(STR("{\"s\":null}"), fields, "Field name 's' is invalid in JSON input");
    assert_refused(STR("{\"n\":null}"), fields, "Field name 'n' is invalid in JSON input");
    assert_refused(STR("{\"o\":null}"), fields, "Field name 'o' is invalid in JSON input");
    assert_refused(STR("[]"), fields, "Invalid Json Input");
}

static void test_nulls(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD_OPTIONAL(struct input, s, FIELD_STRING_OR_NULL),
        FIELD_OPTIONAL(struct input, list, FIELD_STRINGS_OR_NULL),
        FIELDS_END,
    };
    struct input in;
    assert_int_equal(read_body(STR("{\"s\":null,\"list\":null}"), fields, 0, &in), ST_OK);
    assert_true(in.has_s && in.has_list);
    assert_null(in.s.p);
    assert_null(in.list.v);
    assert_int_equal(read_body(STR("{\"s\":\"\",\"list\":[]}"), fields, 0, &in), ST_OK);
    assert_true(in.s.p && in.list.v && in.has_s && in.has_list);
    assert_int_equal(read_body(STR("{}"), fields, 0, &in), ST_OK);
    assert_false(in.s.p || in.list.v || in.has_s || in.has_list);
    static const struct field object[] = {FIELD(struct input, o, FIELD_OBJECT_OR_NULL), FIELDS_END};
    assert_int_equal(read_body(STR("{\"o\":null}"), object, 0, &in), ST_OK);
    assert_null(in.o);
    assert_int_equal(read_body(STR("{\"o\":{}}"), object, 0, &in), ST_OK);
    assert_non_null(in.o);
    assert_refused(STR("{\"o\":[]}"), object, "Field name 'o' is invalid in JSON input");
    assert_refused(STR("{}"), object, "Field name 'o' is invalid in JSON input");
}

static void test_versions(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD(struct input, s, FIELD_STRING, .since = 210, .until = 300),
        FIELD(struct input, n, FIELD_LONG, .until = 209),
        FIELDS_END,
    };
    static const struct {
        int cdi;
        const char *error;
    } cases[] = {
        {209, "Field name 'n' is invalid in JSON input"},
        {210, "Field name 's' is invalid in JSON input"},
        {300, "Field name 's' is invalid in JSON input"},
    };
    struct input in;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(read_body(STR("{}"), fields, cases[i].cdi, &in), ST_BAD_REQUEST);
        assert_str(ctx.message, cases[i].error);
    }
    assert_int_equal(read_body(STR("no JSON at all"), fields, 301, &in), ST_OK); /* no row applies */
    assert_int_equal(read_body(STR("{\"n\":1,\"s\":\"a\"}"), fields, 209, &in), ST_OK);
    assert_int_equal(in.n, 1);
    assert_null(in.s.p);
}

static void test_max_bytes(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD_OPTIONAL(struct input, s, FIELD_STRING, .max_bytes = 4),
        FIELD_OPTIONAL(struct input, list, FIELD_STRINGS, .max_bytes = 1),
        FIELDS_END,
    };
    struct input in;
    assert_int_equal(read_body(STR("{\"s\":\"\\u00e9\\u00e9\",\"list\":[\"a\",\"\"]}"), fields, 0, &in),
                     ST_OK);
    assert_refused(STR("{\"s\":\"12345\"}"), fields, "Field name 's' is invalid in JSON input");
    assert_refused(STR("{\"list\":[\"a\",\"bc\"]}"), fields, "Field name 'list' is invalid in JSON input");
}

static void test_object_in_field(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD(struct input, s, FIELD_STRING, .since = 300),
        FIELD_OPTIONAL(struct input, n, FIELD_LONG),
        FIELDS_END,
    };
    struct input in = {0};
    json_object *object = json_parse(&arena, STR("{\"s\":\"x\"}")), *empty = json_parse(&arena, STR("{}"));
    assert_int_equal(fields_read_object(&ctx, object, fields, 300, &in), ST_OK);
    assert_str(in.s, "x");
    assert_false(in.has_n);
    assert_int_equal(fields_read_object(&ctx, empty, fields, 200, &in), ST_OK);
    assert_int_equal(fields_read_object(&ctx, empty, fields, 300, &in), ST_BAD_REQUEST);
    assert_str(ctx.message, "Field name 's' is invalid in JSON input");
}

static void test_query_fields(void **state)
{
    (void)state;
    static const struct field s[] = {FIELD(struct input, s, QUERY_STRING, .max_bytes = 8), FIELDS_END};
    static const struct field l[] = {FIELD(struct input, n, QUERY_LONG), FIELDS_END};
    static const struct field i32[] = {FIELD(struct input, n, QUERY_INT), FIELDS_END};
    static const struct field b[] = {FIELD(struct input, b, QUERY_BOOL), FIELDS_END};
    static const struct {
        const struct field *fields;
        const char *query, *error;
        int64_t number;
    } cases[] = {
        {s, "", "Field name 's' is missing in GET request", 0},
        {s, "S=1&n=2", "Field name 's' is missing in GET request", 0},
        {s, "s", NULL, 0},
        {s, "s=%00", "Field name 's' is invalid in GET request", 0},
        {s, "s=123456789", "Field name 's' is invalid in GET request", 0},
        {s, "s=a&t=%zz", "Invalid query string", 0},
        {l, "x=1", "Field name 'n' is missing in GET request", 0},
        {l, "n=", "Field name 'n' must be a long in the GET request", 0},
        {l, "n=1.5", "Field name 'n' must be a long in the GET request", 0},
        {l, "n=+1", "Field name 'n' must be a long in the GET request", 0}, /* "+" is a blank here */
        {l, "n=9223372036854775808", "Field name 'n' must be a long in the GET request", 0},
        {l, "n=9223372036854775807", NULL, INT64_MAX},
        {l, "n=-9223372036854775808", NULL, INT64_MIN},
        {l, "n=%2B7", NULL, 7},
        {i32, "n=x", "Field name 'n' must be an int in the GET request", 0},
        {i32, "n=2147483648", "Field name 'n' must be an int in the GET request", 0},
        {i32, "n=-2147483649", "Field name 'n' must be an int in the GET request", 0},
        {i32, "n=2147483647", NULL, INT32_MAX},
        {i32, "n=-2147483648", NULL, INT32_MIN},
        {b, "", "Field name 'b' is missing in GET request", 0},
        {b, "b=TrUe", NULL, 1},
        {b, "b=yes", NULL, 0},
        {b, "b=", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct input in = {0};
        struct http_request rq = {.query = str_of(cases[i].query), .body = STR("not read")};
        enum st_err err = fields_read(&ctx, &rq, cases[i].fields, 0, &in);
        assert_int_equal(err, cases[i].error ? ST_BAD_REQUEST : ST_OK);
        if (cases[i].error)
            assert_str(ctx.message, cases[i].error);
        else if (cases[i].fields == b)
            assert_int_equal(in.b, cases[i].number);
        else
            assert_int_equal(in.n, cases[i].number);
    }
}

static void test_query_and_body(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD_OPTIONAL(struct input, n, QUERY_INT),
        FIELD_OPTIONAL(struct input, s, FIELD_STRING),
        FIELDS_END,
    };
    struct http_request rq = {.query = STR("n=x"), .body = STR("[]")};
    struct input in = {0};
    assert_int_equal(fields_read(&ctx, &rq, fields, 0, &in), ST_BAD_REQUEST);
    assert_str(ctx.message, "Field name 'n' must be an int in the GET request");
    rq.query = STR("n=3");
    assert_int_equal(fields_read(&ctx, &rq, fields, 0, &in), ST_BAD_REQUEST);
    assert_str(ctx.message, "Invalid Json Input");
    rq.body = STR("{\"s\":\"a\"}");
    assert_int_equal(fields_read(&ctx, &rq, fields, 0, &in), ST_OK);
    assert_true(in.has_n && in.n == 3 && in.has_s);
    in = (struct input){0};
    rq.query = STR_NONE;
    assert_int_equal(fields_read(&ctx, &rq, fields, 0, &in), ST_OK);
    assert_false(in.has_n);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, start, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fields),          TEST(test_body_errors),  TEST(test_field_errors),   TEST(test_longs),
        TEST(test_optional),        TEST(test_nulls),        TEST(test_versions),       TEST(test_max_bytes),
        TEST(test_object_in_field), TEST(test_query_fields), TEST(test_query_and_body),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    arena_init(&arena);
    int failed = cmocka_run_group_tests_name("fields", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
