/* SPDX-License-Identifier: Apache-2.0
 *
 * New sessions, their claims, and tokens on their way to the client (spec: fdi-session 4, 5, 8).
 */
#include "auth/frame.h"
#include "auth/transport.h"
#include "base/clock.h"
#include "crypto/base64.h"
#include "runtime/runtime.h"
#include "userroles/userroles.h"

/* Of the access token's cookie; the token itself ends much earlier. */
#define ACCESS_COOKIE_MS (365 * INT64_C(86400000))

/* The payload as front ends see it: the whole one, of legacy tokens the user's part. */
static struct str visible_payload(struct arena *a, struct str access_token)
{
    struct access_token_envelope envelope;
    struct access_token token;
    struct str message, text;
    if (!access_token_open(a, access_token, &envelope, &message))
        return STR("{}");
    if (envelope.version >= 3)
        return base64_decode_lenient(a, envelope.parts.payload, &text) ? text : STR("{}");
    return access_token_read(a, &envelope, &token, &message) ? token.user_data : STR("{}");
}

void auth_session_attach(struct auth_call *k, enum site_transfer by, struct str uid,
                         const struct session_token *access, const struct session_token *refresh,
                         struct str anti_csrf)
{
    int64_t cookie_end = clock_now_ms() + ACCESS_COOKIE_MS;
    auth_front_token_put(k->transport, uid, access->expiry, visible_payload(k->c->arena, access->text));
    auth_token_put(k->transport, AUTH_ACCESS_TOKEN, by, access->text, cookie_end);
    if (by == SITE_TRANSFER_COOKIE && k->site->session.expose_access_token)
        auth_token_put(k->transport, AUTH_ACCESS_TOKEN, SITE_TRANSFER_HEADER, access->text, cookie_end);
    if (refresh)
        auth_token_put(k->transport, AUTH_REFRESH_TOKEN, by, refresh->text, refresh->expiry);
    if (anti_csrf.p)
        auth_anti_csrf_put(k->transport, anti_csrf);
}

/* ---- claims ---- */

struct claims {
    struct auth_call *k;
    const struct tenant *tenant;
    struct str user_id;
    const struct login_method *method;
    struct json_out *out;
    int64_t now;
};

static void open_claim(struct claims *s, const char *key)
{
    json_open(s->out, key, '{');
}

static void close_claim(struct claims *s)
{
    json_add_i64(s->out, "t", s->now);
    json_close(s->out, '}');
}

static enum st_err add_email_verified(struct claims *s)
{
    open_claim(s, "st-ev");
    json_add_bool(s->out, "v", !s->method->email.p || s->method->verified);
    close_claim(s);
    return ST_OK;
}

static void add_list(struct claims *s, const char *key, const struct strs *values)
{
    open_claim(s, key);
    json_add_strs(s->out, "v", values->v, values->n);
    close_claim(s);
}

static enum st_err add_roles(struct claims *s)
{
    const struct site *site = s->k->site;
    struct userroles has;
    if (site->skip_roles && site->skip_permissions)
        return ST_OK;
    ST_TRY(userroles_of(s->k->c, s->tenant, s->user_id, &has));
    if (!site->skip_roles)
        add_list(s, "st-role", &has.roles);
    if (!site->skip_permissions)
        add_list(s, "st-perm", &has.permissions);
    return ST_OK;
}

/* What each recipe adds to a new session. */
static enum st_err (*const claims_of[SITE_RECIPES])(struct claims *s) = {
    [SITE_EMAILVERIFICATION] = add_email_verified,
    [SITE_USERROLES] = add_roles,
};

static enum st_err new_payload(struct auth_call *k, const struct tenant *t, const struct user *user,
                               const struct login_method *method, json_object **out)
{
    struct json_out j = json_out(k->c->arena);
    struct claims s = {k, t, user_public_id(user), method, &j, clock_now_ms()};
    json_open(&j, NULL, '{');
    json_add_str(&j, "iss", ARENA_CONCAT(k->c->arena, k->site->api_domain, k->site->api_base_path));
    for (size_t i = 0; i < k->site->nrecipes; i++)
        if (claims_of[k->site->recipes[i]])
            ST_TRY(claims_of[k->site->recipes[i]](&s));
    json_close(&j, '}');
    *out = json_parse(k->c->arena, json_done(&j));
    return ST_OK;
}

/* ---- creating ---- */

static void use_new_session(struct auth_call *k, const struct tenant *t, enum site_transfer by,
                            const struct session_tokens *tokens)
{
    const struct session *made = &tokens->session;
    k->session = ARENA_NEW(k->c->arena, struct auth_session);
    *k->session = (struct auth_session){
        .token = {.version = AUTH_ACCESS_TOKEN_VERSION,
                  .issued_ms = tokens->access.created,
                  .expires_ms = tokens->access.expiry,
                  .user_id = made->user_id,
                  .recipe_user_id = made->recipe_user_id,
                  .session_handle = made->handle,
                  .anti_csrf_token = tokens->anti_csrf,
                  .tenant_id = made->tenant_id,
                  .user_data = made->payload},
        .tenant = t,
        .transfer = by,
        .text = tokens->access.text,
    };
}

enum st_err auth_session_create(struct auth_call *k, const struct tenant *t, const struct user *user,
                                const struct login_method *method)
{
    enum site_transfer by = auth_transfer_for_new(k->transport);
    enum site_transfer other = by == SITE_TRANSFER_COOKIE ? SITE_TRANSFER_HEADER : SITE_TRANSFER_COOKIE;
    struct session_create in = {
        .user_id = method_public_id(method),
        .anti_csrf = by == SITE_TRANSFER_COOKIE && k->site->session.anti_csrf == SITE_ANTI_CSRF_TOKEN,
        .static_key = !k->site->session.dynamic_key,
        .data = STR("{}"),
        .access_token_version = AUTH_ACCESS_TOKEN_VERSION,
    };
    struct session_tokens tokens;
    ST_TRY(new_payload(k, t, user, method, &in.payload));
    ST_TRY(session_create(k->c, t, &in, &tokens));
    if (auth_access_token_given(k, other))
        auth_tokens_clear(k->transport, other);
    use_new_session(k, t, by, &tokens);
    auth_session_attach(k, by, tokens.session.user_id, &tokens.access, &tokens.refresh, tokens.anti_csrf);
    return ST_OK;
}

/* ---- changing claims ---- */

/* The session's own part of the payload with one member replaced, or without it. */
static json_object *with_claim(struct arena *a, struct str payload, const char *key, json_object *value)
{
    struct json_out j = json_out(a);
    bool replaced = false;
    json_object *old = json_parse(a, payload);
    json_open(&j, NULL, '{');
    json_object_object_foreach(old, name, member)
    {
        bool is_it = strcmp(name, key) == 0;
        replaced |= is_it;
        if (is_it ? value != NULL : strcmp(name, "stt") != 0)
            json_add_member(&j, str_of(name), json_text(a, is_it ? value : member));
    }
    if (value && !replaced)
        json_add_member(&j, str_of(key), json_text(a, value));
    json_close(&j, '}');
    return json_parse(a, json_done(&j));
}

enum st_err auth_session_set_claim(struct auth_call *k, const char *key, json_object *value)
{
    struct auth_session *s = k->session;
    struct session_verified made;
    struct session_outcome outcome;
    json_object *payload = with_claim(k->c->arena, s->token.user_data, key, value);
    ST_TRY(session_regenerate(k->c, service_tenancy(k->service), k->app, s->text, payload,
                              service_verified_tokens(k->service), &made, &outcome));
    if (outcome.status != SESSION_OK)
        return auth_unauthorised(k, true);
    s->token.user_data = made.session.payload;
    if (!made.access.text.p) /* it has expired meanwhile: the next refresh brings the claim */
        return ST_OK;
    s->text = made.access.text;
    s->token.issued_ms = made.access.created;
    s->token.expires_ms = made.access.expiry;
    auth_session_attach(k, s->transfer, s->token.user_id, &made.access, NULL, STR_NONE);
    return ST_OK;
}

static bool has_value(struct arena *a, struct str payload, const char *key, json_object *wanted)
{
    json_object *claim = NULL, *value = NULL, *new_value = NULL;
    json_object_object_get_ex(json_parse(a, payload), key, &claim);
    json_object_object_get_ex(claim, "v", &value);
    json_object_object_get_ex(wanted, "v", &new_value);
    return value && json_equal(value, new_value);
}

enum st_err auth_session_store_claim(struct auth_call *k, const struct auth_session *s, const char *key,
                                     json_object *value)
{
    struct arena *a = k->c->arena;
    struct str handle = s->token.session_handle;
    struct session_info row;
    bool found;
    ST_TRY(session_get(k->c, s->tenant, handle, &row, &found));
    if (!found || has_value(a, row.payload, key, value))
        return ST_OK;
    return session_set_payload(k->c, s->tenant, handle, json_text(a, with_claim(a, row.payload, key, value)),
                               &found);
}

json_object *auth_bool_claim(struct arena *a, bool value)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_add_bool(&j, "v", value);
    json_add_i64(&j, "t", clock_now_ms());
    json_close(&j, '}');
    return json_parse(a, json_done(&j));
}
