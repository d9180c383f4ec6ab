/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/judge.h"

#include "base/clock.h"
#include "base/log.h"
#include "emailverification/emailverification_fdi.h"
#include "policy/policy.h"
#include "verify/require.h"

static enum st_err read_requirements(struct auth_call *k, struct requirements *out)
{
    struct str wrong;
    if (requirements_read(k->c->arena, http_param(&k->x->rq, "ST_REQUIRE"), out, &wrong)) {
        if (k->site->email_verification_required)
            requirements_add_verified_email(out);
        return ST_OK;
    }
    LOG_ERROR(k->c, "nobody passes a location of site %.*s: ST_REQUIRE holds \"%.*s\"",
              STR_ARG(k->site->name), STR_ARG(str_head(wrong, 100)));
    return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
}

static enum judgement_verdict verdict_of(enum auth_verdict v)
{
    switch (v) {
    case AUTH_GOOD:
        return JUDGED_GOOD;
    case AUTH_NO_TOKEN:
        return JUDGED_NO_SESSION;
    case AUTH_TRY_REFRESH:
        return JUDGED_TRY_REFRESH;
    case AUTH_UNAUTHORISED:
        break;
    }
    return JUDGED_UNAUTHORISED;
}

static void check_claims(struct auth_call *k, const struct requirements *r, struct judgement *out)
{
    struct json_out j = json_out(k->c->arena);
    json_open(&j, NULL, '[');
    struct claims_failed failed = requirements_check(r, out->claims, &j);
    if (failed.n)
        out->verdict = JUDGED_INVALID_CLAIMS;
    out->email_unverified = failed.email;
    json_close(&j, ']');
    out->errors = json_done(&j);
}

/* When an SDK asks again whether the address is verified (spec: fdi-session 8.2): it is not known, or it was
 * not so more than 10 s ago. */
static bool is_to_be_refetched(json_object *claims)
{
    enum { REFETCH_MS = 10 * 1000 };
    json_object *claim = NULL, *value = NULL, *time = NULL;
    json_object_object_get_ex(claims, "st-ev", &claim);
    if (!json_object_object_get_ex(claim, "v", &value) || !value)
        return true;
    json_object_object_get_ex(claim, "t", &time);
    return json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value) &&
           json_object_get_int64(time) < clock_now_ms() - REFETCH_MS;
}

/* An SDK would give the client a new token there and then. The answer to auth_request cannot, so the client
 * is sent to refresh, which brings one. Only who would be refused costs a query. */
static enum st_err refetch_verified_email(struct auth_call *k, struct judgement *out)
{
    bool verified = false;
    if (site_has(k->site, SITE_EMAILVERIFICATION) && is_to_be_refetched(out->claims))
        ST_TRY(emailverification_refetch(k, &out->session, &verified));
    if (verified)
        out->verdict = JUDGED_TRY_REFRESH;
    return ST_OK;
}

/* Whether a page of another origin may send a request, browsers ask beforehand and without cookies (Fetch
 * standard, CORS-preflight). Anybody else can send the same, and many applications answer OPTIONS like GET:
 * only where the location says so do they get it. */
static bool is_preflight(const struct http_request *rq)
{
    return rq->method == HTTP_OPTIONS && http_param(rq, "HTTP_ORIGIN").n > 0 &&
           http_param(rq, "HTTP_ACCESS_CONTROL_REQUEST_METHOD").n > 0;
}

enum st_err judge(struct auth_call *k, struct judgement *out)
{
    struct requirements required;
    enum auth_verdict verdict;
    *out = (struct judgement){.claims = NULL};
    ST_TRY(read_requirements(k, &required));
    if (is_preflight(&k->x->rq)) {
        out->verdict = required.preflight ? JUDGED_PREFLIGHT_PASSES : JUDGED_PREFLIGHT;
        return ST_OK;
    }
    struct auth_session_rules rules = {
        .anti_csrf_always = required.anti_csrf, .check_database = required.check_database, .stateless = true};
    out->from_database = required.check_database;
    ST_TRY(auth_session_judge(k, &rules, &verdict, &out->session));
    out->verdict = verdict_of(verdict);
    if (verdict != AUTH_GOOD)
        return ST_OK;
    if (!policy_allows(out->session.tenant->policy, k->x->rq.remote_addr))
        return ctx_fail(k->c, ST_FORBIDDEN, "Forbidden");
    if (required.nclaims || site_has(k->site, SITE_USERROLES) || site_has(k->site, SITE_EMAILVERIFICATION))
        out->claims = json_parse(k->c->arena, out->session.token.user_data);
    if (required.nclaims)
        check_claims(k, &required, out);
    return out->email_unverified ? refetch_verified_email(k, out) : ST_OK;
}
