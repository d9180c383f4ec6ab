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

/* The end of every sign-in and sign-up (fdi-linking 6, PostAuth): a new session, unless the request has one
 * of this user already, which goes on. */
enum st_err auth_post_auth(struct auth_call *k, const struct user *user,
                           const struct login_method *method) ST_MUST_CHECK;

#endif
