/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms of the auth door: `formFields`, checked by what the site has configured (spec: fdi-recipes 1.1).
 */
#ifndef ST_EMAILPASSWORD_FORM_H
#define ST_EMAILPASSWORD_FORM_H

#include "base/ctx.h"
#include "json/json.h"
#include "site/site.h"

enum form_kind {
    FORM_SIGN_UP, /* every field of the site */
    FORM_SIGN_IN, /* email and password; any password will do */
    FORM_EMAIL,
    FORM_PASSWORD,
};

struct form_error {
    struct str id;
    const char *text; /* or, when NULL: */
    struct str configured_text;
};

struct form {
    struct str email, password; /* as given, the address trimmed; absent when the form has none */
    json_object *custom;        /* the other fields by id, or NULL when none was given */
    struct form_error errors[SITE_FIELDS_MAX];
    size_t nerrors; /* 0: the form is good */
};

/* FIELDS is the body's `formFields` (NULL: missing). ST_BAD_REQUEST with the spec's texts for a form that no
 * front end sends; what a person can correct is in OUT->errors. */
enum st_err form_read(struct ctx *c, const struct site *site, enum form_kind kind, json_object *fields,
                      struct form *out) ST_MUST_CHECK;

/* What is wrong with a new password by the site's profile, or NULL; a pattern of the site takes its place.
 * EMAIL: whose it is, absent where that is not known. */
const char *form_check_password(const struct site *site, struct str password, struct str email);

#endif
