/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies of the auth door (spec: fdi 4).
 */
#include "auth/frame.h"
#include "config/config.h"
#include "http/inflate.h"
#include "http/percent.h"
#include "runtime/runtime.h"

enum { FORM_PAIRS = 64 };

#define BAD_JSON "API input error: Please make sure to pass a valid JSON input in the request body"
#define NOT_JSON "API input error: Please make sure to send the content-type header application/json"
#define BAD_FORM "API input error: Please make sure to pass valid url encoded form in the request body"
#define BROTLI                                                                                               \
    "API input error: Brotli decompression not implement, Please add a middleware that handles "             \
    "decompression before the SuperTokens middleware."

/* The text of a parameter of Content-Type: "utf-8" of "text/html; charset=utf-8". Absent: none. */
static struct str charset_of(struct str type)
{
    (void)str_split(&type, ';');
    while (type.p) {
        struct str value = str_split(&type, ';'), name = str_trim(str_split(&value, '='));
        if (!str_is_ci(name, STR("charset")) || !value.p)
            continue;
        value = str_trim(value);
        bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
        return quoted ? str_head(str_from(value, 1), value.n - 2) : value;
    }
    return STR_NONE;
}

static bool is_utf(struct str charset)
{
    return !charset.p || str_is_ci(str_head(charset, 4), STR("utf-"));
}

/* The body as it was before its Content-Encoding. */
static enum st_err decode(struct auth_call *k, struct str *text)
{
    struct str encoding = http_param(&k->x->rq, "HTTP_CONTENT_ENCODING");
    bool gzip = str_is_ci(encoding, STR("gzip")), deflate = str_is_ci(encoding, STR("deflate"));
    *text = k->x->rq.body;
    if (!encoding.n || str_is_ci(encoding, STR("identity")))
        return ST_OK;
    if (!gzip && !deflate)
        return ctx_fail(k->c, ST_BAD_REQUEST, "%s", str_is_ci(encoding, STR("br")) ? BROTLI : BAD_JSON);
    size_t max = (size_t)service_base_config(k->service)->fcgi_max_body;
    enum st_err err = http_inflate(k->c, gzip ? HTTP_GZIP : HTTP_DEFLATE, *text, max, text);
    return err == ST_BAD_REQUEST ? ctx_fail(k->c, err, BAD_JSON) : err;
}

/* Pages of any site can have a browser send other types, cookies and all, without a CORS preflight: a form of
 * text/plain that looks like JSON would sign somebody in as somebody else (login CSRF). The reference takes
 * them; front ends always name the type (spec: fdi 5). */
static bool is_json_type(struct str type)
{
    return str_is_ci(str_trim(str_split(&type, ';')), STR("application/json"));
}

static enum st_err read_json(struct auth_call *k)
{
    struct str text;
    if (k->x->rq.body.n && !is_json_type(http_param(&k->x->rq, "CONTENT_TYPE")))
        return ctx_fail(k->c, ST_BAD_REQUEST, NOT_JSON);
    ST_TRY(decode(k, &text));
    if (!is_utf(charset_of(http_param(&k->x->rq, "CONTENT_TYPE"))))
        return ctx_fail(k->c, ST_BAD_REQUEST, BAD_JSON);
    k->body = json_parse(k->c->arena, text.n ? text : STR("{}"));
    if (json_object_is_type(k->body, json_type_object))
        return ST_OK;
    return ctx_fail(k->c, ST_BAD_REQUEST, BAD_JSON);
}

struct form_pair {
    struct str name, value;
};

static bool split_form(struct auth_call *k, struct form_pair pairs[FORM_PAIRS], size_t *n)
{
    *n = 0;
    for (struct str rest = k->x->rq.body; rest.n;) {
        if (*n == FORM_PAIRS)
            return false;
        struct form_pair *p = &pairs[*n];
        if (!percent_pair(k->c->arena, &rest, &p->name, &p->value) || str_find(p->name, 0) < p->name.n)
            return false;
        *n += p->name.n || p->value.n;
    }
    return true;
}

static bool is_repeated(const struct form_pair *pairs, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (i != at && str_is(pairs[i].name, pairs[at].name))
            return true;
    return false;
}

static bool is_first(const struct form_pair *pairs, size_t at)
{
    return !is_repeated(pairs, at, at);
}

/* {"name":"value"}, of a repeated name {"name":["value","value"]}. */
static struct str form_json(struct arena *a, const struct form_pair *pairs, size_t n)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    for (size_t i = 0; i < n; i++) {
        if (!is_first(pairs, i))
            continue;
        json_add_name(&j, pairs[i].name);
        if (!is_repeated(pairs, n, i)) {
            json_add_str(&j, NULL, pairs[i].value);
            continue;
        }
        json_open(&j, NULL, '[');
        for (size_t same = i; same < n; same++)
            if (str_is(pairs[same].name, pairs[i].name))
                json_add_str(&j, NULL, pairs[same].value);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    return json_done(&j);
}

static enum st_err read_form(struct auth_call *k)
{
    struct form_pair pairs[FORM_PAIRS];
    size_t n;
    struct str type = http_param(&k->x->rq, "CONTENT_TYPE");
    bool other =
        type.n && !str_is_ci(str_trim(str_split(&type, ';')), STR("application/x-www-form-urlencoded"));
    if (other || !split_form(k, pairs, &n))
        return ctx_fail(k->c, ST_BAD_REQUEST, BAD_FORM);
    k->body = json_parse(k->c->arena, form_json(k->c->arena, pairs, n));
    return ST_OK;
}

enum st_err auth_read_body(struct auth_call *k)
{
    switch (k->route->body) {
    case AUTH_JSON_BODY:
        return read_json(k);
    case AUTH_FORM_BODY:
        return read_form(k);
    case AUTH_NO_BODY:
        break;
    }
    return ST_OK;
}
