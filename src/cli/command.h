/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of `supertokens` and their options, as two tables (table.c). Parsing, --help, the man page,
 * doc/cli.md and the completion of bash and zsh come from them.
 */
#ifndef ST_CLI_COMMAND_H
#define ST_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct work;

enum { COMMAND_WORDS = 3, COMMAND_ARGUMENTS = 4 };

/* The command line as it was understood. Texts are NULL, numbers their default, when not given. */
struct invocation {
    const struct command *command;
    const char *argument[COMMAND_ARGUMENTS];
    size_t narguments;
    const char *config_file, *site, *target;
    bool json, dry_run, test_mode, yes;

    /* The running service. */
    const char *temp_dir, *install_dir, *socket, *host, *port, *workers;
    bool foreground;
    int64_t pid; /* 0: all */

    /* Whose data. */
    const char *domain, *app, *tenant;
    const char *email, *phone, *id, *third_party, *third_party_user, *session;
    bool password_stdin, at_once, all, markdown, openapi;
    const char *first_factors, *secondary_factors, *core_config;

    /* Calibration. */
    const char *algorithm;
    int64_t time_ms, pool_size, memory_mb, parallelism;
};

/* Which options a command has: the sets that its row names. */
enum option_set {
    ON_CONFIG = 1 << 0,
    ON_JSON = 1 << 1,
    ON_TEST_MODE = 1 << 2,
    ON_DRY_RUN = 1 << 3,
    ON_SITE = 1 << 4,
    ON_START = 1 << 5,
    ON_INSTANCES = 1 << 6,
    ON_PID = 1 << 7,
    ON_APP = 1 << 8,
    ON_TENANT = 1 << 9,
    ON_CALIBRATE = 1 << 10,
    ON_PASSWORD = 1 << 11,
    ON_FIND = 1 << 13,
    ON_SESSION = 1 << 14,
    ON_SETTINGS = 1 << 15, /* of a tenant */
    ON_YES = 1 << 16,
    ON_ROTATE = 1 << 17,
    ON_ALL = 1 << 18,
    ON_MARKDOWN = 1 << 19,
    ON_JVM = 1 << 20,
    ON_OPENAPI = 1 << 21,
    ON_DELIVERY = 1 << 22,
};

enum option_kind {
    OPTION_TEXT,
    OPTION_FILE, /* a text that is completed as a path */
    OPTION_DIRECTORY,
    OPTION_NUMBER,
    OPTION_FLAG,
    OPTION_IGNORED, /* of the reference, without meaning here: said on standard error */
};

struct option_row {
    const char *name, *value; /* "--name=VALUE"; value NULL: it takes none */
    const char *help;
    const char *choices; /* the values there are, separated by blanks, or NULL */
    enum option_kind kind;
    unsigned sets;       /* enum option_set */
    size_t offset;       /* of the member of struct invocation */
    int64_t least, most; /* of a number */
};

/* A command runs by itself, or on the data of the service (work.h); the other is NULL. Returns the exit
 * status. */
typedef int command_fn(const struct invocation *in);
typedef enum st_err data_fn(struct work *w);

struct command {
    const char *words[COMMAND_WORDS]; /* "dashboard", "user", "create" */
    const char *arguments;            /* "EMAIL", "[PAGE]"; NULL: none */
    const char *choices;              /* the values of the first argument, or NULL */
    command_fn *run;
    data_fn *data;
    unsigned options; /* enum option_set */
    const char *help; /* one line, without a full stop */
    const char *text; /* more of it: sentences, or NULL */
};

extern const struct command commands[]; /* words[0] of the last one is NULL */
extern const struct option_row option_rows[];

/* How many words the command has. */
size_t command_words(const struct command *command);
/* Does its row name OPTION? */
bool command_has(const struct command *command, const struct option_row *option);
/* "dashboard user create" */
enum { COMMAND_NAME = 64 };
void command_name(const struct command *command, char out[COMMAND_NAME]);
/* Its help as a sentence, and TEXT behind it. */
enum { COMMAND_SENTENCE = 1024 };
void command_sentence(const struct command *command, char out[COMMAND_SENTENCE]);

/* Fills IN. Returns -1 when the command is to be run, else the exit status after --help, --version or an
 * error, which was printed. */
int command_line(struct invocation *in, int argc, char **argv);

/* help.c. PREFIX: a command of which the first N words count; 0 words: all commands. */
void help_print(const struct command *prefix, size_t n);
void help_print_version(void);

command_fn start_run, list_run, stop_run, reload_run, status_run, install_run, uninstall_run;
command_fn config_test_run, config_dump_run, config_default_run, config_keys_run, api_core_run, api_auth_run;
command_fn site_keys_run, site_pages_run, migrate_run;
command_fn calibrate_run, completion_run, man_run;
data_fn dashboard_create_data, dashboard_list_data, dashboard_password_data, dashboard_delete_data;
data_fn user_find_data, user_show_data, user_sessions_data, user_revoke_data;
data_fn tenant_list_data, tenant_show_data, tenant_create_data, tenant_update_data, tenant_remove_data;
data_fn key_list_data, key_rotate_data;
data_fn delivery_list_data, delivery_resend_data, delivery_forget_data;

#endif
