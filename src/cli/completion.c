/* SPDX-License-Identifier: Apache-2.0
 *
 * Completion scripts for bash and zsh.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* ---- what both need ---- */

/* The first row whose first N words are those of COMMAND: groups are written once. */
static bool is_first(const struct command *command, size_t n)
{
    for (const struct command *other = commands; other < command; other++) {
        size_t same = 0;
        while (same < n && other->words[same] && strcmp(other->words[same], command->words[same]) == 0)
            same++;
        if (same == n)
            return false;
    }
    return true;
}

static void put_words(const struct command *command, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", command->words[i]);
}

static bool same_words(const struct command *a, const struct command *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!a->words[i] || strcmp(a->words[i], b->words[i]) != 0)
            return false;
    return true;
}

/* Calls WRITE for each command that can stand behind the first N words of PREFIX, once for each word. */
static void each_next(const struct command *prefix, size_t n,
                      void (*write)(const struct command *command, size_t n))
{
    for (const struct command *command = commands; command->words[0]; command++)
        if (n < command_words(command) && same_words(command, prefix, n) && is_first(command, n + 1))
            write(command, n);
}

/* Calls WRITE for all beginnings of commands that are not a command yet; the first is the empty one. */
static void each_group(void (*write)(const struct command *prefix, size_t n))
{
    write(commands, 0);
    for (const struct command *command = commands; command->words[0]; command++)
        for (size_t n = 1; n < command_words(command); n++)
            if (is_first(command, n))
                write(command, n);
}

/* ---- bash ---- */

static void bash_next(const struct command *command, size_t n)
{
    printf(" %s", command->words[n]);
}

static void bash_group(const struct command *prefix, size_t n)
{
    printf("    '");
    put_words(prefix, n);
    printf("') COMPREPLY=($(compgen -W '");
    each_next(prefix, n, bash_next);
    printf("' -- \"$cur\")) ;;\n");
}

static void bash_command(const struct command *command)
{
    printf("    '");
    put_words(command, command_words(command));
    printf("') COMPREPLY=($(compgen -W '");
    for (const struct option_row *row = option_rows; row->name; row++)
        if (command_has(command, row))
            printf(" --%s%s", row->name, row->value ? "=" : "");
    printf(" --help%s%s' -- \"$cur\")) ;;\n", command->choices ? " " : "",
           command->choices ? command->choices : "");
}

static void bash_values(void)
{
    puts("    case $option in");
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!row->value)
            continue;
        printf("    --%s) ", row->name);
        if (row->choices)
            printf("COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", row->choices);
        else if (row->kind == OPTION_FILE)
            printf("COMPREPLY=($(compgen -f -- \"$cur\"))");
        else if (row->kind == OPTION_DIRECTORY)
            printf("COMPREPLY=($(compgen -d -- \"$cur\"))");
        else
            printf("COMPREPLY=()");
        puts("; return ;;");
    }
    puts("    esac");
}

/* bash takes "=" for a word of its own. */
static void write_bash(void)
{
    puts("# bash completion for supertokens; generated from its table of commands\n"
         "_supertokens()\n"
         "{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} option='' words='' i\n"
         "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        option=''\n"
         "        case ${COMP_WORDS[i]} in");
    printf("        ");
    bool first = true;
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (row->value)
            printf("%s--%s", first ? "" : " | ", row->name);
        first = first && !row->value;
    }
    puts(")\n"
         "            option=${COMP_WORDS[i]}\n"
         "            [[ ${COMP_WORDS[i + 1]} != = ]] || ((++i))\n"
         "            ((++i)) ;;\n"
         "        -*) ;;\n"
         "        *) words+=${words:+ }${COMP_WORDS[i]} ;;\n"
         "        esac\n"
         "    done\n"
         "    ((i > COMP_CWORD)) || option=''\n"
         "    [[ $cur != = ]] || cur=''");
    bash_values();
    puts("    case $words in");
    each_group(bash_group);
    for (const struct command *command = commands; command->words[0]; command++)
        bash_command(command);
    puts("    esac\n"
         "    [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
         "}\n"
         "complete -F _supertokens supertokens");
}

/* ---- zsh ---- */

/* Within '...' and, for _describe and _arguments, before a colon or bracket. */
static void zsh_text(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", stdout);
        else if (strchr(":[]", *c))
            printf("\\%c", *c);
        else
            putchar(*c);
    }
}

static void zsh_next(const struct command *command, size_t n)
{
    printf(" '%s:", command->words[n]);
    if (n + 1 == command_words(command))
        zsh_text(command->help);
    else
        printf("%s ...", command->words[n]);
    putchar('\'');
}

static void zsh_group(const struct command *prefix, size_t n)
{
    printf("    '");
    put_words(prefix, n);
    printf("') found=(");
    each_next(prefix, n, zsh_next);
    puts("); _describe command found ;;");
}

static void zsh_option(const struct option_row *row)
{
    printf(" '--%s%s[", row->name, row->value ? "=" : "");
    zsh_text(row->help);
    putchar(']');
    if (row->value) {
        printf(":%s:", row->value);
        if (row->choices)
            printf("(%s)", row->choices);
        else if (row->kind == OPTION_FILE)
            fputs("_files", stdout);
        else if (row->kind == OPTION_DIRECTORY)
            fputs("_files -/", stdout);
        else
            putchar(' ');
    }
    putchar('\'');
}

static void zsh_command(const struct command *command)
{
    printf("    '");
    put_words(command, command_words(command));
    printf("') _arguments -S");
    for (const struct option_row *row = option_rows; row->name; row++)
        if (command_has(command, row))
            zsh_option(row);
    printf(" '--help[print help and end]' '*:argument:(%s)' ;;\n", command->choices ? command->choices : "");
}

static void write_zsh(void)
{
    puts("#compdef supertokens\n"
         "# generated from the table of commands of supertokens\n"
         "_supertokens() {\n"
         "    local word command= skip=\n"
         "    local -a found\n"
         "    for word in ${words[2,CURRENT-1]}; do\n"
         "        if [[ -n $skip ]]; then skip=; continue; fi\n"
         "        case $word in");
    printf("        ");
    bool first = true;
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (row->value)
            printf("%s--%s", first ? "" : "|", row->name);
        first = first && !row->value;
    }
    puts(") skip=1 ;;\n"
         "        -*) ;;\n"
         "        *) command+=${command:+ }$word ;;\n"
         "        esac\n"
         "    done\n"
         "    case $command in");
    each_group(zsh_group);
    for (const struct command *command = commands; command->words[0]; command++)
        zsh_command(command);
    puts("    esac\n"
         "}\n"
         "_supertokens \"$@\"");
}

int completion_run(const struct invocation *in)
{
    if (strcmp(in->argument[0], "bash") == 0)
        write_bash();
    else
        write_zsh();
    return 0;
}
