/* SPDX-License-Identifier: Apache-2.0
 *
 * The third-party recipe at the core door (spec: cdi-thirdparty).
 */
#include "core/route.h"
#include "http/text.h"
#include "runtime/runtime.h"
#include "thirdparty/thirdparty.h"

/* ---- POST /recipe/signinup ---- */

struct signinup_in {
    struct str thirdPartyId, thirdPartyUserId;
    json_object *email;
    struct email_in {
        struct str id;
        bool isVerified;
    } email_read;
};

static const struct field signinup_fields[] = {
    FIELD(struct signinup_in, thirdPartyId, FIELD_STRING),
    FIELD(struct signinup_in, thirdPartyUserId, FIELD_STRING),
    FIELD(struct signinup_in, email, FIELD_OBJECT),
    FIELDS_END,
};

/* Versions between these two neither ask for the verification nor heed it. */
static const struct field email_fields[] = {
    FIELD(struct email_in, id, FIELD_STRING),
    FIELD(struct email_in, isVerified, FIELD_BOOL, .until = CDI_2_7),
    FIELD(struct email_in, isVerified, FIELD_BOOL, .since = CDI_4_0),
    FIELDS_END,
};

static enum st_err check_signinup(struct core_call *k)
{
    struct signinup_in *in = k->in;
    return fields_read_object(k->c, in->email, email_fields, k->cdi, &in->email_read);
}

static enum st_err answer_signinup(struct core_call *k, const struct thirdparty_signinup *done)
{
    answer_status(k, "OK");
    json_add_bool(&k->out, "createdNewUser", done->created);
    ST_TRY(user_write(k->c, &k->out, "user", done->user, k->cdi));
    if (k->cdi >= CDI_4_0)
        json_add_str(&k->out, "recipeUserId", method_public_id(done->method));
    return ST_OK;
}

static enum st_err post_signinup(struct core_call *k)
{
    const struct signinup_in *in = k->in;
    struct thirdparty_signinup done;
    struct thirdparty_signinup_in wanted = {
        .third_party_id = in->thirdPartyId,
        .third_party_user_id = in->thirdPartyUserId,
        .email = email_normalise(k->c->arena, in->email_read.id),
        .verified = in->email_read.isVerified,
        .quiet = k->cdi == CDI_2_7,
    };
    if (k->cdi > CDI_2_7)
        ST_TRY(thirdparty_check_enabled(k->c, k->tenant, k->cdi));
    ST_TRY(thirdparty_signinup(k->c, k->tenant, &wanted, &done));
    if (done.result == THIRDPARTY_OK)
        return answer_signinup(k, &done);
    if (k->cdi == CDI_2_7)
        return ctx_fail(k->c, ST_INTERNAL, "the address belongs to another primary user");
    answer_status(k, "EMAIL_CHANGE_NOT_ALLOWED_ERROR");
    json_add_str(&k->out, "reason", STR("Email already associated with another primary user."));
    return ST_OK;
}

/* ---- GET /recipe/user ---- */

struct get_user_in {
    struct str userId, thirdPartyId, thirdPartyUserId;
    bool has_userId, has_thirdPartyId, has_thirdPartyUserId;
};

static const struct field get_user_fields[] = {
    FIELD_OPTIONAL(struct get_user_in, userId, QUERY_STRING),
    FIELD_OPTIONAL(struct get_user_in, thirdPartyId, QUERY_STRING),
    FIELD_OPTIONAL(struct get_user_in, thirdPartyUserId, QUERY_STRING),
    FIELDS_END,
};

static enum st_err check_get_user(struct core_call *k)
{
    const struct get_user_in *in = k->in;
    if (in->has_userId && (in->has_thirdPartyId || in->has_thirdPartyUserId))
        return ctx_fail(k->c, ST_BAD_REQUEST,
                        "Please provide only one of userId or (thirdPartyId & thirdPartyUserId)");
    if (!in->has_userId && !(in->has_thirdPartyId && in->has_thirdPartyUserId))
        return ctx_fail(k->c, ST_BAD_REQUEST,
                        "Please provide one of userId or (thirdPartyId & thirdPartyUserId)");
    return ST_OK;
}

static enum st_err answer_user(struct core_call *k, const struct user *user, const char *unknown)
{
    answer_status(k, user ? "OK" : unknown);
    return user ? user_write(k->c, &k->out, "user", user, k->cdi) : ST_OK;
}

/* Reduced to the one login method. */
static enum st_err get_user_by_recipe_id(struct core_call *k, struct str user_id)
{
    const struct user *user;
    struct user reduced;
    struct db *db;
    ST_TRY(core_use_scope(k, SCOPE_APP));
    ST_TRY(users_database(k->c, service_tenancy(k->service), k->tenant, user_id, &db));
    ST_TRY(user_by_id(k->c, db, k->tenant->id.app, user_id, &user));
    const struct login_method *m = user ? user_method(user, user_id) : NULL;
    if (!m || !str_is(m->recipe_id, STR("thirdparty")))
        return answer_user(k, NULL, "UNKNOWN_USER_ID_ERROR");
    reduced = user_reduced(user, m);
    return answer_user(k, &reduced, NULL);
}

/* The whole user who has the identity in the tenant. */
static enum st_err get_user_by_identity(struct core_call *k, const struct get_user_in *in)
{
    struct users found;
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    struct str tenant = k->tenant->id.tenant;
    struct user_query q = {.app = k->tenant->id.app,
                           .tenant = tenant,
                           .third_party_id = in->thirdPartyId,
                           .third_party_user_id = in->thirdPartyUserId};
    ST_TRY(users_find(k->c, k->tenant->db, &q, &found));
    struct thirdparty_candidate who =
        thirdparty_candidate(&found, tenant, in->thirdPartyId, in->thirdPartyUserId);
    return answer_user(k, who.user, "UNKNOWN_THIRD_PARTY_USER_ERROR");
}

static enum st_err get_user(struct core_call *k)
{
    const struct get_user_in *in = k->in;
    return in->has_userId ? get_user_by_recipe_id(k, in->userId) : get_user_by_identity(k, in);
}

/* ---- GET /recipe/users/by-email ---- */

struct by_email_in {
    struct str email;
};

static const struct field by_email_fields[] = {
    FIELD(struct by_email_in, email, QUERY_STRING),
    FIELDS_END,
};

/* The tenant is looked for before the query is read. A user appears as often as it has the address. */
static enum st_err get_users_by_email(struct core_call *k)
{
    struct by_email_in in = {0};
    struct users found;
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(fields_read(k->c, &k->x->rq, by_email_fields, k->cdi, &in));
    struct user_query q = {.app = k->tenant->id.app,
                           .tenant = k->tenant->id.tenant,
                           .email = email_normalise(k->c->arena, in.email)};
    ST_TRY(users_find(k->c, k->tenant->db, &q, &found));
    answer_status(k, "OK");
    json_open(&k->out, "users", '[');
    for (size_t i = 0; i < found.n; i++)
        for (size_t m = 0; m < found.v[i].nmethods; m++) {
            const struct login_method *method = &found.v[i].methods[m];
            if (str_is(method->recipe_id, STR("thirdparty")) && str_is(method->email, q.email))
                ST_TRY(user_write(k->c, &k->out, NULL, &found.v[i], k->cdi));
        }
    json_close(&k->out, ']');
    return ST_OK;
}

const struct route thirdparty_routes[] = {
    {.path = "/recipe/signinup",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .fields = signinup_fields,
     .in_size = sizeof(struct signinup_in),
     .check = check_signinup,
     .handler = post_signinup,
     .help = "Signs a user of a third-party provider in, or up when there is none.",
     .statuses = "OK EMAIL_CHANGE_NOT_ALLOWED_ERROR"},
    {.path = "/recipe/user",
     .method = HTTP_GET,
     .scope = SCOPE_NONE,
     .flags = ROUTE_RID,
     .rid = "thirdparty",
     .fields = get_user_fields,
     .in_size = sizeof(struct get_user_in),
     .check = check_get_user,
     .handler = get_user,
     .help = "A user by id, or by the id that the provider gave.",
     .statuses = "OK UNKNOWN_USER_ID_ERROR UNKNOWN_THIRD_PARTY_USER_ERROR"},
    {.path = "/recipe/users/by-email",
     .method = HTTP_GET,
     .scope = SCOPE_NONE,
     .handler = get_users_by_email,
     .help = "The third-party users with an e-mail address.",
     .statuses = "OK",
     .itself = by_email_fields},
    {.path = NULL},
};
