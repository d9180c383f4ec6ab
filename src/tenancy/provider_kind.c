/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy/provider_kind.h"

#define WELL_KNOWN "/.well-known/openid-configuration"
#define OPENID_EMAIL                                                                                         \
    {                                                                                                        \
        "openid", "email"                                                                                    \
    }
#define GOOGLE_PARAMS                                                                                        \
    {                                                                                                        \
        {"included_grant_scopes", "true"},                                                                   \
        {                                                                                                    \
            "access_type", "offline"                                                                         \
        }                                                                                                    \
    }

static const struct provider_emails github_emails = {"id", NULL, "primary", "verified"};
static const struct provider_emails bitbucket_emails = {"uuid", "values", "is_primary", "is_confirmed"};
static const struct provider_audience discord_audience = {"/users/@me", "/oauth2/@me", "application", "id",
                                                          false};
static const struct provider_audience facebook_audience = {"/me", "/debug_token", "data", "app_id", true};

/* The order counts. */
static const struct provider_kind kinds[] = {
    {.prefix = "active-directory",
     .name = "Active Directory",
     .base = "directoryId",
     .base_discovery = "https://login.microsoftonline.com/@/v2.0" WELL_KNOWN,
     .scopes = OPENID_EMAIL},
    {.prefix = "apple",
     .name = "Apple",
     .discovery = "https://appleid.apple.com" WELL_KNOWN,
     .scopes = OPENID_EMAIL,
     .authorization_params = {{"response_mode", "form_post"}},
     .made_secret = true},
    {.prefix = "bitbucket",
     .name = "Bitbucket",
     .authorization = "https://bitbucket.org/site/oauth2/authorize",
     .token = "https://bitbucket.org/site/oauth2/access_token",
     .user_info = "https://api.bitbucket.org/2.0/user",
     .scopes = {"account", "email"},
     .authorization_params = {{"audience", "api.atlassian.com"}},
     .params_stand_alone = true,
     .emails = &bitbucket_emails},
    {.prefix = "discord",
     .name = "Discord",
     .authorization = "https://discord.com/oauth2/authorize",
     .token = "https://discord.com/api/oauth2/token",
     .user_info = "https://discord.com/api/users/@me",
     .scopes = {"identify", "email"},
     .user_id = "id",
     .email_verified = "verified",
     .audience = &discord_audience},
    {.prefix = "facebook",
     .name = "Facebook",
     .authorization = "https://www.facebook.com/v12.0/dialog/oauth",
     .token = "https://graph.facebook.com/v12.0/oauth/access_token",
     .user_info = "https://graph.facebook.com/me",
     .scopes = {"email"},
     .user_id = "id",
     .token_in_query = true,
     .audience = &facebook_audience},
    {.prefix = "github",
     .name = "Github",
     .authorization = "https://github.com/login/oauth/authorize",
     .token = "https://github.com/login/oauth/access_token",
     .user_info = "https://api.github.com/user",
     .scopes = {"read:user", "user:email"},
     .checks_audience = true,
     .emails = &github_emails},
    {.prefix = "gitlab",
     .name = "Gitlab",
     .base = "gitlabBaseUrl",
     .base_is_domain = true,
     .base_discovery = "@" WELL_KNOWN,
     .discovery = "https://gitlab.com" WELL_KNOWN,
     .scopes = OPENID_EMAIL},
    {.prefix = "google-workspaces",
     .name = "Google Workspaces",
     .discovery = "https://accounts.google.com" WELL_KNOWN,
     .scopes = OPENID_EMAIL,
     .authorization_params = GOOGLE_PARAMS,
     .workspace = true},
    {.prefix = "google",
     .name = "Google",
     .discovery = "https://accounts.google.com" WELL_KNOWN,
     .scopes = OPENID_EMAIL,
     .authorization_params = GOOGLE_PARAMS},
    {.prefix = "okta",
     .name = "Okta",
     .base = "oktaDomain",
     .base_is_domain = true,
     .base_discovery = "@" WELL_KNOWN,
     .scopes = OPENID_EMAIL},
    {.prefix = "linkedin",
     .name = "LinkedIn",
     .authorization = "https://www.linkedin.com/oauth/v2/authorization",
     .token = "https://www.linkedin.com/oauth/v2/accessToken",
     .user_info = "https://api.linkedin.com/v2/userinfo",
     .scopes = {"openid", "profile", "email"}},
    {.prefix = "twitter",
     .name = "Twitter",
     .authorization = "https://twitter.com/i/oauth2/authorize",
     .token = "https://api.twitter.com/2/oauth2/token",
     .user_info = "https://api.twitter.com/2/users/me",
     .scopes = {"users.read", "tweet.read"},
     .user_id = "data.id",
     .pkce = true,
     .email_optional = true,
     .basic_secret = true},
    {.prefix = "boxy-saml",
     .name = "SAML",
     .base = "boxyURL",
     .authorization = "@/api/oauth/authorize",
     .token = "@/api/oauth/token",
     .user_info = "@/api/oauth/userinfo",
     .user_id = "id"},
    {.prefix = "saml", .name = "SAML", .is_saml = true},
    {.prefix = ""},
};

const struct provider_kind *provider_kind_of(json_object *config)
{
    struct str way = json_str(json_object_object_get(config, "thirdPartyImplementation"));
    if (way.n == 0)
        way = json_str(json_object_object_get(config, "thirdPartyId"));
    const struct provider_kind *kind = kinds;
    while (way.p && !str_starts(way, str_of(kind->prefix)))
        kind++;
    return way.p ? kind : &kinds[sizeof kinds / sizeof kinds[0] - 1];
}
