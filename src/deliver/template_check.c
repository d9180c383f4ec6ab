/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/template_check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "deliver/language.h"
#include "deliver/mail.h"
#include "deliver/template.h"

struct check {
    struct arena arena; /* of one file */
    const char *directory;
    const char *file; /* in it */
    struct site_error *error;
};

static enum st_err fail(const struct check *c, unsigned line, const char *why, struct str what)
{
    char at[32] = "";
    if (line)
        snprintf(at, sizeof at, ", line %u", line);
    snprintf(c->error->text, sizeof c->error->text, "%s/%.255s%s: %s%.*s", c->directory, c->file, at, why,
             STR_ARG(str_head(what, 64)));
    return ST_BAD_REQUEST;
}

/* ---- names ---- */

/* What stands behind the last dot, and before it. */
static struct str suffix_of(struct str name, struct str *stem)
{
    size_t n = name.n;
    while (n > 0 && name.p[n - 1] != '.')
        n--;
    *stem = str_head(name, n ? n - 1 : 0);
    return str_from(name, n);
}

/* KIND, KIND.LANGUAGE; or layout, for the parts that have one. */
static bool is_template_name(struct str stem, bool has_layout)
{
    struct str rest = stem, kind = str_split(&rest, '.');
    if (str_is(stem, STR("layout")))
        return has_layout;
    for (int i = 0; i < MAIL_KINDS; i++)
        if (str_is_c(kind, mail_kind_names[i]))
            return !rest.p || language_is_tag(rest);
    return false;
}

/* ---- contents ---- */

static bool is_placeholder(struct str name)
{
    for (int i = 0; i < MAIL_PLACEHOLDERS; i++)
        if (str_is_c(name, mail_placeholders[i]))
            return true;
    return false;
}

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < 'a' || s.p[i] > 'z') && (s.p[i] < 'A' || s.p[i] > 'Z'))
            return false;
    return s.n > 0;
}

static enum st_err check_line(const struct check *c, struct str line, unsigned number)
{
    if (!str_is_utf8(line))
        return fail(c, number, "it is not in UTF-8", STR_NONE);
    for (size_t at; (at = str_find(line, '{')) < line.n;) {
        line = str_from(line, at + 1);
        struct str word = str_head(line, str_find(line, '}'));
        if (word.n < line.n && is_word(word) && !is_placeholder(word))
            return fail(c, number, "there is no placeholder named ", word);
    }
    return ST_OK;
}

static enum st_err check_content(struct check *c)
{
    struct str path = arena_printf(&c->arena, "%s/%s", c->directory, c->file);
    const char *why;
    struct str text = template_read(&c->arena, path.p, &why);
    if (why)
        return fail(c, 0, why, STR_NONE);
    for (unsigned line = 1; text.p; line++)
        ST_TRY(check_line(c, str_split(&text, '\n'), line));
    return ST_OK;
}

static enum st_err check_file(struct check *c)
{
    struct str stem, suffix = suffix_of(str_of(c->file), &stem);
    bool has_layout = str_is(suffix, STR("txt")) || str_is(suffix, STR("html"));
    if (c->file[0] == '.' || (!has_layout && !str_is(suffix, STR("subject")))) /* an editor's, say */
        return ST_OK;
    if (!is_template_name(stem, has_layout))
        return fail(c, 0, "no mail has a template of this name (doc/mail.md)", STR_NONE);
    return check_content(c);
}

/* ---- directories ---- */

static void release_directory(void *object)
{
    (void)closedir(object);
}

static enum st_err check_directory(struct check *c)
{
    struct arena_cleanup *cleanup = arena_reserve_cleanup(&c->arena, release_directory);
    DIR *open_directory = opendir(c->directory);
    if (!open_directory) {
        snprintf(c->error->text, sizeof c->error->text, "%s: %s (emailDelivery.templateDirectory)",
                 c->directory, strerror(errno));
        return ST_NOT_FOUND;
    }
    cleanup->object = open_directory;
    for (const struct dirent *entry; (entry = readdir(open_directory));) {
        c->file = entry->d_name;
        ST_TRY(check_file(c));
    }
    return ST_OK;
}

static enum st_err check_sites(struct check *c, const struct sites *sites)
{
    for (size_t i = 0; i < sites_count(sites); i++) {
        struct str directory = sites_at(sites, i)->mail.template_directory;
        if (!directory.p)
            continue;
        arena_reset(&c->arena);
        c->directory = arena_str(&c->arena, directory).p;
        ST_TRY(check_directory(c));
    }
    return ST_OK;
}

static enum st_err out_of_memory(struct site_error *error)
{
    snprintf(error->text, sizeof error->text, "out of memory");
    return ST_UNAVAILABLE;
}

enum st_err templates_check(const struct sites *sites, struct site_error *error)
{
    struct check c = {.error = error};
    jmp_buf recover;
    arena_init(&c.arena);
    c.arena.recover = &recover;
    enum st_err err = setjmp(recover) == 0 ? check_sites(&c, sites) : out_of_memory(error);
    arena_free(&c.arena);
    return err;
}
