/* SPDX-License-Identifier: Apache-2.0
 *
 * Domains and paths in the form in which the SDKs use them (spec: fdi 3, fdi-session 1). What a WHATWG URL
 * parser would make of control characters and of names beyond ASCII is refused instead.
 */
#include <ctype.h>

#include "base/buf.h"
#include "site/internal.h"

static bool is_printable_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static struct str lower(struct arena *a, struct str s)
{
    struct str copy = arena_str(a, s);
    for (size_t i = 0; i < copy.n; i++)
        ((char *)copy.p)[i] = (char)tolower((unsigned char)copy.p[i]);
    return copy;
}

bool site_is_ipv4(struct str host)
{
    int parts = 0;
    for (struct str rest = host; rest.p; parts++) {
        int64_t number;
        struct str part = str_split(&rest, '.');
        if (part.n == 0 || part.n > 3 || !isdigit((unsigned char)part.p[0]) || !str_to_i64(part, &number) ||
            number > 255)
            return false;
    }
    return parts == 4;
}

/* Where the first of the bytes SET stands, or s.n. */
static size_t find_any(struct str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr(set, s.p[i]))
            return i;
    return s.n;
}

struct url {
    struct str scheme; /* with "://" */
    struct str host;   /* with the brackets of an IPv6 address */
    struct str port;   /* digits, or absent */
    struct str path;   /* the rest, from its '/', up to '?' or '#' */
};

static struct str scheme_of(struct str text)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}, {"supertokens://", 14}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_starts(text, schemes[i]))
            return schemes[i];
    return STR_NONE;
}

static bool is_host(struct str host)
{
    bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];
        bool bracket = v6 && (i == 0 || i == host.n - 1);
        if (!bracket &&
            (v6 ? !isxdigit(c) && c != ':' && c != '.' : !isalnum(c) && c != '-' && c != '.' && c != '_'))
            return false;
    }
    return host.n > 0 && host.n <= 255 && host.p[0] != '.';
}

static bool is_port(struct str port)
{
    int64_t number;
    return port.n > 0 && port.n <= 5 && isdigit((unsigned char)port.p[0]) && str_to_i64(port, &number) &&
           number <= 65535;
}

/* TEXT begins with a scheme of ours. */
static bool split_url(struct str text, struct url *u)
{
    u->scheme = scheme_of(text);
    struct str rest = str_from(text, u->scheme.n);
    struct str authority = str_head(rest, find_any(rest, "/?#\\"));
    u->path = str_from(rest, authority.n);
    u->path = str_head(u->path, find_any(u->path, "?#"));
    size_t at = str_find(authority, '@');
    struct str place = at < authority.n ? str_from(authority, at + 1) : authority;
    size_t end = place.n && place.p[0] == '[' ? str_find(place, ']') + 1 : str_find(place, ':');
    u->host = str_head(place, end);
    u->port = str_from(place, end);
    bool port = u->port.n > 0;
    u->port = port ? str_from(u->port, 1) : STR_NONE;
    return is_printable_ascii(text) && is_host(u->host) && (!port || u->port.n == 0 || is_port(u->port));
}

static bool is_default_port(const struct url *u)
{
    return u->port.n == 0 || (str_is(u->scheme, STR("http://")) && str_is(u->port, STR("80"))) ||
           (str_is(u->scheme, STR("https://")) && str_is(u->port, STR("443")));
}

bool site_normalise_domain(struct arena *a, struct str in, struct str *out, const char **why)
{
    struct str text = lower(a, str_trim(in)), scheme = scheme_of(text);
    struct url u;
    *why = "must be a domain such as https://example.com";
    if (!scheme.p) {
        if (str_starts(text, STR("/")))
            return false;
        if (str_starts(text, STR(".")))
            text = str_from(text, 1);
        bool local = str_starts(text, STR("localhost"));
        if (str_find(text, '.') == text.n && !local)
            return false;
        text = ARENA_CONCAT(a, STR("http://"), text);
    }
    if (!split_url(text, &u))
        return false;
    if (!scheme.p && !str_starts(u.host, STR("localhost")) && !site_is_ipv4(u.host)) {
        u.scheme = STR("https://");
        /* Read with http first, as the SDKs do: port 80 is the default one, 443 is not. */
        if (str_is(u.port, STR("80")))
            u.port = STR_NONE;
        *out = u.port.n ? ARENA_CONCAT(a, u.scheme, u.host, STR(":"), u.port)
                        : ARENA_CONCAT(a, u.scheme, u.host);
        return true;
    }
    *out = is_default_port(&u) ? ARENA_CONCAT(a, u.scheme, u.host)
                               : ARENA_CONCAT(a, u.scheme, u.host, STR(":"), u.port);
    return true;
}

struct str site_host(struct str domain)
{
    struct url u;
    return split_url(domain, &u) ? u.host : STR("");
}

/* ---- paths ---- */

/* One dot, or two, also where they are escaped. */
static unsigned dots(struct str segment)
{
    unsigned n = 0;
    while (segment.n) {
        bool escaped = segment.n >= 3 && str_is_ci(str_head(segment, 3), STR("%2e"));
        if (!escaped && segment.p[0] != '.')
            return 0;
        segment = str_from(segment, escaped ? 3 : 1);
        n++;
    }
    return n <= 2 ? n : 0;
}

static void add_segment(struct buf *b, struct str segment)
{
    buf_char(b, '/');
    for (size_t i = 0; i < segment.n; i++) {
        unsigned char c = (unsigned char)segment.p[i];
        if (c <= ' ' || c >= 0x7F || strchr("\"<>`{}", c))
            buf_printf(b, "%%%02X", c);
        else
            buf_char(b, (char)c);
    }
}

/* PATH as a URL parser leaves it: dot segments resolved, unusual characters escaped, double slashes kept. */
static struct str resolve(struct arena *a, struct str path)
{
    struct buf b = buf_in(a);
    struct str rest = str_from(path, 1);
    buf_grow(&b, 1);
    while (rest.p) {
        size_t end = find_any(rest, "/\\");
        struct str segment = str_head(rest, end);
        bool last = end == rest.n;
        rest = last ? STR_NONE : str_from(rest, end + 1);
        unsigned n = dots(segment);
        if (n == 2)
            while (b.n && b.p[--b.n] != '/')
                ;
        if (n == 0)
            add_segment(&b, segment);
        else if (last)
            buf_char(&b, '/');
    }
    return buf_str(&b);
}

/* Whether TEXT, which has no scheme, would be read as a host with a dot, or begins with localhost. */
static bool begins_with_domain(struct arena *a, struct str text)
{
    struct url u;
    if (str_starts(text, STR("localhost")))
        return true;
    if (str_starts(text, STR("/")) || str_find(text, '.') == text.n)
        return false;
    return split_url(ARENA_CONCAT(a, STR("http://"), text), &u) && str_find(u.host, '.') < u.host.n;
}

bool site_normalise_path(struct arena *a, struct str in, struct str *out, const char **why)
{
    struct str text = str_trim(in), path;
    struct url u;
    *why = "must be a path such as /auth";
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ')
            return false;
    struct str scheme = scheme_of(text);
    if (scheme.p || begins_with_domain(a, text)) {
        text = scheme.p ? text : ARENA_CONCAT(a, STR("http://"), text);
        if (!split_url(text, &u))
            return false;
        path = u.path.n ? u.path : STR("/");
    } else {
        path = str_starts(text, STR("/")) ? text : ARENA_CONCAT(a, STR("/"), text);
        path = str_head(path, find_any(path, "?#"));
    }
    path = resolve(a, path);
    *out = path.n && path.p[path.n - 1] == '/' ? str_head(path, path.n - 1) : path;
    *out = arena_str(a, *out);
    return true;
}

bool site_normalise_cookie_domain(struct arena *a, struct str in, struct str *out, const char **why)
{
    struct str text = lower(a, str_trim(in));
    struct url u;
    bool dot = str_starts(text, STR("."));
    *why = "must be a domain such as .example.com";
    if (text.n == 0) { /* host-only, where that is allowed */
        *out = STR("");
        return true;
    }
    text = dot ? str_from(text, 1) : text;
    if (!scheme_of(text).p)
        text = ARENA_CONCAT(a, STR("http://"), text);
    if (!split_url(text, &u))
        return false;
    bool plain = !dot || str_is(u.host, STR("localhost")) || site_is_ipv4(u.host);
    *out = plain ? arena_str(a, u.host) : ARENA_CONCAT(a, STR("."), u.host);
    return true;
}
