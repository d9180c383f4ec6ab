/* SPDX-License-Identifier: Apache-2.0
 *
 * First factors (spec: fdi-linking 1 to 4, 7.1), as long as account linking is not configured and
 * multi-factor authentication is off: every sign-in is a first factor, and nothing else is asked.
 */
#ifndef ST_AUTH_FACTORS_H
#define ST_AUTH_FACTORS_H

#include "auth/route.h"

enum { AUTH_FACTORS_MAX = 64 };

/* The factors that the tenant accepts and the site can do, or knows nothing of (its own ones), in the order
 * in which they are configured; at most AUTH_FACTORS_MAX. */
size_t auth_first_factors(const struct site *site, const struct tenant *t, struct str *out);

/* After auth_session_load by the linking flag: checks that FACTOR is a first factor of the tenant.
 * ST_ANSWERED: 401. ST_BAD_REQUEST with the spec's text when there is a session. ST_INTERNAL: the front end
 * asks for linking, which is not configured. */
enum st_err auth_pre_auth(struct auth_call *k, const char *factor) ST_MUST_CHECK;

/* The user of the session, whose login methods of other tenants may sign in on this one, too (fdi-linking 2,
 * step 2). *OUT is NULL without a session, and for a user who is not primary: there is only the login method
 * that the session is of. Without account linking this occurs where other programs have made primary users,
 * and front ends are older than FDI 3.1: later ones do not have the session looked at. ST_ANSWERED: the user
 * is gone. */
enum st_err auth_session_user(struct auth_call *k, const struct user **out) ST_MUST_CHECK;
/* Lets METHOD of that user, whose credentials were good, sign in on the call's tenant from now on. *DONE is
 * false when what is known of it has become old: look again. ST_ANSWERED: the session's user does not belong
 * there. */
enum st_err auth_share_method(struct auth_call *k, const struct login_method *method,
                              bool *done) ST_MUST_CHECK;

/* The end of every sign-in and sign-up (fdi-linking 6, PostAuth): a new session, unless the request has one
 * of this user already, which goes on. */
enum st_err auth_post_auth(struct auth_call *k, const struct user *user,
                           const struct login_method *method) ST_MUST_CHECK;

#endif
