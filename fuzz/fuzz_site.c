/* SPDX-License-Identifier: Apache-2.0
 *
 * A site's file: whatever it holds, it is read or refused in words, and what is read keeps what the doors
 * count on.
 */
#include <setjmp.h>
#include <string.h>

#include "fuzz.h"
#include "json/json.h"
#include "site/internal.h"

static void expect_domain(struct arena *a, struct str domain)
{
    struct str twice;
    const char *why;
    FUZZ_EXPECT(site_normalise_domain(a, domain, &twice, &why) && str_is(domain, twice));
}

static void expect_path(struct str path)
{
    FUZZ_EXPECT(path.p && (path.n == 0 || path.p[0] == '/'));
}

static void expect_site(struct arena *a, const struct site *s)
{
    expect_domain(a, s->api_domain);
    expect_domain(a, s->website_domain);
    expect_path(s->api_base_path);
    expect_path(s->website_base_path);
    expect_path(s->gateway_path);
    FUZZ_EXPECT(s->nrecipes >= 2 && s->nrecipes <= SITE_RECIPES && site_has(s, SITE_SESSION));
    FUZZ_EXPECT(s->session.expired_status != s->session.invalid_claim_status);
    FUZZ_EXPECT(s->emailpassword.nfields <= SITE_FIELDS_MAX && s->nproviders <= SITE_PROVIDERS_MAX);
    FUZZ_EXPECT(s->nwebhooks <= SITE_WEBHOOKS_MAX);
    for (size_t i = 0; i < s->nproviders; i++)
        FUZZ_EXPECT(s->providers[i].id.n > 0 && json_check(s->providers[i].config));
    for (size_t i = 0; i < s->nwebhooks; i++)
        FUZZ_EXPECT(s->webhooks[i].secret.n >= 16 && s->webhooks[i].events != 0);
}

static enum st_err read_site(const struct site_source *source, struct str yaml, struct arena *arena,
                             struct site *site)
{
    struct site_node *file;
    struct site_build *build = ARENA_NEW(source->scratch, struct site_build);
    *build = (struct site_build){.source = source, .arena = arena, .site = site};
    ST_TRY(site_parse(source, yaml, &file));
    ST_TRY(site_read(build, file));
    return site_complete(build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *const environment[] = {"A=b", "SECRET=0123456789abcdef", "EMPTY=", NULL};
    struct arena scratch, arena;
    struct site site = {.name = STR("x")};
    struct site_error error = {.text = ""};
    struct site_source source = {
        .scratch = &scratch, .path = "x.yaml", .environment = environment, .error = &error};
    jmp_buf out_of_memory;
    arena_init(&scratch);
    arena_init(&arena);
    scratch.recover = arena.recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0) {
        enum st_err err = read_site(&source, (struct str){(const char *)data, size}, &arena, &site);
        if (err == ST_OK)
            expect_site(&scratch, &site);
        else
            FUZZ_EXPECT(err == ST_BAD_REQUEST && strlen(error.text) > 0);
    }
    arena_free(&scratch);
    arena_free(&arena);
    return 0;
}
