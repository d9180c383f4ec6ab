/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file can have wrong, and in which words it is said: file, line, key, reason, and never a value.
 */
#include "site_fixture.h"

struct row {
    const char *yaml, *error;
};

static void expect(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct loaded l = load(rows[i].yaml);
        assert_string_equal(l.error.text, rows[i].error);
        assert_int_equal(l.err, ST_BAD_REQUEST);
        assert_null(l.sites);
    }
}
#define EXPECT(ROWS) expect(ROWS, sizeof(ROWS) / sizeof((ROWS)[0]))

static void yaml(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "x.yaml, line 1: appInfo: is missing"},
        {"# nothing\n", "x.yaml, line 1: appInfo: is missing"},
        {"- a\n", "x.yaml, line 1: expected lines of the form 'name: value'"},
        {"text", "x.yaml, line 1: expected lines of the form 'name: value'"},
        {"a: 1\n---\nb: 2\n", "x.yaml, line 2: only one document is allowed"},
        {"a: [1\n", "x.yaml, line 2: did not find expected ',' or ']'"},
        {"a: 1\n\tb: 2\n", "x.yaml, line 2: found a tab character that violates indentation"},
        {"a: \xFF\n", "x.yaml, byte 3: invalid leading UTF-8 octet"},
        {"appInfo:\n  a: 1\n  b: 2\n  a: 3\n", "x.yaml, line 4: 'a' is already set on line 2"},
        {"a: &x 1\nb: *x\n", "x.yaml, line 1: references (&name and *name) are not supported"},
        {"a: &x {b: 1}\n", "x.yaml, line 1: references (&name and *name) are not supported"},
        {"a: &x [1]\n", "x.yaml, line 1: references (&name and *name) are not supported"},
        {"a: *x\n", "x.yaml, line 1: references (&name and *name) are not supported"},
        {"a: !!str 1\n", "x.yaml, line 1: tags (!name) are not supported"},
        {"a: !x {}\n", "x.yaml, line 1: tags (!name) are not supported"},
        {"[a]: 1\n", "x.yaml, line 1: the name of a key must be plain text"},
        {"'': 1\n", "x.yaml, line 1: the name of a key must have 1 to 128 characters"},
        {"a: \"x\\0y\"\n", "x.yaml, line 1: the value has a NUL in it"},
        {"a: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "x.yaml, line 1: nested too deeply"},
    };
    EXPECT(rows);
}

static void variables(void **state)
{
    (void)state;
    static const char form[] =
        "x.yaml, line 2: '${' must begin ${NAME} or ${NAME:-text}; write $${ for the characters themselves";
    const struct row rows[] = {
        {"a:\n  ${NO_SUCH_NAME}\n", "x.yaml, line 2: the environment variable NO_SUCH_NAME is not set"},
        {"a:\n  ${NO SUCH}\n", form},
        {"a:\n  x${\n", form},
        {"a:\n  ${}\n", form},
        {"a:\n  ${1A}\n", form},
        {"a:\n  ${A:b}\n", form},
        {"a:\n  ${SECRET\n", form},
        {"a:\n  ${LATIN1}\n", "x.yaml, line 2: an environment variable is not UTF-8"},
        {"appInfo:\n  appName: ${EMPTY}\n", "x.yaml, line 2: appInfo.appName: must not be empty"},
    };
    EXPECT(rows);
}

static void unknown_keys(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {APP_INFO "session: {}\n",
         "x.yaml, line 5: session: unknown key; session is a recipe: it belongs into recipeList"},
        {APP_INFO "recipes: []\nrecipelist: []\n",
         "x.yaml, line 6: recipelist: unknown key; did you mean recipeList?"},
        {APP_INFO "cookieDomain: x\n",
         "x.yaml, line 5: cookieDomain: unknown key; did you mean session.cookieDomain?"},
        {"appInfo: {appNmae: x}\n", "x.yaml, line 1: appInfo.appNmae: unknown key; did you mean appName?"},
        {"appInfo: {APIDomain: x}\n",
         "x.yaml, line 1: appInfo.APIDomain: unknown key; did you mean apiDomain?"},
        {"appInfo: {nonsense: x}\n", "x.yaml, line 1: appInfo.nonsense: unknown key; known here: appName, "
                                     "apiDomain, websiteDomain, origin, "
                                     "apiBasePath, websiteBasePath, apiGatewayPath"},
        {APP_INFO "nonsense: x\n", "x.yaml, line 5: nonsense: unknown key; known here: appInfo, supertokens, "
                                   "emailDelivery, webhooks, recipeList"},
        {APP_INFO "recipeList:\n  - session: {cookieSekure: 1}\n",
         "x.yaml, line 6: session.cookieSekure: unknown key; did you mean cookieSecure?"},
        {APP_INFO "recipeList: [session, magicLink]\n",
         "x.yaml, line 5: recipeList[1]: unknown recipe; known here: session, emailPassword, thirdParty, "
         "emailVerification, userRoles, multitenancy"},
        {APP_INFO "recipeList: [sesion]\n",
         "x.yaml, line 5: recipeList[0]: unknown recipe; did you mean session?"},
        {APP_INFO "recipes:\n  thirdParty:\n    providers: []\n",
         "x.yaml, line 7: thirdParty.providers: unknown key; did you mean "
         "thirdParty.signInAndUpFeature.providers?"},
        {APP_INFO RECIPES "emailDelivery:\n  smtp: {host: a, user: b, from: {email: a@b.c}}\n",
         "x.yaml, line 7: emailDelivery.smtp.user: unknown key; known here: host, port, secure, "
         "authUsername, "
         "password, from"},
    };
    EXPECT(rows);
}

#define SESSION(LINES) APP_INFO "recipeList:\n  - session:\n" LINES
static void types(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"appInfo: x\n", "x.yaml, line 1: appInfo: must have keys of its own (name: value)"},
        {"appInfo:\n  apiDomain: a.b\n", "x.yaml, line 1: appInfo.appName: is missing"},
        {"appInfo:\n  appName: ''\n", "x.yaml, line 2: appInfo.appName: must not be empty"},
        {"appInfo:\n  appName: [a]\n", "x.yaml, line 2: appInfo.appName: must be a single value"},
        {"appInfo:\n  appName: \"a\\nb\"\n",
         "x.yaml, line 2: appInfo.appName: must not have control characters in it"},
        {"appInfo:\n  appName: A\n  apiDomain: /x\n",
         "x.yaml, line 3: appInfo.apiDomain: must be a domain such as https://example.com"},
        {SESSION("      cookieSecure: yes\n"), "x.yaml, line 7: session.cookieSecure: must be true or false"},
        {SESSION("      cookieSameSite: maybe\n"),
         "x.yaml, line 7: session.cookieSameSite: must be one of lax, none, strict"},
        {SESSION("      antiCsrf: 1\n"),
         "x.yaml, line 7: session.antiCsrf: must be one of NONE, VIA_CUSTOM_HEADER, VIA_TOKEN"},
        {SESSION("      sessionExpiredStatusCode: 200\n"),
         "x.yaml, line 7: session.sessionExpiredStatusCode: must be a number from 400 to 499"},
        {SESSION("      sessionExpiredStatusCode: 4e2\n"),
         "x.yaml, line 7: session.sessionExpiredStatusCode: must be a number from 400 to 499"},
        {SESSION("      cookieDomain: ''\n"), "x.yaml, line 7: session.cookieDomain: must not be empty"},
        {SESSION("      accessTokenPath: \"a\\tb\"\n"),
         "x.yaml, line 7: session.accessTokenPath: must be a path such as /auth"},
        {APP_INFO "recipeList: session\n",
         "x.yaml, line 5: recipeList: must have keys of its own (name: value)"},
        {APP_INFO "recipeList:\n  - session\n  - {a: 1, b: 2}\n",
         "x.yaml, line 7: recipeList[1]: must be the name of a recipe, or that with its keys below"},
        {APP_INFO "supertokens: {appId: a_b}\n" RECIPES,
         "x.yaml, line 5: supertokens.appId: can only contain letters, numbers and hyphens"},
        {APP_INFO "supertokens: {appId: appid-x}\n" RECIPES,
         "x.yaml, line 5: supertokens.appId: must not start with 'appid-'"},
        {APP_INFO "supertokens: {connectionUriDomain: a_b}\n" RECIPES,
         "x.yaml, line 5: supertokens.connectionUriDomain: must be a domain such as customer.example.com"},
        {APP_INFO RECIPES "webhooks: {}\n",
         "x.yaml, line 6: webhooks: must be a list (lines that begin with '- ')"},
        {APP_INFO RECIPES "webhooks: [x]\n",
         "x.yaml, line 6: webhooks[0]: must have keys of its own (name: value)"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a b, url: x}\n",
         "x.yaml, line 7: webhooks[0].id: must consist of letters, digits, - and _"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: ftp://x}\n",
         "x.yaml, line 7: webhooks[0].url: must be an address such as https://example.com/path"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: 'https://u:p@x/p@q'}\n",
         "x.yaml, line 7: webhooks[0].url: must be an address such as https://example.com/path"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: http://x/@me, secret: short}\n",
         "x.yaml, line 7: webhooks[0].secret: must have at least 16 bytes"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: http://x, secret: whsec_abcdefghijklmno}\n",
         "x.yaml, line 7: webhooks[0]: has a secret that is no base64 behind whsec_"},
        {APP_INFO RECIPES
         "webhooks:\n  - {id: a, url: http://x, secret: 1234567890123456, events: [signOut]}\n",
         "x.yaml, line 7: webhooks[0].events[0]: must be one of signUp, signIn"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: http://x, secret: 1234567890123456, events: signUp}\n",
         "x.yaml, line 7: webhooks[0].events: must be a list, such as [a, b]"},
        {APP_INFO RECIPES "emailDelivery: {directory: mail}\n",
         "x.yaml, line 6: emailDelivery.directory: must be an absolute path"},
        {APP_INFO RECIPES "emailDelivery:\n  smtp: {host: a, from: {email: a@b@c}}\n",
         "x.yaml, line 7: emailDelivery.smtp.from.email: must be an e-mail address"},
        {APP_INFO RECIPES "emailDelivery:\n  smtp: {from: {email: a@b}}\n",
         "x.yaml, line 7: emailDelivery.smtp.host: is missing"},
        {APP_INFO "recipes:\n  session:\n  emailVerification:\n",
         "x.yaml, line 7: emailVerification.mode: is missing"},
    };
    EXPECT(rows);
}

#define FIELDS(LINES)                                                                                        \
    APP_INFO "recipeList:\n  - session\n  - emailPassword:\n      signUpFeature:\n        "                  \
             "formFields:\n" LINES
static void rules(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"appInfo:\n  appName: A\n  apiDomain: a.b\n" RECIPES,
         "x.yaml, line 1: appInfo.websiteDomain: is missing"},
        {APP_INFO, "x.yaml, line 1: recipeList: is missing"},
        {APP_INFO "recipeList: [emailPassword]\n",
         "x.yaml, line 5: recipeList: session is missing: nobody could stay signed in"},
        {APP_INFO "recipeList: [session, Session]\n", "x.yaml, line 5: session: is listed twice"},
        {APP_INFO RECIPES "recipes: {session: {}}\n",
         "x.yaml, line 6: recipes: the recipes are already listed in recipeList"},
        {SESSION("      sessionExpiredStatusCode: 403\n"),
         "x.yaml, line 7: session.sessionExpiredStatusCode: sessionExpiredStatusCode and "
         "invalidClaimStatusCode must differ"},
        {SESSION("      cookieSecure: false\n      cookieSameSite: none\n"),
         "x.yaml, line 8: session.cookieSameSite: is none, which browsers only accept with https "
         "(appInfo.apiDomain, cookieSecure)"},
        {"appInfo:\n  appName: A\n  apiDomain: http://a.com\n  origin: https://b.com\n" RECIPES,
         "x.yaml, line 3: appInfo.apiDomain: is of another site than the website: the cookies must be "
         "SameSite=None, "
         "which browsers only accept with https (apiDomain, session.cookieSecure)"},
        {"appInfo:\n  appName: A\n  apiDomain: https://a.com\n  origin: https://co.uk\n" RECIPES,
         "x.yaml, line 4: appInfo.origin: has no registrable domain by the public suffix list; "
         "session.cookieSameSite must be set"},
        {SESSION("      cookieDomain: .example.org\n"),
         "x.yaml, line 7: session.cookieDomain: browsers would refuse the cookies: it must be the host of "
         "appInfo.apiDomain or a domain above it that is no public suffix"},
        {SESSION("      cookieDomain: .com\n"),
         "x.yaml, line 7: session.cookieDomain: browsers would refuse the cookies: it must be the host of "
         "appInfo.apiDomain or a domain above it that is no public suffix"},
        {FIELDS("          - id: a\n          - id: b\n          - id: a\n"),
         "x.yaml, line 12: emailPassword.signUpFeature.formFields[2]: has the id of formFields[0]"},
        {FIELDS("          - id: email\n            optional: true\n"),
         "x.yaml, line 10: emailPassword.signUpFeature.formFields[0]: cannot be optional"},
        {FIELDS("          - id: a\n            pattern: '(x'\n"),
         "x.yaml, line 11: emailPassword.signUpFeature.formFields[0].pattern: is not a valid regular "
         "expression: "
         "missing closing parenthesis at byte 2"},
        {FIELDS("          - pattern: x\n"),
         "x.yaml, line 10: emailPassword.signUpFeature.formFields[0].id: is missing"},
        {APP_INFO "recipes: {session: , multitenancy: {firstFactors: [thirdparty]}}\n",
         "x.yaml, line 5: multitenancy.firstFactors: names a recipe that is not listed"},
        {APP_INFO "recipes: {session: , multitenancy: {firstFactors: [a, a]}}\n",
         "x.yaml, line 5: multitenancy.firstFactors[1]: is listed twice"},
        {APP_INFO RECIPES "emailDelivery:\n  directory: /x\n  smtp: {host: a, from: {email: a@b}}\n",
         "x.yaml, line 7: emailDelivery.directory: mails are sent by smtp or written to a directory, not "
         "both"},
        {APP_INFO RECIPES "emailDelivery:\n  smtp: {host: a, authUsername: u, from: {email: a@b}}\n",
         "x.yaml, line 7: emailDelivery.smtp.authUsername: needs a password"},
        {APP_INFO RECIPES "webhooks:\n  - &a {id: a, url: http://x, secret: ${SECRET}}\n",
         "x.yaml, line 7: references (&name and *name) are not supported"},
        {APP_INFO RECIPES "webhooks:\n  - {id: a, url: http://x, secret: '${SECRET}'}\n  - {id: a, url: "
                          "http://x, secret: '${SECRET}'}\n",
         "x.yaml, line 8: webhooks[1]: has the id of webhooks[0]"},
    };
    EXPECT(rows);
}

#define PROVIDERS(LINES)                                                                                     \
    APP_INFO "recipes:\n  session:\n  thirdParty:\n    signInAndUpFeature:\n      providers:\n" LINES
#define AT "x.yaml, line 10: thirdParty.signInAndUpFeature.providers[0]"
static void providers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {PROVIDERS("        - {}\n"), AT ".config: is missing"},
        {PROVIDERS("        - config: {}\n"), AT ".config.thirdPartyId: is missing"},
        {PROVIDERS("        - config: {thirdPartyId: google}\n"), AT ".config.clients: is missing"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: []}\n"),
         AT ".config.clients: must be a list of 1 to 32 entries"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{}]}\n"),
         AT ".config.clients[0].clientId: is missing"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{clientID: x}]}\n"),
         AT ".config.clients[0].clientID: unknown key; did you mean clientId?"},
        {PROVIDERS("        - config: {thirdPartyId: a-name-that-is-far-too-long-for-it}\n"),
         AT ".config.thirdPartyId: must have at most 28 bytes"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{clientId: x}, {clientId: y}]}\n"),
         AT ": Invalid third party config: Duplicate clientType was specified in the clients list."},
        {PROVIDERS("        - config: {thirdPartyId: apple, clients: [{clientId: x}]}\n"),
         AT ": Invalid third party config: a non empty string value must be specified for keyId, teamId and "
            "privateKey in the "
            "additionalConfig for Apple provider"},
        {PROVIDERS("        - config: {thirdPartyId: okta, clients: [{clientId: x}]}\n"),
         AT ": clients[0].additionalConfig.oktaDomain is missing"},
        {PROVIDERS("        - config: {thirdPartyId: own, clients: [{clientId: x}]}\n"),
         AT ": is no built-in provider: it needs oidcDiscoveryEndpoint, or authorizationEndpoint, "
            "tokenEndpoint and one of "
            "userInfoEndpoint and jwksURI"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{clientId: x, forcePKCE: 1}]}\n"),
         AT ".config.clients[0].forcePKCE: must be true or false"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{clientId: x}], tokenEndpoint: x}\n"),
         AT ".config.tokenEndpoint: must be an address such as https://example.com/path"},
        {PROVIDERS("        - config: {thirdPartyId: google, clients: [{clientId: x}], "
                   "userInfoEndpointHeaders: {a: [b]}}\n"),
         AT ".config.userInfoEndpointHeaders.a: must be a text, or null"},
        {PROVIDERS("        - config: {thirdPartyId: github, clients: [{clientId: x}]}\n"
                   "        - config: {thirdPartyId: github, clients: [{clientId: x}]}\n"),
         "x.yaml, line 11: thirdParty.signInAndUpFeature.providers[1]: has the thirdPartyId of providers[0]"},
    };
    EXPECT(rows);
}

/* No error shows what a variable or a secret's key holds. */
static void secrets(void **state)
{
    (void)state;
    static const char *const files[] = {
        "appInfo: ${SECRET}\n",
        "appInfo:\n  appName: A\n  apiDomain: ${SECRET}\n",
        SESSION("      cookieSameSite: ${SECRET}\n"),
        SESSION("      sessionExpiredStatusCode: ${SECRET}\n"),
        SESSION("      cookieDomain: ${SECRET}.org\n"),
        FIELDS("          - {id: '${SECRET}'}\n          - {id: '${SECRET}'}\n"),
        FIELDS("          - {id: a, pattern: '(${SECRET}'}\n"),
        APP_INFO RECIPES "webhooks:\n  - {id: a, url: '${SECRET}'}\n",
        APP_INFO RECIPES "emailDelivery:\n  smtp: {host: a, from: {email: '${SECRET}'}}\n",
        APP_INFO RECIPES "emailDelivery:\n  smtp: {host: a, port: '${SECRET}'}\n",
        PROVIDERS("        - config: {thirdPartyId: '${SECRET}', clients: [{clientId: x}]}\n"),
        "${SECRET}: 1\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct loaded l = load(files[i]);
        assert_int_equal(l.err, ST_BAD_REQUEST);
        assert_null(strstr(l.error.text, "sesame"));
    }
}

static void limits(void **state)
{
    (void)state;
    enum { SIZE = 300 * 1024 };
    char *text = malloc(SIZE);
    memset(text, ' ', SIZE);
    struct loaded l = load_file("x.yaml", text, SIZE);
    assert_string_equal(l.error.text, "x.yaml: larger than 262144 bytes");
    size_t n = 0;
    while (n < 100000)
        n += (size_t)snprintf(text + n, 8, "- 1\n");
    l = load_file("x.yaml", text, n);
    assert_string_equal(l.error.text, "x.yaml, line 20000: the file has too many values");
    memset(text, 'x', 20000);
    memcpy(text, "a: ", 3);
    l = load_file("x.yaml", text, 20000);
    assert_string_equal(l.error.text, "x.yaml, line 1: the value is too long");
    memcpy(text, APP_INFO, strlen(APP_INFO));
    n = strlen(APP_INFO);
    n += (size_t)snprintf(text + n, 100, RECIPES "webhooks: [");
    for (int i = 0; i < 17; i++)
        n += (size_t)snprintf(text + n, 100, "{id: a%d, url: http://x, secret: 1234567890123456},", i);
    n += (size_t)snprintf(text + n, 100, "]");
    l = load_file("x.yaml", text, n);
    assert_string_equal(l.error.text, "x.yaml, line 6: webhooks: must have 0 to 16 entries");
    free(text);
}

static void directories(void **state)
{
    (void)state;
    struct site_error error;
    const struct sites *sites;
    assert_int_equal(sites_load("/nonexistent/sites.d", NULL, &sites, &error), ST_NOT_FOUND);
    assert_string_equal(error.text, "/nonexistent/sites.d: No such file or directory");
    struct loaded l = load_file("x.yml", "", 0);
    assert_int_equal(l.err, ST_BAD_REQUEST);
    assert_string_equal(l.error.text, "x.yml: the name of a site's file ends with .yaml");
    l = load_file("a b.yaml", "", 0);
    assert_string_equal(l.error.text,
                        "a b.yaml: a site's name has 1 to 64 letters, digits, '-', '_' and '.'");
    l = load_file(".x.yaml", "", 0);
    assert_int_equal(l.err, ST_OK);
    assert_int_equal(sites_count(l.sites), 0);
    sites_free(l.sites);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml),    cmocka_unit_test(variables), cmocka_unit_test(unknown_keys),
        cmocka_unit_test(types),   cmocka_unit_test(rules),     cmocka_unit_test(providers),
        cmocka_unit_test(secrets), cmocka_unit_test(limits),    cmocka_unit_test(directories),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
