/* SPDX-License-Identifier: Apache-2.0
 *
 * A site's file as a tree of nodes: YAML without anchors, references, tags and repeated keys, limited in
 * everything, with ${NAME} and ${NAME:-text} replaced from the environment and credentials.
 */
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/environment.h"
#include "site/internal.h"

struct reader {
    const struct site_source *source;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    unsigned nodes, depth;
};

enum st_err site_fail(const struct site_source *source, unsigned line, const char *key, const char *format,
                      ...)
{
    struct site_error *e = source->error;
    va_list args;
    int n =
        snprintf(e->text, sizeof e->text, "%s, line %u: %s%s", source->path, line, key, key[0] ? ": " : "");
    if (n < 0 || (size_t)n >= sizeof e->text)
        return ST_BAD_REQUEST;
    va_start(args, format);
    vsnprintf(e->text + n, sizeof e->text - (size_t)n, format, args);
    va_end(args);
    return ST_BAD_REQUEST;
}

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

static enum st_err fail_here(struct reader *r, const char *what)
{
    return site_fail(r->source, line_of(r->event.start_mark), "", "%s", what);
}

static enum st_err next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return ST_OK;
    memset(&r->event, 0, sizeof r->event);
    if (r->parser.error == YAML_MEMORY_ERROR)
        arena_out_of_memory(r->source->scratch);
    const char *problem = r->parser.problem ? r->parser.problem : "cannot be parsed";
    /* Reader errors (bad UTF-8) have an offset instead of a mark. */
    if (r->parser.error != YAML_READER_ERROR)
        return site_fail(r->source, line_of(r->parser.problem_mark), "", "%s", problem);
    snprintf(r->source->error->text, sizeof r->source->error->text, "%s, byte %zu: %s", r->source->path,
             r->parser.problem_offset, problem);
    return ST_BAD_REQUEST;
}

/* ---- the environment ---- */

static bool is_variable_name(struct str name)
{
    bool good = name.n > 0 && name.n <= 128 && !(name.p[0] >= '0' && name.p[0] <= '9');
    for (size_t i = 0; i < name.n && good; i++) {
        char c = name.p[i];
        good = c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    return good;
}

/* Of the environment, or a credential of that name. Neither: OUT stays as it is. */
static enum st_err find_value(struct reader *r, struct str name, struct str *out)
{
    char *const *environment = r->source->environment;
    const char *variable = environment_find(environment, name), *why = NULL;
    if (variable) {
        *out = str_of(variable);
        return ST_OK;
    }
    const char *file = arena_str(r->source->scratch, name).p;
    char *buffer = arena_alloc(r->source->scratch, SITE_TEXT_MAX + 2);
    enum st_err err = environment_credential(environment, file, buffer, SITE_TEXT_MAX + 2, out, &why);
    if (err == ST_NOT_FOUND)
        return ST_OK;
    return err == ST_OK
               ? ST_OK
               : site_fail(r->source, line_of(r->event.start_mark), "", "the credential %s %s", file, why);
}

/* REST begins behind "${": takes what follows up to the brace. */
static enum st_err put_variable(struct reader *r, struct str *rest, struct buf *out)
{
    size_t end = str_find(*rest, '}');
    struct str inside = str_head(*rest, end);
    size_t colon = str_find(inside, ':');
    struct str name = str_head(inside, colon), fallback = str_from(inside, colon);
    bool has_fallback = str_starts(fallback, STR(":-"));
    if (end == rest->n || !is_variable_name(name) || (fallback.n && !has_fallback))
        return fail_here(r,
                         "'${' must begin ${NAME} or ${NAME:-text}; write $${ for the characters themselves");
    struct str value = STR_NONE;
    ST_TRY(find_value(r, name, &value));
    if (!value.p && !has_fallback)
        return site_fail(r->source, line_of(r->event.start_mark), "",
                         "the environment variable %.*s is not set", STR_ARG(name));
    buf_add(out, value.p ? str_head(value, SITE_TEXT_MAX + 1) : str_from(fallback, 2));
    *rest = str_from(*rest, end + 1);
    return ST_OK;
}

static enum st_err put_variables(struct reader *r, struct str text, struct str *out)
{
    struct buf b = buf_in(r->source->scratch);
    struct str rest = text;
    while (rest.n && b.n <= SITE_TEXT_MAX) {
        if (str_starts(rest, STR("$${"))) {
            buf_add(&b, STR("${"));
            rest = str_from(rest, 3);
        } else if (str_starts(rest, STR("${"))) {
            rest = str_from(rest, 2);
            ST_TRY(put_variable(r, &rest, &b));
        } else {
            buf_char(&b, rest.p[0]);
            rest = str_from(rest, 1);
        }
    }
    *out = buf_str(&b);
    if (out->n > SITE_TEXT_MAX)
        return fail_here(r, "the value is too long");
    return str_is_utf8(*out) ? ST_OK : fail_here(r, "an environment variable is not UTF-8");
}

/* ---- nodes ---- */

static bool is_null(struct str text)
{
    return text.n == 0 || str_is(text, STR("~")) || str_is(text, STR("null")) || str_is(text, STR("Null")) ||
           str_is(text, STR("NULL"));
}

static enum st_err read_scalar(struct reader *r, struct site_node *node)
{
    struct str text = {(const char *)r->event.data.scalar.value, r->event.data.scalar.length};
    node->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (node->plain && is_null(text))
        return ST_OK;
    node->kind = SITE_NODE_SCALAR;
    if (str_find(text, 0) < text.n)
        return fail_here(r, "the value has a NUL in it");
    ST_TRY(put_variables(r, text, &node->text));
    node->plain &= str_is(node->text, text); /* what comes from the environment is a string */
    return ST_OK;
}

static enum st_err read_node(struct reader *r, struct site_node **out);

/* The current event is a key of MAP. */
static enum st_err read_name(struct reader *r, const struct site_node *map, struct str *name, unsigned *line)
{
    if (r->event.type != YAML_SCALAR_EVENT || r->event.data.scalar.anchor || r->event.data.scalar.tag)
        return fail_here(r, "the name of a key must be plain text");
    struct str text = {(const char *)r->event.data.scalar.value, r->event.data.scalar.length};
    if (text.n == 0 || text.n > 128 || str_find(text, 0) < text.n)
        return fail_here(r, "the name of a key must have 1 to 128 characters");
    const struct site_node *before = site_node_find(map, text);
    *line = line_of(r->event.start_mark);
    if (before)
        return site_fail(r->source, *line, "", "'%.*s' is already set on line %u", STR_ARG(text),
                         before->name_line);
    *name = arena_str(r->source->scratch, text);
    return next(r);
}

/* The current event begins a map or a list: its entries, up to the event that ends it. */
static enum st_err read_entries(struct reader *r, struct site_node *node, yaml_event_type_t end)
{
    struct site_node **last = &node->first;
    if (++r->depth > SITE_DEPTH_MAX)
        return fail_here(r, "nested too deeply");
    for (;;) {
        struct str name = STR_NONE;
        unsigned line = 0;
        ST_TRY(next(r));
        if (r->event.type == end)
            break;
        if (node->kind == SITE_NODE_MAP)
            ST_TRY(read_name(r, node, &name, &line));
        ST_TRY(read_node(r, last));
        (*last)->name = name;
        (*last)->name_line = line;
        last = &(*last)->next;
        node->n++;
    }
    r->depth--;
    return ST_OK;
}

/* The current event begins a value. */
static enum st_err read_node(struct reader *r, struct site_node **out)
{
    const yaml_event_t *e = &r->event;
    struct site_node *node = ARENA_NEW(r->source->scratch, struct site_node);
    node->line = line_of(e->start_mark);
    *out = node;
    if (++r->nodes > SITE_NODES_MAX)
        return fail_here(r, "the file has too many values");
    if (e->type == YAML_ALIAS_EVENT || (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
        (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor) ||
        (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor))
        return fail_here(r, "references (&name and *name) are not supported");
    if ((e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
        (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag) ||
        (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag))
        return fail_here(r, "tags (!name) are not supported");
    if (e->type == YAML_SCALAR_EVENT)
        return read_scalar(r, node);
    bool map = e->type == YAML_MAPPING_START_EVENT;
    node->kind = map ? SITE_NODE_MAP : SITE_NODE_LIST;
    return read_entries(r, node, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
}

static enum st_err read_document(struct reader *r, struct site_node **out)
{
    ST_TRY(next(r)); /* stream start */
    ST_TRY(next(r));
    *out = ARENA_NEW(r->source->scratch, struct site_node);
    **out = (struct site_node){.kind = SITE_NODE_MAP, .line = 1};
    if (r->event.type == YAML_STREAM_END_EVENT)
        return ST_OK; /* nothing but comments */
    ST_TRY(next(r));
    unsigned line = line_of(r->event.start_mark);
    struct site_node *node;
    ST_TRY(read_node(r, &node));
    if (node->kind == SITE_NODE_MAP)
        *out = node;
    else if (node->kind != SITE_NODE_NULL)
        return site_fail(r->source, line, "", "expected lines of the form 'name: value'");
    ST_TRY(next(r)); /* document end */
    ST_TRY(next(r));
    return r->event.type == YAML_STREAM_END_EVENT ? ST_OK : fail_here(r, "only one document is allowed");
}

static void release(void *object)
{
    struct reader *r = object;
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

enum st_err site_parse(const struct site_source *source, struct str yaml, struct site_node **out)
{
    struct reader *r = ARENA_NEW(source->scratch, struct reader);
    struct arena_cleanup *cleanup = arena_reserve_cleanup(source->scratch, release);
    r->source = source;
    if (!yaml_parser_initialize(&r->parser))
        arena_out_of_memory(source->scratch);
    cleanup->object = r;
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)yaml.p, yaml.n);
    return read_document(r, out);
}

const struct site_node *site_node_find(const struct site_node *map, struct str name)
{
    for (const struct site_node *entry = map->first; entry; entry = entry->next)
        if (str_is(entry->name, name))
            return entry;
    return NULL;
}
