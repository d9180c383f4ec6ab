/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens of all versions (spec: cdi-session 1.4). V1 and V2 are the legacy form, V3 to V5 are JWTs.
 */
#ifndef ST_SESSION_ACCESS_TOKEN_H
#define ST_SESSION_ACCESS_TOKEN_H

#include <json-c/json.h>

#include "base/ctx.h"
#include "crypto/jwt.h"
#include "crypto/rsa_key.h"
#include "crypto/verified_tokens.h"
#include "jwt/keys.h"

struct access_token {
    int version;                   /* 1..5 */
    int64_t issued_ms, expires_ms; /* whole seconds from V3 on */
    struct str user_id;            /* primary user; external id where one is mapped */
    struct str recipe_user_id;     /* the same before V5 */
    struct str session_handle;
    struct str refresh_token_hash1;        /* hash1 of the refresh token it was issued with */
    struct str parent_refresh_token_hash1; /* absent: null */
    struct str anti_csrf_token;            /* absent: null */
    struct str tenant_id;                  /* "public" before V4 */
    struct str kid;                        /* absent before V3 */
    struct str user_data;                  /* text of a JSON object */
};

/* The texts for the client. */
#define ACCESS_TOKEN_PROTECTED_FIELD "The user payload contains protected field"
#define ACCESS_TOKEN_INCOMPLETE_TEXT                                                                         \
    "Access token does not contain all the information. Maybe the structure has changed?"

/* Minting. */

int access_token_version_of_cdi(
    int cdi); /* CDI as major * 100 + minor: the version that this interface mints */
/* Does USER_DATA (a JSON object or NULL) hold a key that VERSION keeps for itself? */
bool access_token_is_protected(int version, json_object *user_data);
/* When a token issued at NOW ends: VALIDITY_MS later, less a part that is random between 0 and JITTER (0..1)
 * of it. UNIT is a random number in [0, 1). */
int64_t access_token_end(int64_t now_ms, int64_t validity_ms, double jitter, double unit);

/* Signs T with KEY. Reads all of T but kid and user_data; truncates its times as the version demands, sets
 * kid and user_data. ST_BAD_REQUEST with ACCESS_TOKEN_PROTECTED_FIELD; ST_INTERNAL for a number that tokens
 * cannot hold. */
enum st_err access_token_mint(struct ctx *c, const struct rsa_key *key, struct access_token *t,
                              json_object *user_data, struct str *text) ST_MUST_CHECK;

/* Reading, in two steps; MESSAGE is the text for the client when they return false. Texts live in the arena
 * or are constants, or point into the token. */

struct access_token_envelope {
    int version;
    struct str kid; /* V3 and later */
    struct jwt_parts parts;
};

/* Structure and header; says nothing about the signature. */
bool access_token_open(struct arena *a, struct str text, struct access_token_envelope *out,
                       struct str *message);
bool access_token_is_signed_by(struct arena *a, const struct access_token_envelope *e,
                               const struct rsa_key *key);
/* The content, not yet compared with the time. */
bool access_token_read(struct arena *a, const struct access_token_envelope *e, struct access_token *out,
                       struct str *message);

/* Verifying: both steps, the signature between them, and the time after them. */

struct access_token_verifier {
    struct keyring *ring;
    struct db *db;
    struct key_rules rules;
    struct verified_tokens *cache; /* or NULL */
};

enum access_token_state {
    ACCESS_TOKEN_GOOD,
    ACCESS_TOKEN_EXPIRED,    /* content is there, signature is good */
    ACCESS_TOKEN_MALFORMED,  /* not an access token */
    ACCESS_TOKEN_FORGED,     /* no such key, or a bad signature */
    ACCESS_TOKEN_INCOMPLETE, /* signed by us, but without the content of an access token */
};

struct access_token_result {
    enum access_token_state state;
    struct str message; /* for TRY_REFRESH_TOKEN; absent when good */
    struct access_token token;
};

/* Not to be called inside db_tx. Errors: those of keys_current. */
enum st_err access_token_verify(struct ctx *c, const struct access_token_verifier *v, struct str text,
                                int64_t now_ms, struct access_token_result *out) ST_MUST_CHECK;

/* GIVEN: the anti-csrf header, or absent. NULL when it is the token's, else the text for TRY_REFRESH_TOKEN.
 */
const char *access_token_anti_csrf_error(const struct access_token *t, struct str given);

#endif
