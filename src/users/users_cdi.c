/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking users up at the core door (spec: cdi-users 4, 5).
 */
#include "core/route.h"
#include "http/text.h"
#include "runtime/runtime.h"
#include "users/user.h"

struct user_id_in {
    struct str userId;
};

static const struct field user_id_fields[] = {
    FIELD(struct user_id_in, userId, QUERY_STRING),
    FIELDS_END,
};

static enum st_err get_user_by_id(struct core_call *k)
{
    const struct user_id_in *in = k->in;
    const struct user *user;
    struct db *db;
    ST_TRY(users_database(k->c, service_tenancy(k->service), k->tenant, in->userId, &db));
    ST_TRY(user_by_id(k->c, db, k->tenant->id.app, in->userId, &user));
    answer_status(k, user ? "OK" : "UNKNOWN_USER_ID_ERROR");
    return user ? user_write(k->c, &k->out, "user", user, k->cdi) : ST_OK;
}

struct by_account_info_in {
    struct str doUnionOfAccountInfo, email, phoneNumber, thirdPartyId, thirdPartyUserId, webauthnCredentialId;
    bool has_email, has_phoneNumber, has_thirdPartyId, has_thirdPartyUserId, has_webauthnCredentialId;
};

static const struct field by_account_info_fields[] = {
    FIELD_OPTIONAL(struct by_account_info_in, email, QUERY_STRING),
    FIELD_OPTIONAL(struct by_account_info_in, phoneNumber, QUERY_STRING),
    FIELD_OPTIONAL(struct by_account_info_in, thirdPartyId, QUERY_STRING),
    FIELD_OPTIONAL(struct by_account_info_in, thirdPartyUserId, QUERY_STRING),
    FIELD_OPTIONAL(struct by_account_info_in, webauthnCredentialId, QUERY_STRING, .since = CDI_5_3),
    FIELD(struct by_account_info_in, doUnionOfAccountInfo, QUERY_STRING),
    FIELDS_END,
};

/* Does a login method hold VALUE? Used with one of the tests below over all methods of a user, in any tenant.
 */
typedef bool method_test(const struct login_method *m, const struct user_query *q);

static bool email_is(const struct login_method *m, const struct user_query *q)
{
    return m->email.p && str_is(m->email, q->email);
}

static bool phone_is(const struct login_method *m, const struct user_query *q)
{
    return m->phone.p && str_is(m->phone, q->phone);
}

static bool third_party_is(const struct login_method *m, const struct user_query *q)
{
    return m->third_party_id.p && str_is(m->third_party_id, q->third_party_id) &&
           str_is(m->third_party_user_id, q->third_party_user_id);
}

static bool credential_is(const struct login_method *m, const struct user_query *q)
{
    for (size_t i = 0; i < m->ncredentials; i++)
        if (str_is(m->credentials[i], q->credential_id))
            return true;
    return false;
}

static bool any_method(const struct user *u, const struct user_query *q, method_test *test)
{
    for (size_t i = 0; i < u->nmethods; i++)
        if (test(&u->methods[i], q))
            return true;
    return false;
}

static bool has_every_info(const struct user *u, const struct user_query *q)
{
    return (!q->email.p || any_method(u, q, email_is)) && (!q->phone.p || any_method(u, q, phone_is)) &&
           (!q->third_party_id.p || any_method(u, q, third_party_is)) &&
           (!q->credential_id.p || any_method(u, q, credential_is));
}

static enum st_err get_users_by_account_info(struct core_call *k)
{
    const struct by_account_info_in *in = k->in;
    bool any = str_is(in->doUnionOfAccountInfo, STR("true"));
    if (!any && !str_is(in->doUnionOfAccountInfo, STR("false")))
        return ctx_fail(k->c, ST_BAD_REQUEST, "'doUnionOfAccountInfo' should be either 'true' or 'false'");
    if (in->has_thirdPartyId != in->has_thirdPartyUserId)
        return ctx_fail(
            k->c, ST_BAD_REQUEST,
            "If 'thirdPartyId' is provided, 'thirdPartyUserId' must also be provided, and vice versa");
    struct user_query q = {
        .app = k->tenant->id.app,
        .tenant = k->tenant->id.tenant,
        .email = in->has_email ? email_normalise(k->c->arena, in->email) : STR_NONE,
        .phone = in->has_phoneNumber ? str_trim(in->phoneNumber) : STR_NONE,
        .third_party_id = in->thirdPartyId,
        .third_party_user_id = in->thirdPartyUserId,
        .credential_id = in->webauthnCredentialId,
    };
    struct users found;
    ST_TRY(users_find(k->c, k->tenant->db, &q, &found));
    answer_status(k, "OK");
    json_open(&k->out, "users", '[');
    for (size_t i = 0; i < found.n; i++)
        if (any || has_every_info(&found.v[i], &q))
            ST_TRY(user_write(k->c, &k->out, NULL, &found.v[i], k->cdi));
    json_close(&k->out, ']');
    return ST_OK;
}

const struct route users_routes[] = {
    {.path = "/user/id",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .since = CDI_4_0,
     .fields = user_id_fields,
     .in_size = sizeof(struct user_id_in),
     .handler = get_user_by_id,
     .help = "A user by id.",
     .statuses = "OK UNKNOWN_USER_ID_ERROR"},
    {.path = "/users/by-accountinfo",
     .method = HTTP_GET,
     .scope = SCOPE_TENANT,
     .since = CDI_4_0,
     .fields = by_account_info_fields,
     .in_size = sizeof(struct by_account_info_in),
     .handler = get_users_by_account_info,
     .help = "Users by e-mail address, phone number, third-party identity or passkey.",
     .statuses = "OK"},
    {.path = NULL},
};
