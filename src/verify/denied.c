/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client gets for a request that the verify door refused (spec: fdi-session 9).
 */
#include "auth/transport.h"
#include "base/log.h"
#include "http/cookies.h"
#include "http/percent.h"
#include "verify/judge.h"
#include "verify/no_access.h"
#include "verify/verify.h"

/* Does a browser open a page with this request? */
static bool is_navigation(const struct http_request *rq)
{
    struct str mode = http_param(rq, "HTTP_SEC_FETCH_MODE"), accept = http_param(rq, "HTTP_ACCEPT");
    if (rq->method != HTTP_GET && rq->method != HTTP_HEAD)
        return false;
    if (mode.p)
        return str_is(mode, STR("navigate"));
    while (accept.p) {
        struct str type = str_split(&accept, ',');
        if (str_is_ci(str_trim(str_head(type, str_find(type, ';'))), STR("text/html")))
            return true;
    }
    return false;
}

/* The login pages themselves, were they protected by mistake, would be redirected to themselves. */
static bool is_login_page(const struct auth_call *k)
{
    struct str base = k->site->website_base_path, path = k->x->rq.uri;
    return base.n && str_starts(path, base) &&
           (path.n == base.n || path.p[base.n] == '/' || path.p[base.n] == '?');
}

/* nginx holds the headers of an answer in 32 KiB (nginx/supertokens-fcgi.conf), and an address becomes three
 * times as long. */
enum { WAY_BACK_BYTES = 4096 };

/* The address that was asked for, as a path that no browser takes for one of another host: "//host/" is. */
static struct str way_back(struct arena *a, struct str uri)
{
    size_t i = 0;
    while (i < uri.n && (uri.p[i] == '/' || uri.p[i] == '\\'))
        i++;
    return ARENA_CONCAT(a, STR("/"), str_from(uri, i));
}

/* The address of PAGE below websiteBasePath, with the way back here; from a very long address without it.
 * MARK stands before the parameter: '?', or '&' where PAGE has one already. */
static struct str page_url(struct auth_call *k, const char *page, char mark)
{
    struct arena *a = k->c->arena;
    struct str back = way_back(a, k->x->rq.uri), query = STR("");
    if (back.n <= WAY_BACK_BYTES)
        query = arena_printf(a, "%credirectToPath=%.*s", mark, STR_ARG(percent_encode(a, back)));
    return ARENA_CONCAT(a, k->site->website_domain, k->site->website_base_path, str_of(page), query);
}

static enum st_err redirect(struct auth_call *k, const char *page)
{
    struct http_response *rs = &k->x->rs;
    rs->status = 302;
    rs->body = STR("");
    http_add_header(rs, "Location", page_url(k, page, '?'));
    http_add_header(rs, "Cache-Control", STR("no-store"));
    return ST_ANSWERED;
}

/* Front ends leave this cookie at the website: there is a session, though its access token did not come. */
static bool front_end_has_session(struct auth_call *k)
{
    return http_cookie(k->c, &k->x->rq, STR("sFrontToken")).n > 0;
}

static enum st_err answer_page(struct auth_call *k, const struct judgement *j)
{
    bool may_refresh = j->verdict != JUDGED_NO_SESSION || front_end_has_session(k);
    return redirect(k, may_refresh ? "/try-refresh" : "/");
}

/* An address can be verified, and the page for it knows what the database says: the claim in the token may be
 * older. Nothing else that is missing can be had by who asks. */
static enum st_err answer_claims_page(struct auth_call *k, const struct judgement *j)
{
    if (j->email_unverified && site_has(k->site, SITE_EMAILVERIFICATION) && !is_login_page(k))
        return redirect(k, "/verify-email");
    no_access_answer(k, page_url(k, "/?show=account", '&'));
    return ST_ANSWERED;
}

static enum st_err answer_claims(struct auth_call *k, const struct judgement *j)
{
    struct json_out out = json_out(k->c->arena);
    json_open(&out, NULL, '{');
    json_add_str(&out, "message", STR("invalid claim"));
    json_add_raw(&out, "claimValidationErrors", j->errors);
    auth_answer_json(k->x, k->site->session.invalid_claim_status, &out);
    return ST_ANSWERED;
}

/* Nothing to be denied by: nginx refuses the file, or the service could not say a moment ago. */
static enum st_err answer_other_reason(struct auth_call *k)
{
    if (str_is(http_param(&k->x->rq, "ST_ERROR"), STR("503")))
        return ctx_fail(k->c, ST_UNAVAILABLE, "Service unavailable");
    return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
}

enum st_err denied_begin(struct service *s, struct exchange *x)
{
    struct auth_call *k;
    struct judgement judgement;
    ST_TRY(auth_call_new(s, x, &k));
    ST_TRY(judge(k, &judgement));
    if (judgement.verdict == JUDGED_GOOD || judgement.verdict == JUDGED_PREFLIGHT_PASSES)
        return answer_other_reason(k);
    if (judgement.verdict == JUDGED_PREFLIGHT) { /* whose headers are nginx's (nginx/cors.conf) */
        x->rs.status = 204;
        return ST_OK;
    }
    if (judgement.verdict == JUDGED_INVALID_CLAIMS)
        return is_navigation(&x->rq) ? answer_claims_page(k, &judgement) : answer_claims(k, &judgement);
    if (is_navigation(&x->rq) && !is_login_page(k))
        return answer_page(k, &judgement);
    if (judgement.verdict == JUDGED_TRY_REFRESH)
        return auth_try_refresh(k);
    return auth_unauthorised(k, judgement.verdict == JUDGED_UNAUTHORISED);
}

void denied_finish(struct exchange *x, enum st_err err)
{
    struct auth_call *k = x->door;
    if (err)
        auth_answer_error(x, err);
    else if (k && k->transport)
        auth_transport_finish(k->transport);
}
