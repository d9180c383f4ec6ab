/* SPDX-License-Identifier: Apache-2.0 */
#include "multitenancy/provider_members.h"

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
