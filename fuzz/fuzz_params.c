/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms and query strings. The first line is an address, the rest a form: what is read is written so that it
 * reads back the same, and stays the same when it is laid on an address.
 */
#include "fuzz.h"
#include "http/params.h"
#include "http/percent.h"

static bool same(const struct params *a, const struct params *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = str_is(a->v[i].name, b->v[i].name) && str_is(a->v[i].value, b->v[i].value);
    return same;
}

static void expect_fixed_point(struct arena *a, const struct params *form)
{
    struct params again = params_in(a);
    struct str text = params_text(form);
    if (form->n <= PARAMS_MAX)
        FUZZ_EXPECT(params_read(&again, text) && same(form, &again) && str_is(params_text(&again), text));
    for (size_t i = 0; i < text.n; i++)
        FUZZ_EXPECT(text.p[i] > ' ' && text.p[i] < 0x7F && text.p[i] != '#' && text.p[i] != '?');
}

/* Each name once: laid over an address twice is as good as once. */
static void lay_on(const struct params *form, struct str url)
{
    struct str once, twice;
    if (!params_on_url(form, url, &once))
        return;
    FUZZ_EXPECT(
        str_is(str_from(once, once.n - (url.n - str_find(url, '#'))), str_from(url, str_find(url, '#'))));
    if (params_on_url(form, once, &twice))
        FUZZ_EXPECT(str_is(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str rest = {(const char *)data, size}, url = str_split(&rest, '\n');
    struct params form = params_in(&arena), set = params_in(&arena);
    if (params_read(&form, rest)) {
        FUZZ_EXPECT(form.n <= PARAMS_MAX);
        expect_fixed_point(&arena, &form);
        for (size_t i = 0; i < form.n; i++) {
            FUZZ_EXPECT(str_is_utf8(form.v[i].name) && str_is_utf8(form.v[i].value));
            params_set(&set, form.v[i].name, form.v[i].value);
            FUZZ_EXPECT(str_is(params_get(&set, form.v[i].name), form.v[i].value));
        }
        lay_on(&set, url);
        for (size_t i = 0; i < form.n; i++)
            params_remove(&set, form.v[i].name);
        FUZZ_EXPECT(set.n == 0);
    }
    struct str encoded = percent_encode(&arena, rest);
    char *text = arena_alloc(&arena, encoded.n + 1), *end = percent_decode(text, encoded, false);
    FUZZ_EXPECT(end && str_is((struct str){text, (size_t)(end - text)}, rest));
    arena_reset(&arena);
    return 0;
}
