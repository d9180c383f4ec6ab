/* SPDX-License-Identifier: Apache-2.0
 *
 * The file that tells other programs of a running service: <directory>/.started/<host>-<port>, holding the
 * master's pid and the base path (spec: config 6). Nothing happens where there is no directory for it.
 */
#ifndef ST_FCGI_STARTED_H
#define ST_FCGI_STARTED_H

#include <limits.h>

struct config;

struct started {
    char path[PATH_MAX]; /* "": there is no file */
};

/* Writes the file of CONFIG, once the service serves, in place of the one before. Failures are logged: the
 * service works without it. */
void started_write(struct started *s, const char *directory, const struct config *config);
void started_remove(struct started *s);

#endif
