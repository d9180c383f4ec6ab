/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

/* What stands between P and END is still to be read. Every function below takes its token off the front, or
 * returns false when it is not there. */
struct scan {
    const char *p, *end;
};

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool take(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool take_word(struct scan *s, struct str word)
{
    struct str rest = {s->p, (size_t)(s->end - s->p)};
    if (!str_starts(rest, word))
        return false;
    s->p += word.n;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The rest of an escape, after its backslash. */
static bool take_escape(struct scan *s, bool *is_nul)
{
    *is_nul = false;
    if (s->p == s->end)
        return false;
    char kind = *s->p++;
    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind);
    if (s->end - s->p < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(s->p[i]))
            return false;
    *is_nul = memcmp(s->p, "0000", 4) == 0;
    s->p += 4;
    return true;
}

static bool take_string(struct scan *s, bool is_name)
{
    if (!take(s, '"'))
        return false;
    const char *start = s->p;
    unsigned char high = 0;
    while (s->p < s->end) {
        unsigned char c = (unsigned char)*s->p++;
        bool is_nul;
        if (c == '"')
            return !(high & 0x80) || str_is_utf8((struct str){start, (size_t)(s->p - 1 - start)});
        if (c < ' ' || (c == '\\' && (!take_escape(s, &is_nul) || (is_nul && is_name))))
            return false;
        high |= c;
    }
    return false;
}

static size_t take_digits(struct scan *s)
{
    const char *start = s->p;
    while (s->p < s->end && is_digit(*s->p))
        s->p++;
    return (size_t)(s->p - start);
}

static bool take_number(struct scan *s)
{
    (void)take(s, '-');
    const char *first = s->p;
    size_t digits = take_digits(s);
    if (digits == 0 || (digits > 1 && *first == '0'))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        (void)(take(s, '+') || take(s, '-'));
        return take_digits(s) > 0;
    }
    return true;
}

static bool take_scalar(struct scan *s)
{
    if (s->p == s->end)
        return false;
    switch (*s->p) {
    case '"':
        return take_string(s, false);
    case 't':
        return take_word(s, STR("true"));
    case 'f':
        return take_word(s, STR("false"));
    case 'n':
        return take_word(s, STR("null"));
    default:
        return take_number(s);
    }
}

/* The containers around the current value: one bit each, innermost lowest, set for objects. */
struct nesting {
    uint64_t objects;
    unsigned depth;
};
_Static_assert(JSON_MAX_DEPTH <= 64, "struct nesting has 64 bits");

static bool in_object(const struct nesting *n)
{
    return n->objects & 1;
}

static bool take_name(struct scan *s)
{
    skip_space(s);
    if (!take_string(s, true))
        return false;
    skip_space(s);
    return take(s, ':');
}

/* Takes what opens containers and stands before a value. EMPTY: a container was opened that closes at once.
 */
static bool take_open(struct scan *s, struct nesting *n, bool *empty)
{
    *empty = false;
    for (;;) {
        skip_space(s);
        bool object = take(s, '{');
        if (!object && !take(s, '['))
            return true;
        if (n->depth++ == JSON_MAX_DEPTH)
            return false;
        n->objects = n->objects << 1 | object;
        skip_space(s);
        if (s->p < s->end && *s->p == (object ? '}' : ']')) {
            *empty = true;
            return true;
        }
        if (object && !take_name(s))
            return false;
    }
}

/* Takes what follows a value, up to where the next one begins; at depth 0 there is none. */
static bool take_next(struct scan *s, struct nesting *n)
{
    while (n->depth) {
        skip_space(s);
        if (take(s, ','))
            return !in_object(n) || take_name(s);
        if (!take(s, in_object(n) ? '}' : ']'))
            return false;
        n->objects >>= 1;
        n->depth--;
    }
    return true;
}

bool json_check(struct str text)
{
    struct scan s = {text.p, text.p ? text.p + text.n : NULL};
    struct nesting n = {0};
    do {
        bool empty;
        if (!take_open(&s, &n, &empty) || (!empty && !take_scalar(&s)) || !take_next(&s, &n))
            return false;
    } while (n.depth);
    skip_space(&s);
    return s.p == s.end;
}
