/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of sites.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "site/internal.h"

struct sites {
    struct arena arena; /* of everything below */
    struct site *list;  /* by name */
    size_t n;
};

static enum st_err cannot_read(struct site_error *error, const char *path)
{
    snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(errno));
    return ST_NOT_FOUND;
}

/* ---- names ---- */

static bool is_site_name(struct str name)
{
    bool good = name.n > 0 && name.n <= SITE_NAME_MAX;
    for (size_t i = 0; i < name.n && good; i++) {
        char c = name.p[i];
        good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (i > 0 && (c == '-' || c == '_' || c == '.'));
    }
    return good;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n > end.n && str_is(str_from(s, s.n - end.n), end);
}

/* *NAME is absent for files that are none of ours, such as an editor's. */
static enum st_err site_name(const char *directory, const char *file, struct str *name,
                             struct site_error *error)
{
    struct str all = str_of(file);
    bool yaml = ends_with(all, STR(".yaml")), yml = ends_with(all, STR(".yml"));
    *name = STR_NONE;
    if (all.p[0] == '.' || (!yaml && !yml))
        return ST_OK;
    *name = str_head(all, all.n - (yaml ? 5 : 4));
    if (yaml && is_site_name(*name))
        return ST_OK;
    snprintf(error->text, sizeof error->text, "%s/%.200s: %s", directory, file,
             yml ? "the name of a site's file ends with .yaml"
                 : "a site's name has 1 to 64 letters, digits, '-', '_' and '.'");
    return ST_BAD_REQUEST;
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void release_directory(void *object)
{
    (void)closedir(object);
}

/* The names of DIRECTORY's sites, sorted, in room for SITE_SITES_MAX. */
static enum st_err list_names(struct arena *scratch, const char *directory, struct str *names, size_t *n,
                              struct site_error *error)
{
    struct arena_cleanup *cleanup = arena_reserve_cleanup(scratch, release_directory);
    DIR *open_directory = opendir(directory);
    if (!open_directory)
        return cannot_read(error, directory);
    cleanup->object = open_directory;
    for (const struct dirent *entry; (entry = readdir(open_directory));) {
        struct str name;
        ST_TRY(site_name(directory, entry->d_name, &name, error));
        if (!name.p)
            continue;
        if (*n == SITE_SITES_MAX) {
            snprintf(error->text, sizeof error->text, "%s: more than %d sites", directory, SITE_SITES_MAX);
            return ST_BAD_REQUEST;
        }
        names[(*n)++] = arena_str(scratch, name);
    }
    qsort(names, *n, sizeof *names, compare);
    return ST_OK;
}

static enum st_err list_sites(struct arena *scratch, struct sites *sites, const char *directory,
                              struct site_error *error)
{
    struct str *names = ARENA_ARRAY(scratch, SITE_SITES_MAX, struct str);
    size_t n = 0;
    ST_TRY(list_names(scratch, directory, names, &n, error));
    sites->list = ARENA_ARRAY(&sites->arena, n + !n, struct site);
    for (size_t i = 0; i < n; i++)
        sites->list[i] = (struct site){.name = arena_str(&sites->arena, names[i])};
    sites->n = n;
    return ST_OK;
}

/* ---- files ---- */

static enum st_err read_file(struct arena *scratch, const char *path, struct str *out,
                             struct site_error *error)
{
    char *text = arena_alloc(scratch, SITE_FILE_MAX + 1);
    size_t n = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe of that name must not hold us up */
    if (fd < 0)
        return cannot_read(error, path);
    while (got > 0 && n <= SITE_FILE_MAX) {
        got = read(fd, text + n, SITE_FILE_MAX + 1 - n);
        if (got > 0)
            n += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    enum st_err err = got < 0 ? cannot_read(error, path) : ST_OK;
    close(fd);
    ST_TRY(err);
    *out = (struct str){text, n};
    if (n <= SITE_FILE_MAX)
        return ST_OK;
    snprintf(error->text, sizeof error->text, "%s: larger than %d bytes", path, SITE_FILE_MAX);
    return ST_BAD_REQUEST;
}

/* ---- loading ---- */

struct loading {
    const char *directory;
    char *const *environment;
    struct arena scratch; /* for one file at a time */
    struct sites *sites;
    struct site_error *error;
};

static enum st_err load_site(struct loading *l, struct site *site)
{
    struct str path = arena_printf(&l->scratch, "%s/%.*s.yaml", l->directory, STR_ARG(site->name)), yaml;
    const struct site_source source = {
        .scratch = &l->scratch, .path = path.p, .environment = l->environment, .error = l->error};
    struct site_build *build = ARENA_NEW(&l->scratch, struct site_build);
    struct site_node *file;
    *build = (struct site_build){.source = &source, .arena = &l->sites->arena, .site = site};
    ST_TRY(read_file(&l->scratch, path.p, &yaml, l->error));
    ST_TRY(site_parse(&source, yaml, &file));
    ST_TRY(site_read(build, file));
    return site_complete(build);
}

static enum st_err load_all(struct loading *l)
{
    if (!l->directory || !l->directory[0])
        return ST_OK;
    ST_TRY(list_sites(&l->scratch, l->sites, l->directory, l->error));
    for (size_t i = 0; i < l->sites->n; i++) {
        arena_reset(&l->scratch);
        ST_TRY(load_site(l, &l->sites->list[i]));
    }
    return ST_OK;
}

static enum st_err out_of_memory(struct site_error *error)
{
    snprintf(error->text, sizeof error->text, "out of memory");
    return ST_UNAVAILABLE;
}

static enum st_err load_guarded(struct loading *l)
{
    jmp_buf recover;
    l->scratch.recover = l->sites->arena.recover = &recover;
    enum st_err err = setjmp(recover) == 0 ? load_all(l) : out_of_memory(l->error);
    l->scratch.recover = l->sites->arena.recover = NULL;
    return err;
}

enum st_err sites_load(const char *directory, char *const *environment, const struct sites **out,
                       struct site_error *error)
{
    struct loading l = {.directory = directory, .environment = environment, .error = error};
    *out = NULL;
    l.sites = calloc(1, sizeof *l.sites);
    if (!l.sites)
        return out_of_memory(error);
    arena_init(&l.scratch);
    arena_init(&l.sites->arena);
    enum st_err err = load_guarded(&l);
    arena_free(&l.scratch);
    if (err == ST_OK)
        *out = l.sites;
    else
        sites_free(l.sites);
    return err;
}

void sites_free(const struct sites *sites)
{
    struct sites *s = (struct sites *)sites;
    if (!s)
        return;
    arena_free(&s->arena);
    free(s);
}

/* ---- looking up ---- */

size_t sites_count(const struct sites *sites)
{
    return sites ? sites->n : 0;
}

const struct site *sites_at(const struct sites *sites, size_t i)
{
    return &sites->list[i];
}

const struct site *sites_find(const struct sites *sites, struct str name)
{
    size_t low = 0, high = sites_count(sites);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_cmp(name, sites->list[middle].name);
        if (order == 0)
            return &sites->list[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool site_has(const struct site *s, enum site_recipe recipe)
{
    for (size_t i = 0; i < s->nrecipes; i++)
        if (s->recipes[i] == recipe)
            return true;
    return false;
}

const struct site_field *site_field(const struct site *s, struct str id)
{
    for (size_t i = 0; i < s->emailpassword.nfields; i++)
        if (str_is(s->emailpassword.fields[i].id, id))
            return &s->emailpassword.fields[i];
    return NULL;
}
