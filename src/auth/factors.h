/* SPDX-License-Identifier: Apache-2.0
 *
 * First factors (spec: fdi-linking 1 to 4, 7.1), as long as account linking is not configured and multi-factor
 * authentication is off: every sign-in is a first factor, and nothing else is asked.
 */
#ifndef ST_AUTH_FACTORS_H
#define ST_AUTH_FACTORS_H

#include "auth/route.h"

enum { AUTH_FACTORS_MAX = 64 };

/* The body's shouldTryLinkingWithSessionUser. Below FDI 3.1 it says nothing. */
enum auth_linking_flag { AUTH_LINKING_UNDEFINED, AUTH_LINKING_NO, AUTH_LINKING_YES };
enum auth_linking_flag auth_linking_flag(const struct auth_call *k);

/* The factors that the tenant accepts and the site can do, or knows nothing of (its own ones), in the order in which
 * they are configured; at most AUTH_FACTORS_MAX. */
size_t auth_first_factors(const struct site *site, const struct tenant *t, struct str *out);

/* The session as the linking flag demands it; its tenant takes the place of the path's. */
enum st_err auth_load_for_sign_in(struct auth_call *k) ST_MUST_CHECK;

/* After auth_load_for_sign_in: checks that FACTOR is a first factor of the tenant. ST_ANSWERED: 401. ST_BAD_REQUEST with the spec's text when there is a session.
 * ST_INTERNAL: the front end asks for linking, which is not configured. */
enum st_err auth_pre_auth(struct auth_call *k, const char *factor) ST_MUST_CHECK;

#endif
