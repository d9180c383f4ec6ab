/* SPDX-License-Identifier: Apache-2.0
 *
 * What a good file becomes: values, defaults, what follows from others.
 */
#include "site_fixture.h"

#include "policy/pattern.h"
#include "site/internal.h"
#include "tenancy/provider_config.h"

static void least(void **state)
{
    (void)state;
    struct loaded l = load_good(APP_INFO RECIPES);
    const struct site *s = l.site;
    assert_str(s->name, "x");
    assert_str(s->app_name, "Test");
    assert_str(s->api_domain, "https://api.example.com");
    assert_str(s->website_domain, "https://example.com");
    assert_str(s->api_base_path, "/auth");
    assert_str(s->website_base_path, "/auth");
    assert_str(s->gateway_path, "");
    assert_str(s->cud, "");
    assert_str(s->app, "public");
    assert_int_equal(s->nrecipes, 3);
    assert_int_equal(s->recipes[0], SITE_SESSION);
    assert_int_equal(s->recipes[1], SITE_EMAILPASSWORD);
    assert_int_equal(s->recipes[2], SITE_MULTITENANCY);
    assert_null(s->session.cookie_domain.p);
    assert_null(s->session.older_cookie_domain.p);
    assert_str(s->session.access_token_path, "/");
    assert_true(s->session.cookie_secure);
    assert_int_equal(s->session.same_site, SITE_SAME_SITE_LAX);
    assert_int_equal(s->session.anti_csrf, SITE_ANTI_CSRF_NONE);
    assert_int_equal(s->session.transfer, SITE_TRANSFER_ANY);
    assert_int_equal(s->session.expired_status, 401);
    assert_int_equal(s->session.invalid_claim_status, 403);
    assert_true(s->session.dynamic_key);
    assert_false(s->session.expose_access_token);
    assert_int_equal(s->emailpassword.nfields, 2);
    assert_str(s->emailpassword.fields[0].id, "password");
    assert_str(s->emailpassword.fields[1].id, "email");
    assert_null(s->first_factors);
    assert_int_equal(s->mail.kind, SITE_MAIL_NONE);
    assert_int_equal(s->nwebhooks + s->nproviders, 0);
    sites_free(l.sites);
}

static void everything(void **state)
{
    (void)state;
    struct loaded l = load_good(
        "appInfo:\n  appName: Test\n  apiDomain: api.example.com\n  origin: WWW.example.com\n"
        "  websiteDomain: https://other.org\n  apiBasePath: api/\n  websiteBasePath: /\n"
        "  apiGatewayPath: /gw/\n"
        "supertokens:\n  connectionUriDomain: Customer.example.com:3567\n  appId: Shop\n"
        "recipes:\n  userRoles:\n    skipAddingRolesToAccessToken: true\n"
        "  emailVerification: {mode: required}\n"
        "  Session:\n    cookieDomain: .Example.com\n    olderCookieDomain: ''\n    cookieSecure: false\n"
        "    cookieSameSite: Strict\n    antiCsrf: VIA_TOKEN\n    sessionExpiredStatusCode: 440\n"
        "    invalidClaimStatusCode: 441\n    accessTokenPath: /app/\n"
        "    useDynamicAccessTokenSigningKey: false\n"
        "    exposeAccessTokenToFrontendInCookieBasedAuth: TRUE\n    getTokenTransferMethod: header\n"
        "  multitenancy:\n    firstFactors: [otp-email, custom]\n"
        "emailDelivery:\n  templateDirectory: /etc/x\n  smtp:\n    host: mail\n    port: ${PORT}\n"
        "    password: ${SECRET}\n    from: {name: N, email: n@example.com}\n"
        "webhooks:\n  - {id: a, url: 'https://x.example/y?z', secret: \"${SECRET}\", events: [signIn]}\n"
        "  - {id: b, url: 'http://127.0.0.1:1', secret: 1234567890123456}\n");
    const struct site *s = l.site;
    assert_str(s->api_domain, "https://api.example.com");
    assert_str(s->website_domain, "https://www.example.com"); /* origin wins */
    assert_str(s->api_base_path, "/gw/api");
    assert_str(s->gateway_path, "/gw");
    assert_str(s->website_base_path, "");
    assert_str(s->cud, "customer.example.com");
    assert_str(s->app, "shop");
    assert_int_equal(s->nrecipes, 4);
    assert_int_equal(s->recipes[0], SITE_USERROLES);
    assert_int_equal(s->recipes[1], SITE_EMAILVERIFICATION);
    assert_int_equal(s->recipes[3], SITE_MULTITENANCY);
    assert_true(s->skip_roles);
    assert_false(s->skip_permissions);
    assert_true(s->email_verification_required);
    assert_str(s->session.cookie_domain, ".example.com");
    assert_str(s->session.older_cookie_domain, "");
    assert_false(s->session.cookie_secure);
    assert_int_equal(s->session.same_site, SITE_SAME_SITE_STRICT);
    assert_int_equal(s->session.anti_csrf, SITE_ANTI_CSRF_TOKEN);
    assert_int_equal(s->session.expired_status, 440);
    assert_int_equal(s->session.invalid_claim_status, 441);
    assert_str(s->session.access_token_path, "/app");
    assert_false(s->session.dynamic_key);
    assert_true(s->session.expose_access_token);
    assert_int_equal(s->session.transfer, SITE_TRANSFER_HEADER);
    assert_int_equal(s->nfirst_factors, 2);
    assert_str(s->first_factors[1], "custom");
    assert_int_equal(s->mail.kind, SITE_MAIL_SMTP);
    assert_int_equal(s->mail.port, 2525);
    assert_str(s->mail.user, "n@example.com");
    assert_str(s->mail.password, "sesame-open-sesame");
    assert_str(s->mail.from_name, "N");
    assert_str(s->mail.template_directory, "/etc/x");
    assert_int_equal(s->nwebhooks, 2);
    assert_int_equal(s->webhooks[0].events, SITE_EVENT_SIGN_IN);
    assert_int_equal(s->webhooks[1].events, SITE_EVENT_SIGN_IN | SITE_EVENT_SIGN_UP);
    assert_str(s->webhooks[1].secret, "1234567890123456");
    assert_int_equal(s->emailpassword.nfields, 0); /* not listed */
    sites_free(l.sites);
}

static void form_fields(void **state)
{
    (void)state;
    struct loaded l =
        load_good(APP_INFO "recipeList:\n  - session\n  - emailPassword:\n"
                           "      passwordProfile: nist\n      signUpFeature:\n        formFields:\n"
                           "          - id: email\n            pattern: .+@example\\.com\n"
                           "          - id: age\n            optional: true\n"
                           "            pattern: '[0-9]{1,3}'\n            error: Digits, please\n"
                           "          - id: name\n");
    const struct site_emailpassword *e = &l.site->emailpassword;
    assert_int_equal(e->password_profile, SITE_PASSWORD_NIST);
    assert_int_equal(e->nfields, 4);
    assert_str(e->fields[0].id, "email");
    assert_int_equal(pattern_match(e->fields[0].pattern, STR("a@example.com")), PATTERN_MATCH);
    assert_int_equal(pattern_match(e->fields[0].pattern, STR("a@example.com.org")), PATTERN_NO_MATCH);
    assert_str(e->fields[0].error, "Field is not valid");
    assert_true(site_field(l.site, STR("age"))->optional);
    assert_str(e->fields[1].error, "Digits, please");
    assert_null(e->fields[2].pattern);
    assert_str(e->fields[3].id, "password");
    assert_null(site_field(l.site, STR("other")));
    sites_free(l.sites);
}

static void providers(void **state)
{
    (void)state;
    struct loaded l = load_good(
        APP_INFO
        "recipeList:\n  - session\n  - thirdParty:\n      signInAndUpFeature:\n        providers:\n"
        "          - config:\n              clients:\n                - clientId: 0123\n"
        "                  clientSecret: ${SECRET}\n                  scope: [a, b]\n"
        "                  forcePKCE: true\n              thirdPartyId: google\n"
        "              authorizationEndpointQueryParams: {a: 1, b: null}\n"
        "          - includeInNonPublicTenantsByDefault: true\n            config:\n"
        "              thirdPartyId: own\n              oidcDiscoveryEndpoint: https://o.example/x\n"
        "              userInfoMap: {fromUserInfoAPI: {userId: data.id}}\n              requireEmail: false\n"
        "              clients:\n                - clientId: c\n                  additionalConfig:\n"
        "                    n: 5\n                    s: '5'\n                    z: 05\n                   "
        " t: true\n"
        "                    e: ${PORT}\n                    l: [x, null, {y: -1}]\n");
    assert_int_equal(l.site->nproviders, 2);
    const struct site_provider *p = l.site->providers;
    assert_str(p[0].id, "google");
    assert_false(p[0].in_non_public_tenants);
    assert_str(p[0].config,
               "{\"thirdPartyId\":\"google\",\"clients\":[{\"clientId\":\"0123\",\"clientSecret\":"
               "\"sesame-open-sesame\",\"scope\":[\"a\",\"b\"],\"forcePKCE\":true}],"
               "\"authorizationEndpointQueryParams\":{\"a\":\"1\",\"b\":null}}");
    assert_str(p[1].id, "own");
    assert_true(p[1].in_non_public_tenants);
    assert_str(p[1].config,
               "{\"thirdPartyId\":\"own\",\"clients\":[{\"clientId\":\"c\",\"additionalConfig\":"
               "{\"n\":5,\"s\":\"5\",\"z\":\"05\",\"t\":true,\"e\":\"2525\",\"l\":[\"x\",null,{\"y\":-1}]}}],"
               "\"oidcDiscoveryEndpoint\":\"https://o.example/x\",\"userInfoMap\":{"
               "\"fromUserInfoAPI\":{\"userId\":\"data.id\"}},\"requireEmail\":false}");
    sites_free(l.sites);
}

static void variables(void **state)
{
    (void)state;
    static const struct {
        const char *written, *read;
    } rows[] = {
        {"a ${SECRET} b ${PORT}", "a sesame-open-sesame b 2525"},
        {"${NOT_SET:-x}", "x"},
        {"${NOT_SET:-https://a:b}", "https://a:b"},
        {"${PORT:-x}", "2525"},
        {"$${PORT} $PORT $5", "${PORT} $PORT $5"},
        {"'${PORT}'", "2525"},
        {"a${EMPTY}b", "ab"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "appInfo:\n  appName: %s\n  apiDomain: localhost:1\n  origin: localhost\n" RECIPES,
                 rows[i].written);
        struct loaded l = load_good(yaml);
        assert_str(l.site->app_name, rows[i].read);
        sites_free(l.sites);
    }
}

/* SameSite, what follows from it, and the senders of mails. */
static void same_site(void **state)
{
    (void)state;
    static const struct {
        const char *api, *website;
        enum site_same_site same_site;
        bool secure;
        const char *sender;
    } rows[] = {
        {"https://api.a.co.uk", "https://a.co.uk", SITE_SAME_SITE_LAX, true, "noreply@a.co.uk"},
        {"https://a.co.uk", "https://b.co.uk", SITE_SAME_SITE_NONE, true, "noreply@b.co.uk"},
        {"https://a.github.io", "https://b.github.io", SITE_SAME_SITE_NONE, true, "noreply@b.github.io"},
        {"https://a.com", "http://a.com", SITE_SAME_SITE_NONE, true, "noreply@a.com"},
        {"http://localhost:3001", "http://localhost:3000", SITE_SAME_SITE_LAX, false, "noreply@localhost"},
        {"http://127.0.0.1:3001", "http://localhost:3000", SITE_SAME_SITE_LAX, false, "noreply@localhost"},
        {"http://127.0.0.1:1", "https://10.0.0.1", SITE_SAME_SITE_NONE, false, "noreply@localhost"},
        {"http://a.local", "http://a.local:8080", SITE_SAME_SITE_LAX, false, "noreply@a.local"},
        {"https://a.local", "https://b.a.local", SITE_SAME_SITE_NONE, true, "noreply@b.a.local"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "appInfo: {appName: A, apiDomain: '%s', websiteDomain: '%s'}\n" RECIPES
                 "emailDelivery: {directory: /tmp/mail}\n",
                 rows[i].api, rows[i].website);
        struct loaded l = load_good(yaml);
        assert_int_equal(l.site->session.same_site, rows[i].same_site);
        assert_int_equal(l.site->session.anti_csrf, rows[i].same_site == SITE_SAME_SITE_NONE
                                                        ? SITE_ANTI_CSRF_CUSTOM_HEADER
                                                        : SITE_ANTI_CSRF_NONE);
        assert_int_equal(l.site->session.cookie_secure, rows[i].secure);
        assert_int_equal(l.site->mail.kind, SITE_MAIL_DIRECTORY);
        assert_str(l.site->mail.from_email, rows[i].sender);
        assert_str(l.site->mail.from_name, "A");
        sites_free(l.sites);
    }
}

/* What a provider can have as a tenant's, it can have in a site. */
static void provider_keys(void **state)
{
    (void)state;
    static const char config[] = "thirdParty.signInAndUpFeature.providers[].config";
    const struct {
        const char *below;
        const struct provider_member *members;
    } tables[] = {
        {"", provider_members},
        {".clients[]", client_members},
        {".userInfoMap.fromIdTokenPayload", user_info_map_members},
        {".userInfoMap.fromUserInfoAPI", user_info_map_members},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct provider_member *m = tables[i].members; m->name; m++) {
            char path[256];
            snprintf(path, sizeof path, "%s%s.%s", config, tables[i].below, m->name);
            const struct site_key *row = site_keys;
            while (row->path && strcmp(row->path, path) != 0)
                row++;
            if (!row->path)
                fail_msg("there is no key %s", path);
        }
}

static void several(void **state)
{
    (void)state;
    const char *const names[] = {"b", "a.b-c_d", "Z9", "aa"};
    char path[512];
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s.yaml", directory, names[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(APP_INFO RECIPES, file);
        fclose(file);
    }
    struct loaded l = load_file("b.yaml~", "not ours", 8);
    assert_int_equal(l.err, ST_OK);
    assert_int_equal(sites_count(l.sites), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_str(sites_find(l.sites, str_of(names[i]))->name, names[i]);
        snprintf(path, sizeof path, "%s/%s.yaml", directory, names[i]);
        unlink(path);
    }
    assert_null(sites_find(l.sites, STR("a")));
    assert_null(sites_find(l.sites, STR("")));
    assert_null(sites_find(l.sites, STR_NONE));
    sites_free(l.sites);

    struct site_error error;
    assert_int_equal(sites_load(NULL, NULL, &l.sites, &error), ST_OK);
    assert_int_equal(sites_count(l.sites), 0);
    assert_null(sites_find(l.sites, STR("x")));
    assert_null(sites_find(NULL, STR("x")));
    sites_free(l.sites);
    sites_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least),         cmocka_unit_test(everything), cmocka_unit_test(form_fields),
        cmocka_unit_test(providers),     cmocka_unit_test(variables),  cmocka_unit_test(same_site),
        cmocka_unit_test(provider_keys), cmocka_unit_test(several),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
