/* SPDX-License-Identifier: Apache-2.0
 *
 * Sites: what an SDK's init() says, read from sites.d/NAME.yaml (spec: fdi 1, 3; fdi-session 1; fdi-recipes
 * 1, 3; fdi-delivery). Keys are named as in the SDKs' documentation; doc/sites.md has them all. The auth door
 * and the verify door serve one site per request, named by nginx.
 *
 * Sites are read and checked by the master, immutable afterwards, and shared by all threads; what is JSON is
 * kept as text, because json-c objects are not to be shared.
 */
#ifndef ST_SITE_SITE_H
#define ST_SITE_SITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct pattern; /* src/policy/pattern.h: a compiled regular expression with bounded effort */
struct site;
struct sites;

enum { SITE_NAME_MAX = 64, SITE_FIELDS_MAX = 64, SITE_PROVIDERS_MAX = 64, SITE_WEBHOOKS_MAX = 16 };

/* In a site's list of recipes, whose order counts (spec: fdi 2, fdi-session 8.1). */
enum site_recipe {
    SITE_SESSION,
    SITE_EMAILPASSWORD,
    SITE_THIRDPARTY,
    SITE_EMAILVERIFICATION,
    SITE_USERROLES,
    SITE_MULTITENANCY, /* always there */
    SITE_RECIPES
};

enum site_same_site { SITE_SAME_SITE_LAX, SITE_SAME_SITE_NONE, SITE_SAME_SITE_STRICT };
enum site_anti_csrf { SITE_ANTI_CSRF_NONE, SITE_ANTI_CSRF_CUSTOM_HEADER, SITE_ANTI_CSRF_TOKEN };
enum site_transfer { SITE_TRANSFER_ANY, SITE_TRANSFER_COOKIE, SITE_TRANSFER_HEADER };

struct site_session {
    struct str cookie_domain;       /* absent: host-only cookies */
    struct str older_cookie_domain; /* absent: not set; "" means host-only */
    struct str access_token_path;   /* as it is written into the cookie: at least "/" */
    bool cookie_secure;
    enum site_same_site same_site;
    enum site_anti_csrf anti_csrf;
    enum site_transfer transfer;
    int expired_status, invalid_claim_status; /* HTTP */
    bool dynamic_key;                         /* useDynamicAccessTokenSigningKey */
    bool expose_access_token;                 /* exposeAccessTokenToFrontendInCookieBasedAuth */
};

/* A form field of the sign-up form, in the order of fdi-recipes 1.1: the configured ones, then password and
 * email where they are not among them. */
struct site_field {
    struct str id;
    bool optional;
    const struct pattern *pattern; /* NULL: no validator of its own */
    struct str error;              /* what is said when the pattern does not match */
};

enum site_password_profile { SITE_PASSWORD_DEFAULT, SITE_PASSWORD_NIST };

struct site_emailpassword {
    const struct site_field *fields;
    size_t nfields;
    enum site_password_profile password_profile;
};

/* A statically configured provider: CONFIG is the text of a JSON object, a ProviderConfig (fdi-recipes 3.1).
 */
struct site_provider {
    struct str id, config;
    bool in_non_public_tenants; /* includeInNonPublicTenantsByDefault */
};

struct site_mail {
    enum site_mail_kind {
        SITE_MAIL_NONE,      /* nothing is configured: mails are logged as not sent */
        SITE_MAIL_DIRECTORY, /* for development: a file per mail */
        SITE_MAIL_SMTP,
    } kind;
    struct str from_name, from_email;
    struct str directory;
    struct str host;
    int port;
    bool implicit_tls;         /* secure: true; else STARTTLS, required unless the host is a loopback one */
    struct str user, password; /* absent: no authentication; the password is secret */
    struct str template_directory; /* absent: only the built-in ones; files there win */
};

enum site_event { SITE_EVENT_SIGN_UP = 1, SITE_EVENT_SIGN_IN = 2 };

struct site_webhook {
    struct str id; /* names it in stored deliveries; stays the same when the URL changes */
    struct str url;
    struct str secret; /* of the HMAC */
    unsigned events;   /* enum site_event, or-ed */
};

struct site {
    struct str name; /* of the file, without .yaml */
    struct str app_name;
    struct str api_domain, website_domain;       /* normalised: scheme://host[:port] */
    struct str api_base_path, website_base_path; /* "/auth", or ""; as browsers see them */
    struct str
        gateway_path;    /* apiGatewayPath, "" by default: what api_base_path begins with and requests lack */
    struct str cud, app; /* whose users they are; canonical ("", "public") */
    enum site_recipe recipes[SITE_RECIPES]; /* in the order of the file */
    size_t nrecipes;
    struct site_session session;
    struct site_emailpassword emailpassword;
    const struct site_provider *providers;
    size_t nproviders;
    bool email_verification_required;  /* mode REQUIRED */
    bool skip_roles, skip_permissions; /* not added to access tokens */
    const struct str *first_factors;   /* static ones; NULL: all that are available */
    size_t nfirst_factors;
    struct site_mail mail;
    const struct site_webhook *webhooks;
    size_t nwebhooks;
};

/* Text of the first error: file, line and reason. Never holds the value of a secret. */
struct site_error {
    char text[640];
};

/* Reads DIRECTORY/(name).yaml, by name. DIRECTORY NULL or "": no sites. ${NAME} in a value is taken from
 * ENVIRONMENT ("NAME=value" strings, NULL at the end) or is a credential of that name (base/environment.h);
 * one that is neither is an error. ST_NOT_FOUND: the directory cannot be read; ST_BAD_REQUEST: a file is
 * invalid; ST_UNAVAILABLE: out of memory. */
enum st_err sites_load(const char *directory, char *const *environment, const struct sites **out,
                       struct site_error *error) ST_MUST_CHECK;
void sites_free(const struct sites *sites); /* NULL is allowed */

size_t sites_count(const struct sites *sites);
const struct site *sites_at(const struct sites *sites, size_t i);
const struct site *sites_find(const struct sites *sites, struct str name); /* NULL: no such site */

bool site_has(const struct site *s, enum site_recipe recipe);
const struct site_field *site_field(const struct site *s, struct str id); /* of the sign-up form, or NULL */

#endif
