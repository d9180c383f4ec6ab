/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <sodium.h>
#include <stdlib.h>

/* Makes json-c objects of a text that json_check has passed. json-c's own reader is not used: it cuts names
 * at U+0000, turns -0 into 0, saturates integers, and switches locales on every call. */
struct builder {
    struct arena *arena;
    struct arena_cleanup *root;
    const char *p, *end;
};

/* About what json-c takes from malloc for an empty one, in bytes. */
enum { OBJECT_COST = 800, ARRAY_COST = 160, SCALAR_COST = 64, MEMORY_DEFAULT = 64 * 1024 * 1024 };

/* Objects count towards the arena's limit: a small body can ask for a hundred times its size. */
static void charge(struct arena *a, size_t cost)
{
    size_t limit = a->limit ? a->limit : MEMORY_DEFAULT;
    if (cost > limit || a->used > limit - cost)
        arena_out_of_memory(a);
    a->used += cost;
}

static json_object *made(struct builder *b, json_object *value)
{
    if (!value)
        arena_out_of_memory(b->arena);
    return value;
}

/* Where a value goes: the root has no parent, an element no name. */
struct place {
    json_object *parent;
    const char *name; /* in the arena, so json-c need not copy it */
};

/* Ties VALUE to its parent before anything else can run out of memory. */
static void attach(struct builder *b, struct place at, json_object *value)
{
    int failed = 0;
    if (at.name)
        failed = json_object_object_add_ex(at.parent, at.name, value, JSON_C_OBJECT_ADD_CONSTANT_KEY);
    else if (at.parent)
        failed = json_object_array_add(at.parent, value);
    else
        b->root->object = value;
    if (failed) {
        json_object_put(value);
        arena_out_of_memory(b->arena);
    }
}

static void skip_space(struct builder *b)
{
    while (b->p < b->end && (unsigned char)*b->p <= ' ')
        b->p++;
}

static unsigned hex4(const char *p)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
    return value;
}

static char *put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    int shift = c < 0x800 ? 6 : c < 0x10000 ? 12 : 18;
    *out++ = (char)((c < 0x800 ? 0xC0u : c < 0x10000 ? 0xE0u : 0xF0u) | c >> shift);
    while (shift) {
        shift -= 6;
        *out++ = (char)(0x80 | (c >> shift & 0x3F));
    }
    return out;
}

enum { REPLACEMENT = 0xFFFD };

/* Decodes the escape after a backslash at *P and moves *P behind it. Half a surrogate pair becomes U+FFFD. */
static char *put_escape(char *out, const char **p)
{
    static const char codes[] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                 ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    char kind = *(*p)++;
    if (kind != 'u') {
        *out = codes[(unsigned char)kind];
        return out + 1;
    }
    unsigned c = hex4(*p);
    *p += 4;
    if ((c & 0xF800) == 0xD800) {
        bool pair = c < 0xDC00 && (*p)[0] == '\\' && (*p)[1] == 'u';
        unsigned low = pair ? hex4(*p + 2) : 0;
        if ((low & 0xFC00) != 0xDC00)
            return put_utf8(out, REPLACEMENT);
        *p += 6;
        c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
    }
    return put_utf8(out, c);
}

/* The string at the quote; a part of the text itself when it has no escapes, else decoded in the arena. */
static struct str take_string(struct builder *b)
{
    const char *start = ++b->p;
    bool escaped = false;
    for (; *b->p != '"'; b->p++)
        if (*b->p == '\\') {
            escaped = true;
            b->p++;
        }
    const char *end = b->p++;
    if (!escaped)
        return (struct str){start, (size_t)(end - start)};
    char *text = arena_alloc(b->arena, (size_t)(end - start) + 1),
         *out = text; /* decoding never makes it longer */
    for (const char *p = start; p < end;) {
        if (*p != '\\') {
            *out++ = *p++;
        } else {
            p++;
            out = put_escape(out, &p);
        }
    }
    return (struct str){text, (size_t)(out - text)};
}

static json_object *number(struct builder *b, struct str text)
{
    bool negative = text.p[0] == '-';
    struct str digits = str_from(text, negative);
    uint64_t value = 0;
    bool integer = !(negative && str_is(digits, STR("0"))); /* -0 keeps its sign as a double */
    for (size_t i = 0; integer && i < digits.n; i++)
        integer = digits.p[i] >= '0' && digits.p[i] <= '9' && !__builtin_mul_overflow(value, 10u, &value) &&
                  !__builtin_add_overflow(value, (unsigned)(digits.p[i] - '0'), &value);
    if (integer && negative && value <= (uint64_t)INT64_MAX + 1)
        return json_object_new_int64((int64_t)(0 - value));
    if (integer && !negative)
        return value <= INT64_MAX ? json_object_new_int64((int64_t)value) : json_object_new_uint64(value);
    const char *copy = arena_str(b->arena, text).p;
    return json_object_new_double_s(strtod(copy, NULL), copy);
}

static struct str take_number(struct builder *b)
{
    const char *start = b->p;
    while (b->p < b->end && *b->p != ',' && *b->p != ']' && *b->p != '}' && (unsigned char)*b->p > ' ')
        b->p++;
    return (struct str){start, (size_t)(b->p - start)};
}

static void build_scalar(struct builder *b, struct place at)
{
    charge(b->arena, SCALAR_COST);
    if (*b->p == '"') {
        struct str s = take_string(b);
        charge(b->arena, s.n);
        attach(b, at, made(b, json_object_new_string_len(s.p, (int)s.n)));
    } else if (*b->p == 't' || *b->p == 'f') {
        bool value = *b->p == 't';
        b->p += value ? 4 : 5;
        attach(b, at, made(b, json_object_new_boolean(value)));
    } else if (*b->p == 'n') {
        b->p += 4;
        attach(b, at, NULL);
    } else {
        attach(b, at, made(b, number(b, take_number(b))));
    }
}

/* Recursion is bounded by json_check's JSON_MAX_DEPTH. */
static void build(struct builder *b, struct place at)
{
    skip_space(b);
    bool object = *b->p == '{';
    if (!object && *b->p != '[') {
        build_scalar(b, at);
        return;
    }
    charge(b->arena, object ? OBJECT_COST : ARRAY_COST);
    struct place inside = {made(b, object ? json_object_new_object() : json_object_new_array_ext(4)), NULL};
    attach(b, at, inside.parent);
    do {
        b->p++; /* the bracket, later the comma */
        skip_space(b);
        if (*b->p == '}' || *b->p == ']')
            break;
        if (object) {
            inside.name = arena_str(b->arena, take_string(b)).p;
            skip_space(b);
            b->p++; /* the colon */
        }
        build(b, inside);
        skip_space(b);
    } while (*b->p == ',');
    b->p++;
}

/* Bodies carry passwords and tokens; free() would leave them readable. */
static void wipe(json_object *value)
{
    if (json_object_is_type(value, json_type_string)) {
        sodium_memzero((char *)json_object_get_string(value), (size_t)json_object_get_string_len(value));
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            wipe(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            wipe(member);
        }
    }
}

static void release(void *root)
{
    wipe(root);
    json_object_put(root);
}

json_object *json_parse(struct arena *a, struct str text)
{
    if (text.n > INT32_MAX || !json_check(text))
        return NULL;
    struct builder b = {a, arena_reserve_cleanup(a, release), text.p, text.p + text.n};
    build(&b, (struct place){NULL, NULL});
    return b.root->object;
}
