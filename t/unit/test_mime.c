/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of src/deliver/ that need no server: addresses, headers and encodings of mails, the choice of a
 * language, placeholders, signatures of webhooks.
 */
#include <stdio.h>

#include <sodium.h>

#include "arena_fixture.h"
#include "crypto/webhook.h"
#include "deliver/language.h"
#include "deliver/mime.h"
#include "deliver/template.h"

static int start(void **state)
{
    (void)state;
    arena_init(&arena);
    return sodium_init() < 0;
}

static int stop(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a@b",
        "jane.doe+tag@example.com",
        "o'neil!#$%&*/=?^_`{|}~-@example.com",
        "\"a b\"@example.com",
        "\"a@b>c\\\"d\\\\\"@example.com",
        "jörg@müller.example",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
    };
    static const char *const bad[] = {
        "",           "a",      "@b",         "a@",        "a@b@c",        ".a@b",
        "a.@b",       "a..b@c", "a@b..c",     "a@.b",      "a b@c",        "a@b c",
        "a@b>",       "<a@b",   "a,b@c",      "a@b,c@d",   "a@b\r\nX: y",  "a\n@b",
        "\"a@b",      "\"\"@b", "\"a\"b\"@c", "\"a\\\"@c", "\"a\r\nb\"@c", "a\x7f@b",
        "a@[1.2.3.4", "a@[x]",  "\xff@b",     "a@b\\",     "a@b(c)",       "a;b@c",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!mime_is_address(str_of(good[i])))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mime_is_address(str_of(bad[i])))
            fail_msg("accepted: %s", bad[i]);
    assert_false(mime_is_address((struct str){"a@b\0c", 5}));
    assert_false(mime_is_address(STR_NONE));
    char longest[MIME_ADDRESS_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    assert_true(mime_is_address((struct str){longest, MIME_ADDRESS_MAX}));
    assert_false(mime_is_address((struct str){longest, MIME_ADDRESS_MAX + 1}));
}

static struct mime sample(void)
{
    return (struct mime){.from_name = STR("Shop"),
                         .from = STR("\"x@y\"@shop.example"),
                         .to = STR("a@b.c"),
                         .subject = STR("Hello"),
                         .id = STR("msg_1"),
                         .date_ms = 1700000000123,
                         .text = STR("one\ntwo\n"),
                         .html = STR("<p>one</p>")};
}

static void test_message(void **state)
{
    (void)state;
    struct mime m = sample();
    assert_str(mime_message(&arena, &m),
               "From: \"Shop\"\r\n <\"x@y\"@shop.example>\r\nTo: <a@b.c>\r\nSubject: Hello\r\n"
               "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <msg_1@shop.example>\r\n"
               "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/alternative;\r\n boundary=\"=_msg_1\"\r\n\r\n"
               "--=_msg_1\r\nContent-Type: text/plain; charset=UTF-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\none\r\ntwo\r\n\r\n"
               "--=_msg_1\r\nContent-Type: text/html; charset=UTF-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>one</p>\r\n"
               "--=_msg_1--\r\n");
}

static struct str line_of(struct str message, const char *start)
{
    const char *at = memmem(message.p, message.n, start, strlen(start));
    assert_non_null(at);
    struct str rest = str_from(message, (size_t)(at - message.p));
    const char *end = memmem(rest.p, rest.n, "\r\nDate", 6);
    return str_head(rest, end ? (size_t)(end - rest.p) : rest.n);
}

static void test_headers_cannot_be_added(void **state)
{
    (void)state;
    struct mime m = sample();
    m.subject = STR("a\r\nBcc: x@y.z\r\n\r\nb\x01");
    m.from_name = STR("a\"b\\c\r\nBcc: x@y.z");
    struct str text = mime_message(&arena, &m);
    assert_str(line_of(text, "From:"), "From: \"a\\\"b\\\\c  Bcc: x@y.z\"\r\n <\"x@y\"@shop.example>\r\n"
                                       "To: <a@b.c>\r\nSubject: a  Bcc: x@y.z    b");
    m.subject = STR("=?UTF-8?B?QQ==?=");
    assert_str(line_of(mime_message(&arena, &m), "Subject:"),
               "Subject: =?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?=");
}

static void test_long_subject(void **state)
{
    (void)state;
    struct mime m = sample();
    m.subject = STR("ééééééééééééééééééééééé—"); /* 49 bytes: the cut would be inside of a character */
    assert_str(line_of(mime_message(&arena, &m), "Subject:"),
               "Subject: =?UTF-8?B?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6k=?=\r\n"
               " =?UTF-8?B?w6nigJQ=?=");
}

static void test_quoted_printable(void **state)
{
    (void)state;
    struct mime m = sample();
    m.text = STR("a=b \nend\t\r\n.\nFrom me\n"
                 "012345678901234567890123456789012345678901234567890123456789012345678901234567890\n"
                 "01234567890123456789012345678901234567890123456789012345678901234567890123é\rx");
    struct str text = mime_message(&arena, &m);
    const char *want =
        "\r\n\r\na=3Db=20\r\nend=09\r\n.\r\nFrom me\r\n"
        "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n567890\r\n"
        "01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n"
        "=C3=A9=0Dx\r\n--=_msg_1\r\n";
    if (!memmem(text.p, text.n, want, strlen(want)))
        fail_msg("%.*s", STR_ARG(text));
    for (struct str rest = text; rest.p;) {
        struct str line = str_split(&rest, '\n');
        assert_true(line.n <= 77); /* with its CR */
        assert_true(line.n == 0 || line.p[line.n - 1] == '\r');
    }
}

static bool is_listed(const void *list, struct str tag)
{
    struct str rest = str_of(list);
    while (rest.p)
        if (str_is(str_split(&rest, ' '), tag))
            return true;
    return false;
}

static void test_language(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *available, *want;
    } rows[] = {
        {"de", "en de", "de"},
        {"de-AT,de;q=0.9,en;q=0.8", "en de", "de"},
        {"de-AT", "en de de-at", "de-at"},
        {"zh-Hant-TW", "en zh-hant", "zh-hant"},
        {"en;q=0.5, fr;q=0.7, de;q=0.7", "en de fr", "fr"},
        {"fr;q=0, de", "fr de en", "de"},
        {"it, *", "en de", "en"},
        {"", "en de", "en"},
        {"../../etc/passwd", "en ../../etc/passwd", "en"},
        {"d", "en d", "en"},
        {"de;q=x, fr", "de fr en", "fr"},
        {"de;q=0.001, fr;q=0.002", "de fr en", "fr"},
        {"de;q=1.000;x=y", "de", "de"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_str(language_choose(&arena, str_of(rows[i].accept), is_listed, rows[i].available),
                   rows[i].want);
    assert_str(language_choose(&arena, STR_NONE, is_listed, "de"), "en");
}

static void test_placeholders(void **state)
{
    (void)state;
    const struct template_value values[] = {{"a", STR("<&'\">{b}")}, {"b", STR("x")}};
    assert_str(template_fill(&arena, STR("{a}{b}{c} p { color: red } {b"), values, 2, false),
               "<&'\">{b}x{c} p { color: red } {b");
    assert_str(template_fill(&arena, STR("<a href=\"{a}\">{{b}}"), values, 2, true),
               "<a href=\"&lt;&amp;&#39;&quot;&gt;{b}\">{x}");
    assert_str(template_fill(&arena, STR(""), values, 2, true), "");
}

/* The first two are examples of the specification and of its libraries. */
static void test_signature(void **state)
{
    (void)state;
    const struct str spec = STR("whsec_plJ3nmyCDGBKInavdOK15jsl");
    const struct str ping = STR("{\"event_type\":\"ping\",\"data\":{\"success\":true}}");
    assert_str(webhook_signature(&arena, spec, STR("msg_loFOjxBNrRLzqYUf"), 1731705121, ping),
               "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    assert_str(webhook_signature(&arena, STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                 STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                                 STR("{\"test\": 2432232314}")),
               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_str(webhook_signature(
                   &arena, STR("whsec_plJ3nmyCDGBKInavdOK15jsl  whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                   STR("msg_loFOjxBNrRLzqYUf"), 1731705121, ping),
               "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0= "
               "v1,ra7kgjOCnSSR5URJ70WM3QMv18NGuuwnmtI2W0CEQ1c=");
    assert_null(webhook_signature(&arena, STR("whsec_!"), STR("m"), 1, ping).p);
    assert_null(webhook_signature(&arena, STR("whsec_"), STR("m"), 1, ping).p);
    assert_null(webhook_signature(&arena, STR("whsec_plJ3nmyCDGBKInavdOK15jsl other"), STR("m"), 1, ping).p);
    assert_null(webhook_signature(&arena, STR(""), STR("m"), 1, ping).p);
    assert_str(webhook_signature(&arena, STR("any text"), STR("m"), 1, STR("b")),
               "v1,JeeXotJMcPh+BinwpdMCwefJwTxOuSvV8yy/wwJuaB0=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_headers_cannot_be_added),
        cmocka_unit_test(test_long_subject),
        cmocka_unit_test(test_quoted_printable),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_signature),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start, stop);
}
