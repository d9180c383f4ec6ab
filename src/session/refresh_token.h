/* SPDX-License-Identifier: Apache-2.0
 *
 * Refresh tokens: content encrypted with the app's key (spec: cdi-session 1.2). V2 is minted; V0 and V1 of
 * old data are read in the same way.
 */
#ifndef ST_SESSION_REFRESH_TOKEN_H
#define ST_SESSION_REFRESH_TOKEN_H

#include "base/arena.h"

enum { REFRESH_TOKEN_MAX = 16 * 1024 }; /* longer ones are not looked at */

struct refresh_token {
    struct str session_handle;
    struct str user_id;         /* session_info.user_id */
    struct str parent_hash1;    /* hash1 of the refresh token that this one replaced; absent on the first */
    struct str nonce;           /* set by minting */
    struct str anti_csrf_token; /* or absent */
    struct str tenant_id;       /* "public" for the public tenant; absent is the same when minting */
};

/* MASTER_KEY: keys_refresh_token_key. Sets t->nonce. */
struct str refresh_token_mint(struct arena *a, struct str master_key, struct refresh_token *t);

/* False: UNAUTHORISED with MESSAGE. */
bool refresh_token_decode(struct arena *a, struct str master_key, struct str text, struct refresh_token *out,
                          struct str *message);

struct str refresh_token_hash1(struct arena *a, struct str token); /* as access tokens and children hold it */
struct str refresh_token_hash2(struct arena *a, struct str hash1); /* of hash1: as session_info holds it */

#endif
