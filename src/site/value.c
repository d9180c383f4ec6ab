/* SPDX-License-Identifier: Apache-2.0
 *
 * One value of a site's file, by the type of its row.
 */
#include <stdio.h>

#include "config/config.h"
#include "policy/pattern.h"
#include "site/internal.h"

static bool is_word(struct str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr(more, c)))
            return false;
    }
    return s.n > 0;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return true;
    return false;
}

static enum st_err want_scalar(struct site_build *b, const struct site_node *node)
{
    return node->kind == SITE_NODE_SCALAR ? ST_OK : site_wrong(b, node->line, "must be a single value");
}

static enum st_err check_length(struct site_build *b, const struct site_key *row,
                                const struct site_node *node)
{
    long long n = (long long)node->text.n;
    if (n == 0 && row->min > 0)
        return site_wrong(b, node->line, "must not be empty");
    if (n < row->min)
        return site_wrong(b, node->line, "must have at least %lld bytes", (long long)row->min);
    return n <= row->max ? ST_OK
                         : site_wrong(b, node->line, "must have at most %lld bytes", (long long)row->max);
}

/* ---- choices ---- */

static const struct site_choice *find_choice(const struct site_key *row, struct str text)
{
    for (const struct site_choice *choice = row->choices; choice->text; choice++)
        if (str_is_ci(text, str_of(choice->text)))
            return choice;
    return NULL;
}

static enum st_err not_a_choice(struct site_build *b, const struct site_key *row, unsigned line)
{
    char list[128];
    size_t n = 0;
    for (const struct site_choice *choice = row->choices; choice->text && n < sizeof list; choice++) {
        int more = snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", choice->text);
        n += more > 0 ? (size_t)more : 0;
    }
    return site_wrong(b, line, "must be one of %s", list);
}

static enum st_err read_choice(struct site_build *b, const struct site_key *row, const struct site_node *node,
                               int64_t *out)
{
    ST_TRY(want_scalar(b, node));
    const struct site_choice *choice = find_choice(row, node->text);
    if (!choice)
        return not_a_choice(b, row, node->line);
    *out = choice->value;
    return ST_OK;
}

static enum st_err want_list(struct site_build *b, const struct site_node *node, size_t max)
{
    if (node->kind != SITE_NODE_LIST)
        return site_wrong(b, node->line, "must be a list, such as [a, b]");
    if (node->n == 0 || node->n > max)
        return site_wrong(b, node->line, "must have 1 to %zu entries", max);
    return ST_OK;
}

static enum st_err read_choices(struct site_build *b, const struct site_key *row,
                                const struct site_node *node, int64_t *out)
{
    size_t i = 0;
    ST_TRY(want_list(b, node, 32));
    for (const struct site_node *entry = node->first; entry; entry = entry->next, i++) {
        int64_t one = 0;
        size_t before = site_enter_index(b, i);
        ST_TRY(read_choice(b, row, entry, &one));
        site_leave(b, before);
        *out |= one;
    }
    return ST_OK;
}

static enum st_err read_strings(struct site_build *b, const struct site_key *row,
                                const struct site_node *node, struct site_value *out)
{
    ST_TRY(want_list(b, node, (size_t)row->max));
    struct str *list = ARENA_ARRAY(b->arena, node->n, struct str);
    for (const struct site_node *entry = node->first; entry; entry = entry->next) {
        size_t before = site_enter_index(b, out->n);
        ST_TRY(want_scalar(b, entry));
        if (entry->text.n == 0 || entry->text.n > 256 || has_control(entry->text))
            return site_wrong(b, entry->line, "must have 1 to 256 bytes, without control characters");
        for (size_t i = 0; i < out->n; i++)
            if (str_is(list[i], entry->text))
                return site_wrong(b, entry->line, "is listed twice");
        site_leave(b, before);
        list[out->n++] = arena_str(b->arena, entry->text);
    }
    out->list = list;
    return ST_OK;
}

/* ---- numbers and flags ---- */

static enum st_err read_int(struct site_build *b, const struct site_key *row, const struct site_node *node,
                            int64_t *out)
{
    ST_TRY(want_scalar(b, node));
    if (!str_to_i64(node->text, out) || *out < row->min || *out > row->max)
        return site_wrong(b, node->line, "must be a number from %lld to %lld", (long long)row->min,
                          (long long)row->max);
    return ST_OK;
}

static enum st_err read_bool(struct site_build *b, const struct site_node *node, int64_t *out)
{
    ST_TRY(want_scalar(b, node));
    *out = str_is_ci(node->text, STR("true"));
    return *out || str_is_ci(node->text, STR("false")) ? ST_OK
                                                       : site_wrong(b, node->line, "must be true or false");
}

/* ---- texts with a form ---- */

static void free_pattern(void *object)
{
    pattern_free(object);
}

static enum st_err read_pattern(struct site_build *b, const struct site_node *node, struct site_value *out)
{
    char why[192];
    struct pattern *pattern;
    struct arena_cleanup *cleanup = arena_reserve_cleanup(b->arena, free_pattern);
    if (!pattern_new(node->text, &pattern, why, sizeof why))
        return site_wrong(b, node->line, "is not a valid regular expression: %s", why);
    cleanup->object = pattern;
    out->pattern = pattern;
    return ST_OK;
}

static bool normalise_cud(struct arena *a, struct str in, struct str *out, const char **why)
{
    char *text = arena_alloc(a, in.n + 1);
    *why = config_normalise_cud(in, text);
    if (*why)
        *why = "must be a domain such as customer.example.com";
    else
        *out = str_of(text);
    return !*why;
}

static bool normalise_id(struct arena *a, struct str in, struct str *out, const char **why)
{
    char *text = arena_alloc(a, in.n + 1);
    *why = config_normalise_id(in, text);
    if (!*why)
        *out = str_of(text);
    return !*why;
}

/* A name or password before the host; an "@" behind it is nothing special. */
static bool has_user(struct str url)
{
    struct str rest = str_from(url, str_find(url, ':') + 3);
    size_t end = 0;
    while (end < rest.n && !strchr("/?#", rest.p[end]))
        end++;
    return str_find(str_head(rest, end), '@') < end;
}

/* http or https, and a host. */
static bool check_url(struct arena *a, struct str in, struct str *out, const char **why)
{
    struct str domain, scheme = str_head(in, str_find(in, ':'));
    *why = "must be an address such as https://example.com/path";
    *out = in;
    return (str_is(scheme, STR("http")) || str_is(scheme, STR("https"))) && !has_control(in) &&
           str_find(in, ' ') == in.n && !has_user(in) &&
           site_normalise_domain(a, in, &domain, &(const char *){NULL});
}

static bool check_email(struct arena *a, struct str in, struct str *out, const char **why)
{
    size_t at = str_find(in, '@');
    (void)a;
    *why = "must be an e-mail address";
    *out = in;
    return is_word(str_head(in, at), ".!#$%&'*+/=?^_`{|}~-") && is_word(str_from(in, at + 1), ".-");
}

static bool check_file(struct arena *a, struct str in, struct str *out, const char **why)
{
    (void)a;
    *why = "must be an absolute path";
    *out = in;
    return str_starts(in, STR("/")) && !has_control(in);
}

static bool check_name(struct arena *a, struct str in, struct str *out, const char **why)
{
    (void)a;
    *why = "must consist of letters, digits, - and _";
    *out = in;
    return is_word(in, "-_");
}

static bool check_string(struct arena *a, struct str in, struct str *out, const char **why)
{
    (void)a;
    *why = "must not have control characters in it";
    *out = in;
    return !has_control(in);
}

static bool (*const forms[])(struct arena *, struct str, struct str *, const char **) = {
    [SITE_KEY_STRING] = check_string,
    [SITE_KEY_DOMAIN] = site_normalise_domain,
    [SITE_KEY_PATH] = site_normalise_path,
    [SITE_KEY_COOKIE_DOMAIN] = site_normalise_cookie_domain,
    [SITE_KEY_CUD] = normalise_cud,
    [SITE_KEY_ID] = normalise_id,
    [SITE_KEY_URL] = check_url,
    [SITE_KEY_EMAIL] = check_email,
    [SITE_KEY_FILE] = check_file,
    [SITE_KEY_NAME] = check_name,
};

static enum st_err read_text(struct site_build *b, const struct site_key *row, const struct site_node *node,
                             struct site_value *out)
{
    const char *why;
    struct str text;
    ST_TRY(want_scalar(b, node));
    ST_TRY(check_length(b, row, node));
    if (row->type == SITE_KEY_PATTERN)
        return read_pattern(b, node, out);
    if (!forms[row->type](b->arena, node->text, &text, &why))
        return site_wrong(b, node->line, "%s", why);
    out->text = arena_str(b->arena, text);
    return ST_OK;
}

enum st_err site_read_value(struct site_build *b, const struct site_key *row, const struct site_node *node,
                            struct site_value *out)
{
    *out = (struct site_value){.number = 0};
    switch (row->type) {
    case SITE_KEY_INT:
        return read_int(b, row, node, &out->number);
    case SITE_KEY_BOOL:
        return row->choices ? read_choice(b, row, node, &out->number) : read_bool(b, node, &out->number);
    case SITE_KEY_CHOICE:
        return read_choice(b, row, node, &out->number);
    case SITE_KEY_CHOICES:
        return read_choices(b, row, node, &out->number);
    case SITE_KEY_STRINGS:
        return read_strings(b, row, node, out);
    default:
        return read_text(b, row, node, out);
    }
}
