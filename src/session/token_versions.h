/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between the versions of access tokens, as a table; for src/session/ only (spec:
 * cdi-session 1.4).
 */
#ifndef ST_SESSION_TOKEN_VERSIONS_H
#define ST_SESSION_TOKEN_VERSIONS_H

#include "json/write.h"
#include "session/access_token.h"

enum token_key_kind { TOKEN_STRING, TOKEN_STRING_OR_NULL, TOKEN_OPTIONAL_STRING, TOKEN_TIME };

/* A payload key, and the member of struct access_token that it is. */
struct token_key {
    const char *name;
    enum token_key_kind kind;
    size_t member; /* offset of a struct str, or of an int64_t in ms for TOKEN_TIME */
};

struct token_version {
    int number;
    int since_cdi;                /* minted from this CDI on; 0: never */
    const char *header;           /* legacy: the encoded first part; NULL: a JWT */
    int64_t unit_ms;              /* of its times */
    const struct token_key *keys; /* in the order of the payload */
    size_t nkeys;
    const char *const *required; /* in the order in which a missing one is reported; NULL at the end */
    const char *const *reserved; /* not allowed in the user's data, nor part of it; NULL at the end */
};

enum { TOKEN_VERSIONS = 5 };
extern const struct token_version token_versions[TOKEN_VERSIONS]; /* [0] is V1 */

bool token_is_listed(const char *const *names, const char *name);
struct str *token_str_member(struct access_token *t, const struct token_key *key);
int64_t *token_time_member(struct access_token *t, const struct token_key *key);
const struct token_version *token_version_find(int number); /* NULL: no such version */

/* Writes the version's own keys as members of the open object. */
void token_write_keys(struct json_out *j, const struct token_version *version, const struct access_token *t);

/* src/session/legacy_token.c: V1 and V2. */
struct str legacy_token_mint(struct arena *a, const struct rsa_key *key, const struct token_version *version,
                             struct access_token *t, json_object *user_data);
bool legacy_token_is_signed_by(struct arena *a, const struct jwt_parts *parts, const struct rsa_key *key);
struct str legacy_token_user_data(struct arena *a, json_object *payload);

#endif
