/* SPDX-License-Identifier: Apache-2.0
 *
 * The email-password recipe at the auth door (spec: fdi-recipes 1). Where a password is hashed the handler
 * ends with exchange_await and a second function goes on after the hash.
 */
#include "auth/factors.h"
#include "base/random.h"
#include "deliver/deliver.h"
#include "emailpassword/emailpassword.h"
#include "emailpassword/form.h"
#include "emailverification/emailverification.h"
#include "http/refused.h"
#include "http/text.h"
#include "runtime/runtime.h"

/* ---- answers ---- */

static void answer_form_errors(struct auth_call *k, const struct form *form)
{
    auth_status(k, "FIELD_ERROR");
    json_open(&k->out, "formFields", '[');
    for (size_t i = 0; i < form->nerrors; i++) {
        const struct form_error *e = &form->errors[i];
        json_open(&k->out, NULL, '{');
        json_add_str(&k->out, "error", e->text ? str_of(e->text) : e->configured_text);
        json_add_str(&k->out, "id", e->id);
        json_close(&k->out, '}');
    }
    json_close(&k->out, ']');
}

static void answer_email_exists(struct auth_call *k)
{
    auth_status(k, "FIELD_ERROR");
    json_open(&k->out, "formFields", '[');
    json_open(&k->out, NULL, '{');
    json_add_str(&k->out, "id", STR("email"));
    json_add_str(&k->out, "error", STR("This email already exists. Please sign in instead."));
    json_close(&k->out, '}');
    json_close(&k->out, ']');
}

static enum st_err answer_signed_in(struct auth_call *k, const struct user *user,
                                    const struct login_method *method)
{
    ST_TRY(auth_post_auth(k, user, method));
    auth_status(k, "OK");
    auth_write_user(k, user);
    return ST_OK;
}

/* ---- sign-up and sign-in ---- */

struct form_in {
    json_object *formFields;
};

static const struct auth_field form_fields[] = {
    {.name = "formFields", .type = AUTH_ANY, .offset = offsetof(struct form_in, formFields)},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

struct sign_in {
    struct form form;
    struct str email; /* normalised */
    struct emailpassword_candidate candidate;
    struct password_job *job;
    /* When the tenant has nobody of that address: the session's user, and where to go on among its login
     * methods; how often that has been begun. */
    const struct user *owner;
    size_t next;
    int rounds;
};

/* Both routes: the form, then the session. *IN is NULL when the form's errors are the answer. */
static enum st_err begin(struct auth_call *k, enum form_kind kind, struct sign_in **in)
{
    const struct form_in *given = k->in;
    struct sign_in *s = ARENA_NEW(k->c->arena, struct sign_in);
    *in = NULL;
    ST_TRY(form_read(k->c, k->site, kind, given->formFields, &s->form));
    if (s->form.nerrors) {
        answer_form_errors(k, &s->form);
        return ST_OK;
    }
    s->email = email_normalise(k->c->arena, s->form.email);
    k->state = *in = s;
    return auth_session_load(k, AUTH_SESSION_BY_LINKING_FLAG);
}

static size_t event_calls(struct auth_call *k, enum site_event kind, struct str user_id,
                          struct str recipe_user_id, const struct sign_in *s, struct db_call *calls)
{
    struct event e = {.kind = kind,
                      .user_id = user_id,
                      .recipe_user_id = recipe_user_id,
                      .recipe_id = STR("emailpassword"),
                      .email = s->email,
                      .form_fields = s->form.custom};
    return deliver_event_calls(k->c, k->site, k->tenant, &e, calls);
}

static enum st_err finish_signup(struct exchange *x)
{
    struct auth_call *k = x->door;
    const struct sign_in *s = k->state;
    struct db_call events[DELIVER_EVENT_CALLS];
    enum emailpassword_result result;
    struct user user;
    ST_TRY(emailpassword_job_error(k->c, s->job));
    struct str id = random_uuid_str(k->c->arena);
    struct emailpassword_new_user new_user = {
        .id = id, .email = s->email, .password_hash = str_of(s->job->out_text), .with = events};
    new_user.nwith = event_calls(k, SITE_EVENT_SIGN_UP, id, id, s, events);
    ST_TRY(emailpassword_create_user(k->c, k->tenant, &new_user, &user, &result));
    if (result == EMAILPASSWORD_OK)
        return answer_signed_in(k, &user, &user.methods[0]);
    answer_email_exists(k);
    return ST_OK;
}

static enum st_err post_signup(struct auth_call *k)
{
    struct sign_in *s;
    ST_TRY(begin(k, FORM_SIGN_UP, &s));
    if (!s)
        return ST_OK;
    ST_TRY(auth_pre_auth(k, "emailpassword"));
    if (emailpassword_is_fake_email(s->email)) {
        answer_email_exists(k);
        return ST_OK;
    }
    s->job = emailpassword_hash_job(k->c->arena, k->tenant, s->form.password);
    return exchange_await(k->x, s->job, finish_signup);
}

static enum st_err wrong_credentials(struct auth_call *k)
{
    http_sign_in_refused(k->x, REFUSED_AT_AUTH, "wrong credentials");
    auth_status(k, "WRONG_CREDENTIALS_ERROR");
    return ST_OK;
}

static enum st_err finish_unknown(struct exchange *x)
{
    struct auth_call *k = x->door;
    const struct sign_in *s = k->state;
    ST_TRY(emailpassword_job_error(k->c, s->job)); /* as for a known one */
    return wrong_credentials(k);
}

static enum st_err signed_in(struct auth_call *k)
{
    struct sign_in *s = k->state;
    struct emailpassword_candidate *who = &s->candidate;
    struct db_call events[DELIVER_EVENT_CALLS];
    size_t n = event_calls(k, SITE_EVENT_SIGN_IN, user_public_id(who->user), method_public_id(who->method), s,
                           events);
    ST_TRY(emailpassword_signed_in(k->c, k->tenant, who, events, n));
    if (site_has(k->site, SITE_EMAILVERIFICATION))
        ST_TRY(emailverification_mark_linked(k->c, k->tenant, &who->user, &who->method));
    return answer_signed_in(k, who->user, who->method);
}

static enum st_err finish_signin(struct exchange *x)
{
    struct auth_call *k = x->door;
    const struct sign_in *s = k->state;
    ST_TRY(emailpassword_job_error(k->c, s->job));
    return s->job->match ? signed_in(k) : wrong_credentials(k);
}

static enum st_err check_password(struct auth_call *k, exchange_resume *then)
{
    struct sign_in *s = k->state;
    s->job = emailpassword_verify_job(k->c->arena, k->tenant, s->form.password, s->candidate.password_hash);
    return exchange_await(k->x, s->job, then);
}

/* The session's user may have a login method of that address on other tenants (auth_session_user). */
static enum st_err finish_elsewhere(struct exchange *x);

/* M as the first of its tenants has it. */
static enum st_err find_elsewhere(struct auth_call *k, const struct login_method *m)
{
    struct sign_in *s = k->state;
    const struct tenant *tenant;
    bool fits = str_is(m->recipe_id, STR("emailpassword")) && str_is(m->email, s->email);
    s->candidate.method = NULL;
    if (!fits || m->ntenants == 0)
        return ST_OK;
    struct tenant_id id = {k->app->id.cud, k->app->id.app, m->tenants[0]};
    enum st_err err = tenancy_find(k->c, service_tenancy(k->service), id, &tenant);
    if (err)
        return err == ST_NOT_FOUND ? ST_OK : err;
    ST_TRY(emailpassword_find(k->c, tenant, s->email, &s->candidate));
    if (s->candidate.method && !str_is(s->candidate.method->user_id, m->user_id))
        s->candidate.method = NULL;
    return ST_OK;
}

/* An unknown address costs a hash like a known one, so that the time does not tell them apart. */
static enum st_err look_elsewhere(struct auth_call *k)
{
    struct sign_in *s = k->state;
    while (s->owner && s->next < s->owner->nmethods) {
        ST_TRY(find_elsewhere(k, &s->owner->methods[s->next++]));
        if (s->candidate.method)
            return check_password(k, finish_elsewhere);
    }
    if (s->job)
        return wrong_credentials(k);
    s->job = emailpassword_hash_job(k->c->arena, k->tenant, s->form.password);
    return exchange_await(k->x, s->job, finish_unknown);
}

static enum st_err authenticate(struct auth_call *k)
{
    struct sign_in *s = k->state;
    bool is_fake = emailpassword_is_fake_email(s->email);
    if (!is_fake)
        ST_TRY(emailpassword_find(k->c, k->tenant, s->email, &s->candidate));
    if (s->candidate.method)
        return check_password(k, finish_signin);
    s->next = 0;
    if (!is_fake)
        ST_TRY(auth_session_user(k, &s->owner));
    return look_elsewhere(k);
}

static enum st_err finish_elsewhere(struct exchange *x)
{
    enum { ROUNDS = 5 };
    struct auth_call *k = x->door;
    struct sign_in *s = k->state;
    bool shared;
    ST_TRY(emailpassword_job_error(k->c, s->job));
    if (!s->job->match)
        return look_elsewhere(k);
    ST_TRY(auth_share_method(k, s->candidate.method, &shared));
    if (shared) {
        ST_TRY(emailpassword_find(k->c, k->tenant, s->email, &s->candidate)); /* as it is now */
        if (s->candidate.method)
            return signed_in(k);
    }
    return ++s->rounds < ROUNDS ? authenticate(k) : wrong_credentials(k);
}

static enum st_err post_signin(struct auth_call *k)
{
    struct sign_in *s;
    ST_TRY(begin(k, FORM_SIGN_IN, &s));
    if (!s)
        return ST_OK;
    ST_TRY(auth_pre_auth(k, "emailpassword"));
    return authenticate(k);
}

/* ---- does the address exist ---- */

struct exists_in {
    struct str email;
};

static const struct auth_field exists_fields[] = {
    {.name = "email",
     .type = AUTH_QUERY_STRING,
     .offset = offsetof(struct exists_in, email),
     .missing = "Please provide the email as a GET param"},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

static enum st_err get_email_exists(struct auth_call *k)
{
    const struct exists_in *in = k->in;
    struct emailpassword_candidate found;
    ST_TRY(emailpassword_find(k->c, k->tenant, email_normalise(k->c->arena, in->email), &found));
    auth_status(k, "OK");
    json_add_bool(&k->out, "exists", found.method != NULL);
    return ST_OK;
}

/* ---- password reset ---- */

static const struct user *primary_among(const struct users *users)
{
    for (size_t i = 0; i < users->n; i++)
        if (users->v[i].is_primary)
            return &users->v[i];
    return NULL;
}

static const struct login_method *method_for(const struct users *users, struct str tenant, struct str email)
{
    for (size_t i = 0; i < users->n; i++)
        for (size_t m = 0; m < users->v[i].nmethods; m++) {
            const struct login_method *method = &users->v[i].methods[m];
            if (str_is(method->recipe_id, STR("emailpassword")) && str_is(method->email, email) &&
                method_in_tenant(method, tenant))
                return method;
        }
    return NULL;
}

/* Token and mail are written together, or, for an address that nobody has, something as dear that goes away
 * by itself: neither the answer nor its time tells which. */
static enum st_err send_reset_mail(struct auth_call *k, const struct login_method *method, struct str email)
{
    struct str token;
    struct db_call calls[DELIVER_DECOY_CALLS];
    if (!method) {
        deliver_decoy_calls(k->c, k->site, k->tenant, calls);
        return db_run(k->c, k->tenant->db, calls, DELIVER_DECOY_CALLS);
    }
    calls[0] = emailpassword_reset_token_call(k->c->arena, k->tenant, method->user_id, email, &token);
    struct mail mail = {
        .kind = MAIL_PASSWORD_RESET,
        .to = method->email,
        .link = deliver_link(k->c->arena, k->site, k->tenant, "/reset-password", token),
        .language = http_param(&k->x->rq, "HTTP_ACCEPT_LANGUAGE"),
    };
    calls[1] = deliver_mail_call(k->c, k->site, k->tenant, &mail);
    return db_run(k->c, k->tenant->db, calls, 2);
}

static enum st_err post_reset_token(struct auth_call *k)
{
    const struct form_in *given = k->in;
    struct form form;
    struct users users;
    ST_TRY(form_read(k->c, k->site, FORM_EMAIL, given->formFields, &form));
    if (form.nerrors) {
        answer_form_errors(k, &form);
        return ST_OK;
    }
    struct str email = email_normalise(k->c->arena, form.email);
    struct user_query q = {.app = k->tenant->id.app, .tenant = k->tenant->id.tenant, .email = email};
    ST_TRY(users_find(k->c, k->tenant->db, &q, &users));
    const struct user *primary = primary_among(&users);
    if (primary && emailpassword_risks_takeover(primary, email)) {
        auth_refuse(
            k, "PASSWORD_RESET_NOT_ALLOWED",
            "Reset password link was not created because of account take over risk. Please contact support. "
            "(ERR_CODE_001)");
        return ST_OK;
    }
    ST_TRY(send_reset_mail(k, method_for(&users, k->tenant->id.tenant, email), email));
    auth_status(k, "OK");
    return ST_OK;
}

struct reset_in {
    json_object *formFields;
    json_object *token;
};

static const struct auth_field reset_fields[] = {
    {.name = "formFields", .type = AUTH_ANY, .offset = offsetof(struct reset_in, formFields)},
    {.name = "token", .type = AUTH_ANY, .offset = offsetof(struct reset_in, token)},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

static enum st_err answer_reset(struct auth_call *k, bool done)
{
    auth_status(k, done ? "OK" : "RESET_PASSWORD_INVALID_TOKEN_ERROR");
    return ST_OK;
}

static enum st_err finish_reset(struct exchange *x)
{
    struct auth_call *k = x->door;
    const struct reset_in *in = k->in;
    const struct password_job *job = k->state;
    enum emailpassword_result result;
    ST_TRY(emailpassword_job_error(k->c, job));
    ST_TRY(emailpassword_reset_password(k->c, k->tenant, json_str(in->token), str_of(job->out_text),
                                        site_has(k->site, SITE_EMAILVERIFICATION), &result));
    return answer_reset(k, result == EMAILPASSWORD_OK);
}

static enum st_err post_reset(struct auth_call *k)
{
    const struct reset_in *in = k->in;
    struct form form;
    ST_TRY(form_read(k->c, k->site, FORM_PASSWORD, in->formFields, &form));
    if (form.nerrors) {
        answer_form_errors(k, &form);
        return ST_OK;
    }
    if (!in->token)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Please provide the password reset token");
    if (!json_object_is_type(in->token, json_type_string))
        return ctx_fail(k->c, ST_BAD_REQUEST, "The password reset token must be a string");
    bool live;
    struct str email;
    ST_TRY(emailpassword_reset_token_is_live(k->c, k->tenant, json_str(in->token), &live, &email));
    if (!live)
        return answer_reset(k, false);
    const char *wrong = form_check_password(k->site, form.password, email); /* now it is known whose it is */
    if (wrong) {
        form.errors[form.nerrors++] = (struct form_error){.id = STR("password"), .text = wrong};
        answer_form_errors(k, &form);
        return ST_OK;
    }
    struct password_job *job = emailpassword_hash_job(k->c->arena, k->tenant, form.password);
    k->state = job;
    return exchange_await(k->x, job, finish_reset);
}

#define POST_ROW(PATH, FIELDS, IN, HANDLER, HELP, STATUSES)                                                  \
    {                                                                                                        \
        .path = (PATH), .method = HTTP_POST, .recipe = SITE_EMAILPASSWORD, .body = AUTH_JSON_BODY,           \
        .fields = (FIELDS), .in_size = sizeof(IN), .handler = (HANDLER), .help = (HELP),                     \
        .statuses = (STATUSES)                                                                               \
    }
#define EXISTS_ROW(PATH)                                                                                     \
    {                                                                                                        \
        .path = (PATH), .method = HTTP_GET, .recipe = SITE_EMAILPASSWORD, .fields = exists_fields,           \
        .in_size = sizeof(struct exists_in), .handler = get_email_exists,                                    \
        .help = "Tells whether an e-mail address is taken.", .statuses = "OK"                                \
    }

const struct auth_route emailpassword_fdi_routes[] = {
    POST_ROW("/signup", form_fields, struct form_in, post_signup, "Creates a user and a session.",
             "OK FIELD_ERROR SIGN_UP_NOT_ALLOWED"),
    POST_ROW("/signin", form_fields, struct form_in, post_signin,
             "Creates a session for an e-mail address and its password.",
             "OK FIELD_ERROR WRONG_CREDENTIALS_ERROR SIGN_IN_NOT_ALLOWED"),
    POST_ROW("/user/password/reset/token", form_fields, struct form_in, post_reset_token,
             "Sends the mail with the reset link, if there is such a user.",
             "OK FIELD_ERROR PASSWORD_RESET_NOT_ALLOWED"),
    POST_ROW("/user/password/reset", reset_fields, struct reset_in, post_reset,
             "Sets a new password by the token of the mail.",
             "OK FIELD_ERROR RESET_PASSWORD_INVALID_TOKEN_ERROR"),
    EXISTS_ROW("/emailpassword/email/exists"),
    EXISTS_ROW("/signup/email/exists"),
    {.path = NULL},
};
