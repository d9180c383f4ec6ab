/* SPDX-License-Identifier: Apache-2.0
 *
 * The `supertokens` command: what an operator does without starting the service.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "config/dump.h"
#include "config/reference.h"
#include "db/schema.h"
#include "reference/reference.h"
#include "site/pages.h"
#include "site/reference.h"
#include "site/site.h"
#include "version.h"

struct invocation {
    const char *config_file, *site;
    bool dry_run, test_mode, openapi;
};

typedef int command_fn(const struct invocation *in);

struct command {
    const char *words[2]; /* "config", "test" */
    command_fn *run;
    const char *help;
};

static int fail(const char *text)
{
    bool colour = isatty(STDERR_FILENO);
    fprintf(stderr, "%s%s%s\n", colour ? "\033[31m" : "", text, colour ? "\033[0m" : "");
    return 1;
}

static void warn_of_unknown_key(void *context, const char *key, const char *file, unsigned line)
{
    (void)context;
    fprintf(stderr, "%s:%u: warning: unknown key '%s' is ignored\n", file, line, key);
}

static const struct config *load(const struct invocation *in)
{
    struct config_options options = {
        .file = in->config_file,
        .test_mode = in->test_mode,
        .environment = environ,
        .unknown_key = warn_of_unknown_key,
    };
    struct config_error error = {.text = ""};
    const struct config *config = NULL;
    if (config_load(&options, &config, &error) == ST_OK)
        return config;
    fail(error.text);
    return NULL;
}

static int config_test(const struct invocation *in)
{
    const struct config *config = load(in);
    const struct sites *sites;
    struct site_error error;
    if (!config)
        return 1;
    bool valid = sites_load(config->fcgi_sites_dir, environ, &sites, &error) == ST_OK;
    config_free(config);
    if (!valid)
        return fail(error.text);
    if (sites_count(sites) > 0)
        printf("The configuration is valid, with %zu site%s.\n", sites_count(sites),
               sites_count(sites) == 1 ? "" : "s");
    else
        puts("The configuration is valid.");
    sites_free(sites);
    return 0;
}

static int config_show(const struct invocation *in)
{
    const struct config *config = load(in);
    if (!config)
        return 1;
    config_dump(config, stdout);
    config_free(config);
    return 0;
}

static int config_default(const struct invocation *in)
{
    (void)in;
    config_default_yaml(stdout);
    return 0;
}

static int site_reference(const struct invocation *in)
{
    (void)in;
    site_write_reference(stdout);
    return 0;
}

static int config_keys_page(const struct invocation *in)
{
    (void)in;
    config_write_reference(stdout);
    return 0;
}

static int api_core(const struct invocation *in)
{
    (in->openapi ? reference_write_core_openapi : reference_write_core)(stdout);
    return 0;
}

static int api_auth(const struct invocation *in)
{
    (in->openapi ? reference_write_auth_openapi : reference_write_auth)(stdout);
    return 0;
}

/* The named site, or the only one. */
static const struct site *find_site(const struct sites *sites, const char *name)
{
    const struct site *found = name                      ? sites_find(sites, str_of(name))
                               : sites_count(sites) == 1 ? sites_at(sites, 0)
                                                         : NULL;
    if (!found)
        fail(name ? "There is no such site" : "Which site? Name it with --site");
    return found;
}

static int site_pages(const struct invocation *in)
{
    const struct config *config = load(in);
    const struct sites *sites;
    struct site_error error;
    if (!config)
        return 1;
    bool valid = sites_load(config->fcgi_sites_dir, environ, &sites, &error) == ST_OK;
    config_free(config);
    if (!valid)
        return fail(error.text);
    const struct site *site = find_site(sites, in->site);
    if (site) {
        struct arena arena;
        arena_init(&arena);
        fputs(site_pages_config(&arena, site).p, stdout);
        arena_free(&arena);
    }
    sites_free(sites);
    return site ? 0 : 1;
}

static int migrate(const struct invocation *in)
{
    const struct config *config = load(in);
    if (!config)
        return 1;
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    enum st_err err = schema_migrate(&c, config, in->dry_run);
    if (err)
        fail(c.message.p ? c.message.p : "the migration failed");
    arena_free(&arena);
    config_free(config);
    return err != ST_OK;
}

static const struct command commands[] = {
    {{"config", "test"}, config_test, "check the configuration and the sites as a start would"},
    {{"config", "dump"}, config_show, "print the configuration in effect, secrets masked"},
    {{"config", "default"}, config_default, "print a file with every key and its default"},
    {{"config", "keys"}, config_keys_page, "print what the configuration can have, as Markdown"},
    {{"api", "core"}, api_core, "print the operations of the core door as Markdown (--openapi: OpenAPI)"},
    {{"api", "auth"}, api_auth, "print the operations of the auth door as Markdown (--openapi: OpenAPI)"},
    {{"site", "keys"}, site_reference, "print what a site's file can have, as Markdown"},
    {{"site", "pages"}, site_pages, "print the config.js of a site's login pages (--site)"},
    {{"migrate", NULL},
     migrate,
     "bring an existing SuperTokens database to the state that is served (--dry-run: only say what)"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    puts("Usage: supertokens COMMAND [options]\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *second = commands[i].words[1] ? commands[i].words[1] : "";
        printf("  %s %-*s %s\n", commands[i].words[0], (int)(16 - strlen(commands[i].words[0])), second,
               commands[i].help);
    }
    puts("\nOptions:\n"
         "  --config FILE     configuration file (default: environment variables only)\n"
         "  --dry-run         change nothing (migrate)\n"
         "  --site NAME       which site, where there are several (site pages)\n"
         "  --test-mode       check as the service's test mode does (config test)\n"
         "  --help, --version");
    return 0;
}

/* False: not an option, or one without its value. */
static bool take_option(struct invocation *in, char **argv, int *at)
{
    struct str arg = str_of(argv[*at]);
    if (str_starts(arg, STR("--config=")))
        in->config_file = arg.p + 9;
    else if (str_is(arg, STR("--config")) && argv[*at + 1])
        in->config_file = argv[++*at];
    else if (str_starts(arg, STR("--site=")))
        in->site = arg.p + 7;
    else if (str_is(arg, STR("--site")) && argv[*at + 1])
        in->site = argv[++*at];
    else if (str_is(arg, STR("--dry-run")))
        in->dry_run = true;
    else if (str_is(arg, STR("--openapi")))
        in->openapi = true;
    else if (str_is(arg, STR("--test-mode")))
        in->test_mode = true;
    else
        return false;
    return true;
}

static bool names(const struct command *command, const char *const *words, int n)
{
    int wanted = command->words[1] ? 2 : 1;
    return n == wanted && strcmp(words[0], command->words[0]) == 0 &&
           (wanted == 1 || strcmp(words[1], command->words[1]) == 0);
}

int main(int argc, char **argv)
{
    struct invocation in = {0};
    const char *words[2] = {"", ""};
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return print_help();
        if (strcmp(argv[i], "--version") == 0)
            return printf("supertokens-fcgi %s, SuperTokens core interface %s\n", PACKAGE_VERSION,
                          ST_CORE_VERSION) < 0;
        if (take_option(&in, argv, &i))
            continue;
        if (argv[i][0] == '-' || n == 2) {
            fprintf(stderr, "supertokens: unexpected argument '%s'\n", argv[i]);
            return 1;
        }
        words[n++] = argv[i];
    }
    if (n == 0)
        return print_help();
    if (sodium_init() < 0)
        return fail("no source of random numbers");
    for (size_t i = 0; i < COMMANDS; i++)
        if (names(&commands[i], words, n))
            return commands[i].run(&in);
    fprintf(stderr,
            "Unknown command '%s'. Please use \"supertokens --help\" to see the list of available commands\n",
            words[0]);
    return 1;
}
