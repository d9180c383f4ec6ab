/* SPDX-License-Identifier: Apache-2.0
 *
 * What is built in of the ways of providers (spec: fdi-recipes 3.1), as rows: a provider is of the first kind
 * whose prefix its thirdPartyImplementation, or else its thirdPartyId, begins with.
 */
#ifndef ST_TENANCY_PROVIDER_KIND_H
#define ST_TENANCY_PROVIDER_KIND_H

#include "json/json.h"

/* A second request says which addresses the user has; the names are members of its answer and of the first
 * one's. The request goes to the user info endpoint with "/emails" behind it. */
struct provider_emails {
    const char *user_id;
    const char *list; /* where the addresses are; NULL: the answer is the list */
    const char *primary, *verified;
};

/* Where a provider says for which application an access token was made: PATH in the place of INSTEAD_OF at
 * the end of the user info endpoint; the client's id is the member ID of the answer's member OBJECT. It is
 * asked with that token, or by the application with a token of its own, "clientId|clientSecret". */
struct provider_audience {
    const char *instead_of, *path, *object, *id;
    bool as_application;
};

/* "@" in an endpoint stands for the member BASE of additionalConfig; without it the endpoint is absent. */
struct provider_kind {
    const char *prefix, *name;
    const char *base;
    bool base_is_domain;                           /* scheme and host are taken of it, https:// is added */
    const char *base_discovery;                    /* wins over what is configured */
    const char *discovery;                         /* used when nothing is configured; so are these: */
    const char *authorization, *token, *user_info; /* endpoints */
    const char *scopes[4];                         /* NULL at the end */
    const char *authorization_params[2][2];        /* name, value */
    bool params_stand_alone;                       /* any configured parameter replaces them all */
    const char *user_id, *email, *email_verified;  /* of the user info; NULL: sub, email, email_verified */
    bool pkce, email_optional;
    bool workspace;       /* Google: additionalConfig.hd is asked for and must be in the id token */
    bool made_secret;     /* Apple: the client secret is a token that we sign */
    bool basic_secret;    /* Twitter: the client secret goes into a header */
    bool token_in_query;  /* Facebook: so goes the access token, and "fields" says what is wanted */
    bool checks_audience; /* GitHub: its API says for which application an access token was made */
    bool is_saml;         /* not OAuth at all */
    const struct provider_audience *audience; /* the same for others; NULL: they do not say it */
    const struct provider_emails *emails;
};

/* Never NULL: the last row fits every provider. CONFIG: a ProviderConfig (tenancy/provider_config.h). */
const struct provider_kind *provider_kind_of(json_object *config);

static inline bool provider_kind_is_built_in(const struct provider_kind *kind)
{
    return kind->prefix[0] != 0;
}

#endif
