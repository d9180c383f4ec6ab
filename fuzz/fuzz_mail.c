/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails. The lines: address, name of the sender, subject, a value; the rest is a template. The message must
 * be one that a server takes: lines of at most 998 bytes ended by CRLF, ASCII but for an address, no header
 * that was not asked for, and no markup that comes from a value.
 */
#include "deliver/mime.h"
#include "deliver/template.h"
#include "fuzz.h"

static struct str line(struct str *rest)
{
    return rest->p ? str_split(rest, '\n') : STR("");
}

static struct str to_utf8(struct str s)
{
    return str_is_utf8(s) ? s : STR("?");
}

static size_t count(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

static void expect_lines(struct str message, bool ascii)
{
    for (size_t i = 0, length = 0; i < message.n; i++, length++) {
        unsigned char c = (unsigned char)message.p[i];
        FUZZ_EXPECT(c != 0 && (c < 0x80 || !ascii));
        FUZZ_EXPECT((c == '\r') == (i + 1 < message.n && message.p[i + 1] == '\n'));
        FUZZ_EXPECT(length <= 998);
        if (c == '\n')
            length = (size_t)-1;
    }
}

/* Lines that begin with a name and a colon, up to the empty one. */
static size_t count_headers(struct str message)
{
    size_t n = 0;
    for (struct str rest = message; rest.p;) {
        struct str header = str_split(&rest, '\n');
        if (header.n <= 1)
            return n;
        n += header.p[0] != ' ' && header.p[0] != '\t';
    }
    return n;
}

static struct str fill(struct arena *a, struct str text, struct str value, bool html)
{
    const struct template_value values[] = {{"email", value}, {"appName", STR("x")}};
    struct str filled = template_fill(a, text, values, 2, html);
    if (html) /* as many as the template itself has */
        FUZZ_EXPECT(count(filled, '<') == count(text, '<') && count(filled, '"') == count(text, '"'));
    return filled;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str rest = {(const char *)data, size};
    struct str to = line(&rest), name = to_utf8(line(&rest)), subject = to_utf8(line(&rest)),
               value = to_utf8(line(&rest)), text = to_utf8(rest.p ? rest : STR(""));
    struct str none = template_fill(&arena, text, NULL, 0, true);
    FUZZ_EXPECT(str_is(none, text));
    struct mime m = {.from_name = name, .from = STR("a@b.example"), .subject = subject, .id = STR("id-1")};
    m.to = mime_is_address(to) ? to : STR("c@d.example");
    m.text = fill(&arena, text, value, false);
    m.html = fill(&arena, text, value, true);
    struct str message = mime_message(&arena, &m);
    expect_lines(message, mime_is_ascii(m.to));
    m = (struct mime){
        .from = m.from, .to = m.to, .id = m.id, .subject = STR("x"), .text = STR(""), .html = STR("")};
    FUZZ_EXPECT(count_headers(message) == count_headers(mime_message(&arena, &m)));
    arena_reset(&arena);
    return 0;
}
