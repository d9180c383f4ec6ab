/* SPDX-License-Identifier: Apache-2.0 */
#include "emailpassword/form.h"

#include "emailpassword/validate.h"
#include "json/write.h"
#include "policy/pattern.h"

struct reading {
    struct ctx *c;
    const struct site *site;
    enum form_kind kind;
    const struct site_field *fields[SITE_FIELDS_MAX]; /* of this kind of form */
    size_t nfields;
    json_object *values[SITE_FIELDS_MAX]; /* given for them; NULL: not given */
    struct form *out;
};

static bool is_email(const struct site_field *f)
{
    return str_is(f->id, STR("email"));
}

static bool is_password(const struct site_field *f)
{
    return str_is(f->id, STR("password"));
}

static bool belongs(enum form_kind kind, const struct site_field *f)
{
    switch (kind) {
    case FORM_SIGN_UP:
        return true;
    case FORM_SIGN_IN:
        return is_email(f) || is_password(f);
    case FORM_EMAIL:
        return is_email(f);
    case FORM_PASSWORD:
        return is_password(f);
    }
    return false;
}

static void choose_fields(struct reading *r)
{
    for (size_t i = 0; i < r->site->emailpassword.nfields; i++) {
        const struct site_field *f = &r->site->emailpassword.fields[i];
        if (belongs(r->kind, f))
            r->fields[r->nfields++] = f;
    }
}

static enum st_err check_element(struct ctx *c, json_object *element)
{
    json_object *id, *value;
    if (!json_object_is_type(element, json_type_object))
        return ctx_fail(c, ST_BAD_REQUEST, "All elements of formFields must be an object");
    if (!json_object_object_get_ex(element, "id", &id) || !json_object_is_type(id, json_type_string) ||
        !json_object_object_get_ex(element, "value", &value))
        return ctx_fail(c, ST_BAD_REQUEST,
                        "All elements of formFields must contain an 'id' and 'value' field");
    if (json_object_is_type(value, json_type_string))
        return ST_OK;
    if (str_is(json_str(id), STR("email")) || str_is(json_str(id), STR("password")))
        return ctx_fail(c, ST_BAD_REQUEST, "%.*s value must be a string", STR_ARG(json_str(id)));
    return ST_OK;
}

/* The first element with a field's id counts; unknown ids are passed over. */
static void take_element(struct reading *r, json_object *element)
{
    json_object *id = json_object_object_get(element, "id"),
                *value = json_object_object_get(element, "value");
    for (size_t i = 0; i < r->nfields; i++)
        if (!r->values[i] && str_is(r->fields[i]->id, json_str(id)))
            r->values[i] = value;
}

static enum st_err read_elements(struct reading *r, json_object *fields)
{
    if (!fields)
        return ctx_fail(r->c, ST_BAD_REQUEST, "Missing input param: formFields");
    if (!json_object_is_type(fields, json_type_array))
        return ctx_fail(r->c, ST_BAD_REQUEST, "formFields must be an array");
    size_t n = json_object_array_length(fields);
    for (size_t i = 0; i < n; i++)
        ST_TRY(check_element(r->c, json_object_array_get_idx(fields, i)));
    if (n > r->nfields)
        return ctx_fail(r->c, ST_BAD_REQUEST, "Are you sending too many formFields?");
    for (size_t i = 0; i < n; i++)
        take_element(r, json_object_array_get_idx(fields, i));
    return ST_OK;
}

static void add_error(struct reading *r, const struct site_field *f, const char *text, struct str configured)
{
    r->out->errors[r->out->nerrors++] = (struct form_error){f->id, text, configured};
}

const char *form_check_password(const struct site *site, struct str password, struct str email)
{
    const struct site_field *f = site_field(site, STR("password"));
    const struct str context[VALIDATE_CONTEXT] = {email.p ? email : STR(""), site->app_name};
    if (f && f->pattern)
        return NULL;
    return site->emailpassword.password_profile == SITE_PASSWORD_NIST
               ? validate_password_nist(password, context)
               : validate_password(password);
}

/* Values that no column or hash can hold are refused like those that break a rule. */
static void check_value(struct reading *r, const struct site_field *f, json_object *value)
{
    struct str text =
        json_object_is_type(value, json_type_string) ? json_str(value) : json_text(r->c->arena, value);
    if (is_email(f))
        text = str_trim(text);
    if (str_find(text, 0) != text.n) {
        add_error(r, f, is_email(f) ? "Email is invalid" : "Field is invalid", STR_NONE);
    } else if (f->pattern && !(r->kind == FORM_SIGN_IN && is_password(f))) {
        if (pattern_match(f->pattern, text) != PATTERN_MATCH)
            add_error(r, f, f->error.p ? NULL : "Field is invalid", f->error);
    } else {
        const char *wrong = is_email(f) ? validate_email(text)
                            : is_password(f) && r->kind != FORM_SIGN_IN
                                ? form_check_password(r->site, text, r->out->email)
                                : NULL;
        if (wrong)
            add_error(r, f, wrong, STR_NONE);
    }
}

static bool is_given(json_object *value)
{
    return value && !(json_object_is_type(value, json_type_string) && json_object_get_string_len(value) == 0);
}

static void keep_custom(struct reading *r, struct json_out *custom, const struct site_field *f,
                        json_object *value)
{
    if (!custom->buf.n)
        json_open(custom, NULL, '{');
    json_add_member(custom, f->id, json_text(r->c->arena, value));
}

enum st_err form_read(struct ctx *c, const struct site *site, enum form_kind kind, json_object *fields,
                      struct form *out)
{
    struct reading r = {.c = c, .site = site, .kind = kind, .out = out};
    struct json_out custom = json_out(c->arena);
    *out = (struct form){.nerrors = 0};
    choose_fields(&r);
    ST_TRY(read_elements(&r, fields));
    for (size_t i = 0; i < r.nfields;
         i++) { /* first all values: the rule for passwords looks at the address */
        if (r.values[i] && is_email(r.fields[i]))
            out->email = str_trim(json_str(r.values[i]));
        else if (r.values[i] && is_password(r.fields[i]))
            out->password = json_str(r.values[i]);
        else if (r.values[i])
            keep_custom(&r, &custom, r.fields[i], r.values[i]);
    }
    for (size_t i = 0; i < r.nfields; i++) {
        if (is_given(r.values[i]))
            check_value(&r, r.fields[i], r.values[i]);
        else if (!r.fields[i]->optional)
            add_error(&r, r.fields[i], "Field is not optional", STR_NONE);
    }
    if (custom.buf.n) {
        json_close(&custom, '}');
        out->custom = json_parse(c->arena, json_done(&custom));
    }
    return ST_OK;
}
