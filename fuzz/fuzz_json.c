/* SPDX-License-Identifier: Apache-2.0
 *
 * What json_check accepts is parsed, written and parsed again to the same value, and json-c reads it as that
 * value too, unless it holds integers that json-c has no room for.
 */
#include "fuzz.h"
#include "json/json.h"

static json_object *read_with_json_c(struct str text)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    json_object *value = json_tokener_parse_ex(tokener, text.p, (int)text.n);
    if (json_tokener_get_error(tokener) == json_tokener_continue) /* a number ends at something else only */
        value = json_tokener_parse_ex(tokener, "", 1);
    FUZZ_EXPECT(json_tokener_get_error(tokener) == json_tokener_success);
    json_tokener_free(tokener);
    return value;
}

/* json-c makes the largest integer it has of larger ones. */
static bool has_huge_integer(json_object *value)
{
    if (json_object_is_type(value, json_type_double)) {
        const char *text = json_object_get_userdata(value);
        return text && strlen(text) > 18 && !strpbrk(text, ".eE");
    }
    if (json_object_is_type(value, json_type_array))
        for (size_t i = 0; i < json_object_array_length(value); i++)
            if (has_huge_integer(json_object_array_get_idx(value, i)))
                return true;
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            if (has_huge_integer(member))
                return true;
        }
    }
    return false;
}

/* json-c takes escaped pairs for U+1D800 to U+1DFFF, and their like in the planes above, for lone halves. */
static bool has_halflike(struct str text)
{
    for (size_t i = 0; i + 3 < text.n; i++) {
        const unsigned char *c = (const unsigned char *)text.p + i;
        if (c[0] >= 0xF0 && ((c[1] & 0x0F) == 0x0D) && (c[2] & 0x20))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str text = {(const char *)data, size};
    json_object *value = json_parse(&arena, text);
    if (json_check(text)) {
        json_object *theirs = read_with_json_c(text);
        struct str written = json_text(&arena, value);
        FUZZ_EXPECT(has_huge_integer(value) || has_halflike(written) || json_equal(value, theirs));
        json_object_put(theirs);
        FUZZ_EXPECT(json_check(written));
        json_object *again = json_parse(&arena, written);
        FUZZ_EXPECT(json_equal(value, again) && json_equal(again, value));
        FUZZ_EXPECT(str_is(json_text(&arena, again), written));
    } else {
        FUZZ_EXPECT(!value);
    }
    arena_reset(&arena);
    return 0;
}
