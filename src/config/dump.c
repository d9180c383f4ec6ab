/* SPDX-License-Identifier: Apache-2.0 */
#include "config/dump.h"

#include "config/internal.h"
#include "json/write.h"

enum { WIDTH = 100 };

static const char masked[] = "********";

/* TEXT as comment lines, broken between words. */
static void put_comment(FILE *out, const char *text)
{
    struct str rest = str_of(text);
    size_t column = 0;
    while (rest.p) {
        struct str word = str_split(&rest, ' ');
        if (column == 0 || column + 1 + word.n > WIDTH) {
            fprintf(out, "%s#", column ? "\n" : "");
            column = 1;
        }
        fprintf(out, " %.*s", STR_ARG(word));
        column += 1 + word.n;
    }
    fputc('\n', out);
}

static void put_heading(FILE *out, const struct config_key *key)
{
    static const char *const levels[] = {
        [CONFIG_CORE] = "for the whole service",
        [CONFIG_APP] = "may differ per app",
        [CONFIG_TENANT] = "may differ per tenant",
    };
    if (key->section)
        fprintf(out, "\n# ---- %s ----\n", key->section);
    fputc('\n', out);
    put_comment(out, key->help);
    fprintf(out, "# (%s%s%s)\n", levels[key->level], key->env ? "; environment: " : "",
            key->env ? key->env : "");
}

/* A double-quoted YAML scalar. */
static void put_quoted(FILE *out, struct str text)
{
    fputc('"', out);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7F)
            fprintf(out, "\\x%02X", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* A URI without the password of its user part; nothing of it when the query might hold one as well. VISIBLE
 * may be used for the result. */
static struct str mask_uri(struct str uri, char visible[CONFIG_MAX_VALUE + sizeof masked])
{
    size_t scheme = str_find(uri, ':');
    struct str rest = str_from(uri, scheme);
    if (strcasestr(uri.p, "password"))
        return str_of(masked);
    size_t authority = str_starts(rest, STR("://")) ? strcspn(rest.p + 3, "/?#") + 3 : 0;
    size_t at = str_find(str_head(rest, authority), '@');
    size_t colon = authority ? 3 + str_find(str_head(str_from(rest, 3), at > 3 ? at - 3 : 0), ':') : 0;
    if (at >= authority || colon >= at)
        return uri;
    int n = snprintf(visible, CONFIG_MAX_VALUE + sizeof masked, "%.*s%s%s", (int)(scheme + colon + 1), uri.p,
                     masked, rest.p + at);
    return (struct str){visible, (size_t)n};
}

/* What may be shown of a value that is not null. */
static struct str visible_value(const struct config_key *key, struct str value,
                                char room[CONFIG_MAX_VALUE + sizeof masked])
{
    return key->marks & CONFIG_SECRET ? str_of(masked)
           : key->marks & CONFIG_URI  ? mask_uri(value, room)
                                      : value;
}

static bool is_text(const struct config_key *key)
{
    return key->type == CONFIG_STRING || (key->marks & (CONFIG_SECRET | CONFIG_URI));
}

static void put_value(FILE *out, const struct config *config, const struct config_key *key)
{
    char text[CONFIG_MAX_VALUE + 1], room[CONFIG_MAX_VALUE + sizeof masked];
    int n = config_value_text(config, key, text, sizeof text);
    enum config_key_id id = config_key_index(key);
    bool is_log_path = id == CONFIG_KEY_info_log_path || id == CONFIG_KEY_error_log_path;
    struct str value = {text, n > 0 ? (size_t)n : 0};

    if (n < 0)
        fputs(is_log_path ? "\"null\"" : "null", out);
    else if (is_text(key))
        put_quoted(out, visible_value(key, value, room));
    else
        fputs(text, out);
}

/* Where the URI wins, the single keys alone would mislead. */
static void put_connection(FILE *out, const struct config_pg *pg)
{
    const char *const parts[][2] = {{" host ", pg->host},
                                    {", port ", pg->ports},
                                    {", user ", pg->user ? pg->user : "(of the operating system)"},
                                    {", database ", pg->database},
                                    {", schema ", pg->schema}};
    fputs("\n# Connection in effect:", out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        fputs(parts[i][0], out);
        put_quoted(out, str_of(parts[i][1]));
    }
    fputc('\n', out);
}

void config_dump(const struct config *config, FILE *out)
{
    fputs("# Configuration in effect. Secrets are masked.\n", out);
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        put_heading(out, key);
        fprintf(out, "%s: ", key->name);
        put_value(out, config, key);
        fputs(config_is_set(config, config_key_index(key)) ? "\n" : " # default\n", out);
    }
    put_connection(out, &config->pg);
}

/* An enum's value is a text in JSON, and the word in YAML. */
static void add_member(struct json_out *j, const struct config *config, const struct config_key *key)
{
    char text[CONFIG_MAX_VALUE + 1], room[CONFIG_MAX_VALUE + sizeof masked];
    int n = config_value_text(config, key, text, sizeof text);
    if (n < 0)
        json_add_null(j, key->name);
    else if (is_text(key) || key->type == CONFIG_ENUM)
        json_add_str(j, key->name, visible_value(key, (struct str){text, (size_t)n}, room));
    else
        json_add_raw(j, key->name, (struct str){text, (size_t)n});
}

void config_dump_json(const struct config *config, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        add_member(&j, config, key);
    json_close(&j, '}');
    fprintf(out, "%s\n", json_done(&j).p);
    arena_free(&arena);
}

void config_default_yaml(FILE *out)
{
    fputs("# Configuration of SuperTokens. Every setting is optional unless its comment says otherwise;\n"
          "# the values shown are the defaults.\n",
          out);
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        put_heading(out, key);
        if (config_key_index(key) == CONFIG_KEY_core_config_version)
            fputs("core_config_version: 0\n", out);
        else if (!key->fallback || strcmp(key->fallback, CONFIG_CPUS) == 0)
            fprintf(out, "# %s:\n", key->name);
        else if (key->type == CONFIG_STRING) {
            fprintf(out, "# %s: ", key->name);
            put_quoted(out, str_of(key->fallback));
            fputc('\n', out);
        } else
            fprintf(out, "# %s: %s\n", key->name, key->fallback);
    }
}
