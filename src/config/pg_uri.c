/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL connection URIs: the reference's form (spec: config 3) and, beyond it, what libpq accepts:
 * several hosts, and a socket directory as an escaped host or as host= in the query.
 */
#include "config/internal.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Byte that the escape at text[i] stands for, or -1 where there is no whole escape (or an escaped NUL). */
static int escaped_byte(struct str text, size_t i)
{
    if (text.p[i] != '%' || i + 2 >= text.n)
        return -1;
    int high = hex_digit(text.p[i + 1]), low = hex_digit(text.p[i + 2]);
    return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

struct str config_uri_decode(struct str part, struct config_chunk **memory)
{
    char *text = config_memory_get(memory, part.n + 1);
    size_t n = 0;
    if (!text)
        return STR_NONE;
    for (size_t i = 0; i < part.n; i++) {
        int byte = escaped_byte(part, i);
        text[n++] = byte < 0 ? part.p[i] : (char)byte;
        i += byte < 0 ? 0 : 2;
    }
    text[n] = '\0';
    return (struct str){text, n};
}

struct parse {
    struct config_chunk **memory;
    bool memory_failed;
};

/* Escapes were checked before, so this fails only without memory. */
static bool decode(struct parse *parse, struct str part, struct str *out)
{
    *out = config_uri_decode(part, parse->memory);
    parse->memory_failed = parse->memory_failed || !out->p;
    return out->p != NULL;
}

/* No character that RFC 3986 excludes everywhere, no broken escape. Bytes above ASCII are accepted. */
static bool is_uri_text(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c == 0x7F || strchr("\"<>\\^`{|}", c) || (c == '%' && escaped_byte(text, i) < 0))
            return false;
    }
    return true;
}

static bool is_scheme(struct str scheme)
{
    for (size_t i = 0; i < scheme.n; i++) {
        char c = scheme.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return false;
    }
    return scheme.n > 0;
}

/* Splits one host[:port]; an IPv6 address stands in brackets. */
static bool split_host(struct str item, struct str *host, struct str *port)
{
    size_t end = str_find(item, ':');
    *host = str_head(item, end);
    if (item.n && item.p[0] == '[') {
        end = str_find(item, ']') + 1;
        if (end > item.n)
            return false;
        *host = str_head(str_from(item, 1), end - 2);
    }
    *port = str_from(item, end);
    if (port->n == 0)
        return true;
    int64_t number;
    bool is_port = port->p[0] == ':';
    *port = str_from(*port, 1);
    if (port->n == 0)
        return is_port; /* "host:" */
    return is_port && port->p[0] != '+' && str_to_i64(*port, &number) && number >= 0 && number <= 65535;
}

/* host[:port],host[:port]... to libpq's two lists. Ports are absent when none is given (0 counts as none). */
static bool parse_hosts(struct parse *parse, struct str authority, struct config_uri *uri)
{
    char *hosts = config_memory_get(parse->memory, authority.n + 1);
    char *ports = config_memory_get(parse->memory, 2 * authority.n + 1);
    size_t hosts_n = 0, ports_n = 0;
    bool any_port = false;
    if (!hosts || !ports) {
        parse->memory_failed = true;
        return false;
    }
    while (authority.p) {
        struct str host, port;
        if (!split_host(str_split(&authority, ','), &host, &port) || !decode(parse, host, &host) ||
            str_find(host, '@') < host.n)
            return false;
        bool has_port = port.n && !str_is_c(port, "0");
        any_port = any_port || has_port;
        memcpy(hosts + hosts_n, host.p, host.n);
        hosts_n += host.n;
        if (has_port) {
            memcpy(ports + ports_n, port.p, port.n);
            ports_n += port.n;
        }
        hosts[hosts_n++] = ports[ports_n++] = authority.p ? ',' : '\0';
    }
    if (hosts_n > 1)
        uri->host = (struct str){hosts, hosts_n - 1};
    if (any_port)
        uri->ports = (struct str){ports, ports_n - 1};
    return true;
}

/* user[:password]; a password ends at its first unescaped colon (spec). Empty parts are absent. */
static bool parse_user_info(struct parse *parse, struct str info, struct config_uri *uri)
{
    struct str user = str_split(&info, ':');
    struct str password = info.p ? str_split(&info, ':') : STR_NONE;
    return (user.n == 0 || decode(parse, user, &uri->user)) &&
           (password.n == 0 || decode(parse, password, &uri->password));
}

static bool are_ports(struct str ports)
{
    while (ports.p) {
        struct str port = str_split(&ports, ',');
        int64_t number = 0;
        if (port.n && (port.p[0] == '+' || !str_to_i64(port, &number) || number < 0 || number > 65535))
            return false;
    }
    return true;
}

/* libpq and JDBC take parts of the identity from the query too. */
static bool apply_query(struct parse *parse, struct config_uri *uri)
{
    struct {
        const char *name;
        struct str *part;
    } parts[] = {{"host", &uri->host},
                 {"port", &uri->ports},
                 {"user", &uri->user},
                 {"password", &uri->password},
                 {"dbname", &uri->database}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct str value = config_query_get(uri->query, parts[i].name);
        if (value.n && !decode(parse, value, parts[i].part))
            return false;
    }
    return are_ports(uri->ports);
}

static bool parse_uri(struct parse *parse, struct str text, struct config_uri *uri)
{
    struct str rest = text, scheme = str_split(&rest, ':');
    if (!is_uri_text(text) || !is_scheme(scheme) || !str_starts(rest, STR("//")))
        return false;
    rest = str_from(rest, 2);
    struct str no_fragment = str_split(&rest, '#');
    struct str query = no_fragment, path = str_split(&query, '?'), authority = str_split(&path, '/');
    if (str_find(authority, '@') < authority.n && !parse_user_info(parse, str_split(&authority, '@'), uri))
        return false;
    if (!decode(parse, scheme, &uri->scheme) || (authority.n && !parse_hosts(parse, authority, uri)) ||
        (path.n && !decode(parse, path, &uri->database)))
        return false;
    if (query.n)
        uri->query = query;
    return apply_query(parse, uri);
}

bool config_uri_parse(struct str text, struct config_uri *uri, struct config_chunk **memory,
                      bool *memory_failed)
{
    struct parse parse = {.memory = memory};
    *uri = (struct config_uri){0};
    bool parsed = parse_uri(&parse, text, uri);
    *memory_failed = parse.memory_failed;
    return parsed;
}

struct str config_query_get(struct str query, const char *name)
{
    struct str found = STR_NONE;
    while (query.p) {
        struct str value = str_split(&query, '&');
        size_t equals = str_find(value, '=');
        if (str_is_c(str_head(value, equals), name) && equals < value.n)
            found = str_from(value, equals + 1);
    }
    return found;
}
