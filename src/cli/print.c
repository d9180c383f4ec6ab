/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "json/json.h"

enum { WIDTH = 100, COLUMNS_MAX = 16, GAP = 2 };

int print_error(const char *format, ...)
{
    bool colour = isatty(STDERR_FILENO);
    va_list args;
    fflush(stdout);
    fputs(colour ? "\033[31m" : "", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs(colour ? "\033[0m\n" : "\n", stderr);
    return 1;
}

void print_wrapped(FILE *out, const char *text, int indent, int column)
{
    struct str rest = str_of(text);
    while (rest.p) {
        struct str word = str_split(&rest, ' ');
        bool first = column <= indent;
        if (!first && column + 1 + (int)word.n > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", STR_ARG(word));
        column += (int)word.n + !first;
    }
    fputc('\n', out);
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* One word of a name, which begins at WORD. */
static void print_word(FILE *out, struct str word, bool first)
{
    static const char *const capitals[] = {"ID", "IDs", "URI"};
    for (size_t i = 0; i < sizeof capitals / sizeof capitals[0]; i++)
        if (str_is_ci(word, str_of(capitals[i]))) {
            fputs(capitals[i], out);
            return;
        }
    fputc(first ? word.p[0] & ~('a' - 'A') : word.p[0] | ('a' - 'A'), out);
    fprintf(out, "%.*s", STR_ARG(str_from(word, 1)));
}

void print_title(FILE *out, const char *member)
{
    if (strchr(member, '_')) { /* a configuration key: as it is */
        fputs(member, out);
        return;
    }
    for (const char *word = member, *end; *word; word = end) {
        for (end = word + 1; *end && !is_upper(*end); end++)
            ;
        fputs(word == member ? "" : " ", out);
        print_word(out, (struct str){word, (size_t)(end - word)}, word == member);
    }
}

/* ---- values ---- */

static bool is_time(const char *member)
{
    size_t n = strlen(member);
    return strncmp(member, "time", 4) == 0 || strcmp(member, "expiry") == 0 ||
           (n > 2 && strcmp(member + n - 2, "At") == 0);
}

static void add_time(struct buf *b, int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];
    if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
        buf_add(b, str_of(text));
    else
        buf_i64(b, ms);
}

/* Users choose some of the texts: nothing in them may steer the terminal. */
static void add_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool c1 = c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0;
        buf_char(b, c < ' ' || c == 0x7F || c1 ? '?' : (char)c);
        i += c1;
    }
}

static void add_value(struct arena *a, struct buf *b, const char *member, json_object *value)
{
    if (json_object_is_type(value, json_type_string)) {
        add_text(b, json_str(value));
    } else if (json_object_is_type(value, json_type_boolean)) {
        buf_add(b, json_object_get_boolean(value) ? STR("yes") : STR("no"));
    } else if (json_object_is_type(value, json_type_int) && is_time(member)) {
        add_time(b, json_object_get_int64(value));
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            buf_add(b, i ? STR(", ") : STR(""));
            add_value(a, b, "", json_object_array_get_idx(value, i));
        }
    } else if (json_object_is_type(value, json_type_object)) {
        bool first = true;
        json_object_object_foreach(value, name, part)
        {
            buf_add(b, first ? STR("") : STR(" "));
            add_value(a, b, name, part);
            first = false;
        }
    } else if (value) {
        add_text(b, json_text(a, value));
    }
}

static struct str value_text(struct arena *a, const char *member, json_object *value)
{
    struct buf b = buf_in(a);
    add_value(a, &b, member, value);
    return buf_str(&b);
}

/* Characters, taking each for one column. */
static int width(struct str s)
{
    int n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

/* ---- tables ---- */

struct table {
    const char *member[COLUMNS_MAX];
    int width[COLUMNS_MAX];
    size_t n;
};

static int title_width(const char *member)
{
    int n = 0;
    for (const char *c = member; *c; c++)
        n += 1 + (c > member && is_upper(*c));
    return n;
}

static void add_column(struct table *t, const char *member)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->member[i], member) == 0)
            return;
    if (t->n == COLUMNS_MAX)
        return;
    t->member[t->n] = member;
    t->width[t->n++] = title_width(member);
}

/* COLUMNS, or what the rows have. */
static void choose_columns(struct arena *a, struct table *t, json_object *list, const char *columns)
{
    struct str rest = str_of(columns);
    while (rest.p)
        add_column(t, arena_str(a, str_split(&rest, ' ')).p);
    for (size_t i = 0; !columns && i < json_object_array_length(list); i++) {
        json_object_object_foreach(json_object_array_get_idx(list, i), name, value)
        {
            (void)value;
            add_column(t, name);
        }
    }
}

static struct str cell(struct arena *a, json_object *row, const char *member)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(row, member, &value))
        return STR("");
    return value_text(a, member, value);
}

static void print_table(struct arena *a, json_object *list, const char *columns, int indent)
{
    struct table t = {.n = 0};
    size_t rows = json_object_array_length(list);
    choose_columns(a, &t, list, columns);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < t.n; k++) {
            int n = width(cell(a, json_object_array_get_idx(list, i), t.member[k]));
            t.width[k] = n > t.width[k] ? n : t.width[k];
        }
    for (size_t k = 0; k < t.n; k++) {
        printf("%*s", k ? GAP : indent, "");
        print_title(stdout, t.member[k]);
        printf("%*s", k + 1 < t.n ? t.width[k] - title_width(t.member[k]) : 0, "");
    }
    putchar('\n');
    for (size_t i = 0; i < rows; i++, putchar('\n'))
        for (size_t k = 0; k < t.n; k++) {
            struct str text = cell(a, json_object_array_get_idx(list, i), t.member[k]);
            printf("%*s%.*s%*s", k ? GAP : indent, "", STR_ARG(text),
                   k + 1 < t.n ? t.width[k] - width(text) : 0, "");
        }
}

/* ---- objects ---- */

static bool is_scalar(json_object *value)
{
    return !json_object_is_type(value, json_type_object) && !json_object_is_type(value, json_type_array);
}

static bool is_table(json_object *value)
{
    return json_object_is_type(value, json_type_array) && json_object_array_length(value) > 0 &&
           json_object_is_type(json_object_array_get_idx(value, 0), json_type_object);
}

static void print_object(struct arena *a, json_object *object, int indent)
{
    int widest = 0;
    json_object_object_foreach(object, measured, ignored)
    {
        (void)ignored;
        int n = title_width(measured);
        widest = n > widest ? n : widest;
    }
    json_object_object_foreach(object, name, value)
    {
        if (!is_scalar(value) && value_text(a, name, value).n == 0)
            continue; /* an empty list, or an object of such */
        printf("%*s", indent, "");
        print_title(stdout, name);
        putchar(':');
        if (is_table(value)) {
            putchar('\n');
            print_table(a, value, NULL, indent + GAP);
        } else if (json_object_is_type(value, json_type_object)) {
            putchar('\n');
            print_object(a, value, indent + GAP);
        } else {
            struct str text = value_text(a, name, value);
            printf("%*s%.*s\n", widest - title_width(name) + 1, "", STR_ARG(text));
        }
    }
}

/* The part of OBJECT that is shown. */
static json_object *shown(json_object *object, const struct layout *layout)
{
    json_object *part;
    if (!layout || !layout->object || !json_object_object_get_ex(object, layout->object, &part))
        return object;
    return json_object_is_type(part, json_type_array) ? json_object_array_get_idx(part, 0) : part;
}

void print_result(const struct invocation *in, struct arena *a, struct str json, const struct layout *layout)
{
    json_object *list, *object = in->json ? NULL : json_parse(a, json);
    if (in->json)
        printf("%.*s\n", STR_ARG(json));
    else if (!layout || !layout->list || !json_object_object_get_ex(object, layout->list, &list))
        print_object(a, shown(object, layout), 0);
    else if (json_object_array_length(list) == 0)
        puts(layout->empty);
    else
        print_table(a, list, layout->columns, 0);
}
