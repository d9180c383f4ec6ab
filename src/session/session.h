/* SPDX-License-Identifier: Apache-2.0
 *
 * The session recipe's rules (spec: cdi-session 3), for the doors. Times in ms since the epoch. User ids are
 * the ones that clients see (external where mapped) unless a name says "internal".
 */
#ifndef ST_SESSION_SESSION_H
#define ST_SESSION_SESSION_H

#include "session/access_token.h"
#include "tenancy/tenancy.h"

struct session {
    struct str handle, user_id, recipe_user_id, tenant_id; /* user_id: the primary user's */
    struct str payload; /* JSON text of the user's part of the access token */
};

struct session_token {
    struct str text;
    int64_t expiry, created;
};

/* What create and refresh hand out. */
struct session_tokens {
    struct session session;
    struct session_token access, refresh;
    struct str anti_csrf; /* absent: not enabled */
};

enum session_status {
    SESSION_OK,
    SESSION_UNAUTHORISED,      /* message */
    SESSION_TRY_REFRESH_TOKEN, /* message */
    SESSION_THEFT,             /* session.handle, user ids; subtype */
};

struct session_outcome {
    enum session_status status;
    struct str message;
    const char *reuse_subtype; /* recentTokenReuseSubtype, or NULL */
};

/* Tenant of a handle: what follows '_', or "public". */
struct str session_tenant_of_handle(struct str handle);

struct session_create {
    struct str user_id; /* of any kind; need not be a user */
    bool anti_csrf, static_key;
    json_object *payload;
    struct str data;          /* JSON text */
    int64_t access_validity;  /* ms */
    bool has_access_validity; /* else as configured, with jitter */
    int access_token_version;
};

/* ST_BAD_REQUEST: access_validity out of range, or a protected key in the payload. */
enum st_err session_create(struct ctx *c, const struct tenant *t, const struct session_create *in,
                           struct session_tokens *out) ST_MUST_CHECK;

struct session_refresh {
    struct str refresh_token, anti_csrf_token; /* absent: not given */
    bool anti_csrf;
    enum { SESSION_KEY_KEEP, SESSION_KEY_DYNAMIC, SESSION_KEY_STATIC } key;
    int64_t access_validity;
    bool has_access_validity;
    int access_token_version;
    bool rotate; /* rules from CDI 5.6 on */
    const struct str
        *remote_addr; /* the IP policy of the token's tenant is asked about it; NULL: it is not */
};

/* APP is the app's public tenant; the token names the tenant. ST_FORBIDDEN: that does not admit the address,
 * and nothing has been changed. */
enum st_err session_refresh(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                            const struct session_refresh *in, struct session_tokens *out,
                            struct session_outcome *outcome) ST_MUST_CHECK;

struct session_verify {
    struct str access_token, anti_csrf_token;
    bool check_anti_csrf, check_database;
    bool stateless; /* rules from CDI 5.6 on: no write, no new token */
    struct verified_tokens *cache;
};

struct session_verified {
    struct session session;
    struct session_token access; /* text absent: the token stays */
    bool payload_update_available;
};

enum st_err session_verify(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                           const struct session_verify *in, struct session_verified *out,
                           struct session_outcome *outcome) ST_MUST_CHECK;

/* New payload (NULL: as stored) and, unless the given token has expired, a new access token that ends with
 * it. */
enum st_err session_regenerate(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                               struct str access_token, json_object *payload, struct verified_tokens *cache,
                               struct session_verified *out, struct session_outcome *outcome) ST_MUST_CHECK;

/* Replaces the payload (JSON text) in the database only: the next refresh brings it. *FOUND is false for no
 * such session, or an expired one. */
enum st_err session_set_payload(struct ctx *c, const struct tenant *t, struct str handle, struct str payload,
                                bool *found) ST_MUST_CHECK;

struct session_info {
    struct str handle, user_id, recipe_user_id, data, payload;
    int64_t expiry, created;
    struct str hash2, previous_hash2; /* of refresh tokens; the second may be absent */
    bool static_key;
};

/* *FOUND is false for no such session; an expired one is found. */
enum st_err session_get(struct ctx *c, const struct tenant *t, struct str handle, struct session_info *out,
                        bool *found) ST_MUST_CHECK;

/* Ends one session; none of that handle is no error. */
enum st_err session_remove(struct ctx *c, const struct tenant *t, struct str handle) ST_MUST_CHECK;

/* Notes that USER_ID (of any kind; need not be a user) was active: at most every 5 minutes, best effort.
 * HOME: the database that the user is in. */
void session_user_active(struct ctx *c, const struct tenant *app, struct db *home, struct str user_id);

struct session_user {
    struct str user_id; /* as sessions store it: external where mapped */
    bool linked;        /* also the internal ids of all login methods of its primary user */
    bool all_tenants;   /* of the app, in whatever databases they are; else of one tenant */
};

/* Handles of the user's sessions that have not expired, oldest first within a tenant. REMOVE: deletes them
 * and notes that the user was active. T: the tenant, or the app's public one for all. */
enum st_err session_of_user(struct ctx *c, struct tenancy *tenancy, const struct tenant *t,
                            const struct session_user *user, bool remove, struct str **handles,
                            size_t *n) ST_MUST_CHECK;

/* The tenant that a handle or token of APP names; ST_BAD_REQUEST when there is no such tenant. */
enum st_err session_tenant(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                           struct str tenant_id, const struct tenant **out) ST_MUST_CHECK;

/* ST_BAD_REQUEST unless not GIVEN or within 1 .. access_token_validity. */
enum st_err session_check_validity(struct ctx *c, const struct tenant *app, bool given,
                                   int64_t validity) ST_MUST_CHECK;

/* For the access tokens of one app. */
struct access_token_verifier session_verifier(const struct tenant *app, struct verified_tokens *cache);

/* The access token of T's app with the given content; T's times are set by the caller. */
enum st_err session_mint_access(struct ctx *c, const struct tenant *app, bool static_key,
                                struct access_token *t, json_object *payload,
                                struct session_token *out) ST_MUST_CHECK;

#endif
