/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms of the user object (spec: cdi-emailpassword 1, fdi 5).
 */
#include "http/cdi.h"
#include "users/user.h"

/* Values already written, so that each appears once. */
struct seen {
    struct str *v;
    size_t n;
};

static bool first_time(struct seen *s, struct str value)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_is(s->v[i], value))
            return false;
    s->v[s->n++] = value;
    return true;
}

static void write_third_party(struct json_out *j, const char *key, const struct login_method *m)
{
    json_open(j, key, '{');
    json_add_str(j, "id", m->third_party_id);
    json_add_str(j, "userId", m->third_party_user_id);
    json_close(j, '}');
}

static bool is_passkey(const struct login_method *m)
{
    return str_is(m->recipe_id, STR("webauthn"));
}

enum summary { TENANTS, EMAILS, PHONES };

/* A member that repeats what the login methods hold, each value once. Before CDI 5.3 passkeys do not
 * contribute. */
static void write_summary(struct arena *a, struct json_out *j, const struct user *u, enum summary list,
                          int cdi)
{
    static const char *const names[] = {"tenantIds", "emails", "phoneNumbers"};
    size_t most = 1;
    for (size_t i = 0; i < u->nmethods; i++)
        most += u->methods[i].ntenants + 1;
    struct seen seen = {ARENA_ARRAY(a, most, struct str), 0};
    json_open(j, names[list], '[');
    for (size_t i = 0; i < u->nmethods; i++) {
        const struct login_method *m = &u->methods[i];
        struct str value = list == EMAILS ? m->email : m->phone;
        bool skipped = is_passkey(m) && cdi < CDI_5_3;
        for (size_t t = 0; list == TENANTS && t < m->ntenants; t++)
            if (first_time(&seen, m->tenants[t]))
                json_add_str(j, NULL, m->tenants[t]);
        if (list != TENANTS && !skipped && value.p && first_time(&seen, value))
            json_add_str(j, NULL, value);
    }
    json_close(j, ']');
}

static void write_third_parties(struct arena *a, struct json_out *j, const struct user *u)
{
    struct seen seen = {ARENA_ARRAY(a, u->nmethods + 1, struct str), 0};
    json_open(j, "thirdParty", '[');
    for (size_t i = 0; i < u->nmethods; i++) {
        const struct login_method *m = &u->methods[i];
        if (m->third_party_id.p &&
            first_time(&seen, ARENA_CONCAT(a, m->third_party_id, STR("::"), m->third_party_user_id)))
            write_third_party(j, NULL, m);
    }
    json_close(j, ']');
}

static void write_credentials(struct json_out *j, const struct login_method *methods, size_t n)
{
    json_open(j, "webauthn", '{');
    json_open(j, "credentialIds", '[');
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < methods[i].ncredentials; k++)
            json_add_str(j, NULL, methods[i].credentials[k]);
    json_close(j, ']');
    json_close(j, '}');
}

static void write_method(struct json_out *j, const struct login_method *m, int cdi)
{
    json_open(j, NULL, '{');
    json_add_strs(j, "tenantIds", m->tenants, m->ntenants);
    json_add_str(j, "recipeUserId", method_public_id(m));
    json_add_bool(j, "verified", m->verified);
    json_add_i64(j, "timeJoined", m->time_joined_ms);
    json_add_str(j, "recipeId", m->recipe_id);
    json_add_str_if(j, "email", m->email);
    json_add_str_if(j, "phoneNumber", m->phone);
    if (m->third_party_id.p)
        write_third_party(j, "thirdParty", m);
    if (is_passkey(m) && cdi >= CDI_5_3)
        write_credentials(j, m, 1);
    json_close(j, '}');
}

static enum st_err write_old(struct ctx *c, struct json_out *j, const char *key, const struct user *u,
                             int cdi)
{
    const struct login_method *m = &u->methods[0];
    if (u->nmethods == 0 || is_passkey(m))
        return ctx_fail(c, ST_INTERNAL, "this user cannot be shown to clients below CDI 4.0");
    json_open(j, key, '{');
    json_add_str(j, "id", method_public_id(m));
    json_add_i64(j, "timeJoined", m->time_joined_ms);
    if (cdi >= CDI_3_0)
        json_add_strs(j, "tenantIds", m->tenants, m->ntenants);
    json_add_str_if(j, "email", m->email);
    json_add_str_if(j, "phoneNumber", m->phone);
    if (m->third_party_id.p)
        write_third_party(j, "thirdParty", m);
    json_close(j, '}');
    return ST_OK;
}

enum st_err user_write(struct ctx *c, struct json_out *j, const char *key, const struct user *u, int cdi)
{
    if (cdi < CDI_4_0)
        return write_old(c, j, key, u, cdi);
    json_open(j, key, '{');
    json_add_str(j, "id", user_public_id(u));
    json_add_bool(j, "isPrimaryUser", u->is_primary);
    write_summary(c->arena, j, u, TENANTS, cdi);
    json_add_i64(j, "timeJoined", user_time_joined(u));
    write_summary(c->arena, j, u, EMAILS, cdi);
    write_summary(c->arena, j, u, PHONES, cdi);
    write_third_parties(c->arena, j, u);
    if (cdi >= CDI_5_3)
        write_credentials(j, u->methods, u->nmethods);
    json_open(j, "loginMethods", '[');
    for (size_t i = 0; i < u->nmethods; i++)
        write_method(j, &u->methods[i], cdi);
    json_close(j, ']');
    json_close(j, '}');
    return ST_OK;
}

/* ---- the front end's interface ---- */

static void write_fdi_method(struct json_out *j, const struct login_method *m)
{
    json_open(j, NULL, '{');
    json_add_str(j, "recipeId", m->recipe_id);
    json_add_str(j, "recipeUserId", method_public_id(m));
    json_add_strs(j, "tenantIds", m->tenants, m->ntenants);
    json_add_str_if(j, "email", m->email);
    json_add_str_if(j, "phoneNumber", m->phone);
    if (m->third_party_id.p)
        write_third_party(j, "thirdParty", m);
    if (is_passkey(m))
        write_credentials(j, m, 1);
    json_add_i64(j, "timeJoined", m->time_joined_ms);
    json_add_bool(j, "verified", m->verified);
    json_close(j, '}');
}

void user_write_fdi(struct ctx *c, struct json_out *j, const char *key, const struct user *u)
{
    json_open(j, key, '{');
    json_add_str(j, "id", user_public_id(u));
    json_add_bool(j, "isPrimaryUser", u->is_primary);
    for (int list = TENANTS; list <= PHONES; list++)
        write_summary(c->arena, j, u, (enum summary)list, CDI_LATEST);
    write_third_parties(c->arena, j, u);
    write_credentials(j, u->methods, u->nmethods);
    json_open(j, "loginMethods", '[');
    for (size_t i = 0; i < u->nmethods; i++)
        write_fdi_method(j, &u->methods[i]);
    json_close(j, ']');
    json_add_i64(j, "timeJoined", user_time_joined(u));
    json_close(j, '}');
}

void user_write_fdi_old(struct json_out *j, const char *key, const struct user *u,
                        const struct login_method *m)
{
    json_open(j, key, '{');
    json_add_str(j, "id", user_public_id(u));
    json_add_i64(j, "timeJoined", user_time_joined(u));
    if (m->third_party_id.p)
        write_third_party(j, "thirdParty", m);
    json_add_str_if(j, "email", m->email);
    json_add_str_if(j, "phoneNumber", m->phone);
    json_close(j, '}');
}
