/* SPDX-License-Identifier: Apache-2.0
 *
 * Accept-Language: a language that is chosen was asked for and is there, and only tags that may name files
 * are asked about.
 */
#include "deliver/language.h"
#include "fuzz.h"

static bool is_available(const void *object, struct str tag)
{
    FUZZ_EXPECT(tag.n > 0 && tag.n <= 35);
    for (size_t i = 0; i < tag.n; i++)
        FUZZ_EXPECT((tag.p[i] >= 'a' && tag.p[i] <= 'z') || (tag.p[i] >= '0' && tag.p[i] <= '9') ||
                    (tag.p[i] == '-' && i > 0));
    return str_is(tag, *(const struct str *)object);
}

static bool none_available(const void *object, struct str tag)
{
    (void)object;
    (void)tag;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str accept = {(const char *)data, size}, wanted = STR("de");
    struct str chosen = language_choose(&arena, accept, is_available, &wanted);
    FUZZ_EXPECT(str_is(chosen, wanted) || str_is(chosen, STR("en")));
    if (str_is(chosen, wanted)) /* whoever asks for it alone, by any weight that counts, gets it too */
        FUZZ_EXPECT(str_is(language_choose(&arena, chosen, is_available, &wanted), wanted));
    FUZZ_EXPECT(str_is(language_choose(&arena, accept, none_available, NULL), STR("en")));
    arena_reset(&arena);
    return 0;
}
