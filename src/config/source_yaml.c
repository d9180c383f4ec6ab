/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration file: one YAML map of scalars. Anything deeper can only be the value of an unknown key
 * and is skipped. Errors name file and line; they never show a value.
 */
#include <yaml.h>

#include "config/internal.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    const char *path;
    struct config_source *source;
    const struct config_options *options;
    struct config_error *error;
};

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

static enum st_err fail_at(struct reader *r, yaml_mark_t mark, const char *what)
{
    return config_fail(r->error, ST_BAD_REQUEST, "%s, line %u: %s", r->path, line_of(mark), what);
}

static enum st_err next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return ST_OK;
    memset(&r->event, 0, sizeof r->event);
    if (r->parser.error == YAML_MEMORY_ERROR)
        return config_out_of_memory(r->error);
    /* Reader errors (bad UTF-8) have an offset instead of a mark. */
    if (r->parser.error == YAML_READER_ERROR)
        return config_fail(r->error, ST_BAD_REQUEST, "%s, byte %zu: %s", r->path, r->parser.problem_offset,
                           r->parser.problem);
    return fail_at(r, r->parser.problem_mark, r->parser.problem ? r->parser.problem : "cannot be parsed");
}

/* The current event is the start of a value: moves to its end. */
static enum st_err skip_value(struct reader *r)
{
    unsigned depth = 0;
    for (;;) {
        yaml_event_type_t type = r->event.type;
        if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT) {
            if (++depth >= CONFIG_MAX_DEPTH)
                return fail_at(r, r->event.start_mark, "nested too deeply");
        } else if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT) {
            depth--;
        }
        if (depth == 0)
            return ST_OK;
        ST_TRY(next(r));
    }
}

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (str_is_c(text, *words))
            return true;
    return false;
}

/* What a scalar is in YAML's core schema; quoted ones are strings. */
static enum config_raw_kind kind_of(const yaml_event_t *event, struct str text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const booleans[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag)
        return CONFIG_RAW_STRING;
    if (is_one_of(text, nulls))
        return CONFIG_RAW_NULL;
    if (is_one_of(text, booleans))
        return CONFIG_RAW_BOOLEAN;
    if (strchr("0123456789.+-", text.p[0]) && strspn(text.p, "0123456789.+-eE") == text.n)
        return CONFIG_RAW_NUMBER;
    return CONFIG_RAW_STRING;
}

static struct str scalar(const yaml_event_t *event)
{
    return (struct str){(const char *)event->data.scalar.value, event->data.scalar.length};
}

/* The current event is a key. */
static enum st_err read_pair(struct reader *r)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_at(r, r->event.start_mark, "the name of a setting must be plain text");
    struct str name = scalar(&r->event);
    unsigned line = line_of(r->event.start_mark);
    const struct config_key *key = config_key_find(name);
    struct config_raw raw = {.key = key, .line = line};

    if (key) {
        raw.by_alias = !str_is_c(name, key->name);
        const struct config_raw *first = config_source_find(r->source, key, raw.by_alias);
        if (first)
            return config_fail(r->error, ST_BAD_REQUEST, "%s, line %u: '%.*s' is already set on line %u",
                               r->path, line, STR_ARG(name), first->line);
    } else if (r->options && r->options->unknown_key) {
        r->options->unknown_key(r->options->context, name.p, r->path, line);
    }
    ST_TRY(next(r));
    if (key && r->event.type == YAML_ALIAS_EVENT)
        return fail_at(r, r->event.start_mark, "references (*name) are not supported");
    if (key && r->event.type == YAML_SCALAR_EVENT) {
        raw.text = scalar(&r->event);
        raw.kind = kind_of(&r->event, raw.text);
    } else {
        raw.kind = CONFIG_RAW_OTHER;
    }
    if (key)
        ST_TRY(config_source_put(r->source, &raw, r->error));
    return skip_value(r);
}

static enum st_err read_document(struct reader *r)
{
    ST_TRY(next(r)); /* stream start */
    ST_TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT)
        return ST_OK; /* nothing but comments */
    ST_TRY(next(r));
    if (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0) {
        ST_TRY(next(r)); /* "---" and nothing else */
    } else if (r->event.type != YAML_MAPPING_START_EVENT) {
        return fail_at(r, r->event.start_mark, "expected lines of the form 'name: value'");
    } else {
        for (;;) {
            ST_TRY(next(r));
            if (r->event.type == YAML_MAPPING_END_EVENT)
                break;
            ST_TRY(read_pair(r));
        }
        ST_TRY(next(r)); /* document end */
    }
    ST_TRY(next(r));
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail_at(r, r->event.start_mark, "only one document is allowed");
    return ST_OK;
}

enum st_err config_source_yaml(struct config_source *source, struct str yaml, const char *path,
                               const struct config_options *options, struct config_error *e)
{
    struct reader r = {.path = path, .source = source, .options = options, .error = e};
    if (!yaml_parser_initialize(&r.parser))
        return config_out_of_memory(e);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)yaml.p, yaml.n);
    enum st_err err = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return err;
}
