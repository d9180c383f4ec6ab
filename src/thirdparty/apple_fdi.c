/* SPDX-License-Identifier: Apache-2.0
 *
 * Apple sends browsers back by a form (spec: fdi-recipes 3.4): they are sent on to the callback page, with
 * what is in the form as the query. Where that page is stands in the state, which anybody can make up, so
 * only addresses of the site are accepted.
 */
#include "auth/route.h"
#include "crypto/base64.h"
#include "http/params.h"

enum { URL_MAX = 16 * 1024 };

struct apple_in {
    struct str state;
};

static const struct auth_field apple_fields[] = {
    {.name = "state",
     .type = AUTH_STRING,
     .offset = offsetof(struct apple_in, state),
     .missing = "Please provide the state",
     .wrong = "Please provide the state"},
    {.name = NULL, .type = AUTH_FIELDS_END},
};

static struct str redirect_uri(struct arena *a, struct str state)
{
    struct str text;
    json_object *object = base64_decode_lenient(a, state, &text) ? json_parse(a, text) : NULL;
    return json_object_is_type(object, json_type_object)
               ? json_str(json_object_object_get(object, "frontendRedirectURI"))
               : STR_NONE;
}

/* URL is at DOMAIN, "scheme://host[:port]": nothing but a path, a query or a fragment follows, so that
 * neither "https://site.example.evil.com" nor "https://site.example@evil.com" is. */
static bool is_at(struct str url, struct str domain)
{
    if (!domain.n || !str_is_ci(str_head(url, domain.n), domain))
        return false;
    struct str rest = str_from(url, domain.n);
    return rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '?' || rest.p[0] == '#';
}

static bool is_url_text(struct str url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7F || url.p[i] == '\\')
            return false;
    return url.n <= URL_MAX;
}

static struct params params_of(struct arena *a, json_object *form)
{
    struct params p = params_in(a);
    json_object_object_foreach(form, name, value)
    {
        if (json_object_is_type(value, json_type_string))
            params_set(&p, str_of(name), json_str(value));
    }
    return p;
}

static enum st_err post_apple(struct auth_call *k)
{
    const struct apple_in *in = k->in;
    struct arena *a = k->c->arena;
    struct str url = redirect_uri(a, in->state), location;
    struct params query = params_of(a, k->body);
    if (!url.n || !is_url_text(url) || !params_on_url(&query, url, &location) || location.n > 4 * URL_MAX)
        return ctx_fail(k->c, ST_BAD_REQUEST, "The state is not one of this site's front end");
    if (!is_at(url, k->site->website_domain) && !is_at(url, k->site->api_domain))
        return ctx_fail(k->c, ST_BAD_REQUEST, "The state leads to another site");
    k->x->rs.status = 303;
    k->x->rs.content_type = "text/html; charset=utf-8";
    k->x->rs.body = STR("");
    http_add_header(&k->x->rs, "Location", location);
    http_add_header(&k->x->rs, "Cache-Control", STR("no-store"));
    return ST_OK;
}

const struct auth_route apple_fdi_routes[] = {
    {.path = "/callback/apple",
     .method = HTTP_POST,
     .recipe = SITE_THIRDPARTY,
     .body = AUTH_FORM_BODY,
     .fields = apple_fields,
     .in_size = sizeof(struct apple_in),
     .handler = post_apple,
     .help = "Takes the form that Apple posts and goes on to the callback page."},
    {.path = NULL},
};
