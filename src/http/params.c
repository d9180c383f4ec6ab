/* SPDX-License-Identifier: Apache-2.0 */
#include "http/params.h"

#include "base/buf.h"
#include "http/percent.h"

static void append(struct params *f, struct param pair)
{
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 16;
        struct param *grown = ARENA_ARRAY(f->arena, capacity, struct param);
        if (f->n)
            memcpy(grown, f->v, f->n * sizeof grown[0]);
        f->v = grown;
        f->capacity = capacity;
    }
    f->v[f->n++] = pair;
}

/* Keeps the first KEEP pairs of that name. */
static void remove_after(struct params *f, struct str name, size_t keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        if (!str_is(f->v[i].name, name) || keep > 0) {
            keep -= str_is(f->v[i].name, name);
            f->v[kept++] = f->v[i];
        }
    f->n = kept;
}

void params_set(struct params *f, struct str name, struct str value)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_is(f->v[i].name, name)) {
            f->v[i].value = value;
            remove_after(f, name, 1);
            return;
        }
    append(f, (struct param){name, value});
}

void params_remove(struct params *f, struct str name)
{
    remove_after(f, name, 0);
}

struct str params_get(const struct params *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_is(f->v[i].name, name))
            return f->v[i].value;
    return STR_NONE;
}

bool params_read(struct params *f, struct str text)
{
    size_t read = 0;
    for (struct str rest = text; rest.n;) {
        struct param pair;
        if (++read > PARAMS_MAX || !percent_pair(f->arena, &rest, &pair.name, &pair.value))
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

struct str params_text(const struct params *f)
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

bool params_on_url(const struct params *f, struct str url, struct str *out)
{
    struct params query = params_in(f->arena);
    size_t hash = str_find(url, '#');
    struct str fragment = str_from(url, hash), rest = str_head(url, hash), base = str_split(&rest, '?');
    if (rest.p && !params_read(&query, rest))
        return false;
    for (size_t i = 0; i < f->n; i++)
        params_set(&query, f->v[i].name, f->v[i].value);
    *out = ARENA_CONCAT(f->arena, base, query.n ? STR("?") : STR(""), params_text(&query), fragment);
    return true;
}
