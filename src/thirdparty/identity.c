/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/identity.h"

#include "json/json.h"

enum { LEEWAY_S = 30 }; /* clocks differ */

/* ---- claims ---- */

static bool is_audience(json_object *aud, struct str client_id)
{
    if (json_object_is_type(aud, json_type_string))
        return str_is(json_str(aud), client_id);
    for (size_t i = 0; json_object_is_type(aud, json_type_array) && i < json_object_array_length(aud); i++)
        if (str_is(json_str(json_object_array_get_idx(aud, i)), client_id))
            return true;
    return false;
}

/* Seconds since the epoch; false: no number. */
static bool get_time(json_object *claims, const char *name, double *out)
{
    json_object *value = json_object_object_get(claims, name);
    *out = json_object_get_double(value);
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

/* The issuer of Entra's applications for several directories names the directory by a placeholder, and old
 * tokens of Google do without the scheme. */
static bool is_issuer(struct arena *a, json_object *claims, struct str issuer)
{
    static const char placeholder[] = "{tenantid}";
    struct str iss = json_str(json_object_object_get(claims, "iss"));
    size_t at = str_find(issuer, '{');
    if (str_starts(str_from(issuer, at), STR("{tenantid}"))) {
        struct str tid = json_str(json_object_object_get(claims, "tid"));
        issuer =
            tid.n ? ARENA_CONCAT(a, str_head(issuer, at), tid, str_from(issuer, at + sizeof placeholder - 1))
                  : STR_NONE;
    }
    return iss.n && (str_is(iss, issuer) || str_is(ARENA_CONCAT(a, STR("https://"), iss), issuer));
}

bool identity_needs_claims(const struct provider *p)
{
    struct str workspace = provider_additional(p, "hd");
    return p->kind->workspace && workspace.p && !str_is(workspace, STR("*"));
}

static bool is_workspace(const struct provider *p, json_object *claims)
{
    return !identity_needs_claims(p) ||
           str_is(json_str(json_object_object_get(claims, "hd")), provider_additional(p, "hd"));
}

const char *identity_check_claims(struct arena *a, const struct provider *p, json_object *claims,
                                  int64_t now_s)
{
    double exp, nbf, now = (double)now_s;
    if (!get_time(claims, "exp", &exp))
        return "it has no exp";
    if (exp + LEEWAY_S <= now)
        return "it has expired";
    if (json_object_object_get(claims, "nbf") && (!get_time(claims, "nbf", &nbf) || nbf - LEEWAY_S > now))
        return "it is not valid yet";
    if (!is_audience(json_object_object_get(claims, "aud"), p->client_id))
        return "it was made for another client (aud)";
    if (p->issuer.p && !is_issuer(a, claims, p->issuer))
        return "it is from another issuer (iss)";
    return is_workspace(p, claims) ? NULL : "it is of another workspace (hd)";
}

bool identity_is_one(json_object *id_token, json_object *user_info, bool strict)
{
    struct str sub = json_str(json_object_object_get(id_token, "sub")), other = STR_NONE;
    if (json_object_is_type(user_info, json_type_object))
        other = json_str(json_object_object_get(user_info, "sub"));
    return sub.n && other.n ? str_is(sub, other) : !strict;
}

/* ---- user id and address ---- */

/* The part of VALUE at a path such as "data.emails.0". */
static json_object *at_path(struct arena *a, json_object *value, struct str path)
{
    int64_t index;
    for (struct str rest = path; rest.p && value;) {
        struct str name = str_split(&rest, '.');
        if (json_object_is_type(value, json_type_object))
            value = json_object_object_get(value, arena_str(a, name).p);
        else if (json_object_is_type(value, json_type_array) && str_to_i64(name, &index) && index >= 0)
            value = json_object_array_get_idx(value, (size_t)index);
        else
            value = NULL;
    }
    return value;
}

static struct str no_nul(struct str text)
{
    return text.n && str_find(text, 0) == text.n ? text : STR_NONE;
}

/* An id may be a number; what else is neither string nor number is none. */
static struct str id_text(struct arena *a, json_object *value)
{
    return json_object_is_type(value, json_type_int) ? json_text(a, value) : no_nul(json_str(value));
}

static bool is_true(json_object *value)
{
    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value)
                                                         : str_is_ci(json_str(value), STR("true"));
}

struct half {
    struct str user_id, email;
    json_object *verified;
};

static struct half read_half(struct arena *a, const struct user_info_map *map, json_object *from)
{
    return (struct half){
        .user_id = id_text(a, at_path(a, from, map->user_id)),
        .email = no_nul(json_str(at_path(a, from, map->email))),
        .verified = at_path(a, from, map->email_verified),
    };
}

/* The id token has the last word on id and address. An address is verified when the one who names it says so;
 * when that one says nothing, the other may speak for the same address. (The reference lets the id token
 * decide even where there is none, so that addresses of providers without id tokens are never verified. Both
 * come over TLS from the provider that we ask, so neither is worth less.) */
static void find_mapped(struct arena *a, const struct provider *p, json_object *id_token,
                        json_object *user_info, struct identity *out)
{
    struct half token = read_half(a, &p->from_id_token, id_token),
                info = read_half(a, &p->from_user_info, user_info);
    const struct half *by = token.email.p ? &token : &info, *other = token.email.p ? &info : &token;
    out->user_id = token.user_id.p ? token.user_id : info.user_id;
    out->email = by->email;
    json_object *verified = by->verified;
    if (!verified && other->email.p && str_is(other->email, by->email))
        verified = other->verified;
    out->verified = out->email.p && is_true(verified);
}

static void find_listed(struct arena *a, const struct provider_emails *names, json_object *user_info,
                        json_object *emails, struct identity *out)
{
    json_object *list = emails;
    if (names->list)
        list = json_object_is_type(emails, json_type_object) ? json_object_object_get(emails, names->list)
                                                             : NULL;
    if (json_object_is_type(user_info, json_type_object))
        out->user_id = id_text(a, json_object_object_get(user_info, names->user_id));
    for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
         i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        if (!json_object_is_type(entry, json_type_object) ||
            !is_true(json_object_object_get(entry, names->primary)))
            continue;
        out->email = no_nul(json_str(json_object_object_get(entry, "email")));
        out->verified = out->email.p && is_true(json_object_object_get(entry, names->verified));
    }
}

bool identity_find(struct arena *a, const struct provider *p, json_object *id_token, json_object *user_info,
                   json_object *emails, struct identity *out)
{
    *out = (struct identity){.verified = false};
    if (p->kind->emails)
        find_listed(a, p->kind->emails, user_info, emails, out);
    else
        find_mapped(a, p, id_token, user_info, out);
    return out->user_id.p != NULL;
}

struct str identity_fake_email(struct arena *a, const struct provider *p, struct str user_id)
{
    return ARENA_CONCAT(a, user_id, STR("."), p->id, STR("@stfakeemail.supertokens.com"));
}
