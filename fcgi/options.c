/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"
#include "version.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { WORKERS_MAX = 1024, HELP_COLUMN = 22 };

enum option_kind { OPTION_TEXT, OPTION_WORKERS, OPTION_FLAG, OPTION_HELP, OPTION_VERSION };

static const struct option_row {
    const char *name, *value; /* "--name VALUE" */
    enum option_kind kind;
    size_t offset; /* of the member of struct options */
    const char *help;
} rows[] = {
    {"config", "FILE", OPTION_TEXT, offsetof(struct options, config_file), "configuration file (YAML)"},
    {"socket", "PATH", OPTION_TEXT, offsetof(struct options, socket),
     "unix socket to listen on, instead of fcgi_socket"},
    {"workers", "N", OPTION_WORKERS, offsetof(struct options, workers),
     "worker processes, instead of fcgi_workers"},
    {"install-dir", "DIR", OPTION_TEXT, offsetof(struct options, install_dir),
     "where config.yaml and logs/ are when nothing else is said"},
    {"temp-dir", "DIR", OPTION_TEXT, offsetof(struct options, temp_dir),
     "where .started is, which tells other programs of this one"},
    {"host", "NAME", OPTION_TEXT, offsetof(struct options, host), "overrides host"},
    {"port", "N", OPTION_TEXT, offsetof(struct options, port), "overrides port"},
    {"foreground", NULL, OPTION_FLAG, offsetof(struct options, foreground),
     "log to the terminal, whatever the configuration says"},
    {"test-mode", NULL, OPTION_FLAG, offsetof(struct options, test_mode),
     "leave out checks that are in the way of tests; never for users' data"},
    {"check", NULL, OPTION_FLAG, offsetof(struct options, check), "check the configuration and end"},
    {"version", NULL, OPTION_VERSION, 0, "print versions and end"},
    {"help", NULL, OPTION_HELP, 0, "print this and end"},
};

static const struct options_line signals[] = {
    {"HUP", NULL, "check the configuration, then replace the workers without losing a request"},
    {"USR2", NULL, "start the program anew, such as a newer version, without losing a request"},
    {"TERM", NULL, "finish what is in progress, then end"},
    {"QUIT", NULL, "end at once"},
    {"USR1", NULL, "reopen the log files"},
};

enum { ROWS = sizeof rows / sizeof rows[0], SIGNALS = sizeof signals / sizeof signals[0] };

bool options_line(unsigned i, struct options_line *out)
{
    if (i < ROWS)
        *out = (struct options_line){rows[i].name, rows[i].value, rows[i].help};
    return i < ROWS;
}

bool options_signal(unsigned i, struct options_line *out)
{
    if (i < SIGNALS)
        *out = signals[i];
    return i < SIGNALS;
}

static void print_help(void)
{
    puts("Usage: supertokens-fcgid [OPTION]...\n"
         "SuperTokens core as FastCGI workers behind nginx.\n");
    for (int i = 0; i < ROWS; i++) {
        int n = printf("  --%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
        printf("%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", rows[i].help);
    }
    puts("\nSignals to the master process:");
    for (int i = 0; i < SIGNALS; i++)
        printf("  %-5s %s\n", signals[i].name, signals[i].help);
}

static bool take_workers(unsigned *out, const char *text)
{
    int64_t n;
    if (!str_to_i64(str_of(text), &n) || n < 1 || n > WORKERS_MAX) {
        fprintf(stderr, "supertokens-fcgid: --workers must be between 1 and %d\n", WORKERS_MAX);
        return false;
    }
    *out = (unsigned)n;
    return true;
}

/* Stores VALUE in the member that ROW names. */
static enum options_outcome take(struct options *o, const struct option_row *row, const char *value)
{
    void *member = (char *)o + row->offset;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)member = value;
        return OPTIONS_RUN;
    case OPTION_FLAG:
        *(bool *)member = true;
        return OPTIONS_RUN;
    case OPTION_WORKERS:
        return take_workers(member, value) ? OPTIONS_RUN : OPTIONS_WRONG;
    case OPTION_HELP:
        print_help();
        return OPTIONS_DONE;
    case OPTION_VERSION:
        printf("supertokens-fcgid %s, SuperTokens core interface %s\n", PACKAGE_VERSION, ST_CORE_VERSION);
        return OPTIONS_DONE;
    }
    return OPTIONS_WRONG;
}

enum options_outcome options_read(struct options *o, int argc, char **argv)
{
    struct option long_options[ROWS + 1] = {{NULL, 0, NULL, 0}};
    for (int i = 0; i < ROWS; i++)
        long_options[i] =
            (struct option){rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 0};
    int index = 0;
    for (int c; (c = getopt_long(argc, argv, "", long_options, &index)) != -1;) {
        enum options_outcome outcome = c == 0 ? take(o, &rows[index], optarg) : OPTIONS_WRONG;
        if (outcome != OPTIONS_RUN)
            return outcome;
    }
    if (optind < argc) {
        fprintf(stderr, "supertokens-fcgid: unexpected argument '%s'\n", argv[optind]);
        return OPTIONS_WRONG;
    }
    if (!o->temp_dir)
        o->temp_dir = o->install_dir;
    return OPTIONS_RUN;
}
