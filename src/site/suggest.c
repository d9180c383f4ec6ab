/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an unknown key may belong.
 */
#include <ctype.h>
#include <stdio.h>

#include "site/internal.h"

enum { NAME_MAX_COMPARED = 64, TYPOS = 2 };

/* How many letters must be changed, added or taken away (Levenshtein), any case; a large number for long
 * names. */
static unsigned distance(struct str a, struct str b)
{
    unsigned row[NAME_MAX_COMPARED + 1];
    if (a.n > NAME_MAX_COMPARED || b.n > NAME_MAX_COMPARED)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            bool same = tolower((unsigned char)a.p[i - 1]) == tolower((unsigned char)b.p[j - 1]);
            unsigned best = diagonal + !same;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.n];
}

/* The row whose name is closest: within PARENT, or (EVERYWHERE) anywhere. NULL: none is close. */
static const struct site_key *closest(const struct site_key *parent, bool everywhere, struct str name,
                                      unsigned most)
{
    const struct site_key *best = NULL;
    unsigned least = most + 1;
    for (const struct site_key *row = site_keys; row->path; row++) {
        struct str candidate = str_of(site_key_name(row));
        unsigned d = everywhere || site_key_is_in(row, parent) ? distance(name, candidate) : UINT32_MAX;
        if (d < least && d <= name.n / 3) {
            least = d;
            best = row;
        }
    }
    return best;
}

/* Names of the recipes, or of the keys of PARENT, as far as they fit. */
static void list_names(const struct site_key *parent, bool recipes, char *out, size_t size)
{
    int n = snprintf(out, size, "known here:");
    for (const struct site_key *row = site_keys; row->path && n > 0 && (size_t)n < size; row++)
        if (site_key_is_in(row, parent) && (row->type == SITE_KEY_RECIPE) == recipes)
            n += snprintf(out + n, size - (size_t)n, "%s %s", out[n - 1] == ':' ? "" : ",",
                          site_key_name(row));
    if (!parent && !recipes && n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, ", recipeList");
}

void site_key_suggest(const struct site_key *parent, struct str name, char *out, size_t size)
{
    const struct site_key *near = closest(parent, false, name, TYPOS), *same = closest(NULL, true, name, 0),
                          *any = closest(NULL, true, name, TYPOS);
    const struct site_key *found = near && near->type != SITE_KEY_RECIPE ? near : same ? same : any;
    if (!parent && distance(name, STR("recipeList")) <= TYPOS)
        (void)snprintf(out, size, "did you mean recipeList?");
    else if (found && found->type == SITE_KEY_RECIPE)
        (void)snprintf(out, size, "%s is a recipe: it belongs into recipeList", found->path);
    else if (found)
        (void)snprintf(out, size, "did you mean %s?", found == near ? site_key_name(found) : found->path);
    else
        list_names(parent, false, out, size);
}

void site_key_suggest_recipe(struct str name, char *out, size_t size)
{
    const struct site_key *near = closest(NULL, false, name, TYPOS);
    if (near && near->type == SITE_KEY_RECIPE)
        (void)snprintf(out, size, "did you mean %s?", near->path);
    else
        list_names(NULL, true, out, size);
}
