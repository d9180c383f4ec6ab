/* SPDX-License-Identifier: Apache-2.0
 *
 * The email verification recipe at the core door (spec: cdi-emailverification).
 */
#include "core/route.h"
#include "emailverification/emailverification.h"
#include "http/text.h"
#include "runtime/runtime.h"

struct address_in {
    struct str userId, email;
};

static const struct field address_fields[] = {
    FIELD(struct address_in, userId, FIELD_STRING),
    FIELD(struct address_in, email, FIELD_STRING),
    FIELDS_END,
};

static struct str address_of(const struct core_call *k)
{
    const struct address_in *in = k->in;
    return email_normalise(k->c->arena, in->email);
}

static enum st_err post_token(struct core_call *k)
{
    const struct address_in *in = k->in;
    struct str token;
    ST_TRY(emailverification_create_token(k->c, k->tenant, in->userId, address_of(k), &token));
    answer_status(k, token.p ? "OK" : "EMAIL_ALREADY_VERIFIED_ERROR");
    json_add_str_if(&k->out, "token", token);
    return ST_OK;
}

static enum st_err post_token_remove(struct core_call *k)
{
    const struct address_in *in = k->in;
    ST_TRY(emailverification_revoke_tokens(k->c, k->tenant, in->userId, address_of(k)));
    answer_status(k, "OK");
    return ST_OK;
}

static enum st_err post_remove(struct core_call *k)
{
    const struct address_in *in = k->in;
    ST_TRY(
        emailverification_unverify(k->c, service_tenancy(k->service), k->tenant, in->userId, address_of(k)));
    answer_status(k, "OK");
    return ST_OK;
}

struct verify_in {
    struct str method, token;
};

static const struct field verify_fields[] = {
    FIELD(struct verify_in, method, FIELD_STRING),
    FIELD(struct verify_in, token, FIELD_STRING),
    FIELDS_END,
};

static enum st_err check_verify(struct core_call *k)
{
    const struct verify_in *in = k->in;
    if (!str_is(in->method, STR("token")))
        return ctx_fail(k->c, ST_BAD_REQUEST, "Unsupported method for email verification");
    return ST_OK;
}

static enum st_err post_verify(struct core_call *k)
{
    const struct verify_in *in = k->in;
    struct emailverification_verified verified;
    ST_TRY(emailverification_consume(k->c, k->tenant, in->token, &verified));
    answer_status(k, verified.user_id.p ? "OK" : "EMAIL_VERIFICATION_INVALID_TOKEN_ERROR");
    json_add_str_if(&k->out, "userId", verified.user_id);
    json_add_str_if(&k->out, "email", verified.email);
    return ST_OK;
}

static const struct field query_fields[] = {
    FIELD(struct address_in, userId, QUERY_STRING),
    FIELD(struct address_in, email, QUERY_STRING),
    FIELDS_END,
};

/* The address is compared as it is given. */
static enum st_err get_verify(struct core_call *k)
{
    const struct address_in *in = k->in;
    bool verified;
    ST_TRY(emailverification_find_verified(k->c, service_tenancy(k->service), k->tenant, in->userId,
                                           in->email, &verified));
    answer_status(k, "OK");
    json_add_bool(&k->out, "isVerified", verified);
    return ST_OK;
}

const struct route emailverification_routes[] = {
    {.path = "/recipe/user/email/verify/token",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = address_fields,
     .in_size = sizeof(struct address_in),
     .handler = post_token,
     .help = "Makes a token that proves an e-mail address of a user.",
     .statuses = "OK EMAIL_ALREADY_VERIFIED_ERROR"},
    {.path = "/recipe/user/email/verify",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = verify_fields,
     .in_size = sizeof(struct verify_in),
     .check = check_verify,
     .handler = post_verify,
     .help = "Uses up a token: the address counts as verified.",
     .statuses = "OK EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"},
    {.path = "/recipe/user/email/verify",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .fields = query_fields,
     .in_size = sizeof(struct address_in),
     .handler = get_verify,
     .help = "Tells whether an address of a user is verified.",
     .statuses = "OK"},
    {.path = "/recipe/user/email/verify/token/remove",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = address_fields,
     .in_size = sizeof(struct address_in),
     .handler = post_token_remove,
     .help = "Removes the tokens of an address of a user.",
     .statuses = "OK"},
    {.path = "/recipe/user/email/verify/remove",
     .method = HTTP_POST,
     .scope = SCOPE_APP,
     .fields = address_fields,
     .in_size = sizeof(struct address_in),
     .handler = post_remove,
     .help = "Makes an address of a user unverified again.",
     .statuses = "OK"},
    {.path = NULL},
};
