/* SPDX-License-Identifier: Apache-2.0 */
#include "db/names.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_plain(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || c == '_' || (!first && ((c >= '0' && c <= '9') || c == '$'));
}

/* Lower-cases NAME as PostgreSQL does with unquoted identifiers; false when it is not one. */
static bool fold(char *name)
{
    for (size_t i = 0; name[i]; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] - 'A' + 'a');
        if (!is_plain(name[i], i == 0))
            return false;
    }
    return name[0] != 0;
}

bool names_init(struct db_names *names, const char *schema, db_table_name *table, const void *source)
{
    *names = (struct db_names){.table = table, .source = source};
    int n = snprintf(names->schema, sizeof names->schema, "%s", schema);
    if (n >= (int)sizeof names->schema || !fold(names->schema)) {
        snprintf(names->why, sizeof names->why, "the schema \"%.80s\" is not a plain identifier", schema);
        return false;
    }
    return true;
}

void names_freeze(struct db_names *names)
{
    names->table = NULL;
    names->source = NULL;
}

void names_free(struct db_names *names)
{
    free(names->known);
    *names = (struct db_names){0};
}

static const char *learn_table(struct db_names *names, struct str canonical)
{
    struct db_table *known = realloc(names->known, (names->n + 1) * sizeof *known);
    if (!known) {
        snprintf(names->why, sizeof names->why, "out of memory");
        return NULL;
    }
    names->known = known;
    struct db_table *t = &known[names->n];
    *t = (struct db_table){0};
    memcpy(t->canonical, canonical.p, canonical.n);
    if (!names->table(names->source, t->canonical, t->actual, sizeof t->actual) || !fold(t->actual)) {
        snprintf(names->why, sizeof names->why,
                 "the name of table %s is not a plain identifier of at most %d bytes", t->canonical,
                 DB_NAME_SIZE - 1);
        return NULL;
    }
    names->n++;
    return t->actual;
}

const char *names_table(struct db_names *names, struct str canonical)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_is_c(canonical, names->known[i].canonical))
            return names->known[i].actual;
    if (!names->table || canonical.n >= DB_NAME_SIZE)
        return NULL;
    return learn_table(names, canonical);
}

/* A template at the start of TEXT: its whole length, or 0. NAME is what stands between the braces. */
static size_t template_at(const char *text, struct str *name)
{
    const char *start = text + 1 + (text[1] == '#');
    size_t n = 0;
    while (is_plain(start[n], n == 0))
        n++;
    *name = (struct str){start, n};
    return n && start[n] == '}' ? (size_t)(start + n + 1 - text) : 0;
}

/* Writes what TEMPLATE stands for; false: unknown table. */
static bool print_template(struct db_names *names, const char *template, struct str name, FILE *out)
{
    if (template[1] != '#' && str_is(name, STR("schema"))) {
        fputs(names->schema, out);
        return true;
    }
    const char *table = names_table(names, name);
    if (!table)
        return false;
    if (template[1] != '#' && strcmp(names->schema, "public") != 0)
        fprintf(out, "%s.", names->schema);
    fputs(table, out);
    return true;
}

char *names_expand(struct db_names *names, const char *text)
{
    char *expanded = NULL;
    size_t size = 0;
    names->why[0] = 0;
    FILE *out = open_memstream(&expanded, &size);
    bool ok = out != NULL;
    while (ok && *text) {
        struct str name;
        size_t n = *text == '{' ? template_at(text, &name) : 0;
        if (n)
            ok = print_template(names, text, name, out);
        else
            fputc(*text, out);
        text += n ? n : 1;
    }
    ok = out && !ferror(out) && ok;
    if (out && fclose(out) != 0)
        ok = false;
    if (ok)
        return expanded;
    if (!names->why[0])
        snprintf(names->why, sizeof names->why, "out of memory");
    free(expanded);
    return NULL;
}
