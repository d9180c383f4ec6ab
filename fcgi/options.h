/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of supertokens-fcgid.
 */
#ifndef ST_FCGI_OPTIONS_H
#define ST_FCGI_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *config_file, *install_dir, *socket, *port, *host; /* NULL: not given */
    unsigned workers;                                             /* 0: not given */
    bool test_mode, foreground, check;
    char *const *argv, *const *environment; /* the process's */
};

/* What is left to do for main: OPTIONS_RUN, or the process's exit status after --help, --version or an error.
 */
enum options_outcome { OPTIONS_RUN = -1, OPTIONS_DONE = 0, OPTIONS_WRONG = 2 };
enum options_outcome options_read(struct options *o, int argc, char **argv);

#endif
