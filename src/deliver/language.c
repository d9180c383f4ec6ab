/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/language.h"

enum { TAGS_MAX = 16, TAG_MAX = 35, FULL_WEIGHT = 1000 };

struct wish {
    struct str tag;
    int weight; /* thousandths */
};

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool language_is_tag(struct str s)
{
    if (s.n < 2 || s.n > TAG_MAX || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]) && (i < 2 || (!is_digit(s.p[i]) && s.p[i] != '-')))
            return false;
    return true;
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A') : s.p[i]);
    p[s.n] = 0;
    return (struct str){p, s.n};
}

/* ";q=0.85" in thousandths; what is malformed counts nothing. */
static int weight_of(struct str parameters)
{
    struct str q = str_trim(parameters);
    int weight = 0, unit = FULL_WEIGHT;
    if (!q.p || q.n == 0)
        return FULL_WEIGHT;
    if (!str_starts(q, STR("q=")))
        return 0;
    for (size_t i = 2; i < q.n && i < 7; i++) {
        if (i == 3 && q.p[i] == '.')
            continue;
        if (!is_digit(q.p[i]) || i == 3)
            return 0;
        weight += (q.p[i] - '0') * unit;
        unit /= 10;
    }
    return weight < FULL_WEIGHT ? weight : FULL_WEIGHT;
}

/* Into LIST, best first; of equals the one that was named first. */
static size_t parse(struct arena *a, struct str accept, struct wish *list)
{
    size_t n = 0;
    while (accept.p && n < TAGS_MAX) {
        struct str rest = str_split(&accept, ',');
        struct wish w = {.tag = lower(a, str_trim(str_split(&rest, ';')))};
        w.weight = weight_of(rest);
        if (w.weight == 0 || !language_is_tag(w.tag))
            continue;
        size_t at = n++;
        for (; at > 0 && list[at - 1].weight < w.weight; at--)
            list[at] = list[at - 1];
        list[at] = w;
    }
    return n;
}

/* "de-latn-at" becomes "de-latn", "de" becomes "". */
static struct str shorter(struct str tag)
{
    size_t n = tag.n;
    while (n > 0 && tag.p[n - 1] != '-')
        n--;
    return str_head(tag, n ? n - 1 : 0);
}

struct str language_choose(struct arena *a, struct str accept, language_available *available,
                           const void *object)
{
    struct wish list[TAGS_MAX];
    size_t n = parse(a, accept, list);
    for (size_t i = 0; i < n; i++)
        for (struct str tag = list[i].tag; tag.n; tag = shorter(tag))
            if (available(object, tag))
                return tag;
    return STR("en");
}
