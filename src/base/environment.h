/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process is given from outside: environment variables, and credentials, which are files in the
 * directory that $CREDENTIALS_DIRECTORY names (systemd.exec(5), LoadCredential=).
 */
#ifndef ST_BASE_ENVIRONMENT_H
#define ST_BASE_ENVIRONMENT_H

#include "base/err.h"
#include "base/str.h"

/* ENVIRONMENT: "NAME=value" strings, NULL at the end; NULL: none. Returns the value, or NULL. */
const char *environment_find(char *const *environment, struct str name);

/* The credential NAME (a plain file name) in BUFFER without the line ends behind it, as *VALUE: a secret, so
 * BUFFER is to be wiped. What is longer than SIZE is cut there: allow for one byte more than may be.
 * ST_NOT_FOUND: there is none. ST_BAD_REQUEST: it cannot be used, and WHY says so: it is not a file that can
 * be read, it is empty, or it has a NUL in it. */
enum st_err environment_credential(char *const *environment, const char *name, char *buffer, size_t size,
                                   struct str *value, const char **why) ST_MUST_CHECK;

#endif
