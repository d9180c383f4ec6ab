/* SPDX-License-Identifier: Apache-2.0
 *
 * The input is a Cookie header (a FastCGI parameter, so it has no NUL): looking for names that are there
 * finds them, and what is encoded reads back.
 */
#include "fuzz.h"
#include "http/cookies.h"
#include "http/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct ctx c = {.arena = &arena};
    struct str input = {(const char *)data, size};
    struct str header = ARENA_CONCAT(&arena, STR("HTTP_COOKIE="), str_head(input, str_find(input, 0)));
    char *const params[] = {(char *)(uintptr_t)header.p, (char[]){"HTTP_COOKIE=last=1"}, NULL};
    struct http_request rq = {.params = params};
    static const char *const names[] = {"a", "sAccessToken", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct str name = str_of(names[i]), value = http_cookie(&c, &rq, name);
        FUZZ_EXPECT(value.n <= header.n);
        FUZZ_EXPECT(!value.p || http_cookie_count(&c, &rq, name) > 0);
    }
    struct str encoded = percent_encode(&arena, input), rest = encoded, name, value;
    FUZZ_EXPECT(str_find(encoded, ';') == encoded.n && str_find(encoded, '&') == encoded.n);
    char *text = arena_alloc(&arena, encoded.n + 1), *end = percent_decode(text, encoded, true);
    FUZZ_EXPECT(end && str_is((struct str){text, (size_t)(end - text)}, input));
    FUZZ_EXPECT(percent_pair(&arena, &rest, &name, &value) == str_is_utf8(input));
    arena_reset(&arena);
    return 0;
}
