/* SPDX-License-Identifier: Apache-2.0
 *
 * Users and their tenants at the core door (spec: cdi-multitenancy 9).
 */
#include "core/route.h"
#include "multitenancy/association.h"

struct user_in {
    struct str userId, recipeUserId;
};

static const struct field user_fields[] = {
    FIELD(struct user_in, userId, FIELD_STRING, .until = CDI_3_1),
    FIELD(struct user_in, recipeUserId, FIELD_STRING, .since = CDI_4_0),
    FIELDS_END,
};

static enum st_err read_id(struct core_call *k, struct str *out)
{
    const struct user_in *in = k->in;
    *out = str_trim(k->cdi >= CDI_4_0 ? in->recipeUserId : in->userId);
    return out->n ? ST_OK : ctx_fail(k->c, ST_BAD_REQUEST, "Field name 'userId' cannot be an empty String");
}

/* FLAG: the member that tells whether the user was associated before. */
static enum st_err answer(struct core_call *k, const struct association *a, const char *flag)
{
    static const char *const statuses[] = {
        [ASSOCIATION_OK] = "OK",
        [ASSOCIATION_UNKNOWN_USER] = "UNKNOWN_USER_ID_ERROR",
        [ASSOCIATION_EMAIL_EXISTS] = "EMAIL_ALREADY_EXISTS_ERROR",
        [ASSOCIATION_PHONE_EXISTS] = "PHONE_NUMBER_ALREADY_EXISTS_ERROR",
        [ASSOCIATION_THIRD_PARTY_USER_EXISTS] = "THIRD_PARTY_USER_ALREADY_EXISTS_ERROR",
        [ASSOCIATION_NOT_ALLOWED] = "ASSOCIATION_NOT_ALLOWED_ERROR",
    };
    answer_status(k, statuses[a->result]);
    if (a->result == ASSOCIATION_OK)
        json_add_bool(&k->out, flag, a->was_associated);
    json_add_str_if(&k->out, "reason", a->reason);
    return ST_OK;
}

static enum st_err add_user(struct core_call *k)
{
    struct association a;
    struct str id;
    ST_TRY(read_id(k, &id));
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(association_add(k->c, k->tenant, id, &a));
    return answer(k, &a, "wasAlreadyAssociated");
}

static enum st_err remove_user(struct core_call *k)
{
    struct association a;
    struct str id;
    ST_TRY(read_id(k, &id));
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(association_remove(k->c, k->tenant, id, &a));
    return answer(k, &a, "wasAssociated");
}

#define USER_ROW(PATH, HANDLER, HELP, STATUSES)                                                              \
    {                                                                                                        \
        .path = "/recipe/multitenancy/tenant/" PATH, .method = HTTP_POST, .scope = SCOPE_NONE,               \
        .since = CDI_3_0, .fields = user_fields, .in_size = sizeof(struct user_in), .handler = (HANDLER),    \
        .help = (HELP), .statuses = (STATUSES)                                                               \
    }

const struct route association_routes[] = {
    USER_ROW("user", add_user, "Makes a user a member of the tenant of the path as well.",
             "OK UNKNOWN_USER_ID_ERROR EMAIL_ALREADY_EXISTS_ERROR PHONE_NUMBER_ALREADY_EXISTS_ERROR "
             "THIRD_PARTY_USER_ALREADY_EXISTS_ERROR ASSOCIATION_NOT_ALLOWED_ERROR"),
    USER_ROW("user/remove", remove_user, "Ends the membership of a user in the tenant of the path.", "OK"),
    {.path = NULL},
};
