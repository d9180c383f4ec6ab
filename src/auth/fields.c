/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/frame.h"

static bool has_nul(struct str s)
{
    return str_find(s, 0) < s.n;
}

static enum st_err read_parameter(struct auth_call *k, const struct auth_field *f, struct str *at)
{
    struct str text;
    unsigned times;
    ST_TRY(http_query_all(k->c, &k->x->rq, f->name, &text, &times));
    if (times == 1 && !has_nul(text)) {
        *at = text;
        return ST_OK;
    }
    const char *error = times && f->wrong ? f->wrong : f->missing;
    if (!error && times == 1)
        error = "Invalid query string";
    return error ? ctx_fail(k->c, ST_BAD_REQUEST, "%s", error) : ST_OK;
}

/* False: VALUE is of another type. A string with U+0000 is none, as no column can hold it. */
static bool read_value(const struct auth_field *f, json_object *value, void *at)
{
    switch (f->type) {
    case AUTH_STRING:
        *(struct str *)at = json_str(value);
        return json_object_is_type(value, json_type_string) && !has_nul(*(struct str *)at);
    case AUTH_ANY:
        *(json_object **)at = value;
        return true;
    case AUTH_FIELDS_END:
    case AUTH_QUERY_STRING:
        break;
    }
    return false;
}

static size_t size_of(enum auth_field_type type)
{
    return type == AUTH_STRING ? sizeof(struct str) : sizeof(json_object *);
}

static enum st_err read_member(struct auth_call *k, const struct auth_field *f, char *at)
{
    union {
        struct str s;
        json_object *o;
    } value;
    json_object *member = NULL;
    bool there = json_object_object_get_ex(k->body, f->name, &member) && member;
    if (there && read_value(f, member, &value)) {
        memcpy(at, &value, size_of(f->type));
        return ST_OK;
    }
    const char *error = there && f->wrong ? f->wrong : f->missing;
    if (!error && there && f->type == AUTH_STRING && has_nul(json_str(member)))
        error = "API input error: a text holds U+0000";
    return error ? ctx_fail(k->c, ST_BAD_REQUEST, "%s", error) : ST_OK;
}

enum st_err auth_read_fields(struct auth_call *k)
{
    const struct auth_route *row = k->route;
    if (row->in_size)
        k->in = arena_zalloc(k->c->arena, row->in_size);
    for (const struct auth_field *f = row->fields; f && f->type != AUTH_FIELDS_END; f++) {
        char *at = (char *)k->in + f->offset;
        ST_TRY(f->type == AUTH_QUERY_STRING ? read_parameter(k, f, (struct str *)(void *)at)
                                            : read_member(k, f, at));
    }
    return ST_OK;
}
