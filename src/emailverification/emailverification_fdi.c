/* SPDX-License-Identifier: Apache-2.0
 *
 * Email verification at the auth door (spec: fdi-recipes 2).
 */
#include "emailverification/emailverification_fdi.h"

#include "deliver/deliver.h"
#include "emailverification/emailverification.h"
#include "runtime/runtime.h"

/* A recipe user; METHOD is NULL when there is none of that id. */
struct subject {
    const struct user *user;
    const struct login_method *method;
};

static enum st_err find_subject(struct auth_call *k, struct str recipe_user_id, struct subject *out)
{
    struct db *db;
    *out = (struct subject){0};
    ST_TRY(users_database(k->c, service_tenancy(k->service), k->app, recipe_user_id, &db));
    ST_TRY(user_by_id(k->c, db, k->app->id.app, recipe_user_id, &out->user));
    if (out->user)
        out->method = user_method(out->user, recipe_user_id);
    return ST_OK;
}

/* Who has no address has nothing to verify. */
static bool is_verified(const struct login_method *m)
{
    return !m->email.p || m->verified;
}

/* ---- the session's claim ---- */

#define CLAIM "st-ev"

static enum st_err set_claim(struct auth_call *k, bool verified)
{
    return auth_session_set_claim(k, CLAIM, auth_bool_claim(k->c->arena, verified));
}

static bool claim_is_false(struct auth_call *k)
{
    json_object *payload = json_parse(k->c->arena, k->session->token.user_data), *claim, *value;
    return json_object_object_get_ex(payload, CLAIM, &claim) &&
           json_object_object_get_ex(claim, "v", &value) && json_object_is_type(value, json_type_boolean) &&
           !json_object_get_boolean(value);
}

/* The session of a user who has become part of another one is replaced by one of that user. */
static enum st_err change_session(struct auth_call *k, const struct subject *s)
{
    struct session_user ended = {.user_id = method_public_id(s->method), .all_tenants = true};
    const struct tenant *tenant = k->session->tenant;
    struct str *handles;
    size_t n;
    ST_TRY(session_of_user(k->c, service_tenancy(k->service), k->app, &ended, true, &handles, &n));
    return auth_session_create(k, tenant, s->user, s->method);
}

/* Brings the session up to date with S, its recipe user. */
static enum st_err update_session(struct auth_call *k, const struct subject *s)
{
    if (!s->method)
        return auth_unauthorised(k, true);
    if (!str_is(k->session->token.user_id, user_public_id(s->user)))
        return change_session(k, s);
    return set_claim(k, is_verified(s->method));
}

enum st_err emailverification_refetch(struct auth_call *k, const struct auth_session *session, bool *verified)
{
    struct subject s;
    ST_TRY(find_subject(k, session->token.recipe_user_id, &s));
    *verified = s.method && is_verified(s.method);
    return *verified ? auth_session_store_claim(k, session, CLAIM, auth_bool_claim(k->c->arena, true))
                     : ST_OK;
}

/* ---- POST /user/email/verify/token ---- */

static enum st_err send_mail(struct auth_call *k, const struct login_method *m)
{
    const struct tenant *t = k->session->tenant;
    struct str token;
    struct db_call calls[2] = {
        emailverification_token_call(k->c, t, method_public_id(m), m->email, &token),
    };
    struct mail mail = {
        .kind = MAIL_EMAIL_VERIFICATION,
        .to = m->email,
        .link = deliver_link(k->c->arena, k->site, t, "/verify-email", token),
        .language = http_param(&k->x->rq, "HTTP_ACCEPT_LANGUAGE"),
    };
    calls[1] = deliver_mail_call(k->c, k->site, t, &mail);
    return db_run(k->c, t->db, calls, 2);
}

static enum st_err post_token(struct auth_call *k)
{
    struct subject s;
    ST_TRY(find_subject(k, k->session->token.recipe_user_id, &s));
    if (!s.method || is_verified(s.method)) {
        ST_TRY(update_session(k, &s));
        auth_status(k, "EMAIL_ALREADY_VERIFIED_ERROR");
        return ST_OK;
    }
    if (!claim_is_false(k))
        ST_TRY(set_claim(k, false));
    ST_TRY(send_mail(k, s.method));
    auth_status(k, "OK");
    return ST_OK;
}

/* ---- POST /user/email/verify ---- */

struct verify_in {
    struct str token;
};

static const struct auth_field verify_fields[] = {
    {.name = "token",
     .type = AUTH_STRING,
     .offset = offsetof(struct verify_in, token),
     .missing = "Please provide the email verification token",
     .wrong = "The email verification token must be a string"},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

/* The session need not be that of the user who is verified: then it stays as it is. */
static enum st_err post_verify(struct auth_call *k)
{
    const struct verify_in *in = k->in;
    struct emailverification_verified verified;
    struct subject s;
    ST_TRY(emailverification_consume(k->c, k->tenant, in->token, &verified));
    if (!verified.user_id.p) {
        auth_status(k, "EMAIL_VERIFICATION_INVALID_TOKEN_ERROR");
        return ST_OK;
    }
    if (k->session && str_is(k->session->token.recipe_user_id, verified.user_id)) {
        ST_TRY(find_subject(k, verified.user_id, &s));
        ST_TRY(update_session(k, &s));
    }
    auth_status(k, "OK");
    return ST_OK;
}

/* ---- GET /user/email/verify ---- */

static enum st_err get_verify(struct auth_call *k)
{
    struct subject s;
    ST_TRY(find_subject(k, k->session->token.recipe_user_id, &s));
    bool verified = s.method && is_verified(s.method);
    if (!s.method || (verified && s.method->email.p))
        ST_TRY(update_session(k, &s));
    else if (!verified)
        ST_TRY(set_claim(k, false));
    auth_status(k, "OK");
    json_add_bool(&k->out, "isVerified", verified);
    return ST_OK;
}

const struct auth_route emailverification_fdi_routes[] = {
    {.path = "/user/email/verify/token",
     .method = HTTP_POST,
     .recipe = SITE_EMAILVERIFICATION,
     .body = AUTH_NO_BODY,
     .session = AUTH_SESSION_REQUIRED,
     .handler = post_token,
     .help = "Sends the mail that verifies the address of the session's user.",
     .statuses = "OK EMAIL_ALREADY_VERIFIED_ERROR"},
    {.path = "/user/email/verify",
     .method = HTTP_POST,
     .recipe = SITE_EMAILVERIFICATION,
     .body = AUTH_JSON_BODY,
     .fields = verify_fields,
     .in_size = sizeof(struct verify_in),
     .session = AUTH_SESSION_OPTIONAL,
     .handler = post_verify,
     .help = "Verifies the address by the token of the mail.",
     .statuses = "OK EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"},
    {.path = "/user/email/verify",
     .method = HTTP_GET,
     .recipe = SITE_EMAILVERIFICATION,
     .body = AUTH_NO_BODY,
     .session = AUTH_SESSION_REQUIRED,
     .handler = get_verify,
     .help = "Tells whether the address of the session's user is verified.",
     .statuses = "OK"},
    {.path = NULL},
};
