/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions on the terminal.
 */
#ifndef ST_CLI_ASK_H
#define ST_CLI_ASK_H

#include "cli/work.h"

/* A new password: asked twice without showing it, or with --password-stdin the first line of the standard
 * input. It lives in the arena, which wipes it. ST_BAD_REQUEST. */
enum st_err ask_password(struct work *w, struct str *out) ST_MUST_CHECK;

/* ST_BAD_REQUEST unless the answer to QUESTION is yes, or --yes was given. */
enum st_err ask_whether(struct work *w, const char *question) ST_MUST_CHECK;

#endif
