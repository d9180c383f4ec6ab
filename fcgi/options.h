/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of supertokens-fcgid.
 */
#ifndef ST_FCGI_OPTIONS_H
#define ST_FCGI_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *config_file, *install_dir, *socket, *port, *host; /* NULL: not given */
    const char *temp_dir; /* where .started is: the option's, the installation's, or the unit's directory */
    unsigned workers;     /* 0: not given */
    bool test_mode, foreground, check;
    char *const *argv, *const *environment; /* the process's */
};

/* What is left to do for main: OPTIONS_RUN, or the process's exit status after --help, --version or an error.
 */
enum options_outcome { OPTIONS_RUN = -1, OPTIONS_DONE = 0, OPTIONS_WRONG = 2 };
enum options_outcome options_read(struct options *o, int argc, char **argv);

/* The same tables for the man page. False behind the last row. */
struct options_line {
    const char *name, *value, *help; /* value NULL: it takes none */
};
bool options_line(unsigned i, struct options_line *out);
bool options_signal(unsigned i, struct options_line *out);

#endif
