/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions at the core door: reading, listing, removing, their stored data (spec: cdi-session 3).
 */
#include "session/session_cdi.h"

#include <stdlib.h>

#include "base/clock.h"
#include "runtime/runtime.h"

const struct field session_handle_fields[] = {
    FIELD(struct session_handle_in, sessionHandle, QUERY_STRING),
    FIELDS_END,
};

static enum st_err answer_no_session(struct core_call *k)
{
    answer_failure(k, "UNAUTHORISED", STR("Session does not exist."));
    return ST_OK;
}

/* The live session of a handle. *FOUND false: answered. */
static enum st_err find_session(struct core_call *k, struct str handle, struct session_info *out, bool *found)
{
    const struct tenant *tenant;
    ST_TRY(session_tenant(k->c, service_tenancy(k->service), k->tenant, session_tenant_of_handle(handle),
                          &tenant));
    ST_TRY(session_get(k->c, tenant, handle, out, found));
    *found = *found && out->expiry > clock_now_ms();
    return *found ? ST_OK : answer_no_session(k);
}

enum st_err get_session(struct core_call *k)
{
    const struct session_handle_in *in = k->in;
    struct session_info s;
    bool found;
    ST_TRY(find_session(k, in->sessionHandle, &s, &found));
    if (!found)
        return ST_OK;
    json_add_str(&k->out, "sessionHandle", s.handle);
    json_add_str(&k->out, "userId", s.user_id);
    if (k->cdi >= CDI_4_0)
        json_add_str(&k->out, "recipeUserId", s.recipe_user_id);
    json_add_raw(&k->out, "userDataInDatabase", s.data);
    json_add_i64(&k->out, "expiry", s.expiry);
    json_add_raw(&k->out, "userDataInJWT", s.payload);
    json_add_i64(&k->out, "timeCreated", s.created);
    answer_status(k, "OK");
    if (k->cdi >= CDI_3_0)
        json_add_str(&k->out, "tenantId", session_tenant_of_handle(s.handle));
    return ST_OK;
}

enum st_err get_session_data(struct core_call *k)
{
    const struct session_handle_in *in = k->in;
    struct session_info s;
    bool found;
    ST_TRY(find_session(k, in->sessionHandle, &s, &found));
    if (found) {
        answer_status(k, "OK");
        json_add_raw(&k->out, "userDataInDatabase", s.data);
    }
    return ST_OK;
}

enum st_err get_session_payload(struct core_call *k)
{
    const struct session_handle_in *in = k->in;
    struct session_info s;
    bool found;
    ST_TRY(find_session(k, in->sessionHandle, &s, &found));
    if (found) {
        answer_status(k, "OK");
        json_add_raw(&k->out, "userDataInJWT", s.payload);
    }
    return ST_OK;
}

const struct field session_data_fields[] = {
    FIELD(struct session_content_in, sessionHandle, FIELD_STRING),
    {.name = "userDataInDatabase",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct session_content_in, content),
     .has_offset = SIZE_MAX},
    FIELDS_END,
};

const struct field session_payload_fields[] = {
    FIELD(struct session_content_in, sessionHandle, FIELD_STRING),
    {.name = "userDataInJWT",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct session_content_in, content),
     .has_offset = SIZE_MAX},
    FIELDS_END,
};

static enum st_err store_content(struct core_call *k, enum stmt stmt)
{
    const struct session_content_in *in = k->in;
    const struct tenant *tenant;
    const PGresult *r;
    ST_TRY(session_tenant(k->c, service_tenancy(k->service), k->tenant,
                          session_tenant_of_handle(in->sessionHandle), &tenant));
    ST_TRY(DB_RUN(k->c, tenant->db, &r, stmt, db_str(tenant->id.app), db_str(tenant->id.tenant),
                  db_str(in->sessionHandle), db_str(json_text(k->c->arena, in->content)),
                  db_i64(clock_now_ms())));
    if (db_affected(r) == 0)
        return answer_no_session(k);
    answer_status(k, "OK");
    return ST_OK;
}

enum st_err put_session_data(struct core_call *k)
{
    return store_content(k, STMT_session_set_data);
}

enum st_err put_session_payload(struct core_call *k)
{
    const struct session_content_in *in = k->in;
    if (k->cdi >= CDI_2_21 && access_token_is_protected(access_token_version_of_cdi(k->cdi), in->content))
        return ctx_fail(k->c, ST_BAD_REQUEST, ACCESS_TOKEN_PROTECTED_FIELD);
    return store_content(k, STMT_session_set_payload);
}

/* ---- listing and removing ---- */

const struct field session_user_fields[] = {
    FIELD(struct session_user_in, userId, QUERY_STRING),
    FIELD_OPTIONAL(struct session_user_in, fetchAcrossAllTenants, QUERY_BOOL),
    FIELD_OPTIONAL(struct session_user_in, fetchSessionsForAllLinkedAccounts, QUERY_BOOL),
    FIELDS_END,
};

/* Lists or removes a user's sessions, in the app or in the tenant of the path. */
static enum st_err answer_sessions_of(struct core_call *k, const struct session_user *user, bool remove,
                                      const char *key)
{
    struct str *handles;
    size_t n;
    ST_TRY(core_use_scope(k, user->all_tenants ? SCOPE_APP : SCOPE_TENANT));
    ST_TRY(session_of_user(k->c, service_tenancy(k->service), k->tenant, user, remove, &handles, &n));
    answer_status(k, "OK");
    json_add_strs(&k->out, key, handles, n);
    return ST_OK;
}

enum st_err get_session_user(struct core_call *k)
{
    const struct session_user_in *in = k->in;
    struct session_user user = {
        .user_id = in->userId,
        .linked = !in->has_fetchSessionsForAllLinkedAccounts || in->fetchSessionsForAllLinkedAccounts,
        .all_tenants = !in->has_fetchAcrossAllTenants || in->fetchAcrossAllTenants,
    };
    return answer_sessions_of(k, &user, false, "sessionHandles");
}

const struct field session_remove_fields[] = {
    FIELD_OPTIONAL(struct session_remove_in, userId, FIELD_STRING),
    FIELD_OPTIONAL(struct session_remove_in, sessionHandles, FIELD_STRINGS),
    FIELD_OPTIONAL(struct session_remove_in, revokeAcrossAllTenants, FIELD_BOOL),
    FIELD_OPTIONAL(struct session_remove_in, revokeSessionsForLinkedAccounts, FIELD_BOOL),
    FIELDS_END,
};

static enum st_err check_remove(struct core_call *k, const struct session_remove_in *in)
{
    const char *wrong = NULL;
    if (in->has_userId == in->has_sessionHandles)
        wrong = "use one of userId or sessionHandles array";
    else if (in->has_revokeAcrossAllTenants && !in->has_userId)
        wrong = "revokeAcrossAllTenants can only be set if userId is set";
    else if (in->has_revokeSessionsForLinkedAccounts && !in->has_userId)
        wrong = "revokeSessionsForLinkedAccounts can only be set if userId is set";
    return wrong ? ctx_fail(k->c, ST_BAD_REQUEST, "Invalid JSON input - %s", wrong) : ST_OK;
}

static enum st_err remove_of_user(struct core_call *k, const struct session_remove_in *in)
{
    struct session_user user = {
        .user_id = in->userId,
        .linked = !in->has_revokeSessionsForLinkedAccounts || in->revokeSessionsForLinkedAccounts,
        .all_tenants = !in->has_revokeAcrossAllTenants || in->revokeAcrossAllTenants,
    };
    return answer_sessions_of(k, &user, true, "sessionHandlesRevoked");
}

static int compare_strs(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Lists those of the N handles that the statement deleted, each once, in the order given. */
static void answer_deleted(struct core_call *k, const struct str *handles, size_t n, const PGresult *r)
{
    size_t ngone = db_rows(r);
    struct str *gone = ARENA_ARRAY(k->c->arena, ngone + 1, struct str);
    bool *listed = ARENA_ARRAY(k->c->arena, ngone + 1, bool);
    for (size_t i = 0; i < ngone; i++)
        gone[i] = db_text(r, i, 0);
    qsort(gone, ngone, sizeof gone[0], compare_strs);
    for (size_t i = 0; i < n; i++) {
        const struct str *at = bsearch(&handles[i], gone, ngone, sizeof gone[0], compare_strs);
        if (!at || listed[at - gone])
            continue;
        listed[at - gone] = true;
        json_add_str(&k->out, NULL, *at);
    }
}

/* Deletes the handles of one tenant. */
static enum st_err remove_in_tenant(struct core_call *k, const struct strs *handles, struct str tenant_id)
{
    const struct tenant *tenant;
    const PGresult *r;
    struct str *mine = ARENA_ARRAY(k->c->arena, handles->n + 1, struct str);
    size_t n = 0;
    for (size_t i = 0; i < handles->n; i++)
        if (str_is(session_tenant_of_handle(handles->v[i]), tenant_id))
            mine[n++] = handles->v[i];
    ST_TRY(session_tenant(k->c, service_tenancy(k->service), k->tenant, tenant_id, &tenant));
    ST_TRY(DB_RUN(k->c, tenant->db, &r, STMT_session_delete, db_str(tenant->id.app),
                  db_str(tenant->id.tenant), db_strs(k->c->arena, mine, n)));
    answer_deleted(k, mine, n, r);
    return ST_OK;
}

static bool is_listed(struct str s, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(list[i], s))
            return true;
    return false;
}

/* Tenant by tenant. A name that is no tenant's ends it, so there are never more names than tenants. */
static enum st_err remove_handles(struct core_call *k, const struct strs *handles)
{
    struct str *tenants = ARENA_ARRAY(k->c->arena, handles->n + 1, struct str);
    size_t ntenants = 0;
    ST_TRY(core_use_scope(k, SCOPE_APP_LOOSE));
    answer_status(k, "OK");
    json_open(&k->out, "sessionHandlesRevoked", '[');
    for (size_t i = 0; i < handles->n; i++) {
        struct str tenant_id = session_tenant_of_handle(handles->v[i]);
        if (is_listed(tenant_id, tenants, ntenants))
            continue;
        tenants[ntenants++] = tenant_id;
        ST_TRY(remove_in_tenant(k, handles, tenant_id));
    }
    json_close(&k->out, ']');
    return ST_OK;
}

enum st_err post_session_remove(struct core_call *k)
{
    const struct session_remove_in *in = k->in;
    ST_TRY(check_remove(k, in));
    return in->has_userId ? remove_of_user(k, in) : remove_handles(k, &in->sessionHandles);
}
