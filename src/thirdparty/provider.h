/* SPDX-License-Identifier: Apache-2.0
 *
 * Which providers a tenant of a site has, and what one of them is for one of its clients (spec: fdi-recipes
 * 3.1): what is stored of the tenant lies over what the site says, and both over what is built in
 * (tenancy/provider_kind.h). Nothing here talks to anybody; json-c objects live in the request's arena.
 */
#ifndef ST_THIRDPARTY_PROVIDER_H
#define ST_THIRDPARTY_PROVIDER_H

#include "http/params.h"
#include "site/site.h"
#include "tenancy/provider_kind.h"

struct provider_config {
    struct str id;
    json_object *stored, *fixed; /* of the tenant, of the site; at least one of them */
};

struct provider_configs {
    const struct provider_config *v;
    size_t n;
};

/* STORED: text of the tenant's own list (multitenancy/providers.h). When it is not empty the tenant has those
 * and no others. Without any, the public tenant has the site's, and other tenants those marked for it. */
void provider_configs_of(struct arena *a, const struct site *site, bool is_public, struct str stored,
                         struct provider_configs *out);
const struct provider_config *provider_config_find(const struct provider_configs *all, struct str id);

/* As it is shown; absent when nobody gave it one. */
struct str provider_config_name(const struct provider_config *config);

/* Paths of members in what a provider says of a user, "data.id"; STR_NONE: not asked for. */
struct user_info_map {
    struct str user_id, email, email_verified;
};

struct provider {
    const struct provider_kind *kind;
    struct str id;
    struct str client_id, client_secret; /* secret absent: none */
    struct str *scopes;                  /* NULL: none are sent */
    size_t nscopes;
    bool pkce, pkce_methods_known, email_required;
    json_object *additional; /* additionalConfig, or NULL */
    /* Absent where they are not known; provider_discovered fills in. */
    struct str discovery, authorization_endpoint, token_endpoint, user_info_endpoint, jwks_uri, issuer;
    /* Objects of strings and nulls, or NULL. */
    json_object *authorization_params, *token_params, *user_info_params, *user_info_headers;
    struct user_info_map from_id_token, from_user_info;
};

/* The provider for the client of that type, or for its only one when TYPE is absent. NULL: *WHY says why
 * not. */
struct provider *provider_for_client(struct arena *a, const struct provider_config *config, struct str type,
                                     struct str *why);

/* An OpenID configuration: JSON text. False: it is none. */
bool provider_is_discovery(json_object *document);
/* Fills in what is not configured. False: *WHY says what is wrong with it. */
bool provider_discovered(struct arena *a, struct provider *p, json_object *document, const char **why);

/* The address that the browser is sent to (spec: fdi-recipes 3.2). VERIFIER is set when PKCE is used. False:
 * *WHY says what is missing. */
bool provider_authorization_url(struct arena *a, const struct provider *p, struct str redirect_uri,
                                struct str *url, struct str *verifier, const char **why);

/* Sets or removes (null) what OBJECT, or NULL, says. */
void provider_params(struct params *f, json_object *object);

/* The member of additionalConfig as a string; absent when it is none. */
struct str provider_additional(const struct provider *p, const char *name);

#endif
