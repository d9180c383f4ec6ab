/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of src/site/: sites from text.
 */
#ifndef ST_T_SITE_FIXTURE_H
#define ST_T_SITE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "site/site.h"

/* Lines 1 to 4 of a file that needs no more than the recipes. */
#define APP_INFO                                                                                             \
    "appInfo:\n  appName: Test\n  apiDomain: https://api.example.com\n  websiteDomain: "                     \
    "https://example.com\n"
/* Line 5. */
#define RECIPES "recipeList: [session, emailPassword]\n"

static char directory[] = "/tmp/st-site-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

struct loaded {
    const struct sites *sites; /* NULL when it failed */
    const struct site *site;   /* the first one */
    enum st_err err;
    struct site_error error; /* without the directory's name */
};

static char *const environment[] = {"SECRET=sesame-open-sesame", "EMPTY=", "PORT=2525", "LATIN1=\xE9", NULL};

/* The N bytes of YAML as the file NAME. */
static inline struct loaded load_file(const char *name, const char *yaml, size_t n)
{
    struct loaded l = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(yaml, 1, n, file), n);
    fclose(file);
    l.err = sites_load(directory, environment, &l.sites, &l.error);
    unlink(path);
    if (l.err == ST_OK && sites_count(l.sites))
        l.site = sites_at(l.sites, 0);
    size_t prefix = strlen(directory) + 1;
    if (l.err != ST_OK && strncmp(l.error.text, directory, prefix - 1) == 0)
        memmove(l.error.text, l.error.text + prefix, strlen(l.error.text) - prefix + 1);
    return l;
}

static inline struct loaded load(const char *yaml)
{
    return load_file("x.yaml", yaml, strlen(yaml));
}

static inline struct loaded load_good(const char *yaml)
{
    struct loaded l = load(yaml);
    if (l.err != ST_OK)
        fail_msg("%s", l.error.text);
    return l;
}

#define assert_str(S, TEXT)                                                                                  \
    do {                                                                                                     \
        struct str assert_str_ = (S);                                                                        \
        assert_non_null(assert_str_.p);                                                                      \
        assert_string_equal(assert_str_.p, TEXT);                                                            \
        assert_int_equal(assert_str_.n, strlen(TEXT));                                                       \
    } while (0)

#endif
