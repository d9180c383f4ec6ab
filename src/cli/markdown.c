/* SPDX-License-Identifier: Apache-2.0
 *
 * doc/cli.md.
 */
#include "cli/command.h"
#include "cli/man.h"

static void write_options(FILE *out, const struct command *command)
{
    bool any = false;
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!command_has(command, row))
            continue;
        fputs(any ? "" : "\n| Option | |\n|---|---|\n", out);
        fprintf(out, "| `--%s%s%s` | %s |\n", row->name, row->value ? "=" : "", row->value ? row->value : "",
                row->help);
        any = true;
    }
}

void man_write_markdown(FILE *out)
{
    fputs("## Commands\n", out);
    for (const struct command *command = commands; command->words[0]; command++) {
        char name[COMMAND_NAME], sentence[COMMAND_SENTENCE];
        command_name(command, name);
        command_sentence(command, sentence);
        fprintf(out, "\n### supertokens %s%s%s\n\n%s\n", name, command->arguments ? " " : "",
                command->arguments ? command->arguments : "", sentence);
        write_options(out, command);
    }
}
