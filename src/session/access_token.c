/* SPDX-License-Identifier: Apache-2.0
 *
 * Minting of access tokens; reading them: access_token_read.c, verifying: access_token_verify.c.
 */
#include "session/access_token.h"

#include <sodium.h>

#include "json/json.h"
#include "session/payload.h"
#include "session/token_versions.h"

int access_token_version_of_cdi(int cdi)
{
    int number = 2;
    for (int i = 0; i < TOKEN_VERSIONS; i++)
        if (token_versions[i].since_cdi && cdi >= token_versions[i].since_cdi)
            number = token_versions[i].number;
    return number;
}

bool access_token_is_protected(int version, json_object *user_data)
{
    const struct token_version *v = token_version_find(version);
    if (!v || !user_data)
        return false;
    json_object_object_foreach(user_data, name, member)
    {
        (void)member;
        if (token_is_listed(v->reserved, name))
            return true;
    }
    return false;
}

int64_t access_token_end(int64_t now_ms, int64_t validity_ms, double jitter, double unit)
{
    return now_ms + (int64_t)((double)validity_ms * (1 - unit * jitter));
}

static struct str jwt_header(struct arena *a, const struct access_token *t)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_add_str(&j, "kid", t->kid);
    json_add_str(&j, "typ", STR("JWT"));
    json_add_str(&j, "version", arena_printf(a, "%d", t->version));
    json_add_str(&j, "alg", STR("RS256"));
    json_close(&j, '}');
    return json_done(&j);
}

/* The version's keys and then, on the same level, the user's. */
static struct str jwt_payload(struct arena *a, const struct token_version *version,
                              const struct access_token *t)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    token_write_keys(&j, version, t);
    if (t->user_data.n > STR("{}").n)
        json_add_raw(&j, NULL, (struct str){t->user_data.p + 1, t->user_data.n - 2});
    json_close(&j, '}');
    return json_done(&j);
}

enum st_err access_token_mint(struct ctx *c, const struct rsa_key *key, struct access_token *t,
                              json_object *user_data, struct str *text)
{
    const struct token_version *version = token_version_find(t->version);
    if (!version)
        return ctx_fail(c, ST_INTERNAL, "no access token has version %d", t->version);
    if (access_token_is_protected(t->version, user_data))
        return ctx_fail(c, ST_BAD_REQUEST, ACCESS_TOKEN_PROTECTED_FIELD);
    t->issued_ms -= t->issued_ms % version->unit_ms;
    t->expires_ms -= t->expires_ms % version->unit_ms;
    if (version->header) {
        t->kid = STR_NONE;
        *text = legacy_token_mint(c->arena, key, version, t, user_data);
        return ST_OK;
    }
    struct json_out user = json_out(c->arena);
    if (user_data && !payload_write(&user, user_data))
        return ctx_fail(c, ST_INTERNAL,
                        "The user payload contains a number that an access token cannot hold");
    t->user_data = user_data ? json_done(&user) : STR("{}");
    t->kid = arena_str(c->arena, key->kid);
    *text = jwt_sign(c->arena, key, jwt_header(c->arena, t), jwt_payload(c->arena, version, t));
    return ST_OK;
}

const char *access_token_anti_csrf_error(const struct access_token *t, struct str given)
{
    if (!t->anti_csrf_token.p)
        return ACCESS_TOKEN_INCOMPLETE_TEXT;
    if (given.p && given.n == t->anti_csrf_token.n &&
        sodium_memcmp(given.p, t->anti_csrf_token.p, given.n) == 0)
        return NULL;
    return "anti-csrf check failed";
}
