/* SPDX-License-Identifier: Apache-2.0
 *
 * Who somebody is at a provider (spec: fdi-recipes 3.3 step 2): checking an id token's claims, and finding
 * the user's id and address in what the provider says.
 */
#ifndef ST_THIRDPARTY_IDENTITY_H
#define ST_THIRDPARTY_IDENTITY_H

#include "thirdparty/provider.h"

struct identity {
    struct str user_id;
    struct str email; /* absent: the provider gave none */
    bool verified;    /* the provider vouches for the address */
};

/* Checks the claims of an id token whose signature is good, NOW_S in seconds since the epoch. NULL, or what
 * is wrong with them. */
const char *identity_check_claims(struct arena *a, const struct provider *p, json_object *claims,
                                  int64_t now_s);

/* Whether somebody may only come in with an id token, since nothing else tells their Google workspace. */
bool identity_needs_claims(const struct provider *p);

/* Are both of the same user (OpenID Connect Core 5.3.2)? STRICT: not if one does not say so; without, tokens
 * that came together may leave it out. */
bool identity_is_one(json_object *id_token, json_object *user_info, bool strict);

/* ID_TOKEN: claims; USER_INFO: what the user info endpoint says; EMAILS: the second answer of providers that
 * have one; each may be NULL. False: no user id is in them. */
bool identity_find(struct arena *a, const struct provider *p, json_object *id_token, json_object *user_info,
                   json_object *emails, struct identity *out);

/* The address of somebody whose provider gives none, where that is allowed. */
struct str identity_fake_email(struct arena *a, const struct provider *p, struct str user_id);

#endif
