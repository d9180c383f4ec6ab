/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "emailpassword/validate.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

struct row {
    struct str input;
    const char *want; /* NULL: accepted */
};

static void check(struct str input, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
        fail_msg("'%.*s': %s", STR_ARG(input), got ? got : "accepted");
}

static void addresses(void **state)
{
    static const struct str good[] = {
        STR("a@b.co"),
        STR("first.last@sub.example.com"),
        STR("a+b_c!#$%&'*/=?^`{|}~-@example.com"),
        STR("\"quoted @ and spaces\"@example.com"),
        STR("a@[1.22.333.4]"),
        STR("a@-hyphens-.example.com"),
        STR("\xC3\xBC@example.com"),
        STR("\"\"\"@example.com"),
    };
    static const struct str bad[] = {
        STR(""),
        STR("a"),
        STR("@example.com"),
        STR("a@"),
        STR("a@b"),
        STR("a@b.c"),
        STR("a@b.c0"),
        STR("a@b..com"),
        STR("a@.com"),
        STR("a@b.com."),
        STR(".a@b.com"),
        STR("a.@b.com"),
        STR("a..b@c.com"),
        STR("a b@c.com"),
        STR("a@b@c.com"),
        STR("a,b@c.com"),
        STR("a\xC2\xA0@b.com"),
        STR("a\xE2\x80\x83@b.com"),
        STR("\"\"@c.com"),
        STR("\"a\nb\"@c.com"),
        STR("a@[1.2.3]"),
        STR("a@[1.2.3.4444]"),
        STR("a@[1.2.3.x]"),
        STR("a@\xC3\xBC.com"),
        STR("a@b.com\n"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        check(good[i], validate_email(good[i]), NULL);
    for (size_t i = 0; i < COUNT(bad); i++)
        check(bad[i], validate_email(bad[i]), "Email is invalid");
}

static void passwords(void **state)
{
    static const char short_text[] = "Password must contain at least 8 characters, including a number";
    static const char digits_only[] = "Password must contain at least one alphabet";
    static const char no_digit[] = "Password must contain at least one number";
    static const struct row rows[] = {
        {STR("secret-1"), NULL},
        {STR("a1\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"), NULL}, /* 8 UTF-16 units */
        {STR("a1\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC"), short_text},   /* 7 of them, 12 bytes */
        {STR("secre-1"), short_text},
        {STR("12345678"), digits_only},
        {STR("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC"
             "1"),
         digits_only},
        {STR("password"), no_digit},
        {STR("passwor\xD9\xA1"), no_digit}, /* a digit, but not an ASCII one */
    };
    char text[100];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(rows[i].input, validate_password(rows[i].input), rows[i].want);
    memset(text, 'a', sizeof text);
    text[0] = '1';
    assert_null(validate_password((struct str){text, 99}));
    assert_string_equal(validate_password((struct str){text, 100}),
                        "Password's length must be lesser than 100 characters");
}

static void nist_passwords(void **state)
{
    static const char few[] = "Password must contain at least 8 characters";
    static const char common[] =
        "This password is one of the first that others would try. Please choose another one";
    static const char context_text[] =
        "This password is easy to guess from your e-mail address or the name of this "
        "site. Please choose another one";
    static const struct str context[VALIDATE_CONTEXT] = {STR("jane.doe@example.com"), STR("My Shop")};
    static const struct row rows[] = {
        {STR("correct horse battery"), NULL},
        {STR("lettersonly"), NULL},
        {STR("92746510"), NULL},
        {STR("\xC3\xBC\xC3\xA4\xC3\xB6\xC3\x9F\xC3\xA9\xC3\xA8\xC3\xA0\xC3\xB1"), NULL},
        {STR("\xC3\xBC\xC3\xA4\xC3\xB6\xC3\x9F\xC3\xA9\xC3\xA8\xC3\xA0"), few},
        {STR("1234567"), few},
        {STR("password"), common},
        {STR("PassWord123!"), common},
        {STR("iloveyou"), common},
        {STR("Summer2026"), common},
        {STR("aaaaaaaa"), common},
        {STR("12345678"), common},
        {STR("hgfedcba"), common},
        {STR("1234567890"), common},
        {STR("abcabcabc"), common},
        {STR("12121212"), common},
        {STR("jane.doe"), context_text},
        {STR("Jane.Doe26"), context_text},
        {STR("my shop!"), context_text},
        {STR("xxjane.doe"), context_text},
        {STR("DOE@EXAMPLE"), context_text},
        {STR("my shop is where I buy"), NULL},
    };
    char text[257];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(rows[i].input, validate_password_nist(rows[i].input, context), rows[i].want);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "abcdefgxyz"[i * i % 10];
    assert_null(validate_password_nist((struct str){text, 256}, context));
    assert_string_equal(validate_password_nist((struct str){text, 257}, context),
                        "Password must contain at most 256 characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(passwords),
        cmocka_unit_test(nist_passwords),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
