/* SPDX-License-Identifier: Apache-2.0
 *
 * --help of everything and of one command, and --version.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/print.h"
#include "version.h"

enum { COMMAND_COLUMN = 30, OPTION_COLUMN = 36 };

static bool begins_with(const struct command *command, const struct command *prefix, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!command->words[i] || strcmp(command->words[i], prefix->words[i]) != 0)
            return false;
    return true;
}

static void print_row(const char *left, const char *help, int column)
{
    int n = printf("  %s", left);
    printf(n < column ? "%*s" : "\n%*s", n < column ? column - n : column, "");
    print_wrapped(stdout, help, column, column);
}

static void print_commands(const struct command *prefix, size_t n)
{
    printf("Usage: supertokens ");
    for (size_t i = 0; i < n; i++)
        printf("%s ", prefix->words[i]);
    puts("COMMAND [options]\n");
    for (const struct command *command = commands; command->words[0]; command++) {
        char name[COMMAND_NAME], left[2 * COMMAND_NAME];
        if (!begins_with(command, prefix, n))
            continue;
        command_name(command, name);
        snprintf(left, sizeof left, "%s %s", name, command->arguments ? command->arguments : "");
        print_row(left, command->help, COMMAND_COLUMN);
    }
    puts("\nA command's own options: supertokens COMMAND --help. Versions: supertokens --version.");
}

static void print_one(const struct command *command)
{
    char name[COMMAND_NAME], left[COMMAND_NAME], sentence[COMMAND_SENTENCE];
    command_name(command, name);
    printf("Usage: supertokens %s%s%s%s\n\n", name, command->arguments ? " " : "",
           command->arguments ? command->arguments : "", command->options ? " [options]" : "");
    command_sentence(command, sentence);
    print_wrapped(stdout, sentence, 0, 0);
    puts("\nOptions:");
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!command_has(command, row))
            continue;
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? "=" : "",
                 row->value ? row->value : "");
        print_row(left, row->help, OPTION_COLUMN);
    }
    print_row("--help", "print this and end", OPTION_COLUMN);
}

void help_print(const struct command *prefix, size_t n)
{
    if (n > 0 && n == command_words(prefix))
        print_one(prefix);
    else
        print_commands(prefix, n);
}

/* The reference's lines, in its order. */
void help_print_version(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    while (n > 0 && self[n - 1] != '/')
        n--;
    puts("supertokens-fcgi " PACKAGE_VERSION "\n"
         "SuperTokens Core version: " ST_CORE_VERSION "\n"
         "Plugin Interface version: none\n"
         "Database Plugin name: postgresql\n"
         "Database Plugin version: none\n"
         "Java version: none");
    printf("Installation directory: %.*s\n", n > 0 ? (int)n : 0, self);
}
