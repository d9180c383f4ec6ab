/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line is a query, the rest a body. Both are read through a list of fields of every type, mandatory
 * and optional.
 */
#include "fuzz.h"
#include "http/fields.h"
#include "http/text.h"

struct input {
    struct str s, email, word, q;
    bool b, flag;
    int64_t n, l, i;
    json_object *o, *a;
    struct strs list, names;
    bool has_email, has_word, has_n, has_o, has_a, has_list, has_names, has_l, has_i, has_flag, has_b;
};

static const struct field some[] = {
    FIELD(struct input, q, QUERY_STRING),
    FIELD(struct input, s, FIELD_STRING, .max_bytes = 20),
    FIELD(struct input, n, FIELD_LONG),
    FIELDS_END,
};

static const struct field every[] = {
    FIELD_OPTIONAL(struct input, email, FIELD_STRING),
    FIELD_OPTIONAL(struct input, word, FIELD_STRING_OR_NULL),
    FIELD_OPTIONAL(struct input, b, FIELD_BOOL),
    FIELD_OPTIONAL(struct input, n, FIELD_LONG),
    FIELD_OPTIONAL(struct input, o, FIELD_OBJECT),
    FIELD_OPTIONAL(struct input, a, FIELD_ARRAY),
    FIELD_OPTIONAL(struct input, list, FIELD_STRINGS),
    FIELD_OPTIONAL(struct input, names, FIELD_STRINGS_OR_NULL),
    FIELD_OPTIONAL(struct input, l, QUERY_LONG),
    FIELD_OPTIONAL(struct input, i, QUERY_INT),
    FIELD_OPTIONAL(struct input, flag, QUERY_BOOL),
    FIELDS_END,
};

static void expect_text(struct str s)
{
    FUZZ_EXPECT(str_is_utf8(s) && str_find(s, 0) == s.n);
}

static void expect_email(struct arena *a, struct str s)
{
    struct str once = email_normalise(a, s), twice = email_normalise(a, once);
    FUZZ_EXPECT(str_is_utf8(once) && str_is(once, twice));
}

static void expect_valid(struct ctx *c, const struct input *in)
{
    struct input inner = {0};
    expect_text(in->email);
    expect_text(in->word);
    expect_email(c->arena, in->email);
    for (size_t i = 0; i < in->list.n; i++)
        expect_text(in->list.v[i]);
    for (size_t i = 0; i < in->names.n; i++)
        expect_text(in->names.v[i]);
    FUZZ_EXPECT(in->i >= INT32_MIN && in->i <= INT32_MAX);
    FUZZ_EXPECT(!in->has_email || in->email.p);
    FUZZ_EXPECT(in->has_o == (in->o != NULL) && in->has_a == (in->a != NULL));
    if (in->o && fields_read_object(c, in->o, every, 0, &inner) != ST_OK)
        FUZZ_EXPECT(str_starts(c->message, STR("Field name '")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct ctx c = {.arena = &arena};
    struct str rest = {(const char *)data, size};
    struct http_request rq = {.query = str_split(&rest, '\n'), .body = rest};
    struct input in = {0};
    if (fields_read(&c, &rq, every, 0, &in) == ST_OK)
        expect_valid(&c, &in);
    else
        FUZZ_EXPECT(c.message.n);
    in = (struct input){0};
    if (fields_read(&c, &rq, some, 0, &in) == ST_OK)
        FUZZ_EXPECT(in.q.p && in.s.p && in.s.n <= 20);
    arena_reset(&arena);
    return 0;
}
