/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cookies.h"

#include "http/percent.h"

/* Decoded where it holds only good escapes and UTF-8, else as it is. */
static struct str decoded(struct ctx *c, struct str raw)
{
    if (str_find(raw, '%') == raw.n)
        return raw;
    char *out = arena_alloc(c->arena, raw.n + 1);
    char *end = percent_decode(out, raw, false);
    struct str text = {out, end ? (size_t)(end - out) : 0};
    return end && str_is_utf8(text) ? text : raw;
}

static struct str without_quotes(struct str value)
{
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        return str_head(str_from(value, 1), value.n - 2);
    return value;
}

/* One pass over all cookies. */
struct jar {
    char *const *param;
    struct str rest; /* of the header that is being read */
    size_t bytes;
    unsigned cookies;
};

static bool next_header(struct jar *jar)
{
    struct str name = STR("HTTP_COOKIE=");
    for (; jar->param && *jar->param; jar->param++) {
        struct str param = str_of(*jar->param);
        if (!str_starts(param, name))
            continue;
        jar->param++;
        jar->rest = str_from(param, name.n);
        jar->bytes += jar->rest.n;
        return jar->bytes <= HTTP_COOKIES_BYTES;
    }
    return false;
}

static bool next_cookie(struct ctx *c, struct jar *jar, struct str *name, struct str *value)
{
    if (jar->cookies++ == HTTP_COOKIES || (!jar->rest.p && !next_header(jar)))
        return false;
    struct str cookie = str_trim(str_split(&jar->rest, ';'));
    size_t equals = str_find(cookie, '=');
    *name = decoded(c, str_trim(str_head(cookie, equals)));
    *value = equals < cookie.n ? str_trim(str_from(cookie, equals + 1)) : STR_NONE;
    return true;
}

struct str http_cookie(struct ctx *c, const struct http_request *rq, struct str name)
{
    struct jar jar = {.param = rq->params};
    struct str found, value;
    while (next_cookie(c, &jar, &found, &value))
        if (value.p && str_is(found, name))
            return decoded(c, without_quotes(value));
    return STR_NONE;
}

unsigned http_cookie_count(struct ctx *c, const struct http_request *rq, struct str name)
{
    struct jar jar = {.param = rq->params};
    struct str found, value;
    unsigned n = 0;
    while (next_cookie(c, &jar, &found, &value))
        n += str_is(found, name);
    return n;
}
