/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions of requests: from tokens to a verified session (spec: fdi-session 3, 7, 9).
 */
#include "auth/session.h"

#include "auth/frame.h"
#include "auth/transport.h"
#include "base/clock.h"
#include "crypto/base64.h"
#include "policy/policy.h"
#include "runtime/runtime.h"

/* ---- the access token of a request ---- */

/* OAuth2 tokens are signed with the same keys and never are sessions. */
static bool is_oauth2_token(struct arena *a, struct str user_data)
{
    json_object *kind;
    if (!memmem(user_data.p, user_data.n, "\"stt\"", 5))
        return false;
    json_object *content = json_parse(a, user_data);
    return json_object_object_get_ex(content, "stt", &kind) &&
           !(json_object_is_type(kind, json_type_int) && json_object_get_int64(kind) == 0);
}

/* What is none of our access tokens counts as no token. */
static bool is_access_token(struct arena *a, struct str text)
{
    struct access_token_envelope envelope;
    struct access_token token;
    struct str message;
    return access_token_open(a, text, &envelope, &message) &&
           access_token_read(a, &envelope, &token, &message) && !is_oauth2_token(a, token.user_data);
}

static bool may_come_by(const struct site *site, enum site_transfer by)
{
    return site->session.transfer == SITE_TRANSFER_ANY || site->session.transfer == by;
}

bool auth_access_token_given(struct auth_call *k, enum site_transfer by)
{
    struct str text = auth_token_given(k->transport, AUTH_ACCESS_TOKEN, by);
    return text.p && is_access_token(k->c->arena, text);
}

/* The header's token goes before the cookie's. OUT->text is absent when there is none. */
static enum st_err find_token(struct auth_call *k, struct auth_session *out,
                              struct access_token_result *result)
{
    static const enum site_transfer order[] = {SITE_TRANSFER_HEADER, SITE_TRANSFER_COOKIE};
    struct access_token_verifier v = session_verifier(k->app, service_verified_tokens(k->service));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!may_come_by(k->site, order[i]))
            continue;
        struct str text = auth_token_given(k->transport, AUTH_ACCESS_TOKEN, order[i]);
        if (!text.n)
            continue;
        ST_TRY(access_token_verify(k->c, &v, text, clock_now_ms(), result));
        bool ours = result->state == ACCESS_TOKEN_GOOD
                        ? !is_oauth2_token(k->c->arena, result->token.user_data)
                        : is_access_token(k->c->arena, text);
        if (!ours)
            continue;
        out->text = text;
        out->token = result->token;
        out->transfer = order[i];
        return ST_OK;
    }
    return ST_OK;
}

/* ---- verifying ---- */

static bool anti_csrf_is_wanted(const struct auth_call *k, const struct auth_session_rules *rules,
                                const struct auth_session *s)
{
    return s->transfer == SITE_TRANSFER_COOKIE && (rules->anti_csrf_always || k->x->rq.method != HTTP_GET);
}

static bool anti_csrf_is_good(const struct auth_call *k, const struct auth_session_rules *rules,
                              const struct auth_session *s)
{
    switch (k->site->session.anti_csrf) {
    case SITE_ANTI_CSRF_TOKEN:
        return !access_token_anti_csrf_error(&s->token, auth_anti_csrf_given(k->transport));
    case SITE_ANTI_CSRF_CUSTOM_HEADER:
        return auth_rid_given(k->transport);
    case SITE_ANTI_CSRF_NONE:
        break;
    }
    return !rules->anti_csrf_always || auth_rid_given(k->transport);
}

/* Tokens name the kind of their key; a site that changes the kind lets its sessions refresh. */
static bool is_of_the_sites_key(const struct site *site, const struct access_token *t)
{
    return t->version < 3 || str_starts(t->kid, STR("d-")) == site->session.dynamic_key;
}

static enum st_err find_tenant(struct auth_call *k, struct str tenant_id, const struct tenant **out)
{
    *out = k->app;
    if (str_is(tenant_id, k->app->id.tenant))
        return ST_OK;
    return tenancy_find(k->c, service_tenancy(k->service),
                        (struct tenant_id){k->app->id.cud, k->app->id.app, tenant_id}, out);
}

/* Reads the token that replaces the session's. */
static enum st_err replace_token(struct auth_call *k, struct auth_session *s,
                                 const struct session_token *access)
{
    struct access_token_verifier v = session_verifier(k->app, service_verified_tokens(k->service));
    struct access_token_result result;
    ST_TRY(access_token_verify(k->c, &v, access->text, clock_now_ms(), &result));
    if (result.state != ACCESS_TOKEN_GOOD)
        return ctx_fail(k->c, ST_INTERNAL, "a new access token is not good: %.*s", STR_ARG(result.message));
    s->text = access->text;
    s->token = result.token;
    auth_session_attach(k, s->transfer, s->token.user_id, access, NULL, STR_NONE);
    return ST_OK;
}

static enum st_err ask_database(struct auth_call *k, const struct auth_session_rules *rules,
                                struct auth_session *s, enum auth_verdict *verdict)
{
    struct session_verify in = {
        .access_token = s->text,
        .check_database = rules->check_database,
        .stateless = rules->stateless,
        .cache = service_verified_tokens(k->service),
    };
    struct session_verified verified;
    struct session_outcome outcome;
    ST_TRY(session_verify(k->c, service_tenancy(k->service), k->app, &in, &verified, &outcome));
    if (outcome.status != SESSION_OK) {
        *verdict = outcome.status == SESSION_TRY_REFRESH_TOKEN ? AUTH_TRY_REFRESH : AUTH_UNAUTHORISED;
        return ST_OK;
    }
    return verified.access.text.p ? replace_token(k, s, &verified.access) : ST_OK;
}

enum st_err auth_session_judge(struct auth_call *k, const struct auth_session_rules *rules,
                               enum auth_verdict *verdict, struct auth_session *out)
{
    struct access_token_result result;
    *out = (struct auth_session){.text = STR_NONE};
    *verdict = AUTH_TRY_REFRESH;
    if (auth_token_given(k->transport, AUTH_ID_REFRESH_TOKEN, SITE_TRANSFER_COOKIE).p)
        return ST_OK;
    ST_TRY(find_token(k, out, &result));
    if (!out->text.p) {
        *verdict = AUTH_NO_TOKEN;
        return ST_OK;
    }
    if (out->transfer == SITE_TRANSFER_COOKIE && auth_token_cookies(k->transport, AUTH_ACCESS_TOKEN) > 1)
        return ST_OK;
    if (result.state != ACCESS_TOKEN_GOOD || !is_of_the_sites_key(k->site, &out->token))
        return ST_OK;
    if (anti_csrf_is_wanted(k, rules, out) && !anti_csrf_is_good(k, rules, out))
        return ST_OK;
    enum st_err err = find_tenant(k, out->token.tenant_id, &out->tenant);
    *verdict = err == ST_NOT_FOUND ? AUTH_UNAUTHORISED : AUTH_GOOD;
    if (err)
        return err == ST_NOT_FOUND ? ST_OK : err;
    if (!rules->check_database && (rules->stateless || !out->token.parent_refresh_token_hash1.p))
        return ST_OK;
    return ask_database(k, rules, out, verdict);
}

/* ---- for routes ---- */

enum st_err auth_unauthorised(struct auth_call *k, bool clear)
{
    if (clear)
        auth_tokens_clear(k->transport, SITE_TRANSFER_ANY);
    return auth_answer_message(k, k->site->session.expired_status, STR("unauthorised"));
}

enum st_err auth_try_refresh(struct auth_call *k)
{
    return auth_answer_message(k, k->site->session.expired_status, STR("try refresh token"));
}

static bool is_required(const struct auth_call *k, enum auth_session_need need)
{
    return need == AUTH_SESSION_REQUIRED ||
           (need == AUTH_SESSION_BY_LINKING_FLAG && k->linking == AUTH_LINKING_TRUE);
}

/* The policy of the path's tenant has been asked; the session may be of another one. */
static enum st_err use_session(struct auth_call *k, const struct auth_session *session,
                               enum auth_session_need need)
{
    if (!policy_allows(session->tenant->policy, k->x->rq.remote_addr))
        return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
    k->session = ARENA_NEW(k->c->arena, struct auth_session);
    *k->session = *session;
    if (need == AUTH_SESSION_BY_LINKING_FLAG) {
        k->tenant = session->tenant;
        k->c->tenant = k->tenant->id.tenant;
    }
    return ST_OK;
}

enum st_err auth_session_load(struct auth_call *k, enum auth_session_need need)
{
    static const struct auth_session_rules rules = {.stateless = false};
    struct auth_session session;
    enum auth_verdict verdict;
    k->session = NULL;
    if (need == AUTH_SESSION_IGNORED ||
        (need == AUTH_SESSION_BY_LINKING_FLAG && k->linking == AUTH_LINKING_FALSE))
        return ST_OK;
    ST_TRY(auth_session_judge(k, &rules, &verdict, &session));
    switch (verdict) {
    case AUTH_GOOD:
        return use_session(k, &session, need);
    case AUTH_NO_TOKEN:
        return is_required(k, need) ? auth_unauthorised(k, false) : ST_OK;
    case AUTH_TRY_REFRESH:
        return auth_try_refresh(k);
    case AUTH_UNAUTHORISED:
        break;
    }
    return auth_unauthorised(k, true);
}
