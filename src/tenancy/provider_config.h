/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration of a third-party provider, a ProviderConfig (spec: cdi-multitenancy 5.1 and 6,
 * fdi-recipes 3.1), as tenants store it and sites have it: its members, and the rules that it keeps.
 */
#ifndef ST_TENANCY_PROVIDER_CONFIG_H
#define ST_TENANCY_PROVIDER_CONFIG_H

#include "base/ctx.h"
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

/* Whether PROVIDER, of whose members the types are right and whose clients are a list, can be used: ids, one
 * client of each type, and what providers of its make need. ST_BAD_REQUEST with the reference's text. That no
 * id stands twice in a list is its owner's work. */
enum st_err provider_check(struct ctx *c, json_object *provider) ST_MUST_CHECK;
/* Only what would be in the way of storing it. */
enum st_err provider_check_storable(struct ctx *c, json_object *provider) ST_MUST_CHECK;
/* Two clients of one type: the text of that. */
enum st_err provider_duplicate_client(struct ctx *c);

#endif
