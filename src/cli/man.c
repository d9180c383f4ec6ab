/* SPDX-License-Identifier: Apache-2.0
 *
 * The man pages of the command, the daemon and the configuration.
 */
#include "cli/man.h"

#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/work.h"
#include "config/keys.h"
#include "fcgi/options.h"

static const struct page {
    const char *name;
    void (*write)(FILE *out);
} pages[] = {
    {"supertokens", man_write_command},
    {"supertokens-fcgid", man_write_daemon},
    {"supertokens-config.yaml", man_write_config},
};

int man_run(const struct invocation *in)
{
    const char *name = in->narguments ? in->argument[0] : pages[0].name;
    if (in->markdown) {
        man_write_markdown(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(pages[i].name, name) == 0)
            pages[i].write(stdout);
    return 0;
}

/* ---- supertokens(1) ---- */

static void write_command(FILE *out, const struct command *command)
{
    char name[COMMAND_NAME], help[COMMAND_SENTENCE];
    command_name(command, name);
    command_sentence(command, help);
    roff_item(out, name, " ", command->arguments, help);
    bool first = true;
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!command_has(command, row))
            continue;
        fprintf(out, "%s", first ? ".br\nOptions: " : ",\n");
        fputs("\\fB\\-\\-", out);
        for (const char *c = row->name; *c; c++)
            fprintf(out, "%s%c", *c == '-' ? "\\" : "", *c);
        fputs("\\fR", out);
        first = false;
    }
    fputs(first ? "" : ".\n", out);
}

static void write_files(FILE *out)
{
    roff_section(out, "FILES");
    roff_item(out, CONFIG_FILE, "", NULL, "Configuration, see supertokens-config.yaml(5).");
    roff_item(out, "/run/supertokens/.started", "", NULL, "A file for each running service.");
}

static void write_see_also(FILE *out, const char *pages_to_see)
{
    roff_section(out, "SEE ALSO");
    roff_text(out, pages_to_see);
}

void man_write_command(FILE *out)
{
    roff_title(out, "supertokens", 1, "operate SuperTokens behind nginx");
    roff_section(out, "SYNOPSIS");
    fputs("\\fBsupertokens\\fR \\fICOMMAND\\fR [\\fIoption\\fR ...]\n", out);
    roff_section(out, "DESCRIPTION");
    roff_text(
        out,
        "Starts and stops the service, checks its configuration, and works on its data: users, tenants, "
        "keys, dashboard accounts. Commands on data open the database directly, with the configuration of "
        "the service, whether it runs or not; running services take notice.");
    roff_paragraph(out, "An option is written --name=value or --name value.");
    roff_section(out, "COMMANDS");
    for (const struct command *command = commands; command->words[0]; command++)
        write_command(out, command);
    roff_section(out, "OPTIONS");
    for (const struct option_row *row = option_rows; row->name; row++) {
        char name[COMMAND_NAME];
        snprintf(name, sizeof name, "--%s", row->name);
        roff_item(out, name, "=", row->value, row->help);
    }
    roff_item(out, "--help", "", NULL, "print help, of one command where one is named, and end");
    roff_item(out, "--version", "", NULL, "print versions and end");
    write_files(out);
    roff_section(out, "EXIT STATUS");
    roff_text(out, "0 when it was done, 1 after an error, which is said on standard error.");
    write_see_also(out, "supertokens-fcgid(8), supertokens-config.yaml(5)");
}

/* ---- supertokens-fcgid(8) ---- */

void man_write_daemon(FILE *out)
{
    struct options_line line;
    char name[COMMAND_NAME];
    roff_title(out, "supertokens-fcgid", 8, "SuperTokens core as FastCGI workers behind nginx");
    roff_section(out, "SYNOPSIS");
    fputs("\\fBsupertokens\\-fcgid\\fR [\\fIoption\\fR ...]\n", out);
    roff_section(out, "DESCRIPTION");
    roff_text(
        out,
        "A master process that starts workers and one process for housekeeping. The workers serve FastCGI "
        "on a unix socket, which nginx connects to; all data is in PostgreSQL.");
    roff_section(out, "OPTIONS");
    for (unsigned i = 0; options_line(i, &line); i++) {
        snprintf(name, sizeof name, "--%s", line.name);
        roff_item(out, name, " ", line.value, line.help);
    }
    roff_section(out, "SIGNALS");
    roff_text(out, "To the master process:");
    for (unsigned i = 0; options_signal(i, &line); i++)
        roff_item(out, line.name, "", NULL, line.help);
    write_files(out);
    write_see_also(out, "supertokens(1), supertokens-config.yaml(5), nginx(8)");
}

/* ---- supertokens-config.yaml(5) ---- */

static void write_value(FILE *out, const struct config_key *key)
{
    static const char *const levels[] = {
        [CONFIG_CORE] = "For the whole service.",
        [CONFIG_APP] = "May differ per app.",
        [CONFIG_TENANT] = "May differ per tenant.",
    };
    roff_text(out, levels[key->level]);
    if (key->choices) {
        fputs("One of", out);
        for (const char *const *choice = key->choices; *choice; choice++)
            fprintf(out, "%s %s", choice == key->choices ? "" : ",", *choice);
        fputs(".\n", out);
    }
    if (key->fallback && strcmp(key->fallback, CONFIG_CPUS) == 0)
        roff_text(out, "Default: the number of processors.");
    else if (key->fallback && key->fallback[0]) {
        fputs("Default: ", out);
        roff_text(out, key->fallback);
    }
    if (key->env) {
        fputs("Environment: ", out);
        roff_text(out, key->env);
    }
}

void man_write_config(FILE *out)
{
    roff_title(out, "supertokens-config.yaml", 5, "configuration of SuperTokens");
    roff_section(out, "DESCRIPTION");
    roff_text(
        out,
        "A YAML file with the keys below, or as many of them as are wanted; environment variables go before "
        "it. \"supertokens config default\" prints one with every key, \"supertokens config test\" checks "
        "one.");
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        if (key->section)
            roff_section(out, key->section);
        roff_item(out, key->name, "", NULL, key->help);
        write_value(out, key);
    }
    write_see_also(out, "supertokens(1), supertokens-fcgid(8)");
}
