/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/flow.h"

#include <stdio.h>

#include "base/log.h"
#include "json/json.h"

enum {
    DISCOVERY_MAX_AGE_MS = 60 * 60 * 1000,
    STALE_MAX_AGE_MS = 24 * 60 * 60 * 1000, /* of what is used while its server fails */
    ASK_INTERVAL_MS = 10 * 1000,            /* others use what there is while one request asks */
};

enum flow_next flow_fail(struct flow *f, enum flow_failure failure, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->why, sizeof f->why, format, args);
    va_end(args);
    f->failure = failure;
    return FLOW_FAILED;
}

enum flow_next flow_call_failed(struct flow *f, const char *what)
{
    switch (f->call.result) {
    case HTTP_CALL_DONE:
        return flow_fail(f, f->call.status >= 500 ? FLOW_UNREACHABLE : FLOW_BAD_ANSWER,
                         "%s: answered with status %d", what, f->call.status);
    case HTTP_CALL_TIMED_OUT:
        return flow_fail(f, FLOW_TIMED_OUT, "%s: %s", what, f->call.error);
    case HTTP_CALL_TOO_LARGE:
        return flow_fail(f, FLOW_BAD_ANSWER, "%s: %s", what, f->call.error);
    case HTTP_CALL_REFUSED:
        return flow_fail(f, FLOW_MISCONFIGURED, "%s: %s", what, f->call.error);
    case HTTP_CALL_FAILED:
        break;
    }
    return flow_fail(f, FLOW_UNREACHABLE, "%s: %s", what, f->call.error);
}

/* ---- documents ---- */

static bool is_success(const struct http_call *call)
{
    return call->result == HTTP_CALL_DONE && call->status >= 200 && call->status < 300;
}

/* Uses TEXT as the document. False: it is none. */
static bool use_document(struct flow *f, struct str text)
{
    f->document = text.p ? json_parse(f->c->arena, text) : NULL;
    return f->document && f->wanted->is_good(f->document);
}

static enum flow_next got_document(struct flow *f)
{
    const char *name = f->wanted->name;
    int64_t age = 0;
    if (is_success(&f->call) && use_document(f, f->call.answer)) {
        documents_put(f->documents, f->document_url, f->call.answer);
        return f->wanted->then(f);
    }
    enum flow_next failed = is_success(&f->call) ? flow_fail(f, FLOW_BAD_ANSWER, "%s: it is none", name)
                                                 : flow_call_failed(f, name);
    struct str old = documents_get(f->documents, f->c->arena, f->document_url, &age);
    if (!old.p || age > STALE_MAX_AGE_MS || !use_document(f, old))
        return failed;
    LOG_WARN(f->c, "provider %.*s: what was read %lld s ago is used: %s", STR_ARG(f->provider->id),
             (long long)(age / 1000), f->why);
    return f->wanted->then(f);
}

enum flow_next flow_renew_document(struct flow *f)
{
    f->call = (struct http_call){.method = HTTP_GET, .url = f->document_url, .answer_max = DOCUMENT_MAX};
    f->call.headers[f->call.nheaders++] = (struct http_header){STR("Accept"), STR("application/json")};
    f->step = got_document;
    return FLOW_CALL;
}

enum flow_next flow_need_document(struct flow *f, struct str url, const struct flow_document *wanted)
{
    int64_t age = 0;
    f->document_url = url;
    f->wanted = wanted;
    struct str text = documents_get(f->documents, f->c->arena, url, &age);
    bool fresh = text.p && age <= wanted->max_age_ms;
    if (!fresh && text.p && age <= STALE_MAX_AGE_MS)
        fresh = !documents_claim(f->documents, url, ASK_INTERVAL_MS);
    return fresh && use_document(f, text) ? wanted->then(f) : flow_renew_document(f);
}

/* ---- the way ---- */

static enum flow_next with_endpoints(struct flow *f)
{
    if (f->goal == FLOW_ENDPOINTS)
        return FLOW_DONE;
    return f->tokens_of_client ? flow_check_id_token(f) : flow_get_tokens(f);
}

static enum flow_next discovered(struct flow *f)
{
    const char *why;
    if (!provider_discovered(f->c->arena, f->provider, f->document, &why))
        return flow_fail(f, FLOW_MISCONFIGURED, "%s", why);
    return with_endpoints(f);
}

static const struct flow_document openid_configuration = {"OpenID configuration", provider_is_discovery,
                                                          DISCOVERY_MAX_AGE_MS, discovered};

static enum flow_next begin(struct flow *f)
{
    struct provider *p = f->provider;
    if (p->kind->is_saml)
        return flow_fail(f, FLOW_MISCONFIGURED, "SAML providers cannot be used here");
    if (!p->client_id.n)
        return flow_fail(f, FLOW_MISCONFIGURED, "its client has no clientId");
    if (!p->discovery.p)
        return with_endpoints(f);
    return flow_need_document(f, p->discovery, &openid_configuration);
}

void flow_start(struct flow *f)
{
    f->step = begin;
}

enum flow_next flow_step(struct flow *f)
{
    return f->step(f);
}
