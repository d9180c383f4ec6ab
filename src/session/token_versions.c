/* SPDX-License-Identifier: Apache-2.0 */
#include "session/token_versions.h"

#define MEMBER(NAME) offsetof(struct access_token, NAME)
#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof(ARRAY)[0])

static const struct token_key legacy_keys[] = {
    {"userId", TOKEN_STRING, MEMBER(user_id)},
    {"expiryTime", TOKEN_TIME, MEMBER(expires_ms)},
    {"timeCreated", TOKEN_TIME, MEMBER(issued_ms)},
    {"sessionHandle", TOKEN_STRING, MEMBER(session_handle)},
    {"refreshTokenHash1", TOKEN_STRING, MEMBER(refresh_token_hash1)},
    {"parentRefreshTokenHash1", TOKEN_OPTIONAL_STRING, MEMBER(parent_refresh_token_hash1)},
    {"antiCsrfToken", TOKEN_OPTIONAL_STRING, MEMBER(anti_csrf_token)},
};

#define KEY_IAT                                                                                              \
    {                                                                                                        \
        "iat", TOKEN_TIME, MEMBER(issued_ms)                                                                 \
    }
#define KEY_EXP                                                                                              \
    {                                                                                                        \
        "exp", TOKEN_TIME, MEMBER(expires_ms)                                                                \
    }
#define KEY_SUB                                                                                              \
    {                                                                                                        \
        "sub", TOKEN_STRING, MEMBER(user_id)                                                                 \
    }
#define KEY_TENANT                                                                                           \
    {                                                                                                        \
        "tId", TOKEN_STRING, MEMBER(tenant_id)                                                               \
    }
#define KEY_RECIPE_USER                                                                                      \
    {                                                                                                        \
        "rsub", TOKEN_STRING, MEMBER(recipe_user_id)                                                         \
    }
#define KEYS_SESSION                                                                                         \
    {"sessionHandle", TOKEN_STRING, MEMBER(session_handle)},                                                 \
        {"refreshTokenHash1", TOKEN_STRING, MEMBER(refresh_token_hash1)},                                    \
        {"parentRefreshTokenHash1", TOKEN_STRING_OR_NULL, MEMBER(parent_refresh_token_hash1)},               \
    {                                                                                                        \
        "antiCsrfToken", TOKEN_STRING_OR_NULL, MEMBER(anti_csrf_token)                                       \
    }

static const struct token_key v3_keys[] = {KEY_IAT, KEY_EXP, KEY_SUB, KEYS_SESSION};
static const struct token_key v4_keys[] = {KEY_IAT, KEY_EXP, KEY_SUB, KEY_TENANT, KEYS_SESSION};
static const struct token_key v5_keys[] = {KEY_IAT,    KEY_EXP,         KEY_SUB,
                                           KEY_TENANT, KEY_RECIPE_USER, KEYS_SESSION};

static const char *const none[] = {NULL};
static const char *const legacy_names[] = {"userId",        "expiryTime",        "timeCreated",
                                           "sessionHandle", "refreshTokenHash1", NULL};
#define V3_NAMES                                                                                             \
    "sub", "exp", "iat", "sessionHandle", "refreshTokenHash1", "parentRefreshTokenHash1", "antiCsrfToken"
static const char *const v3_names[] = {V3_NAMES, NULL};
static const char *const v4_names[] = {V3_NAMES, "tId", NULL};
static const char *const v5_names[] = {V3_NAMES, "tId", "rsub", NULL};

/* The encoded headers are compared as they are: {"alg":"RS256","typ":"JWT","version":"1"} and "2". */
#define V1_HEADER "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIxIn0="
#define V2_HEADER "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0="

const struct token_version token_versions[TOKEN_VERSIONS] = {
    {1, 0, V1_HEADER, 1, legacy_keys, COUNT(legacy_keys), legacy_names, none},
    {2, 200, V2_HEADER, 1, legacy_keys, COUNT(legacy_keys), legacy_names, none},
    {3, 221, NULL, 1000, v3_keys, COUNT(v3_keys), v3_names, v3_names},
    {4, 300, NULL, 1000, v4_keys, COUNT(v4_keys), v4_names, v4_names},
    {5, 400, NULL, 1000, v5_keys, COUNT(v5_keys), v5_names, v5_names},
};

bool token_is_listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

struct str *token_str_member(struct access_token *t, const struct token_key *key)
{
    return (struct str *)(void *)((char *)t + key->member);
}

int64_t *token_time_member(struct access_token *t, const struct token_key *key)
{
    return (int64_t *)(void *)((char *)t + key->member);
}

const struct token_version *token_version_find(int number)
{
    return number >= 1 && number <= TOKEN_VERSIONS ? &token_versions[number - 1] : NULL;
}

void token_write_keys(struct json_out *j, const struct token_version *version, const struct access_token *t)
{
    for (size_t i = 0; i < version->nkeys; i++) {
        const struct token_key *key = &version->keys[i];
        const void *member = (const char *)t + key->member;
        switch (key->kind) {
        case TOKEN_TIME:
            json_add_i64(j, key->name, *(const int64_t *)member / version->unit_ms);
            break;
        case TOKEN_STRING:
        case TOKEN_STRING_OR_NULL:
            json_add_str(j, key->name, *(const struct str *)member);
            break;
        case TOKEN_OPTIONAL_STRING:
            json_add_str_if(j, key->name, *(const struct str *)member);
            break;
        }
    }
}
