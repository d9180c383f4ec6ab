/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/transport.h"

#include <time.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "http/cookies.h"
#include "http/percent.h"
#include "json/write.h"

enum {
    KINDS = AUTH_ID_REFRESH_TOKEN + 1,
    COOKIE_USUAL_MAX = 4096 /* what browsers keep of a cookie (RFC 6265 6.1) */
};

/* Headers that front ends must be allowed to read, in a bit mask. */
enum exposed { FRONT_TOKEN, ANTI_CSRF, ACCESS_HEADER, REFRESH_HEADER, EXPOSED };
static const char *const exposed_names[EXPOSED] = {
    [FRONT_TOKEN] = "front-token",
    [ANTI_CSRF] = "anti-csrf",
    [ACCESS_HEADER] = "st-access-token",
    [REFRESH_HEADER] = "st-refresh-token",
};

static const struct {
    struct str cookie;
    enum exposed header; /* EXPOSED: never travels in a header */
} kinds[KINDS] = {
    [AUTH_ACCESS_TOKEN] = {{"sAccessToken", 12}, ACCESS_HEADER},
    [AUTH_REFRESH_TOKEN] = {{"sRefreshToken", 13}, REFRESH_HEADER},
    [AUTH_ID_REFRESH_TOKEN] = {{"sIdRefreshToken", 15}, EXPOSED},
};

struct auth_transport {
    struct exchange *x;
    const struct site *site;
    struct {
        enum auth_token_kind kind;
        struct str text;
    } cookies[KINDS]; /* in the order of the answer */
    size_t ncookies;
    struct str headers[EXPOSED]; /* absent: not sent */
    enum exposed exposed[EXPOSED];
    size_t nexposed; /* a header that was taken back stays exposed */
};

struct auth_transport *auth_transport_new(struct exchange *x, const struct site *site)
{
    struct auth_transport *t = ARENA_NEW(&x->arena, struct auth_transport);
    t->x = x;
    t->site = site;
    return t;
}

/* ---- the request ---- */

static struct str bearer(const struct http_request *rq)
{
    struct str given = http_param(rq, "HTTP_AUTHORIZATION"), scheme = STR("Bearer ");
    return given.p && str_starts(given, scheme) ? str_trim(str_from(given, scheme.n)) : STR_NONE;
}

struct str auth_token_given(struct auth_transport *t, enum auth_token_kind kind, enum site_transfer by)
{
    if (by == SITE_TRANSFER_HEADER)
        return kinds[kind].header == EXPOSED ? STR_NONE : bearer(&t->x->rq);
    return http_cookie(&t->x->ctx, &t->x->rq, kinds[kind].cookie);
}

unsigned auth_token_cookies(struct auth_transport *t, enum auth_token_kind kind)
{
    return http_cookie_count(&t->x->ctx, &t->x->rq, kinds[kind].cookie);
}

struct str auth_anti_csrf_given(const struct auth_transport *t)
{
    return http_param(&t->x->rq, "HTTP_ANTI_CSRF");
}

bool auth_rid_given(const struct auth_transport *t)
{
    return http_param(&t->x->rq, "HTTP_RID").n > 0;
}

enum site_transfer auth_transfer_for_new(const struct auth_transport *t)
{
    struct str mode = http_param(&t->x->rq, "HTTP_ST_AUTH_MODE");
    if (t->site->session.transfer != SITE_TRANSFER_ANY)
        return t->site->session.transfer;
    return str_is_ci(mode, STR("cookie")) ? SITE_TRANSFER_COOKIE : SITE_TRANSFER_HEADER;
}

/* ---- the answer ---- */

static void expose(struct auth_transport *t, enum exposed header)
{
    for (size_t i = 0; i < t->nexposed; i++)
        if (t->exposed[i] == header)
            return;
    t->exposed[t->nexposed++] = header;
}

static void put_header(struct auth_transport *t, enum exposed header, struct str value)
{
    t->headers[header] = value;
    expose(t, header);
}

static void add_date(struct buf *b, int64_t ms)
{
    char text[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t n = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    buf_add(b, (struct str){text, n});
}

static struct str cookie_path(const struct auth_transport *t, enum auth_token_kind kind)
{
    if (kind != AUTH_REFRESH_TOKEN)
        return t->site->session.access_token_path;
    return ARENA_CONCAT(&t->x->arena, t->site->api_base_path, STR("/session/refresh"));
}

static struct str cookie_text(struct auth_transport *t, enum auth_token_kind kind, struct str value,
                              int64_t expiry, struct str domain)
{
    static const char *const same_site[] = {
        [SITE_SAME_SITE_LAX] = "Lax", [SITE_SAME_SITE_NONE] = "None", [SITE_SAME_SITE_STRICT] = "Strict"};
    const struct site_session *rules = &t->site->session;
    struct buf b = buf_in(&t->x->arena);
    buf_add(&b, kinds[kind].cookie);
    buf_char(&b, '=');
    buf_add(&b, percent_encode(&t->x->arena, value));
    if (domain.n)
        buf_printf(&b, "; Domain=%.*s", STR_ARG(domain));
    buf_printf(&b, "; Path=%.*s; Expires=", STR_ARG(cookie_path(t, kind)));
    add_date(&b, expiry);
    buf_printf(&b, "; HttpOnly%s; SameSite=%s", rules->cookie_secure ? "; Secure" : "",
               same_site[rules->same_site]);
    if (kinds[kind].cookie.n + value.n > COOKIE_USUAL_MAX)
        LOG_WARN(&t->x->ctx, "cookie %s of %zu bytes: browsers keep 4096", kinds[kind].cookie.p, value.n);
    return buf_str(&b);
}

/* A cookie of the same name that was to be sent is dropped, whatever its domain. */
static void put_cookie(struct auth_transport *t, enum auth_token_kind kind, struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < t->ncookies; i++)
        if (t->cookies[i].kind != kind)
            t->cookies[n++] = t->cookies[i];
    t->cookies[n].kind = kind;
    t->cookies[n].text = text;
    t->ncookies = n + 1;
}

void auth_token_put(struct auth_transport *t, enum auth_token_kind kind, enum site_transfer by,
                    struct str token, int64_t expiry)
{
    if (by == SITE_TRANSFER_HEADER)
        put_header(t, kinds[kind].header, token);
    else
        put_cookie(t, kind, cookie_text(t, kind, token, expiry, t->site->session.cookie_domain));
}

void auth_front_token_put(struct auth_transport *t, struct str uid, int64_t expiry, struct str payload)
{
    struct json_out j = json_out(&t->x->arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "uid", uid);
    json_add_i64(&j, "ate", expiry);
    json_add_raw(&j, "up", payload);
    json_close(&j, '}');
    put_header(t, FRONT_TOKEN, base64_encode(&t->x->arena, BASE64_STANDARD, json_done(&j)));
}

void auth_anti_csrf_put(struct auth_transport *t, struct str token)
{
    put_header(t, ANTI_CSRF, token);
}

static void clear_one(struct auth_transport *t, enum site_transfer by)
{
    auth_token_put(t, AUTH_ACCESS_TOKEN, by, STR(""), 0);
    auth_token_put(t, AUTH_REFRESH_TOKEN, by, STR(""), 0);
    t->headers[ANTI_CSRF] = STR_NONE;
    put_header(t, FRONT_TOKEN, STR("remove"));
}

void auth_tokens_clear(struct auth_transport *t, enum site_transfer by)
{
    if (by != SITE_TRANSFER_HEADER) {
        clear_one(t, SITE_TRANSFER_COOKIE);
        t->headers[ACCESS_HEADER] = STR_NONE; /* which showed scripts what is now cleared */
    }
    if (by != SITE_TRANSFER_COOKIE)
        clear_one(t, SITE_TRANSFER_HEADER);
}

void auth_cookie_expire(struct auth_transport *t, enum auth_token_kind kind, const struct str *domain)
{
    put_cookie(t, kind, cookie_text(t, kind, STR(""), 0, domain ? *domain : t->site->session.cookie_domain));
}

static struct str exposed_list(const struct auth_transport *t)
{
    struct buf b = buf_in(&t->x->arena);
    for (size_t i = 0; i < t->nexposed; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", exposed_names[t->exposed[i]]);
    return buf_str(&b);
}

void auth_transport_finish(struct auth_transport *t)
{
    struct http_response *rs = &t->x->rs;
    if (!t->ncookies && !t->nexposed)
        return;
    for (size_t i = 0; i < t->ncookies; i++)
        http_add_header(rs, "Set-Cookie", t->cookies[i].text);
    for (int i = 0; i < EXPOSED; i++)
        if (t->headers[i].p)
            http_add_header(rs, exposed_names[i], t->headers[i]);
    if (t->nexposed)
        http_add_header(rs, "Access-Control-Expose-Headers", exposed_list(t));
    http_add_header(rs, "Cache-Control", STR("no-store"));
}
