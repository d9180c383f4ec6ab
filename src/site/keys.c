/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of a site's file. Reading, checking, suggestions and doc/sites.md come from these rows. Keys of
 * one map stand behind its own row, in the order of the page.
 */
#include <stdio.h>

#include "site/internal.h"
#include "tenancy/provider_config.h"

static const struct site_choice same_sites[] = {
    {"lax", SITE_SAME_SITE_LAX}, {"none", SITE_SAME_SITE_NONE}, {"strict", SITE_SAME_SITE_STRICT}, {NULL, 0}};
static const struct site_choice anti_csrfs[] = {{"NONE", SITE_ANTI_CSRF_NONE},
                                                {"VIA_CUSTOM_HEADER", SITE_ANTI_CSRF_CUSTOM_HEADER},
                                                {"VIA_TOKEN", SITE_ANTI_CSRF_TOKEN},
                                                {NULL, 0}};
static const struct site_choice transfers[] = {{"any", SITE_TRANSFER_ANY},
                                               {"cookie", SITE_TRANSFER_COOKIE},
                                               {"header", SITE_TRANSFER_HEADER},
                                               {NULL, 0}};
static const struct site_choice profiles[] = {
    {"default", SITE_PASSWORD_DEFAULT}, {"nist", SITE_PASSWORD_NIST}, {NULL, 0}};
static const struct site_choice modes[] = {{"REQUIRED", true}, {"OPTIONAL", false}, {NULL, 0}};
static const struct site_choice events[] = {
    {"signUp", SITE_EVENT_SIGN_UP}, {"signIn", SITE_EVENT_SIGN_IN}, {NULL, 0}};

#define AT(MEMBER) .offset = offsetof(struct site, MEMBER)
#define IN(TYPE, MEMBER) .offset = offsetof(struct TYPE, MEMBER)
#define LIST_AT(MEMBER, COUNT)                                                                               \
    .offset = offsetof(struct site, MEMBER), .count_offset = offsetof(struct site, COUNT)

#define PROVIDERS "thirdParty.signInAndUpFeature.providers"
#define CONFIG PROVIDERS "[].config"
#define CLIENTS CONFIG ".clients"

/* clang-format off */
const struct site_key site_keys[] = {
    {"appInfo", SITE_KEY_MAP, SITE_KEY_REQUIRED, .help = "What the site is and where."},
    {"appInfo.appName", SITE_KEY_STRING, SITE_KEY_REQUIRED, AT(app_name), .min = 1, .max = 128,
     .help = "Name of the application, as mails and pages show it."},
    {"appInfo.apiDomain", SITE_KEY_DOMAIN, SITE_KEY_REQUIRED, AT(api_domain), .max = 256,
     .help = "Where browsers reach the auth door: scheme, host and port, without a path."},
    {"appInfo.websiteDomain", SITE_KEY_DOMAIN, 0, AT(website_domain), .max = 256,
     .help = "Where the pages are. This or `origin` is required."},
    {"appInfo.origin", SITE_KEY_DOMAIN, 0, AT(website_domain), .max = 256,
     .help = "The same under its other name; wins over `websiteDomain`."},
    {"appInfo.apiBasePath", SITE_KEY_PATH, 0, AT(api_base_path), .max = 256, .fallback = "/auth",
     .help = "Path below which the routes of the auth door are; the location block of nginx has the same."},
    {"appInfo.websiteBasePath", SITE_KEY_PATH, 0, AT(website_base_path), .max = 256, .fallback = "/auth",
     .help = "Path below which the login pages are: links in mails lead there."},
    {"appInfo.apiGatewayPath", SITE_KEY_PATH, 0, AT(gateway_path), .max = 256, .fallback = "",
     .help = "What a proxy in front takes off the path before requests reach nginx; stands before "
             "`apiBasePath` in what browsers see."},

    {"supertokens", SITE_KEY_MAP, 0, .help = "Whose users sign in. Default: those of the base app."},
    {"supertokens.connectionUriDomain", SITE_KEY_CUD, 0, AT(cud), .max = 256,
     .help = "Connection-URI domain of the app, where the service has several."},
    {"supertokens.appId", SITE_KEY_ID, 0, AT(app), .max = 64, .fallback = "public",
     .help = "App; the users of all its tenants can sign in, each under its tenant's path."},

    {"session", SITE_KEY_RECIPE, SITE_KEY_REQUIRED, .recipe = SITE_SESSION,
     .help = "Sessions of signed-in users."},
    {"session.cookieDomain", SITE_KEY_COOKIE_DOMAIN, 0, AT(session.cookie_domain), .min = 1, .max = 256,
     .fallback_help = "the host of apiDomain alone",
     .help = "Domain of the cookies, such as `.example.com` for all of its sub-domains."},
    {"session.olderCookieDomain", SITE_KEY_COOKIE_DOMAIN, 0, AT(session.older_cookie_domain), .max = 256,
     .help = "What `cookieDomain` was before it was changed (`\"\"`: it was not set): cookies left there "
             "are removed."},
    {"session.cookieSecure", SITE_KEY_BOOL, 0, AT(session.cookie_secure),
     .fallback_help = "whether apiDomain is https", .help = "Cookies travel over https only."},
    {"session.cookieSameSite", SITE_KEY_CHOICE, 0, AT(session.same_site), .choices = same_sites,
     .fallback_help = "`lax`; `none` where API and website are of different sites by the public suffix list, "
                      "or of different schemes",
     .help = "SameSite of the cookies."},
    {"session.antiCsrf", SITE_KEY_CHOICE, 0, AT(session.anti_csrf), .choices = anti_csrfs,
     .fallback_help = "`VIA_CUSTOM_HEADER` where cookieSameSite is none, else `NONE`",
     .help = "Protection of cookie sessions against requests that other sites make."},
    {"session.sessionExpiredStatusCode", SITE_KEY_INT, 0, AT(session.expired_status), .min = 400, .max = 499,
     .fallback = "401", .help = "Status of answers without a valid session; the front end must know it."},
    {"session.invalidClaimStatusCode", SITE_KEY_INT, 0, AT(session.invalid_claim_status), .min = 400,
     .max = 499, .fallback = "403", .help = "Status of answers to sessions that lack a claim; another one."},
    {"session.accessTokenPath", SITE_KEY_PATH, 0, AT(session.access_token_path), .max = 256, .fallback = "/",
     .help = "Path of the access token's cookie."},
    {"session.useDynamicAccessTokenSigningKey", SITE_KEY_BOOL, 0, AT(session.dynamic_key), .fallback = "true",
     .help = "Access tokens are signed with keys that change regularly."},
    {"session.exposeAccessTokenToFrontendInCookieBasedAuth", SITE_KEY_BOOL, 0,
     AT(session.expose_access_token), .fallback = "false",
     .help = "Scripts of the site can read the access token also in cookie sessions."},
    {"session.getTokenTransferMethod", SITE_KEY_CHOICE, 0, AT(session.transfer), .choices = transfers,
     .fallback = "any", .help = "How tokens travel; `any` leaves it to the front end."},

    {"emailPassword", SITE_KEY_RECIPE, 0, .recipe = SITE_EMAILPASSWORD,
     .help = "Signing in by e-mail address and password."},
    {"emailPassword.passwordProfile", SITE_KEY_CHOICE, 0, AT(emailpassword.password_profile),
     .choices = profiles, .fallback = "default",
     .help = "`default`: 8 to 99 characters with a letter and a digit, as the SDKs. `nist`: length and a list "
             "of common passwords, no rules about characters. A pattern of the field `password` replaces "
             "both."},
    {"emailPassword.signUpFeature", SITE_KEY_MAP, 0, .help = "The sign-up form."},
    {"emailPassword.signUpFeature.formFields", SITE_KEY_LIST, 0,
     LIST_AT(emailpassword.fields, emailpassword.nfields), .size = sizeof(struct site_field),
     .max = SITE_FIELDS_MAX - 2, .check = site_check_field,
     .help = "Further fields, in the order in which errors are reported. `email` and `password` are always "
             "there and can be listed to be given a pattern."},
    {"emailPassword.signUpFeature.formFields[].id", SITE_KEY_STRING, SITE_KEY_REQUIRED, IN(site_field, id),
     .min = 1, .max = 128, .help = "Name of the field in requests."},
    {"emailPassword.signUpFeature.formFields[].optional", SITE_KEY_BOOL, 0, IN(site_field, optional),
     .fallback = "false", .help = "Whether it may be left out or empty."},
    {"emailPassword.signUpFeature.formFields[].pattern", SITE_KEY_PATTERN, 0, IN(site_field, pattern),
     .min = 1, .max = 2048,
     .help = "Regular expression (PCRE2) that the whole value must match, in place of the SDKs' `validate`; "
             "`true` for terms that must be accepted."},
    {"emailPassword.signUpFeature.formFields[].error", SITE_KEY_STRING, 0, IN(site_field, error), .min = 1,
     .max = 512, .fallback = "Field is not valid", .help = "What is said when it does not match."},

    {"thirdParty", SITE_KEY_RECIPE, 0, .recipe = SITE_THIRDPARTY,
     .help = "Signing in with an account elsewhere."},
    {"thirdParty.signInAndUpFeature", SITE_KEY_MAP, 0, .help = "The providers."},
    {PROVIDERS, SITE_KEY_LIST, 0, LIST_AT(providers, nproviders), .size = sizeof(struct site_provider),
     .max = SITE_PROVIDERS_MAX, .check = site_check_provider,
     .help = "Providers that are offered, in this order. A tenant with providers of its own (stored by the "
             "core) has those instead, each laid over the one here with the same id."},
    {PROVIDERS "[].includeInNonPublicTenantsByDefault", SITE_KEY_BOOL, 0,
     IN(site_provider, in_non_public_tenants), .fallback = "false",
     .help = "Whether tenants other than `public` without providers of their own have it too."},
    {CONFIG, SITE_KEY_JSON, SITE_KEY_REQUIRED | SITE_KEY_SECTION, IN(site_provider, config), .help = "The provider, as an SDK's ProviderConfig."},
    {CONFIG ".thirdPartyId", SITE_KEY_STRING, SITE_KEY_REQUIRED, .min = 1, .max = THIRD_PARTY_ID_MAX,
     .help = "Id, stored with users. The built-in providers are known by how it begins: active-directory, "
             "apple, bitbucket, boxy-saml, discord, facebook, github, gitlab, google, google-workspaces, "
             "linkedin, okta, twitter; others need their endpoints."},
    {CONFIG ".thirdPartyImplementation", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .help = "Id of the built-in provider whose ways it has, where its own id does not begin so."},
    {CONFIG ".name", SITE_KEY_STRING, 0, .min = 1, .max = PROVIDER_NAME_MAX,
     .help = "Name on the sign-in button."},
    {CLIENTS, SITE_KEY_LIST, SITE_KEY_REQUIRED, .min = 1, .max = 32,
     .help = "How we are registered there; several where web and mobile clients differ."},
    {CLIENTS "[].clientType", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .help = "Chooses one of several clients; unique."},
    {CLIENTS "[].clientId", SITE_KEY_STRING, SITE_KEY_REQUIRED, .min = 1, .max = 256,
     .help = "Client id given by the provider."},
    {CLIENTS "[].clientSecret", SITE_KEY_STRING, SITE_KEY_SECRET, .min = 1, .max = 4096,
     .help = "Client secret given by the provider; without one PKCE is used."},
    {CLIENTS "[].scope", SITE_KEY_STRINGS, 0, .max = 64, .help = "Scopes, in place of the provider's default."},
    {CLIENTS "[].forcePKCE", SITE_KEY_BOOL, 0, .help = "Uses PKCE also with a secret."},
    {CLIENTS "[].additionalConfig", SITE_KEY_FREE, SITE_KEY_SECRET,
     .help = "What single providers need: `keyId`, `teamId`, `privateKey` (Apple), `oktaDomain`, "
             "`directoryId` (Active Directory), `hd` (Google Workspaces), `gitlabBaseUrl`, `boxyURL`."},
    {CONFIG ".oidcDiscoveryEndpoint", SITE_KEY_URL, 0, .max = 2048,
     .help = "Address of the OpenID configuration, from which the endpoints below are taken."},
    {CONFIG ".authorizationEndpoint", SITE_KEY_URL, 0, .max = 2048, .help = "Where browsers are sent."},
    {CONFIG ".authorizationEndpointQueryParams", SITE_KEY_PARAMS, 0,
     .help = "Added to its query; null takes one away."},
    {CONFIG ".tokenEndpoint", SITE_KEY_URL, 0, .max = 2048, .help = "Where codes become tokens."},
    {CONFIG ".tokenEndpointBodyParams", SITE_KEY_PARAMS, 0, .help = "Added to its form."},
    {CONFIG ".userInfoEndpoint", SITE_KEY_URL, 0, .max = 2048, .help = "Where the user is described."},
    {CONFIG ".userInfoEndpointQueryParams", SITE_KEY_PARAMS, 0, .help = "Added to its query."},
    {CONFIG ".userInfoEndpointHeaders", SITE_KEY_PARAMS, 0, .help = "Added to its headers."},
    {CONFIG ".jwksURI", SITE_KEY_URL, 0, .max = 2048, .help = "Keys that id tokens are signed with."},
    {CONFIG ".codeChallengeMethodsSupported", SITE_KEY_STRINGS, 0, .max = 8,
     .help = "PKCE methods; with `S256` PKCE is used."},
    {CONFIG ".userInfoMap", SITE_KEY_MAP, 0, .help = "Where user id and e-mail stand."},
    {CONFIG ".userInfoMap.fromIdTokenPayload", SITE_KEY_MAP, 0, .help = "In the id token."},
    {CONFIG ".userInfoMap.fromIdTokenPayload.userId", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`sub`", .help = "Path of the user id, parts separated by dots."},
    {CONFIG ".userInfoMap.fromIdTokenPayload.email", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`email`", .help = "Path of the e-mail address."},
    {CONFIG ".userInfoMap.fromIdTokenPayload.emailVerified", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`email_verified`", .help = "Path of whether it is verified."},
    {CONFIG ".userInfoMap.fromUserInfoAPI", SITE_KEY_MAP, 0, .help = "In the answer of `userInfoEndpoint`."},
    {CONFIG ".userInfoMap.fromUserInfoAPI.userId", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`sub`", .help = "Path of the user id."},
    {CONFIG ".userInfoMap.fromUserInfoAPI.email", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`email`", .help = "Path of the e-mail address."},
    {CONFIG ".userInfoMap.fromUserInfoAPI.emailVerified", SITE_KEY_STRING, 0, .min = 1, .max = 64,
     .fallback_help = "`email_verified`", .help = "Path of whether it is verified."},
    {CONFIG ".requireEmail", SITE_KEY_BOOL, 0, .fallback_help = "true",
     .help = "With false, users without an e-mail address get a made-up one."},

    {"emailVerification", SITE_KEY_RECIPE, 0, .recipe = SITE_EMAILVERIFICATION,
     .help = "Links in mails that prove whose an address is."},
    {"emailVerification.mode", SITE_KEY_BOOL, SITE_KEY_REQUIRED, AT(email_verification_required),
     .choices = modes, .help = "Whether sessions are of use before the address is verified."},

    {"userRoles", SITE_KEY_RECIPE, 0, .recipe = SITE_USERROLES,
     .help = "Roles and permissions in access tokens."},
    {"userRoles.skipAddingRolesToAccessToken", SITE_KEY_BOOL, 0, AT(skip_roles), .fallback = "false",
     .help = "Leaves out the roles."},
    {"userRoles.skipAddingPermissionsToAccessToken", SITE_KEY_BOOL, 0, AT(skip_permissions),
     .fallback = "false", .help = "Leaves out the permissions."},

    {"multitenancy", SITE_KEY_RECIPE, 0, .recipe = SITE_MULTITENANCY,
     .help = "Always there; listed only for its settings or its place."},
    {"multitenancy.firstFactors", SITE_KEY_STRINGS, 0, LIST_AT(first_factors, nfirst_factors), .min = 1,
     .max = 16, .fallback_help = "those of the listed recipes",
     .help = "Ways to sign in for tenants that do not say so themselves, such as `emailpassword` and "
             "`thirdparty`."},

    {"emailDelivery", SITE_KEY_MAP, 0,
     .help = "How mails are sent: `smtp` or `directory`. Without either they are only logged as not sent."},
    {"emailDelivery.smtp", SITE_KEY_MAP, 0, .help = "Through a mail server."},
    {"emailDelivery.smtp.host", SITE_KEY_STRING, SITE_KEY_REQUIRED, AT(mail.host), .min = 1, .max = 255,
     .help = "Its name or address."},
    {"emailDelivery.smtp.port", SITE_KEY_INT, 0, AT(mail.port), .min = 1, .max = 65535,
     .fallback_help = "465 where `secure`, else 587", .help = "Its port."},
    {"emailDelivery.smtp.secure", SITE_KEY_BOOL, 0, AT(mail.implicit_tls), .fallback = "false",
     .help = "TLS from the first byte. Without it STARTTLS is used, and required unless the host is this "
             "machine."},
    {"emailDelivery.smtp.authUsername", SITE_KEY_STRING, 0, AT(mail.user), .min = 1, .max = 256,
     .fallback_help = "`from.email`, where there is a password", .help = "User name there."},
    {"emailDelivery.smtp.password", SITE_KEY_STRING, SITE_KEY_SECRET, AT(mail.password), .min = 1,
     .max = 1024, .help = "Password there; without one we do not log in."},
    {"emailDelivery.smtp.from", SITE_KEY_MAP, SITE_KEY_REQUIRED, .help = "Sender of the mails."},
    {"emailDelivery.smtp.from.name", SITE_KEY_STRING, 0, AT(mail.from_name), .min = 1, .max = 128,
     .fallback_help = "appName", .help = "Name."},
    {"emailDelivery.smtp.from.email", SITE_KEY_EMAIL, SITE_KEY_REQUIRED, AT(mail.from_email), .max = 254,
     .help = "Address."},
    {"emailDelivery.directory", SITE_KEY_FILE, 0, AT(mail.directory), .max = 1024,
     .help = "For development: a directory into which each mail is written as a file, in place of sending."},
    {"emailDelivery.templateDirectory", SITE_KEY_FILE, 0, AT(mail.template_directory), .max = 1024,
     .help = "Directory with templates that win over the built-in ones; see `mail.md`."},

    {"webhooks", SITE_KEY_LIST, 0, LIST_AT(webhooks, nwebhooks), .size = sizeof(struct site_webhook),
     .max = SITE_WEBHOOKS_MAX, .check = site_check_webhook,
     .help = "Addresses of yours that are told of events by signed requests, repeated until they answer: for "
             "what the SDKs offer as overrides."},
    {"webhooks[].id", SITE_KEY_NAME, SITE_KEY_REQUIRED, IN(site_webhook, id), .min = 1, .max = 64,
     .help = "Names it in stored deliveries; stays when the address changes."},
    {"webhooks[].url", SITE_KEY_URL, SITE_KEY_REQUIRED, IN(site_webhook, url), .max = 2048,
     .help = "Address that is called."},
    {"webhooks[].secret", SITE_KEY_STRING, SITE_KEY_REQUIRED | SITE_KEY_SECRET, IN(site_webhook, secret),
     .min = 16, .max = 256, .help = "Key of the signature (HMAC), best as `whsec_` and base64; see `webhooks.md`."},
    {"webhooks[].events", SITE_KEY_CHOICES, 0, IN(site_webhook, events), .choices = events,
     .fallback_help = "all", .help = "Events that are told."},
    {.path = NULL},
};
/* clang-format on */

_Static_assert(sizeof site_keys / sizeof site_keys[0] <= SITE_KEYS_MAX, "raise SITE_KEYS_MAX");

const char *site_key_name(const struct site_key *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot ? dot + 1 : row->path;
}

bool site_key_is_in(const struct site_key *row, const struct site_key *parent)
{
    size_t n = (size_t)(site_key_name(row) - row->path);
    if (!parent)
        return n == 0;
    size_t length = strlen(parent->path);
    bool list = parent->type == SITE_KEY_LIST;
    return n == length + (list ? 3 : 1) && strncmp(row->path, parent->path, length) == 0 &&
           strncmp(row->path + length, list ? "[]." : ".", list ? 3 : 1) == 0;
}

const struct site_key *site_key_find(const struct site_key *parent, struct str name)
{
    for (const struct site_key *row = site_keys; row->path; row++)
        if (str_is_c(name, site_key_name(row)) && site_key_is_in(row, parent))
            return row;
    return NULL;
}

const struct site_key *site_key_recipe(struct str name)
{
    for (const struct site_key *row = site_keys; row->path; row++)
        if (row->type == SITE_KEY_RECIPE && str_is_ci(name, str_of(row->path)))
            return row;
    return NULL;
}
