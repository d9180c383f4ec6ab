/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"
#include "session/access_token.h"
#include "session/token_versions.h"

/* In the cache a token is its struct, followed by the bytes of its texts in the order of this table. */
static const size_t texts[] = {
    offsetof(struct access_token, user_id),
    offsetof(struct access_token, recipe_user_id),
    offsetof(struct access_token, session_handle),
    offsetof(struct access_token, refresh_token_hash1),
    offsetof(struct access_token, parent_refresh_token_hash1),
    offsetof(struct access_token, anti_csrf_token),
    offsetof(struct access_token, tenant_id),
    offsetof(struct access_token, kid),
    offsetof(struct access_token, user_data),
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static struct str *text_at(struct access_token *t, size_t i)
{
    return (struct str *)(void *)((char *)t + texts[i]);
}

static struct str pack(struct arena *a, struct access_token t)
{
    struct str parts[TEXTS + 1] = {{(const char *)&t, sizeof t}};
    for (size_t i = 0; i < TEXTS; i++)
        parts[i + 1] = *text_at(&t, i);
    return arena_concat(a, parts, TEXTS + 1);
}

static void unpack(struct str info, struct access_token *out)
{
    memcpy(out, info.p, sizeof *out);
    const char *p = info.p + sizeof *out;
    for (size_t i = 0; i < TEXTS; i++) {
        struct str *text = text_at(out, i);
        if (!text->p)
            continue;
        text->p = p;
        p += text->n;
    }
}

static const struct rsa_key *find_signer(struct arena *a, const struct access_token_envelope *e,
                                         const struct key_set *set, const struct key_rules *rules,
                                         bool *known)
{
    if (e->kid.p) {
        const struct rsa_key *key = key_set_find(set, rules, e->kid);
        *known = key != NULL;
        return key && access_token_is_signed_by(a, e, key) ? key : NULL;
    }
    size_t live = key_set_live(set, rules);
    *known = true; /* legacy tokens name no key: any will do */
    for (size_t i = 0; i < set->ndynamic + set->nstatic; i++)
        if ((i < live || i >= set->ndynamic) && access_token_is_signed_by(a, e, set->keys[i]))
            return set->keys[i];
    return NULL;
}

/* A remembered token must not outlive its key. */
static int64_t remember_until(const struct access_token *t, const struct key_set *set,
                              const struct key_rules *rules, const struct rsa_key *key)
{
    for (size_t i = 0; i < set->ndynamic; i++)
        if (set->keys[i] == key && key_expires_at(set->created[i], rules) < t->expires_ms)
            return key_expires_at(set->created[i], rules);
    return t->expires_ms;
}

static enum st_err check_signature(struct ctx *c, const struct access_token_verifier *v,
                                   const struct access_token_envelope *e, const struct key_set **set,
                                   const struct rsa_key **key, bool *known)
{
    *key = find_signer(c->arena, e, *set, &v->rules, known);
    if (*key)
        return ST_OK;
    uint64_t serial = (*set)->serial;
    ST_TRY(keys_reload(c, v->ring, v->db, &v->rules, set));
    if ((*set)->serial != serial)
        *key = find_signer(c->arena, e, *set, &v->rules, known);
    return ST_OK;
}

static enum st_err verify_anew(struct ctx *c, const struct access_token_verifier *v, struct str text,
                               const struct key_set **set, const struct rsa_key **key,
                               struct access_token_result *out)
{
    struct access_token_envelope e;
    bool known;
    out->state = ACCESS_TOKEN_MALFORMED;
    if (!access_token_open(c->arena, text, &e, &out->message))
        return ST_OK;
    ST_TRY(check_signature(c, v, &e, set, key, &known));
    if (!*key) {
        out->state = ACCESS_TOKEN_FORGED;
        out->message = known ? STR("JWT verification failed") : STR("Key not found");
        return ST_OK;
    }
    bool complete = access_token_read(c->arena, &e, &out->token, &out->message);
    out->state = complete ? ACCESS_TOKEN_GOOD : ACCESS_TOKEN_INCOMPLETE;
    return ST_OK;
}

enum st_err access_token_verify(struct ctx *c, const struct access_token_verifier *v, struct str text,
                                int64_t now_ms, struct access_token_result *out)
{
    const struct key_set *set;
    const struct rsa_key *key = NULL;
    struct verified_token_id id;
    struct str info;
    *out = (struct access_token_result){.state = ACCESS_TOKEN_GOOD};
    ST_TRY(keys_current(c, v->ring, v->db, &v->rules, 0, &set));
    if (v->cache) {
        id.scope = set->serial;
        digest_sha256(text, id.hash);
        if (verified_tokens_get(v->cache, c->arena, &id, now_ms, &info)) {
            metrics_count(METRIC_tokens);
            unpack(info, &out->token);
            return ST_OK;
        }
        metrics_count(METRIC_tokens_last);
    }
    ST_TRY(verify_anew(c, v, text, &set, &key, out));
    if (out->state != ACCESS_TOKEN_GOOD)
        return ST_OK;
    if (out->token.expires_ms <= now_ms) { /* RFC 7519 section 4.1.4: not on or after it */
        out->state = ACCESS_TOKEN_EXPIRED;
        out->message = STR("Access token expired");
    } else if (v->cache) {
        id.scope = set->serial;
        verified_tokens_put(v->cache, &id, remember_until(&out->token, set, &v->rules, key),
                            pack(c->arena, out->token));
    }
    return ST_OK;
}
