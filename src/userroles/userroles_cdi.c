/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles at the core door (spec: cdi-userroles).
 */
#include "core/route.h"
#include "runtime/runtime.h"
#include "userroles/userroles.h"

/* What the routes take; each declares its own. */
struct roles_in {
    struct str userId, role, permission;
    struct strs permissions;
    bool has_permissions;
};

#define IN(MEMBER, TYPE) FIELD(struct roles_in, MEMBER, TYPE)

/* Read after the role has been checked. */
static const struct field permissions_fields[] = {
    FIELD_OPTIONAL(struct roles_in, permissions, FIELD_STRINGS),
    FIELDS_END,
};

static const struct field role_fields[] = {IN(role, FIELD_STRING), FIELDS_END};
static const struct field role_query[] = {IN(role, QUERY_STRING), FIELDS_END};
static const struct field permission_query[] = {IN(permission, QUERY_STRING), FIELDS_END};
static const struct field user_query_fields[] = {IN(userId, QUERY_STRING), FIELDS_END};
static const struct field user_role_fields[] = {
    IN(userId, FIELD_STRING),
    IN(role, FIELD_STRING),
    FIELDS_END,
};

/* Names are trimmed and must not be empty then. */
static enum st_err check_name(struct core_call *k, const char *field, struct str *name)
{
    *name = str_trim(*name);
    if (name->n)
        return ST_OK;
    return ctx_fail(k->c, ST_BAD_REQUEST, "Field name '%s' cannot be an empty String", field);
}

static enum st_err check_role(struct core_call *k)
{
    struct roles_in *in = k->in;
    return check_name(k, "role", &in->role);
}

static enum st_err check_permission(struct core_call *k)
{
    struct roles_in *in = k->in;
    return check_name(k, "permission", &in->permission);
}

static enum st_err check_permissions(struct core_call *k)
{
    struct roles_in *in = k->in;
    ST_TRY(check_role(k));
    ST_TRY(fields_read(k->c, &k->x->rq, permissions_fields, k->cdi, in));
    for (size_t i = 0; i < in->permissions.n; i++) {
        in->permissions.v[i] = str_trim(in->permissions.v[i]);
        if (in->permissions.v[i].n == 0)
            return ctx_fail(k->c, ST_BAD_REQUEST, "Field name 'permissions' cannot contain an empty string");
    }
    return ST_OK;
}

/* Lists come before the status. */
static enum st_err answer_list(struct core_call *k, const char *name, const struct strs *list)
{
    json_add_strs(&k->out, name, list->v, list->n);
    answer_status(k, "OK");
    return ST_OK;
}

static enum st_err answer_known(struct core_call *k, bool known)
{
    answer_status(k, known ? "OK" : "UNKNOWN_ROLE_ERROR");
    return ST_OK;
}

/* ---- roles ---- */

static enum st_err put_role(struct core_call *k)
{
    const struct roles_in *in = k->in;
    bool created;
    ST_TRY(userroles_put(k->c, k->tenant, in->role, &in->permissions, &created));
    answer_status(k, "OK");
    json_add_bool(&k->out, "createdNewRole", created);
    return ST_OK;
}

static enum st_err get_roles(struct core_call *k)
{
    struct strs roles;
    ST_TRY(userroles_list(k->c, k->tenant, &roles));
    return answer_list(k, "roles", &roles);
}

static enum st_err remove_role(struct core_call *k)
{
    const struct roles_in *in = k->in;
    bool existed;
    ST_TRY(userroles_remove(k->c, service_tenancy(k->service), k->tenant, in->role, &existed));
    answer_status(k, "OK");
    json_add_bool(&k->out, "didRoleExist", existed);
    return ST_OK;
}

static enum st_err get_permissions(struct core_call *k)
{
    const struct roles_in *in = k->in;
    struct strs permissions;
    bool known;
    ST_TRY(userroles_permissions(k->c, k->tenant, in->role, &permissions, &known));
    return known ? answer_list(k, "permissions", &permissions) : answer_known(k, false);
}

static enum st_err remove_permissions(struct core_call *k)
{
    const struct roles_in *in = k->in;
    bool known;
    ST_TRY(userroles_remove_permissions(k->c, k->tenant, in->role,
                                        in->has_permissions ? &in->permissions : NULL, &known));
    return answer_known(k, known);
}

static enum st_err get_roles_of_permission(struct core_call *k)
{
    const struct roles_in *in = k->in;
    struct strs roles;
    ST_TRY(userroles_with_permission(k->c, k->tenant, in->permission, &roles));
    return answer_list(k, "roles", &roles);
}

/* ---- users ---- */

static enum st_err put_user_role(struct core_call *k)
{
    const struct roles_in *in = k->in;
    bool known, added;
    ST_TRY(userroles_add_user(k->c, k->tenant, in->userId, in->role, &known, &added));
    if (known) {
        answer_status(k, "OK");
        json_add_bool(&k->out, "didUserAlreadyHaveRole", !added);
        return ST_OK;
    }
    return answer_known(k, false);
}

static enum st_err remove_user_role(struct core_call *k)
{
    const struct roles_in *in = k->in;
    bool known, removed;
    ST_TRY(userroles_remove_user(k->c, k->tenant, in->userId, in->role, &known, &removed));
    if (known) {
        answer_status(k, "OK");
        json_add_bool(&k->out, "didUserHaveRole", removed);
        return ST_OK;
    }
    return answer_known(k, false);
}

static enum st_err get_user_roles(struct core_call *k)
{
    const struct roles_in *in = k->in;
    struct strs roles;
    ST_TRY(userroles_of_user(k->c, k->tenant, in->userId, &roles));
    return answer_list(k, "roles", &roles);
}

static enum st_err get_users(struct core_call *k)
{
    const struct roles_in *in = k->in;
    struct strs users;
    bool known;
    ST_TRY(userroles_users(k->c, k->tenant, in->role, &users, &known));
    return known ? answer_list(k, "users", &users) : answer_known(k, false);
}

#define ROW(PATH, METHOD, SCOPE, FIELDS, CHECK, HANDLER, HELP, STATUSES, ...)                                \
    {                                                                                                        \
        .path = (PATH), .method = (METHOD), .scope = (SCOPE), .fields = (FIELDS),                            \
        .in_size = sizeof(struct roles_in), .check = (CHECK), .handler = (HANDLER), .help = (HELP),          \
        .statuses = (STATUSES), __VA_ARGS__                                                                  \
    }

const struct route userroles_routes[] = {
    ROW("/recipe/role", HTTP_PUT, SCOPE_APP, role_fields, check_permissions, put_role,
        "Creates a role, or adds permissions to it.", "OK", .itself = permissions_fields),
    ROW("/recipe/roles", HTTP_GET, SCOPE_APP, NULL, NULL, get_roles, "The roles of the app.", "OK"),
    ROW("/recipe/role/remove", HTTP_POST, SCOPE_APP, role_fields, check_role, remove_role,
        "Removes a role, also from its users.", "OK"),
    ROW("/recipe/role/permissions", HTTP_GET, SCOPE_APP, role_query, check_role, get_permissions,
        "The permissions of a role.", "OK UNKNOWN_ROLE_ERROR"),
    ROW("/recipe/role/permissions/remove", HTTP_POST, SCOPE_APP, role_fields, check_permissions,
        remove_permissions, "Takes permissions from a role; all of them when none are named.",
        "OK UNKNOWN_ROLE_ERROR", .itself = permissions_fields),
    ROW("/recipe/permission/roles", HTTP_GET, SCOPE_APP, permission_query, check_permission,
        get_roles_of_permission, "The roles that have a permission.", "OK"),
    ROW("/recipe/user/role", HTTP_PUT, SCOPE_TENANT, user_role_fields, check_role, put_user_role,
        "Gives a role to a user.", "OK UNKNOWN_ROLE_ERROR"),
    ROW("/recipe/user/role/remove", HTTP_POST, SCOPE_TENANT, user_role_fields, check_role, remove_user_role,
        "Takes a role from a user.", "OK UNKNOWN_ROLE_ERROR"),
    ROW("/recipe/user/roles", HTTP_GET, SCOPE_TENANT, user_query_fields, NULL, get_user_roles,
        "The roles of a user in a tenant.", "OK"),
    ROW("/recipe/role/users", HTTP_GET, SCOPE_TENANT, role_query, check_role, get_users,
        "The users of a tenant that have a role.", "OK UNKNOWN_ROLE_ERROR"),
    {.path = NULL},
};
