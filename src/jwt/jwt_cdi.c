/* SPDX-License-Identifier: Apache-2.0
 *
 * The JWT recipe and the key sets at the core door (spec: cdi-session 5).
 */
#include "base/clock.h"
#include "core/route.h"
#include "crypto/jwt.h"
#include "jwt/keys.h"

static enum st_err read_jwks(struct core_call *k, int64_t *max_age_s)
{
    struct key_rules rules = key_rules_of(k->tenant->config);
    struct str keys;
    ST_TRY(keys_jwks_json(k->c, k->tenant->keyring, k->tenant->db, &rules, &keys, max_age_s));
    json_add_raw(&k->out, "keys", keys);
    return ST_OK;
}

static enum st_err get_jwks(struct core_call *k)
{
    int64_t max_age_s;
    ST_TRY(read_jwks(k, &max_age_s));
    answer_status(k, "OK");
    return ST_OK;
}

static enum st_err get_well_known_jwks(struct core_call *k)
{
    int64_t max_age_s;
    ST_TRY(read_jwks(k, &max_age_s));
    http_add_header(&k->x->rs, "Cache-Control",
                    arena_printf(k->c->arena, "max-age=%lld, must-revalidate", (long long)max_age_s));
    return ST_OK;
}

struct jwt_in {
    struct str algorithm, jwksDomain;
    json_object *payload;
    int64_t validity;
    bool useStaticSigningKey, has_useStaticSigningKey;
};

static const struct field jwt_fields[] = {
    FIELD(struct jwt_in, algorithm, FIELD_STRING),
    FIELD(struct jwt_in, jwksDomain, FIELD_STRING),
    FIELD(struct jwt_in, payload, FIELD_OBJECT),
    FIELD(struct jwt_in, validity, FIELD_LONG),
    FIELD_OPTIONAL(struct jwt_in, useStaticSigningKey, FIELD_BOOL, .since = CDI_2_21),
    FIELDS_END,
};

/* iat, exp and iss first; what the caller gives under these names takes their places. */
static struct str jwt_payload(struct arena *a, const struct jwt_in *in)
{
    int64_t now = clock_now_ms() / 1000;
    int64_t end = in->validity > INT64_MAX - now ? INT64_MAX : now + in->validity;
    struct json_out j = json_out(a);
    json_object *own;
    json_open(&j, NULL, '{');
    if (json_object_object_get_ex(in->payload, "iat", &own))
        json_add_raw(&j, "iat", json_text(a, own));
    else
        json_add_i64(&j, "iat", now);
    if (json_object_object_get_ex(in->payload, "exp", &own))
        json_add_raw(&j, "exp", json_text(a, own));
    else
        json_add_i64(&j, "exp", end);
    if (json_object_object_get_ex(in->payload, "iss", &own))
        json_add_raw(&j, "iss", json_text(a, own));
    else
        json_add_str(&j, "iss", in->jwksDomain);
    json_object_object_foreach(in->payload, key, value)
    {
        if (strcmp(key, "iat") != 0 && strcmp(key, "exp") != 0 && strcmp(key, "iss") != 0)
            json_add_member(&j, str_of(key), json_text(a, value));
    }
    json_close(&j, '}');
    return json_done(&j);
}

static enum st_err post_jwt(struct core_call *k)
{
    const struct jwt_in *in = k->in;
    const struct rsa_key *key;
    if (in->validity <= 0)
        return ctx_fail(k->c, ST_BAD_REQUEST, "validity must be greater than or equal to 0");
    ST_TRY(core_use_scope(k, SCOPE_APP));
    if (!str_is_ci(in->algorithm, STR("RS256"))) {
        answer_status(k, "UNSUPPORTED_ALGORITHM_ERROR");
        return ST_OK;
    }
    struct key_rules rules = key_rules_of(k->tenant->config);
    bool dynamic = in->has_useStaticSigningKey && !in->useStaticSigningKey;
    ST_TRY(keys_for_signing(k->c, k->tenant->keyring, k->tenant->db, &rules, dynamic, &key));
    answer_status(k, "OK");
    struct str header =
        ARENA_CONCAT(k->c->arena, STR("{\"kid\":\""), key->kid, STR("\",\"typ\":\"JWT\",\"alg\":\"RS256\"}"));
    json_add_str(&k->out, "jwt", jwt_sign(k->c->arena, key, header, jwt_payload(k->c->arena, in)));
    return ST_OK;
}

const struct route jwt_routes[] = {
    {.path = "/recipe/jwt",
     .method = HTTP_POST,
     .scope = SCOPE_NONE,
     .fields = jwt_fields,
     .in_size = sizeof(struct jwt_in),
     .handler = post_jwt,
     .help = "Signs a JWT with the payload of the caller.",
     .statuses = "OK UNSUPPORTED_ALGORITHM_ERROR"},
    {.path = "/recipe/jwt/jwks",
     .method = HTTP_GET,
     .scope = SCOPE_APP,
     .handler = get_jwks,
     .help = "The public keys, as JWKs.",
     .statuses = "OK"},
    {.path = "/.well-known/jwks.json",
     .method = HTTP_GET,
     .scope = SCOPE_APP_LOOSE,
     .flags = ROUTE_NO_API_KEY | ROUTE_ANY_VERSION,
     .handler = get_well_known_jwks,
     .help = "The public keys, as a JWK set (RFC 7517)."},
    {.path = NULL},
};
