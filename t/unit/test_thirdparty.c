/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of providers and their users: parameters of URLs, configurations laid over each other, ids
 * and addresses in what a provider says, and the memory of what it publishes.
 */

#include <pthread.h>
#include <sodium.h>

#include "arena_fixture.h"
#include "base/log.h"
#include "http/params.h"
#include "json/json.h"
#include "thirdparty/flow.h"

static json_object *parse(const char *text)
{
    json_object *value = json_parse(&arena, str_of(text));
    assert_non_null(value);
    return value;
}

/* ---- parameters ---- */

static void sets_parameters(void **state)
{
    (void)state;
    struct params p = params_in(&arena);
    params_set(&p, STR("a"), STR("1"));
    params_set(&p, STR("b"), STR("~*-._ +&=/\xc3\xa4"));
    params_set(&p, STR("a"), STR(""));
    assert_str(params_text(&p), "a=&b=%7E*-._+%2B%26%3D%2F%C3%A4");
    assert_true(params_read(&p, STR("c=3&&a=2&=&c=4")));
    params_set(&p, STR("c"), STR("5"));
    assert_str(params_text(&p), "a=&b=%7E*-._+%2B%26%3D%2F%C3%A4&c=5&a=2");
    params_remove(&p, STR("a"));
    assert_str(params_get(&p, STR("c")), "5");
    assert_null(params_get(&p, STR("a")).p);
    assert_false(params_read(&p, STR("a=%zz")));
    assert_false(params_read(&p, STR("a=%ff")));
}

static void sets_parameters_of_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *want;
    } rows[] = {
        {"https://x.com/a", "https://x.com/a?p=1"},
        {"https://x.com/a?", "https://x.com/a?p=1"},
        {"https://x.com/a?q=%20&p=0&p=2#f?g", "https://x.com/a?q=+&p=1#f?g"},
        {"https://x.com#", "https://x.com?p=1#"},
        {"", "?p=1"},
        {"https://x.com/?%", NULL},
    };
    struct params p = params_in(&arena);
    params_set(&p, STR("p"), STR("1"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str out = STR_NONE;
        assert_int_equal(params_on_url(&p, str_of(rows[i].url), &out), rows[i].want != NULL);
        assert_str(out, rows[i].want);
    }
}

/* ---- configurations ---- */

static struct provider *one(const char *fixed, const char *stored, const char *type)
{
    struct site_provider list = {.config = str_of(fixed ? fixed : "{}")};
    struct site site = {.providers = &list, .nproviders = fixed != NULL};
    struct provider_configs all;
    struct str why;
    list.id = json_str(json_object_object_get(parse(list.config.p), "thirdPartyId"));
    provider_configs_of(&arena, &site, true, str_of(stored ? stored : "[]"), &all);
    assert_int_equal(all.n, 1);
    return provider_for_client(&arena, &all.v[0], str_of(type), &why);
}

static void lays_over(void **state)
{
    (void)state;
    const char *fixed =
        "{\"thirdPartyId\":\"x\",\"name\":\"Fixed\",\"tokenEndpoint\":\"t1\",\"userInfoEndpoint\":\"u1\","
        "\"requireEmail\":false,\"clients\":[{\"clientType\":\"a\",\"clientId\":\"1\",\"clientSecret\":\"s\"}"
        ","
        "{\"clientType\":\"b\",\"clientId\":\"2\",\"tokenEndpoint\":\"t3\"}],"
        "\"userInfoMap\":{\"fromUserInfoAPI\":{\"userId\":\"id\",\"email\":\"mail\"}}}";
    const char *stored =
        "[{\"thirdPartyId\":\"x\",\"clients\":[{\"clientType\":\"a\",\"clientId\":\"3\"}],"
        "\"tokenEndpoint\":\"t2\",\"userInfoMap\":{\"fromIdTokenPayload\":{\"userId\":\"uid\"},"
        "\"fromUserInfoAPI\":{\"email\":\"e.0\"}}}]";
    struct provider *a = one(fixed, stored, "a"), *b = one(fixed, stored, "b");
    assert_str(a->client_id, "3");
    assert_null(a->client_secret.p);
    assert_true(a->pkce);
    assert_str(a->token_endpoint, "t2");
    assert_str(a->user_info_endpoint, "u1");
    assert_false(a->email_required);
    assert_str(a->from_user_info.user_id, "id");
    assert_str(a->from_user_info.email, "e.0");
    assert_str(a->from_user_info.email_verified, "email_verified");
    assert_str(a->from_id_token.user_id, "uid");
    assert_str(b->client_id, "2");
    assert_str(b->token_endpoint, "t3");
    assert_null(one(fixed, stored, NULL));
    assert_null(one(fixed, stored, "c"));
    assert_str(one(NULL, stored, NULL)->client_id, "3");
}

static void knows_built_in_ones(void **state)
{
    (void)state;
    static const struct {
        const char *config, *discovery, *token, *scope;
    } rows[] = {
        {"{\"thirdPartyId\":\"google-2\"", "https://accounts.google.com/.well-known/openid-configuration",
         NULL, "openid"},
        {"{\"thirdPartyId\":\"google\",\"oidcDiscoveryEndpoint\":\"https://g.com/\"",
         "https://g.com/.well-known/openid-configuration", NULL, "openid"},
        {"{\"thirdPartyId\":\"okta\",\"additionalConfig\":{\"oktaDomain\":\"Dev-1.Okta.com/x\"}",
         "https://dev-1.okta.com/.well-known/openid-configuration", NULL, "openid"},
        {"{\"thirdPartyId\":\"gitlab\"", "https://gitlab.com/.well-known/openid-configuration", NULL,
         "openid"},
        {"{\"thirdPartyId\":\"gitlab\",\"additionalConfig\":{\"gitlabBaseUrl\":\"http://git.local:1/a\"},"
         "\"oidcDiscoveryEndpoint\":\"https://other\"",
         "http://git.local:1/.well-known/openid-configuration", NULL, "openid"},
        {"{\"thirdPartyId\":\"active-directory\",\"additionalConfig\":{\"directoryId\":\"abc\"}",
         "https://login.microsoftonline.com/abc/v2.0/.well-known/openid-configuration", NULL, "openid"},
        {"{\"thirdPartyId\":\"active-directory\",\"oidcDiscoveryEndpoint\":\"https://x/y\"",
         "https://x/y/.well-known/openid-configuration", NULL, "openid"},
        {"{\"thirdPartyId\":\"boxy-saml-x\",\"additionalConfig\":{\"boxyURL\":\"https://b\"}", NULL,
         "https://b/api/oauth/token", NULL},
        {"{\"thirdPartyId\":\"boxy-saml-x\"", NULL, NULL, NULL},
        {"{\"thirdPartyId\":\"my\",\"thirdPartyImplementation\":\"discord\"", NULL,
         "https://discord.com/api/oauth2/token", "identify"},
        {"{\"thirdPartyId\":\"my\",\"oidcDiscoveryEndpoint\":\"https://x/y\"", "https://x/y", NULL, NULL},
        {"{\"thirdPartyId\":\"my\",\"scope\":[]", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text = arena_printf(&arena, "%s,\"clients\":[{\"clientId\":\"c\"}]}", rows[i].config);
        struct provider *p = one(text.p, NULL, NULL);
        assert_non_null(p);
        assert_str(p->discovery, rows[i].discovery);
        assert_str(p->token_endpoint, rows[i].token);
        assert_str(p->nscopes ? p->scopes[0] : STR_NONE, rows[i].scope);
    }
}

static void discovers(void **state)
{
    (void)state;
    const char *why;
    struct provider *p =
        one("{\"thirdPartyId\":\"my\",\"oidcDiscoveryEndpoint\":\"https://x/y\",\"tokenEndpoint\":"
            "\"https://mine/\",\"clients\":[{\"clientId\":\"c\",\"clientSecret\":\"s\"}]}",
            NULL, NULL);
    assert_false(p->pkce);
    assert_true(
        provider_discovered(&arena, p,
                            parse("{\"issuer\":\"i\",\"token_endpoint\":\"https://theirs/\",\"jwks_uri\":"
                                  "\"https://k/\",\"userinfo_endpoint\":7,"
                                  "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}"),
                            &why));
    assert_str(p->token_endpoint, "https://mine/");
    assert_str(p->jwks_uri, "https://k/");
    assert_null(p->user_info_endpoint.p);
    assert_str(p->issuer, "i");
    assert_true(p->pkce);
    json_object *plain = parse("{\"issuer\":\"i\",\"userinfo_endpoint\":\"http://k/\"}");
    assert_false(provider_discovered(&arena, p, plain, &why));
}

/* ---- identities ---- */

static struct identity find(const char *config, const char *claims, const char *info, const char *emails)
{
    struct identity who;
    struct str text = arena_printf(&arena, "{%s,\"clients\":[{\"clientId\":\"c\"}]}", config);
    if (!identity_find(&arena, one(text.p, NULL, NULL), claims ? parse(claims) : NULL,
                       info ? parse(info) : NULL, emails ? parse(emails) : NULL, &who))
        who.user_id = STR_NONE;
    return who;
}

static void finds_identities(void **state)
{
    (void)state;
#define CUSTOM "\"thirdPartyId\":\"my\""
#define NESTED CUSTOM ",\"userInfoMap\":{\"fromUserInfoAPI\":{\"userId\":\"d.ids.1\",\"email\":\"d.mail\"}}"
    static const struct {
        const char *config, *claims, *info, *emails, *id, *email;
        bool verified;
    } rows[] = {
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":true}", NULL, NULL, "1", "a@b", true},
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":\"True\"}", NULL, NULL, "1", "a@b",
         true},
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":1}", NULL, NULL, "1", "a@b", false},
        {CUSTOM, NULL, "{\"sub\":12345678901234567,\"email\":\"a@b\",\"email_verified\":true}", NULL,
         "12345678901234567", "a@b", true},
        /* the id token has the last word, and vouches for its own address only */
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\"}",
         "{\"sub\":\"2\",\"email\":\"c@d\",\"email_verified\":true}", NULL, "1", "a@b", false},
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\"}", "{\"email\":\"a@b\",\"email_verified\":true}", NULL,
         "1", "a@b", true},
        {CUSTOM, "{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":false}",
         "{\"email\":\"a@b\",\"email_verified\":true}", NULL, "1", "a@b", false},
        {CUSTOM, "{\"sub\":\"1\",\"email_verified\":true}", "{\"email\":\"a@b\"}", NULL, "1", "a@b", false},
        {CUSTOM, "{\"sub\":\"1\",\"email\":null}", NULL, NULL, "1", NULL, false},
        {CUSTOM, "{\"sub\":\"\",\"email\":\"a@b\"}", "{\"sub\":null}", NULL, NULL, NULL, false},
        {CUSTOM, "{\"sub\":[\"1\"]}", "{\"sub\":{\"a\":1}}", NULL, NULL, NULL, false},
        {CUSTOM, "{\"sub\":\"1\\u0000\"}", "[1]", NULL, NULL, NULL, false},
        {CUSTOM, NULL, "7", NULL, NULL, NULL, false},
        {NESTED, NULL, "{\"d\":{\"ids\":[\"0\",\"7\"],\"mail\":\"a@b\"}}", NULL, "7", "a@b", false},
        {NESTED, NULL, "{\"d\":[1]}", NULL, NULL, NULL, false},
        {"\"thirdPartyId\":\"twitter\"", NULL, "{\"data\":{\"id\":\"5\"}}", NULL, "5", NULL, false},
        {"\"thirdPartyId\":\"discord\"", NULL, "{\"id\":\"5\",\"email\":\"a@b\",\"verified\":true}", NULL,
         "5", "a@b", true},
        {"\"thirdPartyId\":\"github\"", NULL, "{\"id\":5,\"email\":\"x@y\"}",
         "[{\"email\":\"o@p\",\"primary\":false,\"verified\":true},7,{\"email\":\"a@b\",\"primary\":true,"
         "\"verified\":false}]",
         "5", "a@b", false},
        {"\"thirdPartyId\":\"bitbucket\"", NULL, "{\"uuid\":\"{u}\"}",
         "{\"values\":[{\"email\":\"a@b\",\"is_primary\":true,\"is_confirmed\":true}]}", "{u}", "a@b", true},
        {"\"thirdPartyId\":\"bitbucket\"", NULL, "{\"uuid\":\"{u}\"}", "[1]", "{u}", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct identity who = find(rows[i].config, rows[i].claims, rows[i].info, rows[i].emails);
        assert_str(who.user_id, rows[i].id);
        if (rows[i].id) {
            assert_str(who.email, rows[i].email);
            assert_int_equal(who.verified, rows[i].verified);
        }
    }
}

/* ---- documents ---- */

static struct str numbered(const char *format, int n)
{
    return arena_printf(&arena, "%s%d", format, n);
}

static void keeps_documents(void **state)
{
    (void)state;
    struct documents *d = documents_new();
    int64_t age = -1;
    assert_null(documents_get(d, &arena, STR("a"), &age).p);
    assert_true(documents_claim(d, STR("a"), 60 * 1000));
    assert_false(documents_claim(d, STR("a"), 60 * 1000));
    assert_true(documents_claim(d, STR("a"), 0));
    assert_null(documents_get(d, &arena, STR("a"), &age).p);
    documents_put(d, STR("a"), STR("one"));
    assert_false(documents_claim(d, STR("a"), 60 * 1000));
    struct str first = documents_get(d, &arena, STR("a"), &age);
    assert_str(first, "one");
    assert_true(age >= 0 && age < 60 * 1000);
    documents_put(d, STR("a"), STR("two"));
    assert_str(documents_get(d, &arena, STR("a"), &age), "two");
    assert_str(first, "one"); /* who has it keeps it */

    char *large = arena_zalloc(&arena, DOCUMENT_MAX + 1);
    documents_put(d, STR("a"), (struct str){large, DOCUMENT_MAX + 1});
    assert_str(documents_get(d, &arena, STR("a"), &age), "two");
    for (int i = 0; i < 3 * DOCUMENTS_MAX; i++)
        documents_put(d, numbered("u", i), STR("x"));
    assert_null(documents_get(d, &arena, STR("u0"), &age).p);
    assert_str(documents_get(d, &arena, numbered("u", 3 * DOCUMENTS_MAX - 1), &age), "x");
    unsigned there = 0;
    for (int i = 0; i < 100; i++)
        documents_put(d, numbered("l", i), (struct str){large, DOCUMENT_MAX});
    for (int i = 0; i < 100; i++)
        there += documents_get(d, &arena, numbered("l", i), &age).p != NULL;
    assert_in_range(there, DOCUMENTS_BYTES_MAX / DOCUMENT_MAX / 2, DOCUMENTS_BYTES_MAX / DOCUMENT_MAX);
    documents_free(d);
    documents_free(NULL);
}

static void *use_documents(void *object)
{
    struct documents *d = object;
    struct arena own;
    int64_t age;
    arena_init(&own);
    for (int i = 0; i < 5000; i++) {
        struct str url = arena_printf(&own, "u%d", i % 7);
        documents_put(d, url, url);
        struct str text = documents_get(d, &own, url, &age);
        assert_true(str_is(text, url));
        (void)documents_claim(d, url, 1);
        arena_reset(&own);
    }
    arena_free(&own);
    return NULL;
}

static void threads_share_documents(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct documents *d = documents_new();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_documents, d), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    documents_free(d);
}

/* ---- documents in a flow ---- */

static unsigned reached;

static enum flow_next reach(struct flow *f)
{
    (void)f;
    reached++;
    return FLOW_DONE;
}

static bool is_object(json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

static const struct flow_document always_old = {"document", is_object, -1, reach};

/* Every document is too old: it is asked for by one, meanwhile the others use it; so does everybody when it
 * cannot be had. */
static void uses_old_documents(void **state)
{
    (void)state;
    struct ctx c = {.arena = &arena};
    struct provider p = {.id = STR("x")};
    struct flow f = {.c = &c, .provider = &p, .documents = documents_new()}, other = f;
    reached = 0;
    assert_int_equal(flow_need_document(&f, STR("http://u/"), &always_old), FLOW_CALL);
    assert_str(f.call.url, "http://u/");
    f.call.result = HTTP_CALL_TIMED_OUT;
    assert_int_equal(flow_step(&f), FLOW_FAILED);
    assert_int_equal(f.failure, FLOW_TIMED_OUT);

    assert_int_equal(flow_need_document(&f, STR("http://u/"), &always_old), FLOW_CALL);
    f.call.result = HTTP_CALL_DONE;
    f.call.status = 200;
    f.call.answer = STR("{\"a\":1}");
    assert_int_equal(flow_step(&f), FLOW_DONE);
    assert_int_equal(flow_need_document(&f, STR("http://u/"), &always_old), FLOW_DONE); /* just asked */
    assert_int_equal(reached, 2);
    assert_int_equal(flow_renew_document(&f), FLOW_CALL);
    f.call.result = HTTP_CALL_DONE;
    f.call.status = 503;
    assert_int_equal(flow_step(&f), FLOW_DONE);
    assert_int_equal(flow_need_document(&other, STR("http://u/"), &always_old), FLOW_DONE);
    assert_int_equal(reached, 4);
    assert_string_equal(json_text(&arena, other.document).p, "{\"a\":1}");
    documents_free(f.documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sets_parameters, reset),
        cmocka_unit_test_teardown(sets_parameters_of_urls, reset),
        cmocka_unit_test_teardown(lays_over, reset),
        cmocka_unit_test_teardown(knows_built_in_ones, reset),
        cmocka_unit_test_teardown(discovers, reset),
        cmocka_unit_test_teardown(finds_identities, reset),
        cmocka_unit_test_teardown(keeps_documents, reset),
        cmocka_unit_test_teardown(threads_share_documents, reset),
        cmocka_unit_test_teardown(uses_old_documents, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
