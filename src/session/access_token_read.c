/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking access tokens apart (spec: cdi-session 1.4, "Pre-parse" and the texts of its table). Nothing here is
 * trusted: it comes from the client until the signature has been checked.
 */
#include "json/json.h"
#include "session/token_versions.h"

static bool reject(struct str *message, const char *text)
{
    *message = str_of(text);
    return false;
}

/* A header member that must be there with just this value. */
static bool has_constant(json_object *header, const char *name, struct str value, struct str *message,
                         const char *missing, const char *mismatch)
{
    json_object *member;
    if (!json_object_object_get_ex(header, name, &member) || !member ||
        json_object_is_type(member, json_type_object) || json_object_is_type(member, json_type_array))
        return reject(message, missing);
    return str_is(json_str(member), value) || reject(message, mismatch);
}

/* 3 to 5; absent is 5; 0 when it is none of the known ones. False when it is not a JWT's at all. */
static bool read_version(json_object *header, int *version)
{
    json_object *member;
    *version = 5;
    if (!json_object_object_get_ex(header, "version", &member))
        return true;
    struct str text = json_str(member);
    if (!text.p || str_is(text, STR("1")) || str_is(text, STR("2")))
        return false;
    *version = text.n == 1 && text.p[0] >= '3' && text.p[0] <= '5' ? text.p[0] - '0' : 0;
    return true;
}

bool access_token_open(struct arena *a, struct str text, struct access_token_envelope *out,
                       struct str *message)
{
    *out = (struct access_token_envelope){0};
    if (!jwt_split(text, &out->parts))
        return reject(message, "Invalid JWT");
    for (int i = 0; i < TOKEN_VERSIONS; i++)
        if (token_versions[i].header && str_is_c(out->parts.header, token_versions[i].header)) {
            out->version = token_versions[i].number;
            return true;
        }
    json_object *kid, *header = jwt_object(a, out->parts.header);
    if (!header)
        return reject(message, "Invalid JWT");
    if (!has_constant(header, "typ", STR("JWT"), message, "JWT header missing - typ",
                      "JWT header mismatch - typ") ||
        !has_constant(header, "alg", STR("RS256"), message, "JWT header missing - alg",
                      "JWT header mismatch - alg"))
        return false;
    if (!read_version(header, &out->version))
        return reject(message, "JWT header mismatch - version");
    if (!json_object_object_get_ex(header, "kid", &kid))
        return reject(message, "JWT header missing - kid");
    out->kid = json_str(kid);
    if (!out->kid.p)
        return reject(message, "JWT header mismatch - kid");
    return out->version != 0 || reject(message, "JWT header mismatch - version");
}

bool access_token_is_signed_by(struct arena *a, const struct access_token_envelope *e,
                               const struct rsa_key *key)
{
    return e->version < 3 ? legacy_token_is_signed_by(a, &e->parts, key) : jwt_verify(a, key, &e->parts);
}

static bool read_time(json_object *member, int64_t unit_ms, int64_t *out)
{
    int64_t units = json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : -1;
    return units >= 0 && !__builtin_mul_overflow(units, unit_ms, out);
}

static bool read_key(json_object *payload, const struct token_version *version, const struct token_key *key,
                     struct access_token *out)
{
    json_object *member = NULL;
    bool there = json_object_object_get_ex(payload, key->name, &member);
    if (key->kind == TOKEN_TIME)
        return read_time(member, version->unit_ms, token_time_member(out, key));
    struct str *text = token_str_member(out, key);
    *text = json_str(member);
    if (text->p)
        return true;
    return key->kind == TOKEN_OPTIONAL_STRING ? member == NULL
                                              : key->kind == TOKEN_STRING_OR_NULL && there && member == NULL;
}

static bool incomplete(struct arena *a, struct str *message, const char *name)
{
    *message = ARENA_CONCAT(a, STR(ACCESS_TOKEN_INCOMPLETE_TEXT " "), str_of(name));
    return false;
}

static struct str jwt_user_data(struct arena *a, const struct token_version *version, json_object *payload)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_object_object_foreach(payload, name, member)
    {
        if (!token_is_listed(version->reserved, name))
            json_add_member(&j, str_of(name), json_text(a, member));
    }
    json_close(&j, '}');
    return json_done(&j);
}

bool access_token_read(struct arena *a, const struct access_token_envelope *e, struct access_token *out,
                       struct str *message)
{
    const struct token_version *version = token_version_find(e->version);
    json_object *payload = version ? jwt_object(a, e->parts.payload) : NULL;
    if (!payload)
        return reject(message, "Invalid JWT");
    for (const char *const *name = version->required; *name; name++)
        if (!json_object_object_get_ex(payload, *name, NULL))
            return incomplete(a, message, *name);
    *out = (struct access_token){.version = e->version, .kid = e->kid, .tenant_id = STR("public")};
    for (size_t i = 0; i < version->nkeys; i++)
        if (!read_key(payload, version, &version->keys[i], out))
            return incomplete(a, message, version->keys[i].name);
    if (!out->recipe_user_id.p)
        out->recipe_user_id = out->user_id;
    out->user_data =
        version->header ? legacy_token_user_data(a, payload) : jwt_user_data(a, version, payload);
    return true;
}
