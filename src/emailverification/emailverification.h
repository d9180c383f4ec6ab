/* SPDX-License-Identifier: Apache-2.0
 *
 * The email verification recipe (spec: cdi-emailverification). User ids are what the caller uses for a recipe
 * user: its external id where it has one (method_public_id). E-mail addresses are normalised (http/text.h).
 * Whether a login method's address is verified also stands in struct login_method.
 */
#ifndef ST_EMAILVERIFICATION_EMAILVERIFICATION_H
#define ST_EMAILVERIFICATION_EMAILVERIFICATION_H

#include "tenancy/tenancy.h"
#include "users/user.h"

/* Makes a token, unless the address is verified: then *TOKEN is absent. ST_BAD_REQUEST: the tenant is gone;
 * an id or address longer than its column. */
enum st_err emailverification_create_token(struct ctx *c, const struct tenant *t, struct str user_id,
                                           struct str email, struct str *token) ST_MUST_CHECK;
/* For an address that the caller knows not to be verified: *TOKEN is good once the call has run. It can
 * travel with the mail that carries it. */
struct db_call emailverification_token_call(struct ctx *c, const struct tenant *t, struct str user_id,
                                            struct str email, struct str *token);

struct emailverification_verified {
    struct str user_id, email; /* as they were given for the token; absent: the token is not valid */
};
/* Takes a token (all of its user and address end with it, also when it has expired) and makes the address
 * verified. */
enum st_err emailverification_consume(struct ctx *c, const struct tenant *t, struct str token,
                                      struct emailverification_verified *out) ST_MUST_CHECK;

enum st_err emailverification_revoke_tokens(struct ctx *c, const struct tenant *t, struct str user_id,
                                            struct str email) ST_MUST_CHECK;

enum st_err emailverification_is_verified(struct ctx *c, struct db *db, struct str app, struct str user_id,
                                          struct str email, bool *out) ST_MUST_CHECK;
/* The same for a user of any tenant of APP, a public tenant: in all of the app's databases, unless it is
 * known to be one of APP's own. */
enum st_err emailverification_find_verified(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                                            struct str user_id, struct str email, bool *out) ST_MUST_CHECK;
enum st_err emailverification_unverify(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                                       struct str user_id, struct str email) ST_MUST_CHECK;

/* Makes the address verified and ends its tokens in the tenant: what making a token and consuming it does. */
enum st_err emailverification_mark(struct ctx *c, const struct tenant *t, struct str user_id,
                                   struct str email) ST_MUST_CHECK;
struct db_call emailverification_mark_call(const struct tenant *t, struct str user_id, struct str email);
/* Makes it verified; its tokens stay. */
struct db_call emailverification_set_call(struct str app, struct str user_id, struct str email);

/* An address that another login method of the same primary user has verified counts as verified for METHOD,
 * too (fdi-linking 6, VerifyIfLinkedVerified). Writes that, and replaces both by the user as it is then. */
enum st_err emailverification_mark_linked(struct ctx *c, const struct tenant *t, const struct user **user,
                                          const struct login_method **method) ST_MUST_CHECK;

#endif
