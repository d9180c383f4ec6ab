/* SPDX-License-Identifier: Apache-2.0 */
#include "site/reference.h"

#include "site/internal.h"

static const char *const forms[] = {
    [SITE_KEY_MAP] = "keys below",
    [SITE_KEY_RECIPE] = "recipe",
    [SITE_KEY_LIST] = "list",
    [SITE_KEY_STRING] = "text",
    [SITE_KEY_STRINGS] = "list of texts",
    [SITE_KEY_INT] = "number",
    [SITE_KEY_BOOL] = "`true`, `false`",
    [SITE_KEY_CHOICE] = "",
    [SITE_KEY_CHOICES] = "list of ",
    [SITE_KEY_DOMAIN] = "domain",
    [SITE_KEY_PATH] = "path",
    [SITE_KEY_COOKIE_DOMAIN] = "domain of cookies",
    [SITE_KEY_PATTERN] = "regular expression",
    [SITE_KEY_CUD] = "domain",
    [SITE_KEY_ID] = "id",
    [SITE_KEY_URL] = "address",
    [SITE_KEY_EMAIL] = "e-mail address",
    [SITE_KEY_FILE] = "absolute path",
    [SITE_KEY_NAME] = "name (letters, digits, `-`, `_`)",
    [SITE_KEY_JSON] = "keys below",
    [SITE_KEY_FREE] = "map",
    [SITE_KEY_PARAMS] = "map of texts",
};

static void write_limits(FILE *out, const struct site_key *row)
{
    const char *unit = row->type == SITE_KEY_INT                                     ? ""
                       : row->type == SITE_KEY_LIST || row->type == SITE_KEY_STRINGS ? " entries"
                                                                                     : " bytes";
    if (row->max && row->min)
        fprintf(out, ", %lld to %lld%s", (long long)row->min, (long long)row->max, unit);
    else if (row->max)
        fprintf(out, ", at most %lld%s", (long long)row->max, unit);
}

static void write_type(FILE *out, const struct site_key *row)
{
    bool either = row->type == SITE_KEY_BOOL && row->choices;
    fputs(either ? "" : forms[row->type], out);
    for (const struct site_choice *choice = row->choices; choice && choice->text; choice++)
        fprintf(out, "%s`%s`", choice == row->choices ? "" : ", ", choice->text);
    write_limits(out, row);
    if (row->marks & SITE_KEY_SECRET)
        fputs(", secret", out);
}

static void write_default(FILE *out, const struct site_key *row)
{
    if (row->marks & SITE_KEY_REQUIRED)
        fputs("**required**", out);
    else if (row->fallback_help)
        fputs(row->fallback_help, out);
    else if (row->fallback && row->fallback[0])
        fprintf(out, "`%s`", row->fallback);
    else if (row->fallback)
        fputs("empty", out);
}

static bool is_section(const struct site_key *row)
{
    return site_key_is_in(row, NULL) || (row->marks & SITE_KEY_SECTION);
}

/* How much of ROW's path is the section's; 0: it is not below it. */
static size_t covers(const struct site_key *section, const struct site_key *row)
{
    size_t n = strlen(section->path);
    bool below = strncmp(row->path, section->path, n) == 0 && (row->path[n] == '.' || row->path[n] == '[');
    return below ? n + (row->path[n] == '.') : 0;
}

/* The section whose table ROW is in. */
static const struct site_key *section_of(const struct site_key *row)
{
    const struct site_key *best = NULL;
    for (const struct site_key *section = site_keys; section->path; section++)
        if (is_section(section) && covers(section, row) &&
            (!best || covers(best, row) < covers(section, row)))
            best = section;
    return best;
}

static void write_table(FILE *out, const struct site_key *section)
{
    bool head = false;
    for (const struct site_key *row = site_keys; row->path; row++) {
        if (section_of(row) != section)
            continue;
        if (!head)
            fputs("\n| Key | Value | Default | |\n|---|---|---|---|\n", out);
        head = true;
        fprintf(out, "| `%s` | ", row->path + covers(section, row));
        write_type(out, row);
        fputs(" | ", out);
        write_default(out, row);
        fprintf(out, " | %s |\n", row->help);
    }
}

static void write_section(FILE *out, const struct site_key *section)
{
    bool top = site_key_is_in(section, NULL);
    fprintf(out, "\n%s %s%s\n\n%s", top ? "###" : "####", section->path,
            section->type == SITE_KEY_RECIPE ? " (recipe)" : "", section->help);
    if (top && (section->marks & SITE_KEY_REQUIRED))
        fputs(" Required.", out);
    if (section->type == SITE_KEY_LIST)
        fprintf(out, " At most %lld.", (long long)section->max);
    fputs("\n", out);
    write_table(out, section);
}

void site_write_reference(FILE *out)
{
    fputs("## Keys\n\n"
          "`[]` stands for each entry of a list. A recipe is an entry of `recipeList`, alone (`- session`) "
          "or with its "
          "keys below it (`- session: {...}`); `recipes`, a map of them in order, is the same. The order "
          "counts where "
          "several recipes could answer, and for claims in access tokens. A required key must be there where "
          "the map "
          "that it stands in is.\n",
          out);
    for (const struct site_key *row = site_keys; row->path; row++)
        if (is_section(row))
            write_section(out, row);
}
