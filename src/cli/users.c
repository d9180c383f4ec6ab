/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens user: finding users, and their sessions.
 */
#include "cli/work.h"
#include "http/cdi.h"
#include "http/text.h"
#include "session/session.h"
#include "users/user.h"

static enum st_err find_by_id(struct work *w, struct str id, const struct user **out)
{
    struct db *db;
    ST_TRY(users_database(w->c, w->tenancy, w->tenant->app, id, &db));
    return user_by_id(w->c, db, w->id.app, id, out);
}

static enum st_err find(struct work *w, struct users *out)
{
    const struct invocation *in = w->in;
    const struct user *user;
    *out = (struct users){.n = 0};
    if (!in->email && !in->phone && !in->third_party && !in->id)
        return ctx_fail(w->c, ST_BAD_REQUEST,
                        "By what? Use --email, --phone, --id, or --third-party and --third-party-user");
    if (!in->third_party != !in->third_party_user)
        return ctx_fail(w->c, ST_BAD_REQUEST, "--third-party and --third-party-user belong together");
    if (in->id) {
        ST_TRY(find_by_id(w, str_of(in->id), &user));
        if (user) {
            out->v = ARENA_NEW(w->c->arena, struct user);
            out->v[out->n++] = *user;
        }
        return ST_OK;
    }
    struct user_query q = {
        .app = w->id.app,
        .tenant = w->id.tenant,
        .email = email_normalise(w->c->arena, str_of(in->email)),
        .phone = str_trim(str_of(in->phone)),
        .third_party_id = str_of(in->third_party),
        .third_party_user_id = str_of(in->third_party_user),
    };
    return users_find(w->c, w->tenant->db, &q, out);
}

enum st_err user_find_data(struct work *w)
{
    struct users found;
    w->layout = (struct layout){.list = "users",
                                .columns = "id emails phoneNumbers thirdParty tenantIds timeJoined",
                                .empty = "No user was found."};
    ST_TRY(work_find_tenant(w));
    ST_TRY(find(w, &found));
    json_open(&w->out, "users", '[');
    for (size_t i = 0; i < found.n; i++)
        ST_TRY(user_write(w->c, &w->out, NULL, &found.v[i], CDI_LATEST));
    json_close(&w->out, ']');
    return ST_OK;
}

enum st_err user_show_data(struct work *w)
{
    const struct user *user;
    w->layout = (struct layout){.object = "user"};
    ST_TRY(work_find_tenant(w));
    ST_TRY(find_by_id(w, str_of(w->in->argument[0]), &user));
    if (!user)
        return ctx_fail(w->c, ST_NOT_FOUND, "There is no user %s", w->in->argument[0]);
    return user_write(w->c, &w->out, "user", user, CDI_LATEST);
}

/* Handles of the user's sessions, with those of all login methods, in all tenants. */
static enum st_err handles_of(struct work *w, bool remove, struct str **handles, size_t *n)
{
    const struct session_user user = {
        .user_id = str_of(w->in->argument[0]), .linked = true, .all_tenants = true};
    ST_TRY(work_find_tenant(w));
    return session_of_user(w->c, w->tenancy, w->tenant->app, &user, remove, handles, n);
}

static enum st_err add_session(struct work *w, struct str handle)
{
    const struct tenant *tenant;
    struct session_info s;
    bool found;
    ST_TRY(session_tenant(w->c, w->tenancy, w->tenant->app, session_tenant_of_handle(handle), &tenant));
    ST_TRY(session_get(w->c, tenant, handle, &s, &found));
    if (!found)
        return ST_OK; /* it ended meanwhile */
    json_open(&w->out, NULL, '{');
    json_add_str(&w->out, "sessionHandle", s.handle);
    json_add_str(&w->out, "tenantId", tenant->id.tenant);
    json_add_str(&w->out, "recipeUserId", s.recipe_user_id);
    json_add_i64(&w->out, "timeCreated", s.created);
    json_add_i64(&w->out, "expiry", s.expiry);
    json_close(&w->out, '}');
    return ST_OK;
}

enum st_err user_sessions_data(struct work *w)
{
    struct str *handles;
    size_t n;
    w->layout = (struct layout){.list = "sessions", .empty = "The user has no sessions."};
    ST_TRY(handles_of(w, false, &handles, &n));
    json_open(&w->out, "sessions", '[');
    for (size_t i = 0; i < n; i++)
        ST_TRY(add_session(w, handles[i]));
    json_close(&w->out, ']');
    return ST_OK;
}

static enum st_err revoke_one(struct work *w, struct str handle)
{
    const struct tenant *tenant;
    struct str *handles;
    size_t n, i = 0;
    ST_TRY(handles_of(w, false, &handles, &n));
    while (i < n && !str_is(handles[i], handle))
        i++;
    if (i == n)
        return ctx_fail(w->c, ST_NOT_FOUND, "The user has no session %.*s", STR_ARG(handle));
    ST_TRY(session_tenant(w->c, w->tenancy, w->tenant->app, session_tenant_of_handle(handle), &tenant));
    return session_remove(w->c, tenant, handle);
}

enum st_err user_revoke_data(struct work *w)
{
    struct str one = str_of(w->in->session), *handles = &one;
    size_t n = 1;
    if (w->in->session)
        ST_TRY(revoke_one(w, one));
    else
        ST_TRY(handles_of(w, true, &handles, &n));
    json_add_i64(&w->out, "sessionsRevoked", (int64_t)n);
    json_add_strs(&w->out, "sessionHandles", handles, n);
    return ST_OK;
}
