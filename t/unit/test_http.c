/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "arena_fixture.h"
#include "base/log.h"
#include "http/cookies.h"
#include "http/exchange.h"
#include "http/percent.h"
#include "http/text.h"

static struct ctx ctx;

static int start(void **state)
{
    (void)state;
    ctx = (struct ctx){.arena = &arena};
    return 0;
}

/* A copy without anything behind its end, so that the address sanitizer sees reads beyond it. */
static struct str exact(struct str s)
{
    char *copy = malloc(s.n ? s.n : 1);
    assert_non_null(copy);
    arena_on_reset(&arena, free, copy);
    memcpy(copy, s.p, s.n);
    return (struct str){copy, s.n};
}

/* ---- parameters and paths ---- */

static void test_param(void **state)
{
    (void)state;
    char *const params[] = {"A=1", "AB=2", "A=3", "EMPTY=", "BARE", NULL};
    struct http_request rq = {.params = params};
    assert_str(http_param(&rq, "A"), "1");
    assert_str(http_param(&rq, "AB"), "2");
    assert_str(http_param(&rq, "EMPTY"), "");
    assert_null(http_param(&rq, "BARE").p);
    assert_null(http_param(&rq, "B").p);
    rq.params = NULL;
    assert_null(http_param(&rq, "A").p);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        struct str raw;
        const char *path;
    } cases[] = {
        {STR("/"), "/"},
        {STR("/hello"), "/hello"},
        {STR("/hello/"), "/hello/"},
        {STR("/Recipe/User"), "/Recipe/User"},
        {STR("//hello///x//"), "/hello/x/"},
        {STR("/%68ello"), "/hello"},
        {STR("/a%20b+c"), "/a b+c"},
        {STR("/%c3%A9"), "/\xc3\xa9"},
        {STR("/\xc3\xa9"), "/\xc3\xa9"},
        {STR("/hello;x=1"), "/hello"},
        {STR("/hello;x=1;y/z;"), "/hello/z"},
        {STR("/a;x=%zz/b"), "/a/b"},
        {STR("/;x/a"), "/a"},
        {STR("/a%3Bx"), "/a;x"},
        {STR("/a%253B"), "/a%3B"},
        {STR("/a/./b/."), "/a/b/"},
        {STR("/a/b/../c"), "/a/c"},
        {STR("/a/b/.."), "/a/"},
        {STR("/a/b/../"), "/a/"},
        {STR("/a/.."), "/"},
        {STR("/a//../b"), "/b"},
        {STR("/a/%2e%2E/b"), "/b"},
        {STR("/a/%2e/b"), "/a/b"},
        {STR("/a/b/../../c"), "/c"},
        {STR("/..a/...;x/.b"), "/..a/.../.b"},
        {STR("/appid-x/t1/recipe/session"), "/appid-x/t1/recipe/session"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str path;
        if (http_normalise_path(&ctx, exact(cases[i].raw), &path) != ST_OK)
            fail_msg("refused %s", cases[i].raw.p);
        if (!str_is_c(path, cases[i].path))
            fail_msg("%s became %s", cases[i].raw.p, path.p);
        assert_int_equal(path.p[path.n], 0);
    }
}

static void test_refused_paths(void **state)
{
    (void)state;
    static const struct str paths[] = {
        STR(""),          STR("hello"),     STR("*"),        STR("http://host/"), STR("/a%2Fb"),
        STR("/a%2fb"),    STR("/%"),        STR("/%1"),      STR("/a%zz"),        STR("/%-1"),
        STR("/%00"),      STR("/a\0b"),     STR("/.."),      STR("/../x"),        STR("/a/../../x"),
        STR("/%2e%2e/x"), STR("//..//"),    STR("/./.."),    STR("/\xff"),        STR("/%ff"),
        STR("/%c3"),      STR("/%c0%af"),   STR("/%c3/%a9"), STR("/a/..;/b"),     STR("/a/..;x/b"),
        STR("/a/.;/b"),   STR("/a/%2e.;x"), STR("/..;"),
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct str path;
        if (http_normalise_path(&ctx, exact(paths[i]), &path) != ST_BAD_REQUEST)
            fail_msg("accepted %s as %s", paths[i].p, path.p);
        assert_str(ctx.message, "Invalid path");
    }
    struct str path;
    assert_int_equal(http_normalise_path(&ctx, STR_NONE, &path), ST_BAD_REQUEST);
}

/* ---- queries ---- */

static void test_query(void **state)
{
    (void)state;
    static const struct {
        struct str query;
        const char *value; /* of x */
    } cases[] = {
        {STR("x=1"), "1"},
        {STR("x=1&x=2"), "1"},
        {STR("a=0&x=1&b"), "1"},
        {STR("x"), ""},
        {STR("x="), ""},
        {STR("x=&x=2"), ""},
        {STR("x=a=b"), "a=b"},
        {STR("x=a+b%20c%2B%26%3d"), "a b c+&="},
        {STR("%78=1"), "1"},
        {STR("x=%C3%A9%e2%82%ac"), "\xc3\xa9\xe2\x82\xac"},
        {STR("x=\xc3\xa9"), "\xc3\xa9"},
        {STR("&&x=1&"), "1"},
        {STR(""), NULL},
        {STR_NONE, NULL},
        {STR("y=1"), NULL},
        {STR("xx=1&X=2&=x"), NULL},
        {STR("y=x=1"), NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_request rq = {.query = cases[i].query};
        struct str value;
        assert_int_equal(http_query(&ctx, &rq, "x", &value), ST_OK);
        if (cases[i].value)
            assert_str(value, cases[i].value);
        else
            assert_null(value.p);
    }
}

static void test_refused_queries(void **state)
{
    (void)state;
    static const struct str queries[] = {STR("x=%"),   STR("x=%1"),      STR("x=%zz"),      STR("x=1&y=%zz"),
                                         STR("%x=1"),  STR("y=%&x=1"),   STR("x=%1&y=23"),  STR("x=\xff"),
                                         STR("x=%ff"), STR("y=%C3&x=1"), STR("x=%ED%A0%80")};
    for (size_t i = 0; i < COUNT(queries); i++) {
        struct http_request rq = {.query = exact(queries[i])};
        struct str value;
        if (http_query(&ctx, &rq, "x", &value) != ST_BAD_REQUEST)
            fail_msg("accepted %s", queries[i].p);
        assert_str(ctx.message, "Invalid query string");
    }
}

/* ---- answers ---- */

static void assert_answer(const struct http_response *rs, int status, const char *body)
{
    assert_int_equal(rs->status, status);
    assert_string_equal(rs->content_type, "text/html;charset=UTF-8");
    assert_str(rs->body, body);
}

static void test_answers(void **state)
{
    (void)state;
    struct http_response rs = {0};
    http_answer_text(&ctx, &rs, 200, STR("Hello"));
    assert_answer(&rs, 200, "Hello\n");
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "status", STR("OK"));
    json_close(&j, '}');
    rs = (struct http_response){0};
    http_answer_json(&ctx, &rs, &j);
    assert_int_equal(rs.status, 200);
    assert_string_equal(rs.content_type, "application/json;charset=UTF-8");
    assert_str(rs.body, "{\"status\":\"OK\"}\n");
    assert_int_equal(rs.nheaders, 0);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        enum st_err err;
        int status;
        const char *usual;
    } cases[] = {
        {ST_BAD_REQUEST, 400, "Bad request\n"},
        {ST_UNAUTHORISED, 401, "Invalid API key\n"},
        {ST_FORBIDDEN, 403, "Forbidden\n"},
        {ST_NOT_FOUND, 404, "Not found\n"},
        {ST_BAD_METHOD, 405, "Method not supported\n"},
        {ST_TOO_LARGE, 413, "Request body too large\n"},
        {ST_INTERNAL, 500, "Internal error\n"},
        {ST_UNAVAILABLE, 503, "Service unavailable\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_response rs = {0};
        ctx.message = STR_NONE;
        http_add_header(&rs, "Set-Cookie", STR("a=b")); /* of the answer that failed */
        http_answer_error(&ctx, &rs, cases[i].err);
        assert_answer(&rs, cases[i].status, cases[i].usual);
        assert_int_equal(rs.nheaders, cases[i].status == 503);
        if (cases[i].status == 503) {
            assert_str(rs.headers[0].name, "Retry-After");
            assert_str(rs.headers[0].value, "1");
        }
        if (cases[i].err == ST_INTERNAL)
            continue;
        assert_int_equal(ctx_fail(&ctx, cases[i].err, "%s %d", "detail", 7), cases[i].err);
        http_answer_error(&ctx, &rs, cases[i].err);
        assert_answer(&rs, cases[i].status, "detail 7\n");
    }
}

/* What goes wrong inside is for the log. */
static void test_internal_errors(void **state)
{
    (void)state;
    static const enum st_err errors[] = {ST_INTERNAL,  ST_CONSTRAINT, ST_RETRY,
                                         ST_SUSPENDED, ST_OK,         (enum st_err)99};
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct http_response rs = {0};
        (void)ctx_fail(&ctx, errors[i], "relation \"x\" does not exist");
        http_answer_error(&ctx, &rs, errors[i]);
        assert_answer(&rs, 500, "Internal error\n");
    }
}

static void test_bad_method(void **state)
{
    (void)state;
    struct http_response rs = {0};
    http_answer_bad_method(&ctx, &rs, HTTP_PATCH, 1u << HTTP_GET | 1u << HTTP_POST | 1u << HTTP_DELETE);
    assert_answer(&rs, 405, "Method not supported\n");
    assert_int_equal(rs.nheaders, 1);
    assert_str(rs.headers[0].name, "Allow");
    assert_str(rs.headers[0].value, "GET, POST, DELETE");
    rs = (struct http_response){0};
    http_answer_bad_method(&ctx, &rs, HTTP_OTHER, 1u << HTTP_PUT);
    assert_answer(&rs, 501, "Method not supported\n");
    assert_str(rs.headers[0].value, "PUT");
    http_answer_bad_method(&ctx, &rs, HTTP_GET, 0);
    assert_str(rs.headers[0].value, "");
}

static void test_headers(void **state)
{
    (void)state;
    struct http_response rs = {0};
    http_add_header(&rs, "Location", STR("/x\r\nSet-Cookie: a=b"));
    http_add_header(&rs, "Location", STR("/x\ny"));
    http_add_header(&rs, "Location", STR("/x\0y"));
    assert_int_equal(rs.nheaders, 0);
    for (size_t i = 0; i < HTTP_MAX_HEADERS + 3; i++)
        http_add_header(&rs, "X", STR("\xc3\xa9 \t"));
    assert_int_equal(rs.nheaders, HTTP_MAX_HEADERS);
}

static enum st_err resumed(struct exchange *x)
{
    (void)x;
    return ST_OK;
}

static void test_await(void **state)
{
    (void)state;
    struct exchange *x = ARENA_NEW(&arena, struct exchange);
    struct password_job *job = (struct password_job *)&ctx;
    assert_int_equal(exchange_await(x, job, resumed), ST_SUSPENDED);
    assert_ptr_equal(x->job, job);
    assert_true(x->resume == resumed);
}

/* ---- texts ---- */

static void test_email(void **state)
{
    (void)state;
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR("a@b.c"), "a@b.c"},
        {STR(" \t\nJohn.DOE+Tag@Example.COM\r\n "), "john.doe+tag@example.com"},
        {STR("\x1f@[`{AZ\x01"), "@[`{az"},
        {STR(""), ""},
        {STR("  "), ""},
        {STR("not an address"), "not an address"},
        {STR("\xc3\x84\xc3\x96@\xc3\x9c.de"), "\xc3\xa4\xc3\xb6@\xc3\xbc.de"},
        {STR("\xc2\xa0-A\xc2\xa0"), "\xc2\xa0-a\xc2\xa0"}, /* no-break space is not trimmed */
        {STR("II\xc4\xb0@X"), "iii\xcc\x87@x"},            /* not Turkish: I is i, dotted I keeps its dot */
        {STR("\xce\x9f\xce\x94\xce\x9f\xce\xa3 \xce\xa3"),
         "\xce\xbf\xce\xb4\xce\xbf\xcf\x82 \xcf\x83"}, /* final sigma */
        {STR("\xe1\xba\x9e\xc3\x9f"), "\xc3\x9f\xc3\x9f"},
        {STR("\xf0\x90\x90\x80"), "\xf0\x90\x90\xa8"},
        {STR("\xe2\x84\xaa"), "k"},        /* Kelvin sign: shorter in lower case */
        {STR("\xc8\xba"), "\xe2\xb1\xa5"}, /* and one that is longer */
        {STR("\xc3\x84\xff-B"), "\xc3\xa4\xef\xbf\xbd-b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_str(email_normalise(&arena, cases[i].in), cases[i].out);
    assert_null(email_normalise(&arena, STR_NONE).p);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, start, reset)

/* ---- cookies ---- */

static struct str cookie(char *const *params, const char *name)
{
    return http_cookie(&ctx, &(struct http_request){.params = params}, str_of(name));
}

static void test_cookies(void **state)
{
    (void)state;
    char *const params[] = {
        "HTTP_X=1", "HTTP_COOKIE=a=1; b = two ;c=\"q\"; d=%2F%C3%A4;; e=%zz%20; bare; %66=6; a=second; g=",
        "HTTP_COOKIE=z=9;a=third", NULL};
    assert_str(cookie(params, "a"), "1");
    assert_str(cookie(params, "b"), "two");
    assert_str(cookie(params, "c"), "q");
    assert_str(cookie(params, "d"), "/\xC3\xA4");
    assert_str(cookie(params, "e"), "%zz%20");
    assert_str(cookie(params, "f"), "6");
    assert_str(cookie(params, "g"), "");
    assert_str(cookie(params, "z"), "9");
    assert_null(cookie(params, "bare").p);
    assert_null(cookie(params, "A").p);
    assert_null(cookie((char *const[]){"HTTP_COOKIE=", NULL}, "a").p);
    struct http_request rq = {.params = params};
    assert_int_equal(http_cookie_count(&ctx, &rq, STR("a")), 3);
    assert_int_equal(http_cookie_count(&ctx, &rq, STR("none")), 0);
}

/* Neither endless lists nor endless bytes are looked at. */
static void test_many_cookies(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    buf_add(&b, STR("HTTP_COOKIE="));
    for (int i = 0; i < HTTP_COOKIES; i++)
        buf_add(&b, STR("a=1;"));
    buf_add(&b, STR("late=1"));
    char *many = (char *)buf_str(&b).p;
    assert_str(cookie((char *const[]){many, NULL}, "a"), "1");
    assert_null(cookie((char *const[]){many, NULL}, "late").p);
    struct buf large = buf_in(&arena);
    buf_add(&large, STR("HTTP_COOKIE=a="));
    for (int i = 0; i < HTTP_COOKIES_BYTES; i++)
        buf_char(&large, 'x');
    assert_null(cookie((char *const[]){(char *)buf_str(&large).p, NULL}, "a").p);
}

static void test_percent(void **state)
{
    (void)state;
    assert_str(percent_encode(&arena, STR("aZ09-_.!~*'()")), "aZ09-_.!~*'()");
    assert_str(percent_encode(&arena, STR("a b+/=;\xC3\xA4\0")), "a%20b%2B%2F%3D%3B%C3%A4%00");
    struct str rest = STR("a=1+2&b&=c&d=%zz"), name, value;
    assert_true(percent_pair(&arena, &rest, &name, &value));
    assert_str(name, "a");
    assert_str(value, "1 2");
    assert_true(percent_pair(&arena, &rest, &name, &value));
    assert_str(name, "b");
    assert_str(value, "");
    assert_true(percent_pair(&arena, &rest, &name, &value));
    assert_str(name, "");
    assert_str(value, "c");
    assert_false(percent_pair(&arena, &rest, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_param),   TEST(test_paths),           TEST(test_refused_paths),
        TEST(test_query),   TEST(test_refused_queries), TEST(test_answers),
        TEST(test_errors),  TEST(test_internal_errors), TEST(test_bad_method),
        TEST(test_headers), TEST(test_await),           TEST(test_email),
        TEST(test_cookies), TEST(test_many_cookies),    TEST(test_percent),
    };
    char why[64];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    arena_init(&arena);
    if (!log_open(&(struct log_options){.level = LOG_NONE}, why, sizeof why))
        return 1;
    int failed = cmocka_run_group_tests_name("http", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
