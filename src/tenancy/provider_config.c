/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy/provider_config.h"

/* A missing clientType is stored as ''. */
const struct provider_member client_members[] = {
    {"clientType", MEMBER_TEXT, 64},  {"clientId", MEMBER_TEXT, 256},
    {"clientSecret", MEMBER_TEXT, 0}, {"scope", MEMBER_TEXTS, 128},
    {"forcePKCE", MEMBER_FLAG, 0},    {"additionalConfig", MEMBER_OBJECT_NO_NULL, 0},
    {NULL, MEMBER_TEXT, 0},
};

/* Behind thirdPartyId, name and clients. */
const struct provider_member provider_members[] = {
    {"authorizationEndpoint", MEMBER_TEXT, 0},
    {"authorizationEndpointQueryParams", MEMBER_OBJECT, 0},
    {"tokenEndpoint", MEMBER_TEXT, 0},
    {"tokenEndpointBodyParams", MEMBER_OBJECT, 0},
    {"userInfoEndpoint", MEMBER_TEXT, 0},
    {"userInfoEndpointQueryParams", MEMBER_OBJECT, 0},
    {"userInfoEndpointHeaders", MEMBER_OBJECT, 0},
    {"jwksURI", MEMBER_TEXT, 0},
    {"oidcDiscoveryEndpoint", MEMBER_TEXT, 0},
    {"requireEmail", MEMBER_FLAG, 0},
    {NULL, MEMBER_TEXT, 0},
};

/* Of each of fromIdTokenPayload and fromUserInfoAPI, behind the members above. */
const struct provider_member user_info_map_members[] = {
    {"userId", MEMBER_TEXT, 64},
    {"email", MEMBER_TEXT, 64},
    {"emailVerified", MEMBER_TEXT, 64},
    {NULL, MEMBER_TEXT, 0},
};

void provider_drop_nulls(json_object *value)
{
    if (json_object_is_type(value, json_type_array))
        for (size_t i = 0; i < json_object_array_length(value); i++)
            provider_drop_nulls(json_object_array_get_idx(value, i));
    if (!json_object_is_type(value, json_type_object))
        return;
    json_object_object_foreach(value, name, member)
    {
        if (member)
            provider_drop_nulls(member);
        else
            json_object_object_del(value, name);
    }
}

/* ---- rules ---- */

static enum st_err invalid(struct ctx *c, const char *text)
{
    return ctx_fail(c, ST_BAD_REQUEST, "Invalid third party config: %s", text);
}

enum st_err provider_duplicate_client(struct ctx *c)
{
    return invalid(c, "Duplicate clientType was specified in the clients list.");
}

enum presence { REQUIRED, WHEN_PRESENT };

/* What the additionalConfig of providers of one make must hold, as strings that are not empty. */
static const struct make {
    const char *id_prefix;
    const char *names[3];
    enum presence presence;
    const char *error;
} makes[] = {
    {"apple",
     {"keyId", "teamId", "privateKey"},
     REQUIRED,
     "a non empty string value must be specified for keyId, teamId and privateKey in the additionalConfig "
     "for Apple provider"},
    {"google-workspaces", {"hd"}, WHEN_PRESENT, "hd in additionalConfig must be a non empty string value"},
    {"boxy-saml",
     {"boxyURL"},
     WHEN_PRESENT,
     "a non empty string value must be specified for boxyURL in the additionalConfig for Boxy SAML provider"},
};

static bool fits_make(const struct make *make, json_object *additional)
{
    json_object *value;
    for (size_t i = 0; i < sizeof make->names / sizeof make->names[0] && make->names[i]; i++) {
        bool present = additional && json_object_object_get_ex(additional, make->names[i], &value);
        if (present ? json_str(value).n == 0 : make->presence == REQUIRED)
            return false;
    }
    return true;
}

static struct str client_type(json_object *client)
{
    struct str type = json_str(json_object_object_get(client, "clientType"));
    return type.p ? type : STR("");
}

static enum st_err check_client(struct ctx *c, struct str provider_id, json_object *clients, size_t at)
{
    json_object *client = json_object_array_get_idx(clients, at),
                *scope = json_object_object_get(client, "scope");
    for (size_t before = 0; before < at; before++)
        if (str_is(client_type(client), client_type(json_object_array_get_idx(clients, before))))
            return provider_duplicate_client(c);
    if (!json_object_object_get(client, "clientId"))
        return invalid(c, "clientId cannot be null");
    for (size_t i = 0; scope && i < json_object_array_length(scope); i++)
        if (!json_object_array_get_idx(scope, i))
            return invalid(c, "scope array cannot contain a null");
    for (const struct make *make = makes; make < makes + sizeof makes / sizeof makes[0]; make++)
        if (str_starts(provider_id, str_of(make->id_prefix)) &&
            !fits_make(make, json_object_object_get(client, "additionalConfig")))
            return invalid(c, make->error);
    return ST_OK;
}

enum st_err provider_check(struct ctx *c, json_object *provider)
{
    struct str id = json_str(json_object_object_get(provider, "thirdPartyId"));
    json_object *clients = json_object_object_get(provider, "clients");
    if (id.n == 0)
        return invalid(c, "thirdPartyId cannot be null or empty");
    for (size_t i = 0; i < json_object_array_length(clients); i++)
        ST_TRY(check_client(c, id, clients, i));
    return ST_OK;
}

enum st_err provider_check_storable(struct ctx *c, json_object *provider)
{
    json_object *clients = json_object_object_get(provider, "clients");
    for (size_t i = 0; i < json_object_array_length(clients); i++)
        if (!json_object_object_get(json_object_array_get_idx(clients, i), "clientId"))
            return invalid(c, "clientId cannot be null");
    return ST_OK;
}
