/* SPDX-License-Identifier: Apache-2.0 */
#include "http/form.h"

#include "base/buf.h"
#include "http/percent.h"

static void append(struct form *f, struct form_pair pair)
{
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 16;
        struct form_pair *grown = ARENA_ARRAY(f->arena, capacity, struct form_pair);
        if (f->n)
            memcpy(grown, f->v, f->n * sizeof grown[0]);
        f->v = grown;
        f->capacity = capacity;
    }
    f->v[f->n++] = pair;
}

/* Keeps the first KEEP pairs of that name. */
static void remove_after(struct form *f, struct str name, size_t keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        if (!str_is(f->v[i].name, name) || keep > 0) {
            keep -= str_is(f->v[i].name, name);
            f->v[kept++] = f->v[i];
        }
    f->n = kept;
}

void form_set(struct form *f, struct str name, struct str value)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_is(f->v[i].name, name)) {
            f->v[i].value = value;
            remove_after(f, name, 1);
            return;
        }
    append(f, (struct form_pair){name, value});
}

void form_remove(struct form *f, struct str name)
{
    remove_after(f, name, 0);
}

struct str form_get(const struct form *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_is(f->v[i].name, name))
            return f->v[i].value;
    return STR_NONE;
}

bool form_read(struct form *f, struct str text)
{
    size_t read = 0;
    for (struct str rest = text; rest.n;) {
        struct form_pair pair;
        if (++read > FORM_PAIRS_MAX || !percent_pair(f->arena, &rest, &pair.name, &pair.value))
            return false;
        if (pair.name.n || pair.value.n)
            append(f, pair);
    }
    return true;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("*-._", c));
}

static void add_encoded(struct buf *b, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_plain((char)c) || c == ' ') {
            buf_char(b, c == ' ' ? '+' : (char)c);
            continue;
        }
        buf_char(b, '%');
        buf_char(b, digits[c >> 4]);
        buf_char(b, digits[c & 15]);
    }
}

struct str form_text(const struct form *f)
{
    struct buf b = buf_in(f->arena);
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0)
            buf_char(&b, '&');
        add_encoded(&b, f->v[i].name);
        buf_char(&b, '=');
        add_encoded(&b, f->v[i].value);
    }
    return buf_str(&b);
}

bool form_on_url(const struct form *f, struct str url, struct str *out)
{
    struct form query = form_in(f->arena);
    size_t hash = str_find(url, '#');
    struct str fragment = str_from(url, hash), rest = str_head(url, hash), base = str_split(&rest, '?');
    if (rest.p && !form_read(&query, rest))
        return false;
    for (size_t i = 0; i < f->n; i++)
        form_set(&query, f->v[i].name, f->v[i].value);
    *out = ARENA_CONCAT(f->arena, base, query.n ? STR("?") : STR(""), form_text(&query), fragment);
    return true;
}
