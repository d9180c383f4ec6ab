/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, by the tables.
 */
#include <stdio.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/print.h"

enum { WORDS_MAX = COMMAND_WORDS + COMMAND_ARGUMENTS, OPTIONS_MAX = 64 };

struct words {
    const char *v[WORDS_MAX];
    size_t n;
};

size_t command_words(const struct command *command)
{
    size_t n = 0;
    while (n < COMMAND_WORDS && command->words[n])
        n++;
    return n;
}

bool command_has(const struct command *command, const struct option_row *option)
{
    return (command->options & option->sets) != 0;
}

void command_name(const struct command *command, char out[COMMAND_NAME])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0, n = command_words(command); i < n && used < COMMAND_NAME; i++)
        used += (size_t)snprintf(out + used, COMMAND_NAME - used, "%s%s", i ? " " : "", command->words[i]);
}

void command_sentence(const struct command *command, char out[COMMAND_SENTENCE])
{
    char first = command->help[0];
    snprintf(out, COMMAND_SENTENCE, "%c%s.%s%s", first >= 'a' && first <= 'z' ? first - 'a' + 'A' : first,
             command->help + 1, command->text ? " " : "", command->text ? command->text : "");
}

/* How many of the command's words WORDS begin with. */
static size_t shared_words(const struct command *command, const struct words *words)
{
    size_t n = 0;
    while (n < words->n && n < COMMAND_WORDS && command->words[n] &&
           strcmp(command->words[n], words->v[n]) == 0)
        n++;
    return n;
}

/* The row that fits best, and how far: *N of its words. */
static const struct command *find_command(const struct words *words, size_t *n)
{
    const struct command *best = commands;
    *n = 0;
    for (const struct command *command = commands; command->words[0]; command++) {
        size_t shared = shared_words(command, words);
        if (shared > *n) {
            *n = shared;
            best = command;
        }
    }
    return best;
}

/* The row of that name that COMMAND has; NULL: any. Rows of one name all take a value or all do not. */
static const struct option_row *find_option(const struct command *command, struct str name)
{
    for (const struct option_row *row = option_rows; row->name; row++)
        if (str_is_c(name, row->name) && (!command || command_has(command, row)))
            return row;
    return NULL;
}

static bool take_number(int64_t *out, const struct option_row *row, const char *value)
{
    int64_t n;
    if (!str_to_i64(str_of(value), &n) || n < row->least || n > row->most) {
        print_error("--%s must be between %lld and %lld", row->name, (long long)row->least,
                    (long long)row->most);
        return false;
    }
    *out = n;
    return true;
}

static bool is_choice(const char *choices, const char *value)
{
    struct str rest = str_of(choices);
    while (rest.p)
        if (str_is_c(str_split(&rest, ' '), value))
            return true;
    print_error("'%s' is none of: %s", value, choices);
    return false;
}

static bool store(struct invocation *in, const struct option_row *row, const char *value)
{
    void *member = (char *)in + row->offset;
    if (row->choices && !is_choice(row->choices, value))
        return false;
    switch (row->kind) {
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIRECTORY:
        *(const char **)member = value;
        return true;
    case OPTION_FLAG:
        *(bool *)member = true;
        return true;
    case OPTION_NUMBER:
        return take_number(member, row, value);
    case OPTION_IGNORED:
        fprintf(stderr, "--%s is %s\n", row->name, row->help);
        return true;
    }
    return false;
}

struct given {
    struct str name;
    const char *value;
};

/* An option of ARGV; *AT moves to its value where that is an argument of its own. */
static bool read_option(struct given *out, char **argv, int *at)
{
    struct str rest = str_from(str_of(argv[*at]), 2);
    out->name = str_split(&rest, '=');
    out->value = rest.p;
    const struct option_row *row = find_option(NULL, out->name);
    if (!row)
        print_error("supertokens: unexpected argument '%s'", argv[*at]);
    else if (!row->value && out->value)
        print_error("--%s takes no value", row->name);
    else if (row->value && !out->value && !argv[*at + 1])
        print_error("--%s needs a value: %s", row->name, row->value);
    else if (row->value && !out->value)
        out->value = argv[++*at];
    return row && !row->value == !out->value;
}

static int fail_unknown(const struct words *words, size_t known)
{
    char text[256];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i <= known && i < words->n && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", words->v[i]);
    return print_error("Unknown command '%s'. Please use \"supertokens --help\" to see the list of available "
                       "commands",
                       text);
}

/* Arguments that must, and that may be there. */
static void count_arguments(const struct command *command, size_t *least, size_t *most)
{
    struct str rest = str_of(command->arguments);
    *least = *most = 0;
    while (rest.p) {
        struct str one = str_split(&rest, ' ');
        *least += one.p[0] != '[';
        *most += 1;
    }
}

static int take_words(struct invocation *in, const struct words *words)
{
    size_t n, least, most;
    char name[COMMAND_NAME];
    in->command = find_command(words, &n);
    if (n < command_words(in->command))
        return fail_unknown(words, n);
    command_name(in->command, name);
    count_arguments(in->command, &least, &most);
    if (words->n - n < least)
        return print_error("supertokens %s: %s is missing", name, in->command->arguments);
    if (words->n - n > most)
        return print_error("supertokens: unexpected argument '%s'", words->v[n + most]);
    for (size_t i = n; i < words->n; i++)
        in->argument[in->narguments++] = words->v[i];
    if (in->narguments && in->command->choices && !is_choice(in->command->choices, in->argument[0]))
        return 1;
    return -1;
}

static int help(const struct words *words)
{
    size_t n;
    const struct command *command = find_command(words, &n);
    if (n == 0 && words->n > 0)
        return fail_unknown(words, 0);
    help_print(command, n);
    return 0;
}

static int take_options(struct invocation *in, const struct given *given, size_t n)
{
    char name[COMMAND_NAME];
    command_name(in->command, name);
    for (size_t i = 0; i < n; i++) {
        const struct option_row *row = find_option(in->command, given[i].name);
        if (!row)
            return print_error("supertokens %s has no option --%.*s", name, STR_ARG(given[i].name));
        if (!store(in, row, given[i].value))
            return 1;
    }
    return -1;
}

int command_line(struct invocation *in, int argc, char **argv)
{
    struct given given[OPTIONS_MAX];
    size_t n = 0;
    struct words words = {.n = 0};
    bool want_help = argc == 1;
    for (int i = 1; i < argc; i++) {
        bool option = argv[i][0] == '-' && argv[i][1];
        if (strcmp(argv[i], "--help") == 0) {
            want_help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            help_print_version();
            return 0;
        } else if (option ? argv[i][1] != '-' || n == OPTIONS_MAX : words.n == WORDS_MAX) {
            return print_error("supertokens: unexpected argument '%s'", argv[i]);
        } else if (!option) {
            words.v[words.n++] = argv[i];
        } else if (!read_option(&given[n++], argv, &i)) {
            return 1;
        }
    }
    if (want_help || words.n == 0)
        return help(&words);
    int status = take_words(in, &words);
    return status == -1 ? take_options(in, given, n) : status;
}
