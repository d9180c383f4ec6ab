/* SPDX-License-Identifier: Apache-2.0
 *
 * The third-party recipe at the auth door (spec: fdi-recipes 3). What a provider has to be asked is the
 * flow's business (thirdparty/flow.h); here the handlers wait for it and answer.
 */
#include "auth/factors.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "emailverification/emailverification.h"
#include "http/text.h"
#include "runtime/runtime.h"
#include "thirdparty/flow.h"
#include "thirdparty/providers_fdi.h"
#include "thirdparty/thirdparty.h"

/* ---- failures of providers ---- */

/* What each is on the wire and in the log. */
static const struct failure_answer {
    int status;
    enum log_level level;
    const char *text;
} failure_answers[] = {
    [FLOW_NOT_ACCEPTED] = {400, LOG_INFO_LEVEL,
                           "The provider does not accept the code, or the tokens are not valid"},
    [FLOW_UNREACHABLE] = {502, LOG_WARN_LEVEL, "The provider cannot be reached at the moment"},
    [FLOW_TIMED_OUT] = {504, LOG_WARN_LEVEL, "The provider does not answer in time"},
    [FLOW_BAD_ANSWER] = {502, LOG_WARN_LEVEL, "The provider gives an answer that cannot be used"},
    [FLOW_MISCONFIGURED] = {500, LOG_ERROR_LEVEL, "The provider is not configured correctly"},
};

static enum st_err answer_failure(struct auth_call *k, enum flow_failure failure, struct str provider,
                                  struct str why)
{
    const struct failure_answer *a = &failure_answers[failure];
    LOG_AT(a->level, k->c, "site %.*s, provider %.*s: %.*s", STR_ARG(k->site->name), STR_ARG(provider),
           STR_ARG(why));
    return auth_answer_message(k, a->status, str_of(a->text));
}

/* ---- which provider ---- */

/* *OUT for the client; ST_BAD_REQUEST when the tenant has no such provider, ST_ANSWERED when it has no such
 * client. */
static enum st_err find_provider(struct auth_call *k, struct str id, struct str client_type,
                                 struct provider **out)
{
    struct provider_configs all;
    struct str why;
    ST_TRY(providers_of_call(k, &all));
    const struct provider_config *config = provider_config_find(&all, id);
    if (!config)
        return ctx_fail(k->c, ST_BAD_REQUEST, "the provider %.*s could not be found in the configuration",
                        STR_ARG(id));
    *out = provider_for_client(k->c->arena, config, client_type, &why);
    return *out ? ST_OK : answer_failure(k, FLOW_MISCONFIGURED, id, why);
}

/* A call that asks a provider: its state. */
struct asking {
    struct flow flow;
    enum st_err (*then)(struct auth_call *k);
};

static enum st_err resume(struct exchange *x);

static enum st_err go_on(struct auth_call *k)
{
    struct asking *s = k->state;
    switch (flow_step(&s->flow)) {
    case FLOW_CALL:
        return exchange_await_call(k->x, &s->flow.call, resume);
    case FLOW_FAILED:
        return answer_failure(k, s->flow.failure, s->flow.provider->id, str_of(s->flow.why));
    case FLOW_DONE:
        break;
    }
    return s->then(k);
}

static enum st_err resume(struct exchange *x)
{
    return go_on(x->door);
}

static struct asking *new_asking(struct auth_call *k, struct provider *p, enum flow_goal goal,
                                 enum st_err (*then)(struct auth_call *k))
{
    struct asking *s = ARENA_NEW(k->c->arena, struct asking);
    s->flow.c = k->c;
    s->flow.documents = service_documents(k->service);
    s->flow.provider = p;
    s->flow.goal = goal;
    s->then = then;
    k->state = s;
    flow_start(&s->flow);
    return s;
}

/* ---- GET /authorisationurl ---- */

struct url_in {
    struct str thirdPartyId, redirectURIOnProviderDashboard, clientType;
};

static const struct auth_field url_fields[] = {
    {.name = "thirdPartyId",
     .type = AUTH_QUERY_STRING,
     .offset = offsetof(struct url_in, thirdPartyId),
     .missing = "Please provide the thirdPartyId as a GET param"},
    {.name = "redirectURIOnProviderDashboard",
     .type = AUTH_QUERY_STRING,
     .offset = offsetof(struct url_in, redirectURIOnProviderDashboard),
     .missing = "Please provide the redirectURIOnProviderDashboard as a GET param"},
    {.name = "clientType", .type = AUTH_QUERY_STRING, .offset = offsetof(struct url_in, clientType)},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

static enum st_err answer_url(struct auth_call *k)
{
    const struct url_in *in = k->in;
    const struct asking *s = k->state;
    struct str url, verifier;
    const char *why;
    if (!provider_authorization_url(k->c->arena, s->flow.provider, in->redirectURIOnProviderDashboard, &url,
                                    &verifier, &why))
        return answer_failure(k, FLOW_MISCONFIGURED, s->flow.provider->id, str_of(why));
    auth_status(k, "OK");
    json_add_str(&k->out, "urlWithQueryParams", url);
    json_add_str_if(&k->out, "pkceCodeVerifier", verifier);
    http_add_header(&k->x->rs, "Cache-Control", STR("no-store"));
    return ST_OK;
}

static enum st_err get_authorisation_url(struct auth_call *k)
{
    const struct url_in *in = k->in;
    struct provider *p = NULL;
    ST_TRY(find_provider(k, in->thirdPartyId, in->clientType, &p));
    (void)new_asking(k, p, FLOW_ENDPOINTS, answer_url);
    return go_on(k);
}

/* ---- POST /signinup ---- */

struct signinup_in {
    struct str thirdPartyId, clientType;
    json_object *redirectURIInfo, *oAuthTokens;
};

static const struct auth_field signinup_fields[] = {
    {.name = "thirdPartyId",
     .type = AUTH_STRING,
     .offset = offsetof(struct signinup_in, thirdPartyId),
     .missing = "Please provide the thirdPartyId in request body",
     .wrong = "Please provide the thirdPartyId in request body"},
    {.name = "clientType", .type = AUTH_STRING, .offset = offsetof(struct signinup_in, clientType)},
    {.name = "redirectURIInfo", .type = AUTH_ANY, .offset = offsetof(struct signinup_in, redirectURIInfo)},
    {.name = "oAuthTokens", .type = AUTH_ANY, .offset = offsetof(struct signinup_in, oAuthTokens)},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

static struct str text_of(json_object *object, const char *name)
{
    bool is_object = json_object_is_type(object, json_type_object);
    struct str text = is_object ? json_str(json_object_object_get(object, name)) : STR_NONE;
    return text.n && str_find(text, 0) == text.n ? text : STR_NONE;
}

static enum st_err check_input(struct auth_call *k, const struct signinup_in *in)
{
    if (in->redirectURIInfo)
        return text_of(in->redirectURIInfo, "redirectURIOnProviderDashboard").p
                   ? ST_OK
                   : ctx_fail(k->c, ST_BAD_REQUEST,
                              "Please provide the redirectURIOnProviderDashboard in request body");
    if (json_object_is_type(in->oAuthTokens, json_type_object))
        return ST_OK;
    return ctx_fail(k->c, ST_BAD_REQUEST,
                    "Please provide one of redirectURIInfo or oAuthTokens in the request body");
}

/* The provider has sent the browser back with an error (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) in
 * the place of a code; those that are not listed are the user's or the provider's decision. */
static const struct {
    const char *error;
    enum flow_failure failure;
} redirect_errors[] = {
    {"server_error", FLOW_UNREACHABLE},
    {"temporarily_unavailable", FLOW_UNREACHABLE},
    {"invalid_request", FLOW_MISCONFIGURED},
    {"unauthorized_client", FLOW_MISCONFIGURED},
    {"invalid_scope", FLOW_MISCONFIGURED},
    {"unsupported_response_type", FLOW_MISCONFIGURED},
    {"redirect_uri_mismatch", FLOW_MISCONFIGURED},
    {"invalid_client", FLOW_MISCONFIGURED},
};

static enum st_err answer_no_code(struct auth_call *k, const struct provider *p, struct str error)
{
    if (!error.p)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Please provide the code in redirectURIQueryParams");
    for (size_t i = 0; i < sizeof redirect_errors / sizeof redirect_errors[0]; i++)
        if (str_is_c(error, redirect_errors[i].error))
            return answer_failure(
                k, redirect_errors[i].failure, p->id,
                arena_printf(k->c->arena, "the browser came back with error %s", redirect_errors[i].error));
    LOG_INFO(k->c, "site %.*s, provider %.*s: denied at the provider", STR_ARG(k->site->name),
             STR_ARG(p->id));
    auth_status(k, "GENERAL_ERROR");
    json_add_str(&k->out, "message", STR("Access was denied at the provider"));
    return ST_OK;
}

static enum st_err answer_signed_in(struct auth_call *k, const struct thirdparty_signinup *done)
{
    ST_TRY(auth_post_auth(k, done->user, done->method));
    auth_status(k, "OK");
    auth_write_user(k, done->user);
    auth_write_created(k, done->created);
    return ST_OK;
}

static size_t event_calls(struct ctx *c, void *arg, const struct thirdparty_signinup *outcome,
                          struct db_call *calls)
{
    const struct auth_call *k = arg;
    _Static_assert((int)DELIVER_EVENT_CALLS <= (int)THIRDPARTY_MORE_CALLS, "events fit");
    struct event e = {
        .kind = outcome->created ? SITE_EVENT_SIGN_UP : SITE_EVENT_SIGN_IN,
        .user_id = user_public_id(outcome->user),
        .recipe_user_id = method_public_id(outcome->method),
        .recipe_id = STR("thirdparty"),
        .email = outcome->method->email,
        .third_party_id = outcome->method->third_party_id,
        .third_party_user_id = outcome->method->third_party_user_id,
    };
    if (k->site->nwebhooks)
        e.raw_user_info = flow_raw_user_info(&((const struct asking *)k->state)->flow);
    return deliver_event_calls(c, k->site, k->tenant, &e, calls);
}

/* The login method of that identity, NULL when U has none. */
static const struct login_method *method_of(const struct user *u, const struct thirdparty_signinup_in *in)
{
    for (size_t i = 0; u && i < u->nmethods; i++) {
        const struct login_method *m = &u->methods[i];
        if (str_is(m->recipe_id, STR("thirdparty")) && str_is(m->third_party_id, in->third_party_id) &&
            str_is(m->third_party_user_id, in->third_party_user_id))
            return m;
    }
    return NULL;
}

/* When the tenant has nobody of the identity, the session's user may have it on other tenants
 * (auth_session_user). */
static enum st_err share_identity(struct auth_call *k, const struct thirdparty_signinup_in *in)
{
    struct user_query q = {.app = k->tenant->id.app,
                           .tenant = k->tenant->id.tenant,
                           .third_party_id = in->third_party_id,
                           .third_party_user_id = in->third_party_user_id};
    const struct user *owner;
    struct users found;
    bool done;
    ST_TRY(users_find(k->c, k->tenant->db, &q, &found));
    if (thirdparty_candidate(&found, q.tenant, q.third_party_id, q.third_party_user_id).method)
        return ST_OK;
    ST_TRY(auth_session_user(k, &owner));
    const struct login_method *m = method_of(owner, in);
    return m ? auth_share_method(k, m, &done) : ST_OK; /* not done: the sign-up finds what is in the way */
}

static enum st_err sign_in_up(struct auth_call *k)
{
    const struct asking *s = k->state;
    const struct provider *p = s->flow.provider;
    struct identity who = s->flow.identity;
    struct thirdparty_signinup done;
    if (!who.email.p && !p->email_required) {
        who.email = identity_fake_email(k->c->arena, p, who.user_id);
        who.verified = true;
    }
    if (!who.email.p) {
        auth_status(k, "NO_EMAIL_GIVEN_BY_PROVIDER");
        return ST_OK;
    }
    ST_TRY(auth_pre_auth(k, "thirdparty"));
    struct thirdparty_signinup_in in = {
        .third_party_id = p->id,
        .third_party_user_id = who.user_id,
        .email = email_normalise(k->c->arena, who.email),
        .verified = who.verified,
        .more = event_calls,
        .more_arg = k,
    };
    if (k->session)
        ST_TRY(share_identity(k, &in));
    ST_TRY(thirdparty_signinup(k->c, k->tenant, &in, &done));
    if (done.result == THIRDPARTY_EMAIL_CHANGE_NOT_ALLOWED) {
        auth_refuse(k, "SIGN_IN_UP_NOT_ALLOWED",
                    "Cannot sign in / up because new email cannot be applied to existing account. Please "
                    "contact support. (ERR_CODE_005)");
        return ST_OK;
    }
    if (site_has(k->site, SITE_EMAILVERIFICATION))
        ST_TRY(emailverification_mark_linked(k->c, k->tenant, &done.user, &done.method));
    return answer_signed_in(k, &done);
}

/* Apple's, as text or as it is. What cannot be read keeps nobody out. */
static json_object *apple_user(struct auth_call *k, json_object *from)
{
    enum { USER_MAX = 4096 };
    json_object *user =
        json_object_is_type(from, json_type_object) ? json_object_object_get(from, "user") : NULL;
    struct str text = user ? json_str(user) : STR_NONE;
    if (text.p)
        user = text.n <= USER_MAX ? json_parse(k->c->arena, text) : NULL;
    bool good = json_object_is_type(user, json_type_object) && json_text(k->c->arena, user).n <= USER_MAX;
    return good ? user : NULL;
}

static enum st_err post_signinup(struct auth_call *k)
{
    const struct signinup_in *in = k->in;
    struct provider *p = NULL;
    ST_TRY(check_input(k, in));
    ST_TRY(find_provider(k, in->thirdPartyId, in->clientType, &p));
    ST_TRY(auth_session_load(k, AUTH_SESSION_BY_LINKING_FLAG));
    struct flow *f = &new_asking(k, p, FLOW_IDENTITY, sign_in_up)->flow;
    if (!in->redirectURIInfo) {
        f->tokens_of_client = true;
        f->access_token = text_of(in->oAuthTokens, "access_token");
        f->id_token = text_of(in->oAuthTokens, "id_token");
        f->apple_user = apple_user(k, in->oAuthTokens);
        return go_on(k);
    }
    json_object *query = json_object_object_get(in->redirectURIInfo, "redirectURIQueryParams");
    f->redirect_uri = text_of(in->redirectURIInfo, "redirectURIOnProviderDashboard");
    f->verifier = text_of(in->redirectURIInfo, "pkceCodeVerifier");
    f->code = text_of(query, "code");
    f->apple_user = apple_user(k, query);
    return f->code.p ? go_on(k) : answer_no_code(k, p, text_of(query, "error"));
}

const struct auth_route thirdparty_fdi_routes[] = {
    {.path = "/authorisationurl",
     .method = HTTP_GET,
     .recipe = SITE_THIRDPARTY,
     .fields = url_fields,
     .in_size = sizeof(struct url_in),
     .handler = get_authorisation_url,
     .help = "The address at the provider where sign-in begins.",
     .statuses = "OK"},
    {.path = "/signinup",
     .method = HTTP_POST,
     .recipe = SITE_THIRDPARTY,
     .body = AUTH_JSON_BODY,
     .fields = signinup_fields,
     .in_size = sizeof(struct signinup_in),
     .handler = post_signinup,
     .help = "Ends the sign-in at a provider and creates a session.",
     .statuses = "OK NO_EMAIL_GIVEN_BY_PROVIDER SIGN_IN_UP_NOT_ALLOWED"},
    {.path = NULL},
};
