/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/multitenancy/: the members of a provider (spec: cdi-multitenancy 5.1), for reading and for
 * writing.
 */
#ifndef ST_MULTITENANCY_PROVIDER_MEMBERS_H
#define ST_MULTITENANCY_PROVIDER_MEMBERS_H

#include "json/json.h"

enum member_shape {
    MEMBER_TEXT,
    MEMBER_FLAG,
    MEMBER_OBJECT,         /* stored as JSON text */
    MEMBER_OBJECT_NO_NULL, /* the same; its null members are dropped */
    MEMBER_TEXTS,
};

struct provider_member {
    const char *name; /* NULL ends a table */
    enum member_shape shape;
    size_t max_chars; /* of a text, or of each of several: what the column holds; 0: any */
};

/* In the order of the answer and of the columns that the statements return. */
extern const struct provider_member client_members[], provider_members[], user_info_map_members[];

/* Takes the members that are null off VALUE, which may be any JSON, at all depths. */
void provider_drop_nulls(json_object *value);

enum { THIRD_PARTY_ID_MAX = 28, PROVIDER_NAME_MAX = 64 };          /* characters */
enum { PROVIDERS_MAX = 256, CLIENTS_MAX = 256, SCOPES_MAX = 256 }; /* of a tenant, a provider, a client */

#endif
