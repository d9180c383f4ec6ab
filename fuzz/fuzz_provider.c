/* SPDX-License-Identifier: Apache-2.0
 *
 * A sign-in with a provider that says anything. The input's lines: the provider's configuration, the claims
 * of an id token (which is signed here by the key of corpus and tests), then the provider's answers in the
 * order of our requests. "@" alone is the key set of that key, an answer that begins with three digits has
 * them as its status. The flow ends, and who comes out of it is somebody.
 */
#include <sodium.h>
#include <string.h>

#include "../t/unit/key_fixture.h"
#include "base/log.h"
#include "crypto/jwt.h"
#include "fuzz.h"
#include "json/json.h"
#include "thirdparty/flow.h"

enum { CALLS_MAX = 12 };

static const char key_set[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"" KEY_FIXTURE_N "\",\"e\":\"AQAB\"}]}";

static void expect_call(const struct flow *f)
{
    const struct http_call *call = &f->call;
    FUZZ_EXPECT(call->method == HTTP_GET || call->method == HTTP_POST);
    FUZZ_EXPECT(call->url.p && call->nheaders <= HTTP_CALL_HEADERS);
    for (size_t i = 0; i < call->nheaders; i++)
        if (str_is(call->headers[i].name, STR("Authorization")) && !f->provider->user_info_headers)
            FUZZ_EXPECT(str_find(call->headers[i].value, '\r') == call->headers[i].value.n &&
                        str_find(call->headers[i].value, '\n') == call->headers[i].value.n);
}

/* What a provider says may be as deep as we read it, and is wrapped once more. */
static void expect_json(struct str text)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 8);
    json_object *value = text.p ? json_tokener_parse_ex(tokener, text.p, (int)text.n) : NULL;
    FUZZ_EXPECT(!text.p || json_object_is_type(value, json_type_object));
    json_object_put(value);
    json_tokener_free(tokener);
}

static void expect_identity(struct arena *a, const struct flow *f)
{
    const struct identity *i = &f->identity;
    FUZZ_EXPECT(i->user_id.n > 0 && str_is_utf8(i->user_id) && str_find(i->user_id, 0) == i->user_id.n);
    FUZZ_EXPECT(!i->email.p || (i->email.n > 0 && str_find(i->email, 0) == i->email.n));
    FUZZ_EXPECT(!i->verified || i->email.p);
    FUZZ_EXPECT(f->claims || f->user_info);
    expect_json(flow_raw_user_info(f));
    FUZZ_EXPECT(identity_fake_email(a, f->provider, i->user_id).n > i->user_id.n);
}

static void expect_failure(const struct flow *f)
{
    size_t n = strnlen(f->why, sizeof f->why);
    FUZZ_EXPECT(n > 0 && n < sizeof f->why);
    for (size_t i = 0; i < n; i++)
        FUZZ_EXPECT((unsigned char)f->why[i] >= ' ');
}

static void answer(struct http_call *call, struct str *answers)
{
    struct str text = answers->p ? str_split(answers, '\n') : STR_NONE;
    int64_t status = 200;
    call->result = text.p ? HTTP_CALL_DONE : HTTP_CALL_FAILED;
    if (text.n >= 3 && str_to_i64(str_head(text, 3), &status) && status >= 100)
        text = str_from(text, 3);
    else
        status = 200;
    call->status = (int)status;
    call->content_type = STR("application/json");
    call->answer = str_is(text, STR("@")) ? str_of(key_set) : text;
}

static void run(struct flow *f, struct str answers)
{
    enum flow_next next;
    flow_start(f);
    for (int calls = 0; (next = flow_step(f)) == FLOW_CALL; calls++) {
        FUZZ_EXPECT(calls < CALLS_MAX);
        expect_call(f);
        answer(&f->call, &answers);
    }
    if (next == FLOW_DONE && f->goal == FLOW_IDENTITY)
        expect_identity(f->c->arena, f);
    else if (next == FLOW_FAILED)
        expect_failure(f);
}

static struct str sign(struct arena *a, struct str claims)
{
    static struct rsa_key *key;
    if (!key)
        key = rsa_key_parse(a, STR(KEY_FIXTURE_TEXT), STR("k"), 1);
    FUZZ_EXPECT(key);
    return jwt_sign(a, key, STR("{\"alg\":\"RS256\",\"kid\":\"k\"}"), claims);
}

static void authorize(struct arena *a, const struct provider *p)
{
    struct str url, verifier;
    const char *why = NULL;
    if (provider_authorization_url(a, p, STR("https://a.example/cb"), &url, &verifier, &why))
        FUZZ_EXPECT(url.n > 0 && p->pkce == (verifier.p != NULL));
    else
        FUZZ_EXPECT(why && *why);
}

static struct provider *provider_of(struct arena *a, struct str text)
{
    struct site_provider list = {.config = text};
    struct site site = {.providers = &list, .nproviders = 1};
    struct provider_configs all;
    struct str why = STR_NONE;
    json_object *config = json_parse(a, text);
    if (!json_object_is_type(config, json_type_object))
        return NULL;
    list.id = json_str(json_object_object_get(config, "thirdPartyId"));
    if (!list.id.n)
        return NULL;
    provider_configs_of(a, &site, true, STR("[]"), &all);
    FUZZ_EXPECT(all.n == 1 && provider_config_find(&all, list.id));
    struct provider *p = provider_for_client(a, &all.v[0], STR_NONE, &why);
    FUZZ_EXPECT(p || why.n);
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    char why[64];
    struct ctx c = {.arena = &arena};
    struct str rest = {(const char *)data, size}, config = str_split(&rest, '\n');
    struct str claims = rest.p ? str_split(&rest, '\n') : STR("{}");
    FUZZ_EXPECT(sodium_init() >= 0 && log_open(&(struct log_options){.level = LOG_NONE}, why, sizeof why));
    struct documents *documents = documents_new();
    struct str token = sign(&arena, claims);
    for (int of_client = 0; of_client <= 1; of_client++) {
        struct flow f = {.c = &c, .documents = documents, .provider = provider_of(&arena, config)};
        f.goal = FLOW_IDENTITY;
        f.tokens_of_client = of_client;
        f.code = f.redirect_uri = STR("x");
        if (of_client) {
            f.id_token = token;
            f.access_token = STR("access");
        }
        if (f.provider && f.provider->client_id.p)
            run(&f, rest);
        if (f.provider)
            authorize(&arena, f.provider);
    }
    arena_reset(&arena);
    documents_free(documents);
    return 0;
}
