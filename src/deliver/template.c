/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/template.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

static void add_escaped(struct buf *b, struct str s)
{
    static const char *const entities[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 128 && entities[c])
            buf_add(b, str_of(entities[c]));
        else
            buf_char(b, (char)c);
    }
}

/* The value whose placeholder TEXT begins with, or NULL. */
static const struct template_value *find(struct str text, const struct template_value *values, size_t n)
{
    struct str name = str_from(str_head(text, str_find(text, '}')), 1);
    for (size_t i = 0; name.n + 1 < text.n && i < n; i++)
        if (str_is_c(name, values[i].name))
            return &values[i];
    return NULL;
}

struct str template_fill(struct arena *a, struct str text, const struct template_value *values, size_t n,
                         bool html)
{
    struct buf b = buf_in(a);
    while (text.n) {
        struct str literal = str_head(text, str_find(text, '{'));
        buf_add(&b, literal);
        text = str_from(text, literal.n);
        const struct template_value *value = text.n ? find(text, values, n) : NULL;
        if (value && html)
            add_escaped(&b, value->value);
        else if (value)
            buf_add(&b, value->value);
        else if (text.n)
            buf_char(&b, '{');
        text = str_from(text, value ? strlen(value->name) + 2 : 1);
    }
    return buf_str(&b);
}

/* Fills TEXT, whose bytes are there already; NULL, or why not. */
static const char *fill_from(const char *path, char *p, struct str *text)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return strerror(errno);
    size_t n = 0;
    ssize_t more;
    while (n < text->n && (more = read(file, p + n, text->n - n)) > 0)
        n += (size_t)more;
    close(file);
    text->n = n;
    return NULL;
}

struct str template_read(struct arena *a, const char *path, const char **why)
{
    struct stat s;
    *why = NULL;
    if (stat(path, &s) != 0) {
        *why = errno == ENOENT ? NULL : strerror(errno);
        return STR_NONE;
    }
    *why = "it is no file, or too long";
    if (!S_ISREG(s.st_mode) || s.st_size > TEMPLATE_FILE_MAX)
        return STR_NONE;
    char *p = arena_zalloc(a, (size_t)s.st_size + 1);
    struct str text = {p, (size_t)s.st_size};
    *why = fill_from(path, p, &text);
    return *why ? STR_NONE : text;
}

struct str template_file(struct ctx *c, struct str directory, struct str name)
{
    const char *why;
    struct str path = ARENA_CONCAT(c->arena, directory, STR("/"), name);
    struct str text = template_read(c->arena, path.p, &why);
    if (!why && text.p && !str_is_utf8(text))
        why = "it is not in UTF-8";
    if (!why)
        return text;
    LOG_ERROR(c, "the mail template %s is not used: %s", path.p, why);
    return STR_NONE;
}
