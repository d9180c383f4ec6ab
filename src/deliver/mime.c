/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/mime.h"

#include <time.h>

#include "crypto/base64.h"

enum {
    LINE = 76,         /* of quoted-printable, without CRLF (RFC 2045 6.7) */
    WORD_BYTES = 45,   /* in an encoded word: 60 characters of base64 and 12 around them (RFC 2047 2) */
    PLAIN_HEADER = 60, /* longer values are encoded, since encoded words can be folded */
};

bool mime_is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* ---- addresses ---- */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

/* A quoted string, its quotes included. */
static bool is_quoted(struct str s)
{
    if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return false;
    for (size_t i = 1; i < s.n - 1; i++) {
        if (s.p[i] == '"' || (s.p[i] == '\\' && ++i >= s.n - 1))
            return false;
    }
    return true;
}

/* Words separated by single dots; beyond ASCII anything goes. */
static bool is_dotted(struct str s, const char *refused)
{
    bool after_dot = true;
    for (size_t i = 0; i < s.n; i++) {
        bool dot = s.p[i] == '.';
        if ((dot && after_dot) || s.p[i] == 0 || strchr(refused, s.p[i]))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

static bool is_literal(struct str s)
{
    if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return false;
    for (size_t i = 1; i < s.n - 1; i++)
        if (!strchr("0123456789abcdefABCDEF.:IPv", s.p[i]))
            return false;
    return true;
}

bool mime_is_address(struct str s)
{
    size_t at = s.n;
    if (!s.p || s.n > MIME_ADDRESS_MAX || !str_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (is_control(s.p[i]))
            return false;
        if (s.p[i] == '@')
            at = i; /* the last one: a quoted local part may hold others */
    }
    struct str local = str_head(s, at), domain = str_from(s, at + 1);
    return at < s.n && (is_quoted(local) || is_dotted(local, " \"(),:;<>@[\\]")) &&
           (is_literal(domain) || is_dotted(domain, " \"(),:;<>@[\\]!#$%&'*+/=?^`{|}~"));
}

/* ---- headers ---- */

static struct str without_controls(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = is_control(s.p[i]) ? ' ' : s.p[i];
    p[s.n] = 0;
    return str_trim((struct str){p, s.n});
}

/* Bytes of S that make the next word: no character is cut in two. */
static size_t word_length(struct str s)
{
    size_t n = s.n < WORD_BYTES ? s.n : WORD_BYTES;
    while (n < s.n && n > 1 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static void add_encoded(struct buf *b, struct str s)
{
    for (const char *between = ""; s.n; between = "\r\n ") {
        struct str word = str_head(s, word_length(s));
        buf_printf(b, "%s=?UTF-8?B?%.*s?=", between, STR_ARG(base64_encode(b->arena, BASE64_STANDARD, word)));
        s = str_from(s, word.n);
    }
}

/* PHRASE: a name before an address, where some characters need quotes. */
static void add_text(struct buf *b, struct str value, bool phrase)
{
    struct str s = without_controls(b->arena, value);
    bool looks_encoded = memmem(s.p, s.n, "=?", 2) != NULL;
    if (!mime_is_ascii(s) || s.n > PLAIN_HEADER || looks_encoded) {
        add_encoded(b, s);
        return;
    }
    if (phrase)
        buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (phrase && strchr("\"\\", s.p[i]))
            buf_char(b, '\\');
        buf_char(b, s.p[i]);
    }
    if (phrase)
        buf_char(b, '"');
}

static void add_date(struct buf *b, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t s = (time_t)(ms / 1000);
    (void)gmtime_r(&s, &tm); /* strftime would use the locale's names */
    buf_printf(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_headers(struct buf *b, const struct mime *m)
{
    struct str domain = m->from;
    while (str_find(domain, '@') < domain.n)
        domain = str_from(domain, str_find(domain, '@') + 1);
    buf_add(b, STR("From: "));
    if (m->from_name.n) {
        add_text(b, m->from_name, true);
        buf_add(b, STR("\r\n "));
    }
    buf_printf(b, "<%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(m->from), STR_ARG(m->to));
    add_text(b, m->subject, false);
    buf_add(b, STR("\r\n"));
    add_date(b, m->date_ms);
    buf_printf(b, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(m->id), STR_ARG(domain));
    /* No answer of a machine is wanted (RFC 3834; the other is Exchange's). */
    buf_add(b,
            STR("Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"));
}

/* ---- parts ---- */

/* Quoted-printable; any line end becomes CRLF. */
static void add_quoted(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t column = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool line_end = c == '\n' || (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');
        if (line_end) {
            i += c == '\r';
            buf_add(b, STR("\r\n"));
            column = 0;
            continue;
        }
        bool last = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';
        bool plain = c < 0x7F && c != '=' && (c > ' ' || (c == ' ' && !last));
        if (column + (plain ? 1 : 3) > LINE - 1) { /* one for the soft break itself */
            buf_add(b, STR("=\r\n"));
            column = 0;
        }
        if (plain)
            buf_char(b, (char)c);
        else
            buf_add(b, (struct str){(char[]){'=', hex[c >> 4], hex[c & 15]}, 3});
        column += plain ? 1 : 3;
    }
}

static void add_part(struct buf *b, struct str boundary, const char *type, struct str content)
{
    buf_printf(
        b, "--%.*s\r\nContent-Type: %s; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        STR_ARG(boundary), type);
    add_quoted(b, content);
    buf_add(b, STR("\r\n"));
}

struct str mime_message(struct arena *a, const struct mime *m)
{
    struct buf b = buf_in(a);
    struct str boundary = ARENA_CONCAT(a, STR("=_"), m->id); /* "=_" cannot be in quoted-printable */
    add_headers(&b, m);
    buf_printf(&b, "Content-Type: multipart/alternative;\r\n boundary=\"%.*s\"\r\n\r\n", STR_ARG(boundary));
    add_part(&b, boundary, "text/plain", m->text);
    add_part(&b, boundary, "text/html", m->html); /* the last one is preferred (RFC 2046 5.1.4) */
    buf_printf(&b, "--%.*s--\r\n", STR_ARG(boundary));
    return buf_str(&b);
}
