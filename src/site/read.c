/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes into the members of a struct site, by the table of keys.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "site/internal.h"

/* ---- where we are, for messages ---- */

size_t site_enter(struct site_build *b, struct str name)
{
    size_t before = b->where_length, room = sizeof b->where - before;
    int n = snprintf(b->where + before, room, "%s%.*s", before ? "." : "", STR_ARG(name));
    b->where_length += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

size_t site_enter_index(struct site_build *b, size_t i)
{
    size_t before = b->where_length, room = sizeof b->where - before;
    int n = snprintf(b->where + before, room, "[%zu]", i);
    b->where_length += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

void site_leave(struct site_build *b, size_t before)
{
    b->where_length = before;
    b->where[before] = '\0';
}

enum st_err site_wrong(struct site_build *b, unsigned line, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return site_fail(b->source, line, b->where, "%s", text);
}

unsigned site_line(const struct site_build *b, const char *path)
{
    for (const struct site_key *row = site_keys; row->path; row++)
        if (strcmp(row->path, path) == 0)
            return b->lines[row - site_keys];
    abort(); /* a misspelt path in our own code */
}

/* ---- maps ---- */

static enum st_err read_key(struct site_build *b, const struct site_key *row, const struct site_node *node,
                            void *base);

static enum st_err unknown_key(struct site_build *b, const struct site_key *parent,
                               const struct site_node *node)
{
    char suggestion[256];
    (void)site_enter(b, node->name);
    site_key_suggest(parent, node->name, suggestion, sizeof suggestion);
    return site_wrong(b, node->name_line, "unknown key; %s", suggestion);
}

enum st_err site_check_names(struct site_build *b, const struct site_key *parent, const struct site_node *map)
{
    for (const struct site_node *entry = map->first; entry; entry = entry->next) {
        const struct site_key *row = site_key_find(parent, entry->name);
        if (!row || row->type == SITE_KEY_RECIPE)
            return unknown_key(b, parent, entry);
    }
    return ST_OK;
}

/* The value that a row has where the file does not have the key. */
static enum st_err read_fallback(struct site_build *b, const struct site_key *row, unsigned line, void *base)
{
    struct site_node node = {.kind = SITE_NODE_SCALAR, .text = str_of(row->fallback), .line = line};
    return read_key(b, row, &node, base);
}

static enum st_err read_map(struct site_build *b, const struct site_key *parent, const struct site_node *node,
                            unsigned line, void *base);

/* ROW is not in the map NODE, or null there; without NODE the whole map is not there. */
static enum st_err read_absent(struct site_build *b, const struct site_key *row, const struct site_node *node,
                               unsigned line, void *base)
{
    if (node && (row->marks & SITE_KEY_REQUIRED))
        return site_wrong(b, line, "is missing");
    if (row->type == SITE_KEY_MAP)
        return read_map(b, row, NULL, line, base);
    return row->fallback ? read_fallback(b, row, line, base) : ST_OK;
}

/* The keys of the map NODE of PARENT, which is NULL for the file; without NODE their fallbacks. In the order
 * of the table, so that of two keys with one member the later row wins. */
static enum st_err read_map(struct site_build *b, const struct site_key *parent, const struct site_node *node,
                            unsigned line, void *base)
{
    if (node)
        ST_TRY(site_check_names(b, parent, node));
    for (const struct site_key *row = site_keys; row->path; row++) {
        if (row->type == SITE_KEY_RECIPE || !site_key_is_in(row, parent))
            continue;
        struct str name = str_of(site_key_name(row));
        const struct site_node *entry = node ? site_node_find(node, name) : NULL;
        size_t before = site_enter(b, name);
        if (!entry || entry->kind == SITE_NODE_NULL) {
            ST_TRY(read_absent(b, row, node, entry ? entry->line : line, base));
        } else {
            b->lines[row - site_keys] = entry->name_line;
            ST_TRY(read_key(b, row, entry, base));
        }
        site_leave(b, before);
    }
    return ST_OK;
}

enum st_err site_want_map(struct site_build *b, const struct site_node *node)
{
    return node->kind == SITE_NODE_MAP ? ST_OK
                                       : site_wrong(b, node->line, "must have keys of its own (name: value)");
}

static enum st_err read_list(struct site_build *b, const struct site_key *row, const struct site_node *node,
                             void *base)
{
    if (node->kind != SITE_NODE_LIST)
        return site_wrong(b, node->line, "must be a list (lines that begin with '- ')");
    if (node->n < (size_t)row->min || node->n > (size_t)row->max)
        return site_wrong(b, node->line, "must have %lld to %lld entries", (long long)row->min,
                          (long long)row->max);
    char *elements = arena_zalloc(b->arena, (node->n + !node->n) * row->size);
    size_t i = 0;
    for (const struct site_node *entry = node->first; entry; entry = entry->next, i++) {
        size_t before = site_enter_index(b, i);
        ST_TRY(site_want_map(b, entry));
        ST_TRY(read_map(b, row, entry, entry->line, elements + i * row->size));
        if (row->check)
            ST_TRY(row->check(b, entry, elements, i));
        site_leave(b, before);
    }
    memcpy((char *)base + row->offset, &elements, sizeof elements);
    memcpy((char *)base + row->count_offset, &node->n, sizeof node->n);
    return ST_OK;
}

/* ---- single values into members ---- */

static void store(const struct site_key *row, const struct site_value *value, void *base)
{
    char *member = (char *)base + row->offset;
    switch (row->type) {
    case SITE_KEY_BOOL:
        *(bool *)member = value->number != 0;
        break;
    case SITE_KEY_INT:
    case SITE_KEY_CHOICE:
    case SITE_KEY_CHOICES: {
        int number = (int)value->number;
        memcpy(member, &number, sizeof number); /* an enum is as large */
        break;
    }
    case SITE_KEY_PATTERN:
        *(const struct pattern **)(void *)member = value->pattern;
        break;
    case SITE_KEY_STRINGS:
        *(const struct str **)(void *)member = value->list;
        memcpy((char *)base + row->count_offset, &value->n, sizeof value->n);
        break;
    default:
        *(struct str *)(void *)member = value->text;
    }
}

static enum st_err read_key(struct site_build *b, const struct site_key *row, const struct site_node *node,
                            void *base)
{
    struct site_value value = {.number = 0};
    switch (row->type) {
    case SITE_KEY_MAP:
    case SITE_KEY_RECIPE:
        ST_TRY(site_want_map(b, node));
        return read_map(b, row, node, node->name_line ? node->name_line : node->line, base);
    case SITE_KEY_LIST:
        return read_list(b, row, node, base);
    case SITE_KEY_JSON:
        ST_TRY(site_want_map(b, node));
        ST_TRY(site_read_json(b, row, node, &value.text));
        break;
    default:
        ST_TRY(site_read_value(b, row, node, &value));
    }
    store(row, &value, base);
    return ST_OK;
}

/* ---- the list of recipes ---- */

static enum st_err read_recipe(struct site_build *b, struct str name, unsigned line,
                               const struct site_node *node)
{
    static const struct site_node nothing = {.kind = SITE_NODE_MAP};
    const struct site_key *row = site_key_recipe(name);
    struct site *s = b->site;
    if (!row) {
        char suggestion[256];
        site_key_suggest_recipe(name, suggestion, sizeof suggestion);
        return site_wrong(b, line, "unknown recipe; %s", suggestion);
    }
    site_leave(b, 0); /* keys of recipes are named from here on */
    (void)site_enter(b, str_of(row->path));
    if (site_has(s, row->recipe))
        return site_wrong(b, line, "is listed twice");
    s->recipes[s->nrecipes++] = row->recipe;
    b->lines[row - site_keys] = line;
    struct site_node empty = nothing;
    empty.line = line;
    return read_key(b, row, node && node->kind != SITE_NODE_NULL ? node : &empty, s);
}

/* recipeList: entries "- session" or "- session: {...}"; recipes: a map. */
static enum st_err read_recipes(struct site_build *b, const struct site_node *node)
{
    bool list = node->kind == SITE_NODE_LIST;
    size_t i = 0;
    if (!list)
        ST_TRY(site_want_map(b, node));
    for (const struct site_node *entry = node->first; entry; entry = entry->next, i++) {
        size_t before = list ? site_enter_index(b, i) : site_enter(b, entry->name);
        bool scalar = entry->kind == SITE_NODE_SCALAR;
        if (list && !scalar && (entry->kind != SITE_NODE_MAP || entry->n != 1))
            return site_wrong(b, entry->line, "must be the name of a recipe, or that with its keys below");
        const struct site_node *recipe = !list ? entry : scalar ? NULL : entry->first;
        ST_TRY(read_recipe(b, list && scalar ? entry->text : recipe->name,
                           recipe ? recipe->name_line : entry->line, recipe));
        site_leave(b, 0);
        (void)before;
        (void)site_enter(b, node->name);
    }
    return ST_OK;
}

/* Recipes of the list that a site always has, with their fallbacks. */
static enum st_err add_recipe(struct site_build *b, enum site_recipe recipe)
{
    for (const struct site_key *row = site_keys; row->path; row++)
        if (row->type == SITE_KEY_RECIPE && row->recipe == recipe && !site_has(b->site, recipe)) {
            site_leave(b, 0);
            ST_TRY(read_recipe(b, str_of(row->path), 1, NULL));
            b->lines[row - site_keys] = 0;
        }
    return ST_OK;
}

enum st_err site_read(struct site_build *b, const struct site_node *file)
{
    const struct site_node *list = site_node_find(file, STR("recipeList")),
                           *map = site_node_find(file, STR("recipes")), *recipes = list ? list : map;
    struct site_node rest = {.kind = SITE_NODE_MAP, .line = file->line};
    struct site_node **last = &rest.first;
    for (struct site_node *entry = file->first, *after; entry; entry = after) {
        after = entry->next;
        if (entry == list || entry == map)
            continue;
        entry->next = NULL;
        *last = entry;
        last = &entry->next;
        rest.n++;
    }
    ST_TRY(read_map(b, NULL, &rest, file->line, b->site));
    if (list && map)
        return site_fail(b->source, map->name_line, "recipes",
                         "the recipes are already listed in recipeList");
    (void)site_enter(b, recipes ? recipes->name : STR("recipeList"));
    if (!recipes || recipes->kind == SITE_NODE_NULL)
        return site_wrong(b, file->line, "is missing");
    ST_TRY(read_recipes(b, recipes));
    site_leave(b, 0);
    if (!site_has(b->site, SITE_SESSION))
        return site_fail(b->source, recipes->name_line, recipes->name.p,
                         "session is missing: nobody could stay signed in");
    return add_recipe(b, SITE_MULTITENANCY);
}
