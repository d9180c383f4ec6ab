/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions at the auth door: refresh and signout (spec: fdi-session 6).
 */
#include "auth/route.h"
#include "auth/transport.h"
#include "runtime/runtime.h"
#include "session/session.h"

#define DUPLICATE_COOKIES                                                                                    \
    "The request contains multiple session cookies. We are clearing the cookie from olderCookieDomain. "     \
    "Session will be refreshed in the next refresh call."

/* A browser that has cookies of two domains sends both, and nothing tells them apart: those of the older
 * domain are expired. */
static enum st_err clear_duplicate_cookies(struct auth_call *k)
{
    static const enum auth_token_kind kinds[] = {AUTH_ACCESS_TOKEN, AUTH_REFRESH_TOKEN};
    const struct site_session *rules = &k->site->session;
    bool cleared = false;
    for (size_t i = 0; rules->transfer != SITE_TRANSFER_HEADER && i < 2; i++) {
        if (auth_token_cookies(k->transport, kinds[i]) < 2)
            continue;
        if (!rules->older_cookie_domain.p)
            return ctx_fail(k->c, ST_INTERNAL,
                            "the request contains several session cookies; if cookieDomain of site %.*s was "
                            "changed, set olderCookieDomain to its old value",
                            STR_ARG(k->site->name));
        auth_cookie_expire(k->transport, kinds[i], &rules->older_cookie_domain);
        cleared = true;
    }
    return cleared ? auth_answer_message(k, 200, STR(DUPLICATE_COOKIES)) : ST_OK;
}

struct presented {
    struct str token, cookie, header;
    enum site_transfer by;
};

/* The header's goes before the cookie's. TOKEN is absent when there is none. */
static void find_refresh_token(struct auth_call *k, struct presented *out)
{
    enum site_transfer allowed = k->site->session.transfer;
    *out = (struct presented){
        .cookie = auth_token_given(k->transport, AUTH_REFRESH_TOKEN, SITE_TRANSFER_COOKIE),
        .header = auth_token_given(k->transport, AUTH_REFRESH_TOKEN, SITE_TRANSFER_HEADER),
    };
    if (allowed != SITE_TRANSFER_COOKIE && out->header.p) {
        out->token = out->header;
        out->by = SITE_TRANSFER_HEADER;
    } else if (allowed != SITE_TRANSFER_HEADER && out->cookie.n) {
        out->token = out->cookie;
        out->by = SITE_TRANSFER_COOKIE;
    }
}

/* The cookie of SDKs that are long gone. */
static void expire_legacy_cookie(struct auth_call *k)
{
    if (auth_token_cookies(k->transport, AUTH_ID_REFRESH_TOKEN))
        auth_cookie_expire(k->transport, AUTH_ID_REFRESH_TOKEN, NULL);
}

static enum st_err unauthorised(struct auth_call *k)
{
    expire_legacy_cookie(k);
    return auth_unauthorised(k, true);
}

static enum st_err answer_theft(struct auth_call *k, const struct session *stolen)
{
    const struct tenant *tenant;
    ST_TRY(session_tenant(k->c, service_tenancy(k->service), k->app, stolen->tenant_id, &tenant));
    ST_TRY(session_remove(k->c, tenant, stolen->handle));
    expire_legacy_cookie(k);
    auth_tokens_clear(k->transport, SITE_TRANSFER_ANY);
    return auth_answer_message(k, k->site->session.expired_status, STR("token theft detected"));
}

static void answer_tokens(struct auth_call *k, const struct presented *p, const struct session_tokens *t)
{
    if (p->by == SITE_TRANSFER_HEADER && p->cookie.p)
        auth_tokens_clear(k->transport, SITE_TRANSFER_COOKIE);
    if (p->by == SITE_TRANSFER_COOKIE && p->header.p)
        auth_tokens_clear(k->transport, SITE_TRANSFER_HEADER);
    auth_session_attach(k, p->by, t->session.user_id, &t->access, &t->refresh, t->anti_csrf);
    expire_legacy_cookie(k);
}

static enum st_err refresh_with(struct auth_call *k, const struct presented *p)
{
    const struct site_session *rules = &k->site->session;
    struct session_refresh in = {
        .refresh_token = p->token,
        .anti_csrf_token = auth_anti_csrf_given(k->transport),
        .anti_csrf = p->by == SITE_TRANSFER_COOKIE && rules->anti_csrf == SITE_ANTI_CSRF_TOKEN,
        .key = rules->dynamic_key ? SESSION_KEY_DYNAMIC : SESSION_KEY_STATIC,
        .access_token_version = AUTH_ACCESS_TOKEN_VERSION,
        .remote_addr = &k->x->rq.remote_addr,
    };
    struct session_tokens tokens;
    struct session_outcome outcome;
    enum st_err err = session_refresh(k->c, service_tenancy(k->service), k->app, &in, &tokens, &outcome);
    if (err == ST_BAD_REQUEST) /* the session's tenant has been removed */
        return unauthorised(k);
    ST_TRY(err);
    if (outcome.status == SESSION_THEFT)
        return answer_theft(k, &tokens.session);
    if (outcome.status != SESSION_OK)
        return unauthorised(k);
    answer_tokens(k, p, &tokens);
    return ST_OK;
}

static enum st_err post_session_refresh(struct auth_call *k)
{
    struct presented presented;
    ST_TRY(clear_duplicate_cookies(k));
    find_refresh_token(k, &presented);
    bool custom_header = k->site->session.anti_csrf == SITE_ANTI_CSRF_CUSTOM_HEADER;
    if (!presented.token.p ||
        (custom_header && presented.by == SITE_TRANSFER_COOKIE && !auth_rid_given(k->transport)))
        return unauthorised(k);
    return refresh_with(k, &presented);
}

static enum st_err post_signout(struct auth_call *k)
{
    const struct auth_session *s = k->session;
    ST_TRY(session_remove(k->c, s->tenant, s->token.session_handle));
    auth_tokens_clear(k->transport, s->transfer);
    auth_status(k, "OK");
    return ST_OK;
}

const struct auth_route session_fdi_routes[] = {
    {.path = "/session/refresh",
     .method = HTTP_POST,
     .recipe = SITE_SESSION,
     .handler = post_session_refresh,
     .help = "Exchanges the refresh token for new tokens."},
    {.path = "/signout",
     .method = HTTP_POST,
     .recipe = SITE_SESSION,
     .session = AUTH_SESSION_REQUIRED,
     .handler = post_signout,
     .help = "Ends the session.",
     .statuses = "OK"},
    {.path = NULL},
};
