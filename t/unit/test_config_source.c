/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a base configuration comes from (file, environment, options), and its dumps.
 */
#include "config_fixture.h"

#include "config/dump.h"
#include "config/keys.h"

#define K20 "abcdefghij0123456789"

static void without_file(void **state)
{
    (void)state;
    char *environment[] = {"POSTGRESQL_USER=u", "ACCESS_TOKEN_VALIDITY=0", NULL};
    const struct config *c;
    struct config_error e;
    struct config_options options = {.environment = environment};
    assert_int_equal(config_load(&options, &c, &e), ST_BAD_REQUEST); /* no path to name */
    assert_string_equal(e.text, "'access_token_validity' must be between 1 and 86400000 seconds inclusive.");
    environment[1] = NULL;
    assert_int_equal(config_load(&options, &c, &e), ST_OK);
    config_free(c);
    options.file = "/nonexistent/config.yaml";
    assert_int_equal(config_load(&options, &c, &e), ST_NOT_FOUND);
    assert_string_equal(e.text, "/nonexistent/config.yaml: No such file or directory");
}

static void precedence(void **state)
{
    (void)state;
    char *environment[] = {"SUPERTOKENS_PORT=2", "TOTP_MAX_ATTEMPTS=9",
                           "POSTGRESQL_USER=", "BASE_PATH=", NULL};
    static const char yaml[] = MINIMAL "port: 1\nhost: a\nbase_path: /x\n";
    struct loaded l = load(yaml, environment);
    assert_int_equal(l.err, ST_OK);
    assert_int_equal(l.config->port, 2);
    assert_int_equal(l.config->totp_max_attempts, 9);
    assert_string_equal(l.config->postgresql_user, "u"); /* empty is not set */
    assert_string_equal(l.config->base_path, "/x");
    config_free(l.config);

    struct config_options options = {.environment = environment, .port = "3", .host = "b"};
    l = load_bytes(yaml, strlen(yaml), options);
    assert_int_equal(l.config->port, 3);
    assert_string_equal(l.config->host, "b");
    config_free(l.config);

    options.port = "3x";
    l = load_bytes(yaml, strlen(yaml), options);
    assert_string_equal(l.error.text, "For input string: \"3x\"");
}

static double interval(const char *lines, char *const *environment)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml, MINIMAL "%s", lines);
    struct loaded l = load(yaml, environment);
    assert_int_equal(l.err, ST_OK);
    double hours = l.config->access_token_dynamic_signing_key_update_interval;
    config_free(l.config);
    return hours;
}

static void alias(void **state)
{
    (void)state;
#define NAME "access_token_dynamic_signing_key_update_interval"
#define ALIAS "access_token_signing_key_update_interval"
    char *environment[] = {"ACCESS_TOKEN_DYNAMIC_SIGNING_KEY_UPDATE_INTERVAL=9", NULL};
    assert_true(interval(ALIAS ": 5\n", NULL) == 5);
    assert_true(interval(ALIAS ": 5\n" NAME ": 6\n", NULL) == 6);
    assert_true(interval(NAME ": 6\n" ALIAS ": 5\n", NULL) == 5);
    assert_true(interval(ALIAS ": 5\n", environment) == 9);
}

static void environment_values(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"HOST", "HOST"},      {"\"quoted\"", "quoted"}, {"a\\tb", "a\\tb"},
        {"\"a\\tb\"", "a\tb"}, {"\"\\\"\"", "\""},       {"\"it\\'s\"", "it's"},
        {"\"\\\\\"", "\\"},    {"\"\\\\n\"", "\\\n"},    {"\"open", "\"open"},
        {"\"", "\""},          {" spaces ", " spaces "}, {"\"\\r\\n\"", "\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char variable[64];
        snprintf(variable, sizeof variable, "SUPERTOKENS_HOST=%s", cases[i].value);
        char *environment[] = {variable, NULL};
        struct loaded l = load(MINIMAL, environment);
        assert_int_equal(l.err, ST_OK);
        assert_string_equal(l.config->host, cases[i].expected);
        config_free(l.config);
    }
    static const char *const bad[] = {"SUPERTOKENS_PORT=1.0", "ACCESS_TOKEN_VALIDITY=1h",
                                      "REFRESH_TOKEN_VALIDITY=ten", "SUPERTOKENS_PORT=4294967296",
                                      "POSTGRESQL_MINIMUM_IDLE_CONNECTIONS=null"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char variable[64], expected[64];
        snprintf(variable, sizeof variable, "%s", bad[i]);
        snprintf(expected, sizeof expected, "For input string: \"%s\"", strchr(bad[i], '=') + 1);
        char *environment[] = {variable, NULL};
        struct loaded l = load("port: nonsense\n", environment); /* reported before the file's errors */
        assert_int_equal(l.err, ST_BAD_REQUEST);
        assert_string_equal(l.error.text, expected);
    }
    struct loaded regex = load(MINIMAL, (char *[]){"IP_DENY_REGEX=10\\.\xff", NULL}); /* not UTF-8 */
    assert_string_equal(regex.error.text, "Provided regular expression is invalid for ip_deny_regex config");
    char *environment[] = {"DISABLE_TELEMETRY=TrUe",
                           "ACCESS_TOKEN_SIGNING_KEY_DYNAMIC=on",
                           "BULK_MIGRATION_SLEEP_BETWEEN_ROUNDS_IN_BATCH_MS=7",
                           "WEBSERVER_HTTPS_ENABLED=true",
                           "SUPERTOKENS_MIGRATION_MODE=migrated",
                           "MIGRATION_MODE=x",
                           "PORT=1",
                           "POSTGRESQL_MINIMUM_IDLE_CONNECTIONS=3",
                           NULL};
    struct loaded l = load(MINIMAL, environment);
    assert_int_equal(l.err, ST_OK);
    assert_true(l.config->disable_telemetry);
    assert_false(l.config->access_token_signing_key_dynamic); /* anything but true is false */
    assert_int_equal(l.config->bulk_migration_sleep_between_rounds_in_batch_ms.value, 1000);
    assert_false(l.config->webserver_https_enabled);
    assert_int_equal(l.config->migration, CONFIG_MIGRATED);
    assert_int_equal(l.config->port, 3567);
    assert_int_equal(l.config->postgresql_minimum_idle_connections.value, 3);
    config_free(l.config);
}

static void check_file(const char *yaml, size_t n, const char *expected)
{
    char text[256];
    struct loaded l = load_bytes(yaml, n, (struct config_options){0});
    assert_int_equal(l.err, ST_BAD_REQUEST);
    snprintf(text, sizeof text, "%s%s", l.path, expected);
    assert_string_equal(l.error.text, text);
}

static void file_syntax(void **state)
{
    (void)state;
#define CHECK(YAML, EXPECTED) check_file(YAML, sizeof(YAML) - 1, EXPECTED)
    CHECK(MINIMAL "port: 1\n\nport: 2\n", ", line 5: 'port' is already set on line 3");
    CHECK("- a\n", ", line 1: expected lines of the form 'name: value'");
    CHECK("port: 1\n  host: x\n", ", line 2: mapping values are not allowed in this context");
    CHECK("port: 1\n---\nport: 2\n", ", line 2: only one document is allowed");
    CHECK("x: &a 1\nport: *a\n", ", line 2: references (*name) are not supported");
    CHECK("? [a]\n: b\n", ", line 1: the name of a setting must be plain text");
    CHECK("port: \xff\n", ", byte 6: invalid leading UTF-8 octet");

    char deep[256];
    int n = snprintf(deep, sizeof deep, "x: %.*s", 64,
                     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    check_file(deep, (size_t)n, ", line 1: nested too deeply");

    size_t size = (1 << 20) + 1;
    char *large = malloc(size);
    memset(large, '#', size);
    check_file(large, size, ": larger than 1048576 bytes");
    free(large);

    struct loaded l = load("", NULL); /* empty is an empty map */
    assert_string_equal(l.error.text, config_keys[CONFIG_KEY_core_config_version].error);
    l = load("--- \n...\n", NULL);
    assert_string_equal(l.error.text, config_keys[CONFIG_KEY_core_config_version].error);
}

static void value_limit(void **state)
{
    (void)state;
    static char yaml[20000];
    int n = snprintf(yaml, sizeof yaml, MINIMAL "host: ");
    memset(yaml + n, 'x', 16385);
    struct loaded l = load_bytes(yaml, (size_t)n + 16385, (struct config_options){0});
    assert_string_equal(l.error.text, "'host' is longer than 16384 bytes");
    l = load_bytes(yaml, (size_t)n + 16384, (struct config_options){0});
    assert_int_equal(l.err, ST_OK);
    config_free(l.config);
}

static void count_unknown(void *context, const char *key, const char *file, unsigned line)
{
    (void)file;
    assert_string_equal(key, line == 3 ? "unknown" : "nested");
    ++*(int *)context;
}

static void unknown_keys(void **state)
{
    (void)state;
    int n = 0;
    static const char yaml[] = MINIMAL "unknown: 1\nnested:\n  - a: {b: c}\n  - &x [1, 2]\nport: 7\n";
    struct loaded l =
        load_bytes(yaml, strlen(yaml), (struct config_options){.unknown_key = count_unknown, .context = &n});
    assert_int_equal(l.err, ST_OK);
    assert_int_equal(l.config->port, 7);
    assert_int_equal(n, 2);
    config_free(l.config);
}

/* The dump of CONFIG, or the default file when it is NULL; free it. */
static char *to_text(const struct config *config)
{
    char *stream = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&stream, &n);
    if (config)
        config_dump(config, out);
    else
        config_default_yaml(out);
    fclose(out);
    char *text = strdup(stream);
    free(stream);
    assert_non_null(text);
    return text;
}

static void dumps(void **state)
{
    (void)state;
    const struct config *c =
        load_fine(MINIMAL "port: 81\nhost: \"a\\\"b\\\\c\\td\"\napi_keys: " K20 "\n"
                          "postgresql_password: hidden\nrefresh_token_validity: 2400.25\n"
                          "postgresql_connection_uri: postgresql://me:hidden@h:1/d?a=b\n"
                          "fcgi_listen_connection_uri: postgresql://h/?password=hidden\n"
                          "error_log_path: 'null'\n");
    char *text = to_text(c);
    assert_null(strstr(text, "hidden"));
    assert_null(strstr(text, K20));
    assert_non_null(strstr(text, "\nport: 81\n"));
    assert_non_null(strstr(text, "\ntotp_max_attempts: 5 # default\n"));
    assert_non_null(strstr(text, "\nrefresh_token_validity: 2400.25\n"));
    assert_non_null(strstr(text, "\npostgresql_connection_uri: \"postgresql://me:********@h:1/d?a=b\"\n"));
    assert_non_null(strstr(text,
                           "\n# Connection in effect: host \"h\", port \"1\", user \"me\", database \"d\", "
                           "schema \"public\"\n"));
    /* It can be loaded again; only the masks are in the way. */
    char *mask = strstr(text, "api_keys: \"********\"");
    assert_non_null(mask);
    mask[0] = '#';
    mask = strstr(text, "fcgi_listen_connection_uri: \"");
    mask[0] = '#';
    struct loaded again = load(text, NULL);
    assert_string_equal(again.error.text, "");
    assert_string_equal(again.config->host, c->host);
    assert_string_equal(again.config->pg.host, "h");
    assert_null(again.config->error_log_path);
    config_free(again.config);
    config_free(c);
    free(text);

    text = to_text(NULL);
    char *environment[] = {"POSTGRESQL_USER=u", NULL};
    struct loaded l = load(text, environment);
    assert_int_equal(l.err, ST_OK);
    config_free(l.config);
    /* With every default made explicit it means the same. */
    for (char *p = text; (p = strstr(p, "\n# ")) != NULL; p++) {
        size_t name = strspn(p + 3, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (p[3 + name] == ':' && config_key_find((struct str){p + 3, name}))
            p[0] = p[1] = p[2] = '\n';
    }
    l = load(text, environment);
    assert_string_equal(l.error.text, "");
    assert_true(config_is_set(l.config, CONFIG_KEY_port));
    assert_null(config_app_conflict(l.config, l.config));
    config_free(l.config);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_file),       cmocka_unit_test(precedence),  cmocka_unit_test(alias),
        cmocka_unit_test(environment_values), cmocka_unit_test(file_syntax), cmocka_unit_test(value_limit),
        cmocka_unit_test(unknown_keys),       cmocka_unit_test(dumps),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config_source", tests, NULL, NULL);
}
