/* SPDX-License-Identifier: Apache-2.0
 *
 * The middle of a flow: the code is exchanged for tokens, and the id token is checked.
 */
#include "base/clock.h"
#include "crypto/base64.h"
#include "crypto/es256.h"
#include "crypto/jwk.h"
#include "json/json.h"
#include "thirdparty/flow.h"

enum {
    KEYS_MAX_AGE_MS = 10 * 60 * 1000,
    KEYS_ASK_INTERVAL_MS = 5 * 1000, /* for a key that the set does not have: tokens are cheap to make up */
    APPLE_SECRET_S = 180 * 24 * 60 * 60,
    TOKEN_MAX = 64 * 1024,
};

/* ---- the client's secret ---- */

/* Keys are often configured in one line, with "\n" for its ends. */
static struct str unescape_lines(struct arena *a, struct str text)
{
    struct buf b = buf_in(a);
    for (size_t i = 0; i < text.n; i++) {
        bool end = text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == 'n';
        buf_char(&b, end ? '\n' : text.p[i]);
        i += end;
    }
    return buf_str(&b);
}

static bool apple_secret(struct arena *a, const struct provider *p, struct str *out)
{
    struct str key_id = provider_additional(p, "keyId"), team_id = provider_additional(p, "teamId"),
               key = provider_additional(p, "privateKey");
    if (!key_id.p || !team_id.p || !key.p)
        return false;
    int64_t now = clock_now_ms() / 1000;
    struct json_out header = json_out(a), payload = json_out(a);
    json_open(&header, NULL, '{');
    json_add_str(&header, "alg", STR("ES256"));
    json_add_str(&header, "kid", key_id);
    json_add_str(&header, "typ", STR("JWT"));
    json_close(&header, '}');
    json_open(&payload, NULL, '{');
    json_add_str(&payload, "iss", team_id);
    json_add_i64(&payload, "iat", now);
    json_add_i64(&payload, "exp", now + APPLE_SECRET_S);
    json_add_str(&payload, "aud", STR("https://appleid.apple.com"));
    json_add_str(&payload, "sub", p->client_id);
    json_close(&payload, '}');
    return es256_sign(a, unescape_lines(a, key), json_done(&header), json_done(&payload), out);
}

/* False: it cannot be made. */
static bool find_secret(struct arena *a, const struct provider *p, struct str *secret)
{
    *secret = p->client_secret;
    return secret->p || !p->kind->made_secret || apple_secret(a, p, secret);
}

/* ---- code for tokens ---- */

/* Facebook's errors are objects with a number; of those of its token endpoint this one is of the code. */
static struct str numbered_error(json_object *error)
{
    enum { BAD_CODE = 100 };
    json_object *number = json_object_object_get(error, "code");
    bool of_code = json_object_is_type(number, json_type_int) && json_object_get_int64(number) == BAD_CODE;
    return of_code ? STR("invalid_grant") : STR("unknown");
}

/* The code of an error (RFC 6749 5.2), fit for the log. */
static struct str error_code(json_object *answer)
{
    json_object *error =
        json_object_is_type(answer, json_type_object) ? json_object_object_get(answer, "error") : NULL;
    if (json_object_is_type(error, json_type_object))
        return numbered_error(error);
    struct str code = json_str(error);
    for (size_t i = 0; i < code.n; i++)
        if (code.n > 64 || !((code.p[i] >= 'a' && code.p[i] <= 'z') || code.p[i] == '_'))
            return STR("unknown");
    return code.n ? code : STR_NONE;
}

/* LinkedIn and Twitter say invalid_request of a code that has been used. */
static enum flow_next tokens_refused(struct flow *f, struct str error)
{
    static const char *const of_the_code[] = {"invalid_grant", "bad_verification_code", "invalid_request"};
    for (size_t i = 0; i < sizeof of_the_code / sizeof of_the_code[0]; i++)
        if (str_is_c(error, of_the_code[i]))
            return flow_fail(f, FLOW_NOT_ACCEPTED, "token endpoint: %s", of_the_code[i]);
    return flow_fail(f, FLOW_MISCONFIGURED, "token endpoint: status %d, error %.*s", f->call.status,
                     STR_ARG(error));
}

static struct str token_of(json_object *answer, const char *name)
{
    struct str token = json_str(json_object_object_get(answer, name));
    return token.n && token.n <= TOKEN_MAX ? token : STR_NONE;
}

static enum flow_next got_tokens(struct flow *f)
{
    if (f->call.result != HTTP_CALL_DONE || f->call.status >= 500)
        return flow_call_failed(f, "token endpoint");
    json_object *answer = json_parse(f->c->arena, f->call.answer);
    struct str error = error_code(answer);
    if (f->call.status >= 400 || error.p) /* GitHub says so with status 200 */
        return tokens_refused(f, error.p ? error : STR("none"));
    if (f->call.status >= 300 || !json_object_is_type(answer, json_type_object))
        return flow_fail(f, FLOW_BAD_ANSWER, "token endpoint: status %d, no JSON object", f->call.status);
    f->access_token = token_of(answer, "access_token");
    f->id_token = token_of(answer, "id_token");
    if (!f->access_token.p && !f->id_token.p)
        return flow_fail(f, FLOW_BAD_ANSWER, "token endpoint: no token in the answer");
    return flow_check_id_token(f);
}

static void add_header(struct http_call *call, struct str name, struct str value)
{
    call->headers[call->nheaders++] = (struct http_header){name, value};
}

static struct str token_form(struct flow *f, struct str secret)
{
    struct params form = params_in(f->c->arena);
    const struct provider *p = f->provider;
    params_set(&form, STR("client_id"), p->client_id);
    params_set(&form, STR("redirect_uri"), f->redirect_uri);
    params_set(&form, STR("code"), f->code);
    params_set(&form, STR("grant_type"), STR("authorization_code"));
    if (secret.p && !p->kind->basic_secret)
        params_set(&form, STR("client_secret"), secret);
    if (f->verifier.p)
        params_set(&form, STR("code_verifier"), f->verifier);
    provider_params(&form, p->token_params);
    return params_text(&form);
}

enum flow_next flow_get_tokens(struct flow *f)
{
    struct arena *a = f->c->arena;
    const struct provider *p = f->provider;
    struct str secret;
    if (!p->token_endpoint.p)
        return flow_fail(f, FLOW_MISCONFIGURED, "it has no tokenEndpoint");
    if (!find_secret(a, p, &secret))
        return flow_fail(
            f, FLOW_MISCONFIGURED,
            "keyId, teamId and privateKey (PKCS#8, P-256) of its additionalConfig make no secret");
    f->call =
        (struct http_call){.method = HTTP_POST, .url = p->token_endpoint, .body = token_form(f, secret)};
    add_header(&f->call, STR("Content-Type"), STR("application/x-www-form-urlencoded"));
    add_header(&f->call, STR("Accept"), STR("application/json"));
    if (secret.p && p->kind->basic_secret)
        add_header(
            &f->call, STR("Authorization"),
            ARENA_CONCAT(a, STR("Basic "),
                         base64_encode(a, BASE64_STANDARD, ARENA_CONCAT(a, p->client_id, STR(":"), secret))));
    f->step = got_tokens;
    return FLOW_CALL;
}

/* ---- the id token ---- */

static enum flow_next bad_id_token(struct flow *f, const char *why)
{
    return flow_fail(f, f->tokens_of_client ? FLOW_NOT_ACCEPTED : FLOW_BAD_ANSWER, "id token: %s", why);
}

static enum flow_next check_claims(struct flow *f, const struct jwt_parts *parts)
{
    f->claims = jwt_object(f->c->arena, parts->payload);
    if (!f->claims)
        return bad_id_token(f, "its claims are no JSON object");
    const char *wrong = identity_check_claims(f->c->arena, f->provider, f->claims, clock_now_ms() / 1000);
    return wrong ? bad_id_token(f, wrong) : flow_get_user_info(f);
}

static enum flow_next with_keys(struct flow *f)
{
    struct jwt_parts parts;
    if (!jwt_split(f->id_token, &parts))
        return bad_id_token(f, "it is no signed token");
    switch (jwk_verify(f->c->arena, f->document, &parts)) {
    case JWK_VERIFIED:
        return check_claims(f, &parts);
    case JWK_FORGED:
        return bad_id_token(f, "its signature is wrong");
    case JWK_REFUSED:
        return bad_id_token(f, "its header or algorithm is not accepted");
    case JWK_UNKNOWN_KEY:
        break;
    }
    if (f->keys_asked_again || !documents_claim(f->documents, f->document_url, KEYS_ASK_INTERVAL_MS))
        return bad_id_token(f, "no published key has signed it");
    f->keys_asked_again = true;
    return flow_renew_document(f);
}

static const struct flow_document key_set = {"key set", jwk_is_set, KEYS_MAX_AGE_MS, with_keys};

enum flow_next flow_check_id_token(struct flow *f)
{
    if (!f->id_token.p || !f->provider->jwks_uri.p)
        return flow_get_user_info(f);
    return flow_need_document(f, f->provider->jwks_uri, &key_set);
}
