/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a flow: what the provider's API says of the user, and who that is.
 */
#include "crypto/base64.h"
#include "json/json.h"
#include "thirdparty/flow.h"

static enum flow_next not_accepted(struct flow *f, const char *why)
{
    return flow_fail(f, f->tokens_of_client ? FLOW_NOT_ACCEPTED : FLOW_BAD_ANSWER, "%s", why);
}

static enum flow_next finish(struct flow *f)
{
    if (f->claims && f->user_info && !identity_is_one(f->claims, f->user_info, f->tokens_of_client))
        return not_accepted(f, "id token and user info are not of the same user (sub)");
    if (identity_find(f->c->arena, f->provider, f->claims, f->user_info, f->emails, &f->identity))
        return FLOW_DONE;
    return flow_fail(f, FLOW_BAD_ANSWER, "no user id in what it says of the user (userInfoMap)");
}

/* ---- all that was said ---- */

enum { RAW_MAX = 32 * 1024 };

static void add_members(struct json_out *j, json_object *object, const char *except)
{
    if (!json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreach(object, name, value)
    {
        if (!except || strcmp(name, except) != 0)
            json_add_member(j, str_of(name), json_text(j->buf.arena, value));
    }
}

static void add_api(struct json_out *j, const struct flow *f)
{
    struct arena *a = f->c->arena;
    bool is_list = f->emails && !f->provider->kind->emails->list;
    json_open(j, "fromUserInfoAPI", '{');
    if (is_list)
        json_add_raw(j, "user", json_text(a, f->user_info));
    else
        add_members(j, f->user_info, f->emails ? "email" : NULL);
    if (f->emails)
        json_add_raw(j, is_list ? "emails" : "email", json_text(a, f->emails));
    json_close(j, '}');
}

struct str flow_raw_user_info(const struct flow *f)
{
    struct arena *a = f->c->arena;
    json_object *apple_user = f->provider->kind->made_secret ? f->apple_user : NULL;
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_open(&j, "fromIdTokenPayload", '{');
    add_members(&j, f->claims, apple_user ? "user" : NULL);
    if (apple_user)
        json_add_raw(&j, "user", json_text(a, apple_user));
    json_close(&j, '}');
    add_api(&j, f);
    json_close(&j, '}');
    struct str text = json_done(&j);
    return text.n <= RAW_MAX ? text : STR_NONE;
}

/* ---- requests with the access token ---- */

/* Facebook: what each scope lets us ask for. */
static const struct {
    const char *scope, *fields;
} scope_fields[] = {
    {"public_profile", "first_name,last_name,middle_name,name,name_format,picture,short_name"},
    {"email", "id,email"},
    {"user_birthday", "birthday"},
    {"user_videos", "videos"},
    {"user_posts", "posts"},
    {"user_photos", "photos"},
    {"user_location", "location"},
    {"user_link", "link"},
    {"user_likes", "likes"},
    {"user_hometown", "hometown"},
    {"user_gender", "gender"},
    {"user_friends", "friends"},
    {"user_age_range", "age_range"},
};

static struct str fields_of(struct arena *a, const struct provider *p)
{
    struct buf fields = buf_in(a);
    for (size_t i = 0; i < p->nscopes; i++)
        for (size_t j = 0; j < sizeof scope_fields / sizeof scope_fields[0]; j++)
            if (str_is_c(p->scopes[i], scope_fields[j].scope)) {
                buf_add(&fields, fields.n ? STR(",") : STR(""));
                buf_add(&fields, str_of(scope_fields[j].fields));
            }
    return buf_str(&fields);
}

static bool set_header(struct http_call *call, struct str name, struct str value)
{
    size_t at = 0;
    while (at < call->nheaders && !str_is_ci(call->headers[at].name, name))
        at++;
    if (at == HTTP_CALL_HEADERS)
        return false;
    call->headers[at] = (struct http_header){name, value};
    call->nheaders += at == call->nheaders;
    return true;
}

static void drop_header(struct http_call *call, struct str name)
{
    for (size_t i = 0; i < call->nheaders; i++)
        if (str_is_ci(call->headers[i].name, name)) {
            call->headers[i] = call->headers[--call->nheaders];
            return;
        }
}

static bool configured_headers(struct http_call *call, json_object *headers)
{
    bool ok = true;
    if (!headers)
        return true;
    json_object_object_foreach(headers, name, value)
    {
        if (!value)
            drop_header(call, str_of(name));
        else if (json_object_is_type(value, json_type_string))
            ok = ok && set_header(call, str_of(name), json_str(value));
    }
    return ok;
}

/* False: the configuration does not make a request. */
static bool request(struct flow *f, struct str url)
{
    struct arena *a = f->c->arena;
    const struct provider *p = f->provider;
    struct params query = params_in(a);
    f->call = (struct http_call){.method = HTTP_GET};
    (void)set_header(&f->call, STR("Accept"),
                     p->kind->checks_audience ? STR("application/vnd.github.v3+json")
                                              : STR("application/json"));
    if (p->kind->token_in_query) {
        params_set(&query, STR("access_token"), f->access_token);
        params_set(&query, STR("fields"), fields_of(a, p));
        params_set(&query, STR("format"), STR("json"));
    } else {
        (void)set_header(&f->call, STR("Authorization"), ARENA_CONCAT(a, STR("Bearer "), f->access_token));
    }
    provider_params(&query, p->user_info_params);
    return configured_headers(&f->call, p->user_info_headers) && params_on_url(&query, url, &f->call.url);
}

static enum flow_next ask(struct flow *f, struct str url, flow_step_fn *then)
{
    if (!request(f, url))
        return flow_fail(f, FLOW_MISCONFIGURED, "its userInfoEndpoint, or headers for it, make no request");
    f->step = then;
    return FLOW_CALL;
}

/* The answer as JSON; NULL with the failure in *NEXT. */
static json_object *answer_of(struct flow *f, const char *what, enum flow_next *next)
{
    const struct http_call *call = &f->call;
    bool done = call->result == HTTP_CALL_DONE;
    json_object *answer = NULL;
    if (done && f->tokens_of_client && (call->status == 401 || call->status == 403))
        *next = flow_fail(f, FLOW_NOT_ACCEPTED, "%s: status %d", what, call->status);
    else if (!done || call->status < 200 || call->status >= 300)
        *next = flow_call_failed(f, what);
    else if (!(answer = json_parse(f->c->arena, call->answer)))
        *next = flow_fail(f, FLOW_BAD_ANSWER, "%s: the answer is not JSON", what);
    return answer;
}

static enum flow_next got_emails(struct flow *f)
{
    enum flow_next next;
    f->emails = answer_of(f, "list of addresses", &next);
    return f->emails ? finish(f) : next;
}

static enum flow_next got_user_info(struct flow *f)
{
    enum flow_next next;
    f->user_info = answer_of(f, "user info endpoint", &next);
    if (!f->user_info)
        return next;
    if (!f->provider->kind->emails)
        return finish(f);
    return ask(f, ARENA_CONCAT(f->c->arena, f->provider->user_info_endpoint, STR("/emails")), got_emails);
}

static enum flow_next ask_for_user_info(struct flow *f)
{
    return ask(f, f->provider->user_info_endpoint, got_user_info);
}

/* ---- whose access token it is ---- */

/* Facebook's ids are numbers, as texts or without quotes. */
static enum flow_next check_owner(struct flow *f, json_object *application, const char *member)
{
    json_object *id = json_object_is_type(application, json_type_object)
                          ? json_object_object_get(application, member)
                          : NULL;
    struct str text = json_object_is_type(id, json_type_int) ? json_text(f->c->arena, id) : json_str(id);
    return str_is(text, f->provider->client_id)
               ? ask_for_user_info(f)
               : flow_fail(f, FLOW_NOT_ACCEPTED, "the access token is not of this application");
}

static enum flow_next got_audience(struct flow *f)
{
    const struct http_call *call = &f->call;
    if (call->result != HTTP_CALL_DONE || call->status >= 500)
        return flow_call_failed(f, "check of the access token");
    json_object *answer = call->status == 200 ? json_parse(f->c->arena, call->answer) : NULL;
    json_object *app =
        json_object_is_type(answer, json_type_object) ? json_object_object_get(answer, "app") : NULL;
    return check_owner(f, app, "client_id");
}

static enum flow_next got_application(struct flow *f)
{
    const struct provider_audience *wanted = f->provider->kind->audience;
    const struct http_call *call = &f->call;
    enum flow_next next;
    bool refused = call->result == HTTP_CALL_DONE && call->status >= 400 && call->status < 500;
    if (wanted->as_application && refused)
        return flow_fail(f, FLOW_MISCONFIGURED,
                         "check of the access token: status %d, clientId or clientSecret", call->status);
    json_object *answer = answer_of(f, "check of the access token", &next);
    if (!answer)
        return next;
    json_object *object =
        json_object_is_type(answer, json_type_object) ? json_object_object_get(answer, wanted->object) : NULL;
    json_object *valid =
        json_object_is_type(object, json_type_object) ? json_object_object_get(object, "is_valid") : NULL;
    if (wanted->as_application && !json_object_get_boolean(valid))
        return flow_fail(f, FLOW_NOT_ACCEPTED, "the access token is not valid (any more)");
    return check_owner(f, object, wanted->id);
}

/* Facebook tells it the application, not the user: the token is what is asked about. */
static enum flow_next ask_as_application(struct flow *f, struct str url)
{
    struct arena *a = f->c->arena;
    const struct provider *p = f->provider;
    struct params query = params_in(a);
    params_set(&query, STR("input_token"), f->access_token);
    params_set(&query, STR("access_token"), ARENA_CONCAT(a, p->client_id, STR("|"), p->client_secret));
    f->call = (struct http_call){.method = HTTP_GET};
    (void)set_header(&f->call, STR("Accept"), STR("application/json"));
    if (!params_on_url(&query, url, &f->call.url))
        return flow_fail(f, FLOW_MISCONFIGURED, "its userInfoEndpoint makes no request");
    f->step = got_application;
    return FLOW_CALL;
}

static enum flow_next ask_for_application(struct flow *f)
{
    const struct provider_audience *wanted = f->provider->kind->audience;
    struct str base = f->provider->user_info_endpoint, end = str_of(wanted->instead_of);
    if (base.n < end.n || !str_is(str_from(base, base.n - end.n), end))
        return flow_fail(f, FLOW_MISCONFIGURED, "its userInfoEndpoint does not end with %s",
                         wanted->instead_of);
    struct str url = ARENA_CONCAT(f->c->arena, str_head(base, base.n - end.n), str_of(wanted->path));
    return wanted->as_application ? ask_as_application(f, url) : ask(f, url, got_application);
}

/* A token that another application was given must not sign anybody in here. The reference means to ask and
 * never does. */
static enum flow_next check_audience(struct flow *f)
{
    struct arena *a = f->c->arena;
    const struct provider *p = f->provider;
    struct str user = STR("/user"), base = p->user_info_endpoint;
    if (base.n > user.n && str_is(str_from(base, base.n - user.n), user))
        base = str_head(base, base.n - user.n);
    struct json_out body = json_out(a);
    json_open(&body, NULL, '{');
    json_add_str(&body, "access_token", f->access_token);
    json_close(&body, '}');
    struct str basic =
        base64_encode(a, BASE64_STANDARD, ARENA_CONCAT(a, p->client_id, STR(":"), p->client_secret));
    f->call = (struct http_call){
        .method = HTTP_POST,
        .url = ARENA_CONCAT(a, base, STR("/applications/"), p->client_id, STR("/token")),
        .body = json_done(&body),
    };
    (void)set_header(&f->call, STR("Accept"), STR("application/vnd.github.v3+json"));
    (void)set_header(&f->call, STR("Content-Type"), STR("application/json"));
    (void)set_header(&f->call, STR("Authorization"), ARENA_CONCAT(a, STR("Basic "), basic));
    f->step = got_audience;
    return FLOW_CALL;
}

/* ---- ---- */

static bool is_header_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7F)
            return false;
    return true;
}

/* An access token that a client brings by itself may have been made for anybody's application, whose operator
 * could sign in here as each of its users. So it is not enough where there is something better to bring: an
 * id token, or what tells for whom it was made. (The reference takes it.) */
static const char *needs_more(const struct flow *f)
{
    const struct provider *p = f->provider;
    if (f->claims)
        return NULL;
    if (identity_needs_claims(p))
        return "without an id token it is not known of which workspace the user is";
    if (f->tokens_of_client && p->jwks_uri.p)
        return "an access token without an id token may be another application's";
    bool secret = p->kind->checks_audience || (p->kind->audience && p->kind->audience->as_application);
    if (f->tokens_of_client && secret && !p->client_secret.p)
        return "without a clientSecret it cannot be asked of which application the access token is";
    return NULL;
}

enum flow_next flow_get_user_info(struct flow *f)
{
    const struct provider *p = f->provider;
    const char *more = needs_more(f);
    bool can_ask = f->access_token.p && p->user_info_endpoint.p;
    if (!can_ask && !f->claims)
        return flow_fail(
            f, f->tokens_of_client ? FLOW_NOT_ACCEPTED : FLOW_MISCONFIGURED,
            "neither an id token that can be checked nor an access token for a user info endpoint");
    if (more)
        return not_accepted(f, more);
    if (!can_ask)
        return finish(f);
    if (!is_header_text(f->access_token))
        return not_accepted(f, "the access token has characters that no header can carry");
    if (!f->tokens_of_client || f->claims)
        return ask_for_user_info(f);
    return p->kind->checks_audience ? check_audience(f)
           : p->kind->audience      ? ask_for_application(f)
                                    : ask_for_user_info(f);
}
