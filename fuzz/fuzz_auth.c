/* SPDX-License-Identifier: Apache-2.0
 *
 * What the auth and verify doors read of a request. The input's lines: the request target, the content type;
 * the rest is the body: JSON, a form, and a list of requirements.
 */
#include "auth/frame.h"
#include "fuzz.h"
#include "verify/require.h"

static const struct site site = {
    .api_base_path = {"/auth", 5},
    .gateway_path = {"", 0},
    .recipes = {SITE_SESSION, SITE_EMAILPASSWORD, SITE_THIRDPARTY, SITE_EMAILVERIFICATION, SITE_MULTITENANCY},
    .nrecipes = 5,
};

static void match(struct arena *a, struct http_request rq)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_POST};
    for (size_t i = 0; i < 2; i++) {
        struct auth_match found;
        rq.method = methods[i];
        if (!auth_match(a, &site, &rq, &found))
            continue;
        FUZZ_EXPECT(found.route && found.route->method == rq.method && found.tenant.n > 0);
        FUZZ_EXPECT(str_find(found.tenant, '/') == found.tenant.n &&
                    str_find(found.tenant, '.') == found.tenant.n);
    }
}

static void read_body(struct ctx *c, struct exchange *x, enum auth_body kind)
{
    struct auth_route row = {.body = kind};
    struct auth_call k = {.x = x, .c = c, .route = &row, .site = &site};
    if (auth_read_body(&k) == ST_OK)
        FUZZ_EXPECT(json_object_is_type(k.body, json_type_object));
    else
        FUZZ_EXPECT(c->message.n);
}

static void require(struct arena *a, struct str text)
{
    struct requirements r;
    struct str wrong;
    struct json_out j = json_out(a);
    if (!requirements_read(a, text, &r, &wrong))
        return;
    FUZZ_EXPECT(r.nclaims <= REQUIRE_CLAIMS);
    json_open(&j, NULL, '[');
    FUZZ_EXPECT(requirements_check(&r, NULL, &j).n == r.nclaims);
    json_close(&j, ']');
    FUZZ_EXPECT(json_check(json_done(&j)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct exchange x;
    struct str rest = {(const char *)data, size};
    x = (struct exchange){.arena = x.arena, .ctx = {.arena = &x.arena}};
    struct str target = str_split(&rest, '\n'), type = rest.p ? str_split(&rest, '\n') : STR("");
    struct str param = ARENA_CONCAT(&x.arena, STR("CONTENT_TYPE="), str_head(type, str_find(type, 0)));
    char *const params[] = {(char *)(uintptr_t)param.p, NULL};
    x.rq = (struct http_request){.uri = target, .params = params, .body = rest.p ? rest : STR("")};
    match(&x.arena, x.rq);
    read_body(&x.ctx, &x, AUTH_JSON_BODY);
    read_body(&x.ctx, &x, AUTH_FORM_BODY);
    require(&x.arena, x.rq.body);
    arena_reset(&x.arena);
    return 0;
}
