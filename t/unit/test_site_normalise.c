/* SPDX-License-Identifier: Apache-2.0
 *
 * Domains and paths as the SDKs normalise them (spec: fdi 3, fdi-session 1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "site/internal.h"

typedef bool normalise(struct arena *a, struct str in, struct str *out, const char **why);

struct row {
    const char *in, *out; /* NULL: refused */
};

static void expect(normalise *function, const struct row *rows, size_t n)
{
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < n; i++) {
        struct str out = STR_NONE;
        const char *why = NULL;
        bool good = function(&a, str_of(rows[i].in), &out, &why);
        if (good != (rows[i].out != NULL) || (good && !str_is_c(out, rows[i].out)))
            fail_msg("'%s' became '%.*s'", rows[i].in, STR_ARG(out));
        assert_true(good || why);
    }
    arena_free(&a);
}
#define EXPECT(FUNCTION, ROWS) expect(FUNCTION, ROWS, sizeof(ROWS) / sizeof((ROWS)[0]))

static void domains(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://example.com", "https://example.com"},
        {"  HTTPS://Example.COM/Path?x#y  ", "https://example.com"},
        {"https://example.com:443", "https://example.com"},
        {"https://example.com:8443/", "https://example.com:8443"},
        {"http://example.com:80", "http://example.com"},
        {"http://example.com:443", "http://example.com:443"},
        {"http://user:password@example.com", "http://example.com"},
        {"supertokens://example.com/x", "supertokens://example.com"},
        {"example.com", "https://example.com"},
        {"example.com:3000/auth", "https://example.com:3000"},
        {".example.com", "https://example.com"},
        {"localhost", "http://localhost"},
        {"localhost:4000/x", "http://localhost:4000"},
        {"localhost.org", "http://localhost.org"},
        {"127.0.0.1:3000", "http://127.0.0.1:3000"},
        {"1.2.3.256:3000", "https://1.2.3.256:3000"},
        {"http://[::1]:3000", "http://[::1]:3000"},
        {"https://a_b.example.com", "https://a_b.example.com"},
        {"/example.com", NULL},
        {"example", NULL},
        {"", NULL},
        {".", NULL},
        {"https://", NULL},
        {"https://exa mple.com", NULL},
        {"https://example.com:99999", NULL},
        {"https://example.com:x", NULL},
        {"https://ex\xC3\xA4mple.com", NULL},
        {"https://a;b", NULL},
        {"https://[::1", NULL},
    };
    EXPECT(site_normalise_domain, rows);
}

static void paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"/", ""},
        {"//", "/"},
        {"auth", "/auth"},
        {"/auth/", "/auth"},
        {"/auth//", "/auth/"},
        {" /Auth ", "/Auth"}, /* the case is kept */
        {"/a//b", "/a//b"},
        {"/a/./b/../c", "/a/c"},
        {"/a/%2e%2E/b", "/b"},
        {"/..", ""},
        {"/a/..", ""},
        {"/a/b/..", "/a"},
        {"/a/...", "/a/..."},
        {"/a b/\xC3\xA4", "/a%20b/%C3%A4"},
        {"/a%20b", "/a%20b"},
        {"/auth?x=y#z", "/auth"},
        {"https://example.com/auth/", "/auth"},
        {"https://example.com", ""},
        {"example.com/auth", "/auth"},
        {"example.com", ""},
        {"localhost:3000/auth", "/auth"},
        {"/example.com/auth", "/example.com/auth"},
        {"/.netlify/functions/auth", "/.netlify/functions/auth"},
        {"/a\tb", NULL},
    };
    EXPECT(site_normalise_path, rows);
}

static void cookie_domains(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"example.com", "example.com"},
        {".Example.com", ".example.com"},
        {" .example.com:3000/x ", ".example.com"},
        {"https://example.com", "example.com"},
        {".https://example.com", ".example.com"},
        {".localhost", "localhost"},
        {".127.0.0.1", "127.0.0.1"},
        {"", ""},
        {".", NULL},
        {"a b", NULL},
    };
    EXPECT(site_normalise_cookie_domain, rows);
}

static void top_domains(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"localhost", "localhost"},
        {"localhost.com", "localhost"},
        {"127.0.0.1", "localhost"},
        {"8.8.8.8", "localhost"},
        {"a.b.example.com", "example.com"},
        {"example.com", "example.com"},
        {"a.b.co.uk", "b.co.uk"},
        {"x.github.io", "x.github.io"}, /* a private suffix */
        {"a.x.github.io", "x.github.io"},
        {"a.internal.corp", "internal.corp"}, /* not in the list */
        {"a.b.local", "a.b.local"},
        {"s3.amazonaws.com", "s3.amazonaws.com"},
        {"[::1]", "[::1]"},
        {"intranet", NULL},
        {"co.uk", NULL},
        {"com", NULL},
    };
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str top = site_top_domain(&a, str_of(rows[i].in));
        if (!rows[i].out ? top.p != NULL : !str_is_c(top, rows[i].out))
            fail_msg("%s: '%.*s'", rows[i].in, STR_ARG(top));
    }
    arena_free(&a);
}

static void fitting_cookie_domains(void **state)
{
    (void)state;
    static const struct {
        const char *host, *domain;
        bool fits;
    } rows[] = {
        {"api.example.com", "api.example.com", true},
        {"api.example.com", ".example.com", true},
        {"api.example.com", "example.com", true},
        {"api.example.com", ".com", false},
        {"api.example.com", "www.example.com", false},
        {"api.example.com", "ple.com", false},
        {"example.com", "api.example.com", false},
        {"a.co.uk", ".co.uk", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "0.0.1", false},
        {"localhost", "localhost", true},
        {"a.github.io", "github.io", false},
        {"a.github.io", "a.github.io", true},
        {"s.github.io", ".s.github.io", true},
    };
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (site_cookie_domain_fits(&a, str_of(rows[i].host), str_of(rows[i].domain)) != rows[i].fits)
            fail_msg("%s for %s", rows[i].domain, rows[i].host);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains),
        cmocka_unit_test(paths),
        cmocka_unit_test(cookie_domains),
        cmocka_unit_test(top_domains),
        cmocka_unit_test(fitting_cookie_domains),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("site_normalise", tests, NULL, NULL);
}
