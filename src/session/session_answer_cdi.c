/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of the session recipe's answers.
 */
#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "crypto/rsa_key.h"
#include "session/session_cdi.h"

/* The reference's idea of forever for a static key, and the end of its "validity" (ms). */
#define STATIC_KEY_LIFETIME 315360000000

void answer_session(struct core_call *k, const struct session *s)
{
    json_open(&k->out, "session", '{');
    json_add_str(&k->out, "handle", s->handle);
    json_add_str(&k->out, "userId", s->user_id);
    if (k->cdi >= CDI_4_0)
        json_add_str(&k->out, "recipeUserId", s->recipe_user_id);
    json_add_raw(&k->out, "userDataInJWT", s->payload);
    if (k->cdi >= CDI_3_0)
        json_add_str(&k->out, "tenantId", s->tenant_id);
    json_close(&k->out, '}');
}

void answer_token(struct core_call *k, const char *key, const struct session_token *t)
{
    json_open(&k->out, key, '{');
    json_add_str(&k->out, "token", t->text);
    json_add_i64(&k->out, "expiry", t->expiry);
    json_add_i64(&k->out, "createdTime", t->created);
    json_close(&k->out, '}');
}

void answer_tokens(struct core_call *k, const struct session_tokens *t)
{
    answer_session(k, &t->session);
    answer_token(k, "accessToken", &t->access);
    answer_token(k, "refreshToken", &t->refresh);
    if (k->cdi < CDI_2_21) {
        struct session_token id = t->refresh;
        id.text = random_uuid_str(k->c->arena);
        answer_token(k, "idRefreshToken", &id);
    }
    json_add_str_if(&k->out, "antiCsrfToken", t->anti_csrf);
    answer_status(k, "OK");
}

void answer_failure(struct core_call *k, const char *status, struct str message)
{
    answer_status(k, status);
    json_add_str(&k->out, "message", message);
}

static void answer_key(struct core_call *k, struct str public_key, int64_t created, int64_t expiry)
{
    json_open(&k->out, NULL, '{');
    json_add_str(&k->out, "publicKey", public_key);
    json_add_i64(&k->out, "expiryTime", expiry);
    json_add_i64(&k->out, "createdAt", created);
    json_close(&k->out, '}');
}

static void answer_dynamic_keys(struct core_call *k, const struct key_set *set, const struct key_rules *rules)
{
    size_t live = key_set_live(set, rules);
    size_t signing = key_choose(set->created, live ? live : 1, clock_now_ms(), rules);
    json_add_str(&k->out, "jwtSigningPublicKey", set->keys[signing]->spki);
    json_add_i64(&k->out, "jwtSigningPublicKeyExpiryTime", key_rotates_at(set->created[signing], rules));
    if (k->cdi < CDI_2_9)
        return;
    json_open(&k->out, "jwtSigningPublicKeyList", '[');
    for (size_t i = 0; i < live; i++)
        answer_key(k, set->keys[i]->spki, set->created[i], key_expires_at(set->created[i], rules));
    json_close(&k->out, ']');
}

static void answer_static_key(struct core_call *k, const struct key_set *set)
{
    const struct rsa_key *key = set->keys[set->ndynamic];
    int64_t created = key->created_at;
    json_add_str(&k->out, "jwtSigningPublicKey", key->spki);
    json_add_i64(&k->out, "jwtSigningPublicKeyExpiryTime", STATIC_KEY_LIFETIME);
    if (k->cdi < CDI_2_9)
        return;
    json_open(&k->out, "jwtSigningPublicKeyList", '[');
    answer_key(k, key->spki, created, created + STATIC_KEY_LIFETIME);
    json_close(&k->out, ']');
}

enum st_err answer_legacy_keys(struct core_call *k)
{
    const struct tenant *app = k->tenant->app;
    bool dynamic = app->config->access_token_signing_key_dynamic;
    struct key_rules rules = key_rules_of(app->config);
    const struct key_set *set;
    if (k->cdi >= CDI_2_21)
        return ST_OK;
    ST_TRY(keys_current(k->c, app->keyring, app->db, &rules, dynamic ? KEYS_DYNAMIC : KEYS_STATIC, &set));
    if (dynamic)
        answer_dynamic_keys(k, set, &rules);
    else
        answer_static_key(k, set);
    return ST_OK;
}
