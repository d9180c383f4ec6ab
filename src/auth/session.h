/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions at the auth door and the verify door: from a request's tokens to a verified session, and from a
 * signed-in user to tokens in the answer (spec: fdi-session 3 to 9).
 */
#ifndef ST_AUTH_SESSION_H
#define ST_AUTH_SESSION_H

#include "session/session.h"
#include "site/site.h"
#include "users/user.h"

struct auth_call;

/* As minted for SDKs that speak CDI 5.4. */
enum { AUTH_ACCESS_TOKEN_VERSION = 5 };

enum auth_session_need {
    AUTH_SESSION_IGNORED,
    AUTH_SESSION_REQUIRED,
    AUTH_SESSION_OPTIONAL,
    AUTH_SESSION_BY_LINKING_FLAG, /* fdi-linking 1: shouldTryLinkingWithSessionUser and the version decide */
};

struct auth_session {
    struct access_token token; /* verified: handle, ids, tenant, times */
    const struct tenant *tenant;
    enum site_transfer transfer; /* how it came: cookie or header */
    struct str text;             /* the access token in force: the request's, or the one that replaced it */
};

/* How a request's session is looked for (fdi-session 7). */
struct auth_session_rules {
    bool
        anti_csrf_always; /* also for GET; without a mode that protects by itself a rid header is asked for */
    bool check_database;
    bool stateless; /* nothing is written, and the first use of a refreshed token is not noted */
};

enum auth_verdict {
    AUTH_GOOD,         /* *OUT */
    AUTH_NO_TOKEN,     /* the request carries no access token of ours */
    AUTH_TRY_REFRESH,  /* 401 try refresh token */
    AUTH_UNAUTHORISED, /* 401 unauthorised, tokens cleared */
};

/* Says what the request's session is worth, without answering. A replaced access token is put into the
 * transport. Uses k's site, app, service and transport. */
enum st_err auth_session_judge(struct auth_call *k, const struct auth_session_rules *rules,
                               enum auth_verdict *verdict, struct auth_session *out) ST_MUST_CHECK;

/* Verifies the request's session (fdi-session 7) into k->session, NULL when there is none and that is
 * allowed. When it is missing or bad the 401 has been written and ST_ANSWERED is returned. ST_FORBIDDEN: its
 * tenant does not admit the client's address. With AUTH_SESSION_BY_LINKING_FLAG the session's tenant becomes
 * k->tenant. */
enum st_err auth_session_load(struct auth_call *k, enum auth_session_need need) ST_MUST_CHECK;

/* A new session of a user who has just signed in, with the claims of the site's recipes, in the answer's
 * cookies or headers (fdi-session 5). METHOD is the login method used. Becomes k->session. */
enum st_err auth_session_create(struct auth_call *k, const struct tenant *t, const struct user *user,
                                const struct login_method *method) ST_MUST_CHECK;

/* Sets a claim of the session, or removes it (VALUE NULL), in the database and in a new access token of the
 * answer (fdi-session 8.3). VALUE is the whole member, {"v":..,"t":..}. */
enum st_err auth_session_set_claim(struct auth_call *k, const char *key, json_object *value) ST_MUST_CHECK;

/* The same for any session S, and only in the database: the next refresh brings the claim. One that has the
 * value already stays as it is. */
enum st_err auth_session_store_claim(struct auth_call *k, const struct auth_session *s, const char *key,
                                     json_object *value) ST_MUST_CHECK;

/* A claim with that value, as of now. */
json_object *auth_bool_claim(struct arena *a, bool value);

/* Tokens of a session into the answer (fdi-session 4). REFRESH may be NULL. */
void auth_session_attach(struct auth_call *k, enum site_transfer by, struct str uid,
                         const struct session_token *access, const struct session_token *refresh,
                         struct str anti_csrf);

/* 401 with the tokens cleared for all transfer methods, or kept. Returns ST_ANSWERED. */
enum st_err auth_unauthorised(struct auth_call *k, bool clear) ST_MUST_CHECK;
enum st_err auth_try_refresh(struct auth_call *k) ST_MUST_CHECK;

#endif
