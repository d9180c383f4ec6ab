/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens of sessions at the core door: create, verify, refresh, regenerate, handshake (spec: cdi-session 3),
 * and the recipe's route table.
 */
#include "config/config.h"
#include "runtime/runtime.h"
#include "session/session_cdi.h"

struct create_in {
    struct str userId;
    bool enableAntiCsrf, useDynamicSigningKey, has_useDynamicSigningKey;
    json_object *userDataInJWT, *userDataInDatabase;
    int64_t accessTokenValidity;
    bool has_accessTokenValidity;
};

static const struct field create_fields[] = {
    FIELD(struct create_in, userId, FIELD_STRING),
    FIELD(struct create_in, enableAntiCsrf, FIELD_BOOL),
    FIELD(struct create_in, userDataInJWT, FIELD_OBJECT),
    FIELD(struct create_in, userDataInDatabase, FIELD_OBJECT),
    FIELD_OPTIONAL(struct create_in, accessTokenValidity, FIELD_LONG, .since = CDI_5_6),
    FIELD_OPTIONAL(struct create_in, useDynamicSigningKey, FIELD_BOOL, .since = CDI_2_21),
    FIELDS_END,
};

static enum st_err post_session(struct core_call *k)
{
    const struct create_in *in = k->in;
    const struct config *config = k->tenant->app->config;
    struct session_create create = {
        .user_id = in->userId,
        .anti_csrf = in->enableAntiCsrf,
        .static_key = k->cdi >= CDI_2_21 ? in->has_useDynamicSigningKey && !in->useDynamicSigningKey
                                         : !config->access_token_signing_key_dynamic,
        .payload = in->userDataInJWT,
        .data = json_text(k->c->arena, in->userDataInDatabase),
        .access_validity = in->accessTokenValidity,
        .has_access_validity = in->has_accessTokenValidity,
        .access_token_version = access_token_version_of_cdi(k->cdi),
    };
    struct session_tokens tokens;
    ST_TRY(session_create(k->c, k->tenant, &create, &tokens));
    answer_tokens(k, &tokens);
    return answer_legacy_keys(k);
}

struct verify_in {
    struct str accessToken, antiCsrfToken;
    bool has_antiCsrfToken, doAntiCsrfCheck, enableAntiCsrf, checkDatabase;
};

static const struct field verify_fields[] = {
    FIELD(struct verify_in, accessToken, FIELD_STRING),
    FIELD_OPTIONAL(struct verify_in, antiCsrfToken, FIELD_STRING),
    FIELD(struct verify_in, doAntiCsrfCheck, FIELD_BOOL),
    FIELD(struct verify_in, enableAntiCsrf, FIELD_BOOL),
    FIELD(struct verify_in, checkDatabase, FIELD_BOOL, .since = CDI_2_21),
    FIELDS_END,
};

static enum st_err answer_verified(struct core_call *k, const struct session_verified *v)
{
    answer_session(k, &v->session);
    if (v->access.text.p)
        answer_token(k, "accessToken", &v->access);
    return ST_OK;
}

static enum st_err answer_outcome(struct core_call *k, const struct session_outcome *o)
{
    bool refresh = o->status == SESSION_TRY_REFRESH_TOKEN;
    answer_status(k, refresh ? "TRY_REFRESH_TOKEN" : "UNAUTHORISED");
    if (refresh)
        ST_TRY(answer_legacy_keys(k));
    json_add_str(&k->out, "message", o->message);
    return ST_OK;
}

static enum st_err post_session_verify(struct core_call *k)
{
    const struct verify_in *in = k->in;
    ST_TRY(core_use_scope(k, k->cdi >= CDI_5_6 ? SCOPE_APP : SCOPE_APP_LOOSE));
    struct session_verify verify = {
        .access_token = in->accessToken,
        .anti_csrf_token = in->antiCsrfToken,
        .check_anti_csrf = in->doAntiCsrfCheck && in->enableAntiCsrf,
        .check_database =
            k->cdi >= CDI_2_21 ? in->checkDatabase : k->tenant->app->config->access_token_blacklisting,
        .stateless = k->cdi >= CDI_5_6,
        .cache = service_verified_tokens(k->service),
    };
    struct session_verified verified;
    struct session_outcome outcome;
    ST_TRY(session_verify(k->c, service_tenancy(k->service), k->tenant, &verify, &verified, &outcome));
    if (outcome.status != SESSION_OK)
        return answer_outcome(k, &outcome);
    ST_TRY(answer_verified(k, &verified));
    if (verify.stateless && in->checkDatabase)
        json_add_bool(&k->out, "payloadUpdateAvailable", verified.payload_update_available);
    answer_status(k, "OK");
    return answer_legacy_keys(k);
}

struct refresh_in {
    struct str refreshToken, antiCsrfToken;
    bool has_antiCsrfToken, enableAntiCsrf, useDynamicSigningKey, has_useDynamicSigningKey;
    int64_t accessTokenValidity;
    bool has_accessTokenValidity;
};

static const struct field refresh_fields[] = {
    FIELD(struct refresh_in, refreshToken, FIELD_STRING),
    FIELD_OPTIONAL(struct refresh_in, antiCsrfToken, FIELD_STRING),
    FIELD(struct refresh_in, enableAntiCsrf, FIELD_BOOL),
    FIELD_OPTIONAL(struct refresh_in, useDynamicSigningKey, FIELD_BOOL, .since = CDI_3_0,
                   .until = CDI_5_0 - 1),
    {.name = "useDynamicSigningKey",
     .type = FIELD_BOOL,
     .offset = offsetof(struct refresh_in, useDynamicSigningKey),
     .has_offset = offsetof(struct refresh_in, has_useDynamicSigningKey),
     .since = CDI_5_0},
    FIELD_OPTIONAL(struct refresh_in, accessTokenValidity, FIELD_LONG, .since = CDI_5_6),
    FIELDS_END,
};

static enum st_err answer_theft(struct core_call *k, const struct session_tokens *t,
                                const struct session_outcome *o)
{
    answer_status(k, "TOKEN_THEFT_DETECTED");
    json_open(&k->out, "session", '{');
    json_add_str(&k->out, "handle", t->session.handle);
    json_add_str(&k->out, "userId", t->session.user_id);
    json_add_str(&k->out, "recipeUserId", t->session.recipe_user_id);
    json_close(&k->out, '}');
    json_add_str_if(&k->out, "recentTokenReuseSubtype", str_of(o->reuse_subtype));
    return ST_OK;
}

static enum st_err post_session_refresh(struct core_call *k)
{
    const struct refresh_in *in = k->in;
    struct session_refresh refresh = {
        .refresh_token = in->refreshToken,
        .anti_csrf_token = in->antiCsrfToken,
        .anti_csrf = in->enableAntiCsrf,
        .key = !in->has_useDynamicSigningKey ? SESSION_KEY_KEEP
               : in->useDynamicSigningKey    ? SESSION_KEY_DYNAMIC
                                             : SESSION_KEY_STATIC,
        .access_validity = in->accessTokenValidity,
        .has_access_validity = in->has_accessTokenValidity,
        .access_token_version = access_token_version_of_cdi(k->cdi),
        .rotate = k->cdi >= CDI_5_6,
    };
    struct session_tokens tokens;
    struct session_outcome outcome;
    ST_TRY(session_refresh(k->c, service_tenancy(k->service), k->tenant->app, &refresh, &tokens, &outcome));
    switch (outcome.status) {
    case SESSION_OK:
        answer_tokens(k, &tokens);
        break;
    case SESSION_THEFT:
        return answer_theft(k, &tokens, &outcome);
    case SESSION_TRY_REFRESH_TOKEN:
    case SESSION_UNAUTHORISED:
        answer_failure(k, "UNAUTHORISED", outcome.message);
        json_add_str_if(&k->out, "recentTokenReuseSubtype", str_of(outcome.reuse_subtype));
        break;
    }
    return ST_OK;
}

struct regenerate_in {
    struct str accessToken;
    json_object *userDataInJWT;
    bool has_userDataInJWT;
};

static const struct field regenerate_fields[] = {
    FIELD(struct regenerate_in, accessToken, FIELD_STRING),
    FIELD_OPTIONAL(struct regenerate_in, userDataInJWT, FIELD_OBJECT),
    FIELDS_END,
};

static enum st_err post_session_regenerate(struct core_call *k)
{
    const struct regenerate_in *in = k->in;
    struct session_verified v;
    struct session_outcome outcome;
    ST_TRY(session_regenerate(k->c, service_tenancy(k->service), k->tenant, in->accessToken,
                              in->userDataInJWT, service_verified_tokens(k->service), &v, &outcome));
    if (outcome.status != SESSION_OK) {
        answer_failure(k, "UNAUTHORISED", outcome.message);
        return ST_OK;
    }
    ST_TRY(answer_verified(k, &v));
    answer_status(k, "OK");
    return ST_OK;
}

static enum st_err post_handshake(struct core_call *k)
{
    const struct config *config = k->tenant->app->config;
    answer_status(k, "OK");
    ST_TRY(answer_legacy_keys(k));
    json_add_bool(&k->out, "accessTokenBlacklistingEnabled", config->access_token_blacklisting);
    json_add_i64(&k->out, "accessTokenValidity", config->access_token_validity_ms);
    json_add_i64(&k->out, "refreshTokenValidity", config->refresh_token_validity_ms);
    return ST_OK;
}

#define GET_ROW(PATH, SCOPE, FIELDS, IN, HANDLER, HELP, STATUSES)                                            \
    {                                                                                                        \
        .path = (PATH), .method = HTTP_GET, .scope = (SCOPE), .fields = (FIELDS), .in_size = sizeof(IN),     \
        .handler = (HANDLER), .help = (HELP), .statuses = (STATUSES)                                         \
    }
#define POST_ROW(PATH, SCOPE, FIELDS, IN, HANDLER, HELP, STATUSES)                                           \
    {                                                                                                        \
        .path = (PATH), .method = HTTP_POST, .scope = (SCOPE), .fields = (FIELDS), .in_size = sizeof(IN),    \
        .handler = (HANDLER), .help = (HELP), .statuses = (STATUSES)                                         \
    }
#define PUT_ROW(PATH, SCOPE, FIELDS, IN, HANDLER, HELP, STATUSES)                                            \
    {                                                                                                        \
        .path = (PATH), .method = HTTP_PUT, .scope = (SCOPE), .fields = (FIELDS), .in_size = sizeof(IN),     \
        .handler = (HANDLER), .help = (HELP), .statuses = (STATUSES)                                         \
    }

const struct route session_routes[] = {
    POST_ROW("/recipe/session", SCOPE_TENANT, create_fields, struct create_in, post_session,
             "Creates a session of a user.", "OK"),
    GET_ROW("/recipe/session", SCOPE_APP_LOOSE, session_handle_fields, struct session_handle_in, get_session,
            "A session by its handle.", "OK UNAUTHORISED"),
    POST_ROW("/recipe/session/verify", SCOPE_NONE, verify_fields, struct verify_in, post_session_verify,
             "Verifies an access token.", "OK UNAUTHORISED TRY_REFRESH_TOKEN"),
    POST_ROW("/recipe/session/refresh", SCOPE_TENANT, refresh_fields, struct refresh_in, post_session_refresh,
             "Exchanges a refresh token for new tokens; one used before tells of theft.",
             "OK UNAUTHORISED TOKEN_THEFT_DETECTED"),
    POST_ROW("/recipe/session/regenerate", SCOPE_APP_LOOSE, regenerate_fields, struct regenerate_in,
             post_session_regenerate, "Makes an access token with another payload.", "OK UNAUTHORISED"),
    POST_ROW("/recipe/session/remove", SCOPE_NONE, session_remove_fields, struct session_remove_in,
             post_session_remove, "Ends sessions: the named ones, or all of a user.", "OK"),
    GET_ROW("/recipe/session/user", SCOPE_NONE, session_user_fields, struct session_user_in, get_session_user,
            "The handles of the sessions of a user.", "OK"),
    GET_ROW("/recipe/session/data", SCOPE_APP_LOOSE, session_handle_fields, struct session_handle_in,
            get_session_data, "The data that the database keeps with a session.", "OK UNAUTHORISED"),
    PUT_ROW("/recipe/session/data", SCOPE_APP_LOOSE, session_data_fields, struct session_content_in,
            put_session_data, "Replaces the data that the database keeps with a session.", "OK UNAUTHORISED"),
    GET_ROW("/recipe/jwt/data", SCOPE_APP_LOOSE, session_handle_fields, struct session_handle_in,
            get_session_payload, "The payload of the access tokens of a session.", "OK UNAUTHORISED"),
    PUT_ROW("/recipe/jwt/data", SCOPE_APP_LOOSE, session_payload_fields, struct session_content_in,
            put_session_payload, "Replaces the payload of the access tokens of a session.",
            "OK UNAUTHORISED"),
    {.path = "/recipe/handshake",
     .method = HTTP_POST,
     .scope = SCOPE_APP_LOOSE,
     .until = CDI_2_21 - 1,
     .handler = post_handshake,
     .help = "Keys and lifetimes, for SDKs of old.",
     .statuses = "OK"},
    {.path = NULL},
};
