/* SPDX-License-Identifier: Apache-2.0
 *
 * The email-password recipe at the core door (spec: cdi-emailpassword 4). Where a password is hashed the
 * handler ends with exchange_await and a second function goes on after the hash.
 */
#include "core/route.h"
#include "emailpassword/emailpassword.h"
#include "emailpassword/import_cdi.h"
#include "http/refused.h"
#include "http/text.h"
#include "runtime/runtime.h"

static enum st_err answer_user(struct core_call *k, const struct user *user, struct str recipe_user_id)
{
    answer_status(k, "OK");
    ST_TRY(user_write(k->c, &k->out, "user", user, k->cdi));
    if (recipe_user_id.p && k->cdi >= CDI_4_0)
        json_add_str(&k->out, "recipeUserId", recipe_user_id);
    return ST_OK;
}

static enum st_err refuse_empty_password(struct core_call *k, struct str password)
{
    return password.n ? ST_OK : ctx_fail(k->c, ST_BAD_REQUEST, "Password cannot be an empty string");
}

/* ---- sign-up and sign-in ---- */

struct credentials_in {
    struct str email, password;
};

static const struct field credentials_fields[] = {
    FIELD(struct credentials_in, email, FIELD_STRING),
    FIELD(struct credentials_in, password, FIELD_STRING),
    FIELDS_END,
};

static enum st_err finish_signup(struct exchange *x)
{
    struct core_call *k = x->door;
    const struct credentials_in *in = k->in;
    const struct password_job *job = k->state;
    ST_TRY(emailpassword_job_error(k->c, job));
    struct emailpassword_new_user new_user = {.email = in->email, .password_hash = str_of(job->out_text)};
    enum emailpassword_result result;
    struct user user;
    ST_TRY(emailpassword_create_user(k->c, k->tenant, &new_user, &user, &result));
    if (result == EMAILPASSWORD_OK)
        return answer_user(k, &user, user.id);
    answer_status(k, "EMAIL_ALREADY_EXISTS_ERROR");
    return ST_OK;
}

static enum st_err check_signup(struct core_call *k)
{
    const struct credentials_in *in = k->in;
    return refuse_empty_password(k, in->password);
}

static enum st_err post_signup(struct core_call *k)
{
    struct credentials_in *in = k->in;
    ST_TRY(emailpassword_check_enabled(k->c, k->tenant, k->cdi));
    in->email = email_normalise(k->c->arena, in->email);
    struct password_job *job = emailpassword_hash_job(k->c->arena, k->tenant, in->password);
    k->state = job;
    return exchange_await(k->x, job, finish_signup);
}

static enum st_err wrong_credentials(struct core_call *k)
{
    http_sign_in_refused(k->x, REFUSED_AT_CORE, "wrong credentials");
    answer_status(k, "WRONG_CREDENTIALS_ERROR");
    return ST_OK;
}

struct signin_state {
    struct emailpassword_candidate candidate;
    struct password_job *job;
};

static enum st_err finish_signin(struct exchange *x)
{
    struct core_call *k = x->door;
    const struct signin_state *s = k->state;
    ST_TRY(emailpassword_job_error(k->c, s->job));
    if (!s->job->match)
        return wrong_credentials(k);
    ST_TRY(emailpassword_signed_in(k->c, k->tenant, &s->candidate, NULL, 0));
    return answer_user(k, s->candidate.user, method_public_id(s->candidate.method));
}

static enum st_err post_signin(struct core_call *k)
{
    const struct credentials_in *in = k->in;
    struct signin_state *s = ARENA_NEW(k->c->arena, struct signin_state);
    ST_TRY(emailpassword_check_enabled(k->c, k->tenant, k->cdi));
    ST_TRY(emailpassword_find(k->c, k->tenant, email_normalise(k->c->arena, in->email), &s->candidate));
    if (!s->candidate.method)
        return wrong_credentials(k);
    s->job = emailpassword_verify_job(k->c->arena, k->tenant, in->password, s->candidate.password_hash);
    k->state = s;
    return exchange_await(k->x, s->job, finish_signin);
}

/* ---- /recipe/user ---- */

struct get_user_in {
    struct str userId, email;
    bool has_userId, has_email;
};

static const struct field get_user_fields[] = {
    FIELD_OPTIONAL(struct get_user_in, userId, QUERY_STRING),
    FIELD_OPTIONAL(struct get_user_in, email, QUERY_STRING),
    FIELDS_END,
};

/* The whole user who signs in with this address. */
static enum st_err get_user_by_email(struct core_call *k, struct str email)
{
    struct emailpassword_candidate found;
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(emailpassword_find(k->c, k->tenant, email_normalise(k->c->arena, email), &found));
    if (found.user)
        return answer_user(k, found.user, STR_NONE);
    answer_status(k, "UNKNOWN_EMAIL_ERROR");
    return ST_OK;
}

/* Reduced to the one login method. */
static enum st_err get_user_by_recipe_id(struct core_call *k, struct str user_id)
{
    const struct user *user;
    struct db *db;
    ST_TRY(core_use_scope(k, SCOPE_APP));
    ST_TRY(users_database(k->c, service_tenancy(k->service), k->tenant, user_id, &db));
    ST_TRY(user_by_id(k->c, db, k->tenant->id.app, user_id, &user));
    const struct login_method *m = user ? user_method(user, user_id) : NULL;
    if (!m || !str_is(m->recipe_id, STR("emailpassword"))) {
        answer_status(k, "UNKNOWN_USER_ID_ERROR");
        return ST_OK;
    }
    struct user reduced = user_reduced(user, m);
    return answer_user(k, &reduced, STR_NONE);
}

static enum st_err get_user(struct core_call *k)
{
    const struct get_user_in *in = k->in;
    if (in->has_userId && in->has_email)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Please provide only one of userId or email");
    if (!in->has_userId && !in->has_email)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Please provide one of userId or email");
    return in->has_email ? get_user_by_email(k, in->email) : get_user_by_recipe_id(k, in->userId);
}

struct put_user_in {
    struct str id, email, password;
    bool has_email, has_password;
};

static const struct field put_user_fields[] = {
    {.name = "userId",
     .type = FIELD_STRING,
     .offset = offsetof(struct put_user_in, id),
     .has_offset = SIZE_MAX,
     .until = CDI_4_0 - 1},
    {.name = "recipeUserId",
     .type = FIELD_STRING,
     .offset = offsetof(struct put_user_in, id),
     .has_offset = SIZE_MAX,
     .since = CDI_4_0},
    FIELD_OPTIONAL(struct put_user_in, email, FIELD_STRING),
    FIELD_OPTIONAL(struct put_user_in, password, FIELD_STRING),
    FIELDS_END,
};

static enum st_err update_user(struct core_call *k, struct str password_hash)
{
    const struct put_user_in *in = k->in;
    enum emailpassword_result result;
    struct str email = in->has_email ? email_normalise(k->c->arena, in->email) : STR_NONE;
    struct db *db;
    ST_TRY(users_database(k->c, service_tenancy(k->service), k->tenant, in->id, &db));
    ST_TRY(emailpassword_update(k->c, db, k->tenant->id.app, in->id, email, password_hash, &result));
    static const char *const statuses[] = {
        [EMAILPASSWORD_OK] = "OK",
        [EMAILPASSWORD_EMAIL_EXISTS] = "EMAIL_ALREADY_EXISTS_ERROR",
        [EMAILPASSWORD_UNKNOWN_USER] = "UNKNOWN_USER_ID_ERROR",
        [EMAILPASSWORD_EMAIL_CHANGE_NOT_ALLOWED] = "EMAIL_CHANGE_NOT_ALLOWED_ERROR",
    };
    answer_status(k, statuses[result]);
    if (result == EMAILPASSWORD_EMAIL_CHANGE_NOT_ALLOWED)
        json_add_str(&k->out, "reason", STR("New email is associated with another primary user ID"));
    return ST_OK;
}

static enum st_err finish_put_user(struct exchange *x)
{
    struct core_call *k = x->door;
    const struct password_job *job = k->state;
    ST_TRY(emailpassword_job_error(k->c, job));
    return update_user(k, str_of(job->out_text));
}

static enum st_err check_put_user(struct core_call *k)
{
    const struct put_user_in *in = k->in;
    if (!in->has_email && !in->has_password)
        return ctx_fail(k->c, ST_BAD_REQUEST, "You have to provide either email or password.");
    return ST_OK;
}

static enum st_err put_user(struct core_call *k)
{
    const struct put_user_in *in = k->in;
    if (!in->has_password)
        return update_user(k, STR_NONE);
    struct password_job *job = emailpassword_hash_job(k->c->arena, k->tenant, in->password);
    k->state = job;
    return exchange_await(k->x, job, finish_put_user);
}

/* ---- password reset ---- */

struct reset_token_in {
    struct str userId, email;
};

static const struct field reset_token_fields[] = {
    FIELD(struct reset_token_in, userId, FIELD_STRING),
    FIELDS_END,
};

static const struct field reset_token_email_fields[] = {
    FIELD(struct reset_token_in, email, FIELD_STRING),
    FIELDS_END,
};

/* Before 4.0 the request names no address: it is that of the user's only login method. IN->email stays absent
 * when the user is not known. */
static enum st_err email_of_user(struct core_call *k, struct reset_token_in *in)
{
    const struct user *user;
    ST_TRY(user_by_id(k->c, k->tenant->db, k->tenant->id.app, in->userId, &user));
    if (user && user->nmethods > 1)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Please use CDI version >= 4.0");
    if (user && user->nmethods == 1 && str_is(user->methods[0].recipe_id, STR("emailpassword")))
        in->email = user->methods[0].email;
    return ST_OK;
}

/* The address of the request is looked at for known users only: others are told so first. */
static enum st_err email_of_request(struct core_call *k, struct reset_token_in *in)
{
    enum st_err err = fields_read(k->c, &k->x->rq, reset_token_email_fields, k->cdi, in);
    struct str why = k->c->message;
    const struct user *user;
    if (err != ST_BAD_REQUEST)
        return err;
    ST_TRY(user_by_id(k->c, k->tenant->db, k->tenant->id.app, in->userId, &user));
    in->email = STR_NONE;
    return user ? ctx_fail(k->c, err, "%.*s", STR_ARG(why)) : ST_OK;
}

static enum st_err post_reset_token(struct core_call *k)
{
    struct reset_token_in *in = k->in;
    enum emailpassword_result result = EMAILPASSWORD_UNKNOWN_USER;
    struct str token;
    ST_TRY(emailpassword_check_enabled(k->c, k->tenant, k->cdi));
    ST_TRY(k->cdi < CDI_4_0 ? email_of_user(k, in) : email_of_request(k, in));
    if (in->email.p)
        ST_TRY(emailpassword_create_reset_token(k->c, k->tenant, in->userId, in->email, &token, &result));
    answer_status(k, result == EMAILPASSWORD_OK ? "OK" : "UNKNOWN_USER_ID_ERROR");
    if (result == EMAILPASSWORD_OK)
        json_add_str(&k->out, "token", token);
    return ST_OK;
}

struct consume_in {
    struct str token;
};

static const struct field consume_fields[] = {
    FIELD(struct consume_in, token, FIELD_STRING),
    FIELDS_END,
};

static enum st_err post_reset_token_consume(struct core_call *k)
{
    const struct consume_in *in = k->in;
    struct emailpassword_reset reset;
    enum emailpassword_result result;
    ST_TRY(emailpassword_consume_reset_token(k->c, k->tenant, in->token, STR_NONE, &reset, &result));
    answer_status(k, result == EMAILPASSWORD_OK ? "OK" : "RESET_PASSWORD_INVALID_TOKEN_ERROR");
    if (result == EMAILPASSWORD_OK) {
        json_add_str(&k->out, "userId", reset.public_id);
        json_add_str(&k->out, "email", reset.email);
    }
    return ST_OK;
}

struct reset_in {
    struct str method, token, newPassword;
};

static const struct field reset_fields[] = {
    FIELD(struct reset_in, method, FIELD_STRING),
    FIELD(struct reset_in, token, FIELD_STRING),
    FIELD(struct reset_in, newPassword, FIELD_STRING),
    FIELDS_END,
};

static enum st_err finish_reset(struct exchange *x)
{
    struct core_call *k = x->door;
    const struct reset_in *in = k->in;
    const struct password_job *job = k->state;
    struct emailpassword_reset reset;
    enum emailpassword_result result;
    ST_TRY(emailpassword_job_error(k->c, job));
    ST_TRY(emailpassword_consume_reset_token(k->c, k->tenant, in->token, str_of(job->out_text), &reset,
                                             &result));
    answer_status(k, result == EMAILPASSWORD_OK ? "OK" : "RESET_PASSWORD_INVALID_TOKEN_ERROR");
    if (result == EMAILPASSWORD_OK && k->cdi >= CDI_2_12)
        json_add_str(&k->out, "userId", reset.public_id);
    return ST_OK;
}

static enum st_err check_reset(struct core_call *k)
{
    const struct reset_in *in = k->in;
    if (!str_is(in->method, STR("token")))
        return ctx_fail(k->c, ST_BAD_REQUEST, "Unsupported method for password reset");
    return refuse_empty_password(k, in->newPassword);
}

static enum st_err post_reset(struct core_call *k)
{
    const struct reset_in *in = k->in;
    struct password_job *job = emailpassword_hash_job(k->c->arena, k->tenant, in->newPassword);
    k->state = job;
    return exchange_await(k->x, job, finish_reset);
}

const struct route emailpassword_routes[] = {
    {.path = "/recipe/signup",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = credentials_fields,
     .in_size = sizeof(struct credentials_in),
     .check = check_signup,
     .handler = post_signup,
     .help = "Creates a user with an e-mail address and a password.",
     .statuses = "OK EMAIL_ALREADY_EXISTS_ERROR"},
    {.path = "/recipe/signin",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = credentials_fields,
     .in_size = sizeof(struct credentials_in),
     .handler = post_signin,
     .help = "Checks an e-mail address and its password.",
     .statuses = "OK WRONG_CREDENTIALS_ERROR"},
    {.path = "/recipe/user",
     .method = HTTP_GET,
     .scope = SCOPE_NONE,
     .flags = ROUTE_RID,
     .rid = "emailpassword",
     .fields = get_user_fields,
     .in_size = sizeof(struct get_user_in),
     .handler = get_user,
     .help = "A user by id or e-mail address.",
     .statuses = "OK UNKNOWN_USER_ID_ERROR UNKNOWN_EMAIL_ERROR"},
    {.path = "/recipe/user",
     .method = HTTP_PUT,
     .scope = SCOPE_APP,
     .flags = ROUTE_RID,
     .rid = "emailpassword",
     .fields = put_user_fields,
     .in_size = sizeof(struct put_user_in),
     .check = check_put_user,
     .handler = put_user,
     .help = "Changes the e-mail address or the password of a user.",
     .statuses = "OK UNKNOWN_USER_ID_ERROR EMAIL_ALREADY_EXISTS_ERROR EMAIL_CHANGE_NOT_ALLOWED_ERROR"},
    {.path = "/recipe/user/password/reset/token",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = reset_token_fields,
     .in_size = sizeof(struct reset_token_in),
     .handler = post_reset_token,
     .itself = reset_token_email_fields,
     .help = "Makes a token by which a user can set a new password.",
     .statuses = "OK UNKNOWN_USER_ID_ERROR"},
    {.path = "/recipe/user/password/reset/token/consume",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = consume_fields,
     .in_size = sizeof(struct consume_in),
     .handler = post_reset_token_consume,
     .help = "Uses up a token and tells whose it was.",
     .statuses = "OK RESET_PASSWORD_INVALID_TOKEN_ERROR"},
    {.path = "/recipe/user/password/reset",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = reset_fields,
     .in_size = sizeof(struct reset_in),
     .check = check_reset,
     .handler = post_reset,
     .help = "Uses up a token and sets the new password.",
     .statuses = "OK RESET_PASSWORD_INVALID_TOKEN_ERROR"},
    {.path = "/recipe/user/passwordhash/import",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = import_hash_fields,
     .in_size = sizeof(struct import_hash_in),
     .check = check_import_hash,
     .handler = post_import_hash,
     .help = "Creates a user, or replaces the password of one, with a hash made elsewhere (bcrypt, argon2, "
             "Firebase scrypt).",
     .statuses = "OK"},
    {.path = NULL},
};
