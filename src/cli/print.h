/* SPDX-License-Identifier: Apache-2.0
 *
 * What people read on their terminal: errors, and what a command found, as aligned text or as JSON.
 */
#ifndef ST_CLI_PRINT_H
#define ST_CLI_PRINT_H

#include <stdio.h>

#include "base/arena.h"

struct invocation;

/* One line on standard error, red on a terminal. Returns 1, the exit status of errors. */
int print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How an object looks as text. */
struct layout {
    const char
        *list; /* its member that is a list of objects and becomes a table; NULL: "Name: value" lines */
    const char *columns; /* members of the list's objects, separated by blanks, or NULL: all */
    const char *object;  /* without a list: its member that is shown alone, an object or a list of one */
    const char *empty;   /* said when the list is empty */
};

/* JSON is the text of an object. Bytes that would steer the terminal are not printed. LAYOUT may be NULL. */
void print_result(const struct invocation *in, struct arena *a, struct str json, const struct layout *layout);

/* TEXT broken between words, each line behind INDENT blanks but the first, which begins at COLUMN. */
void print_wrapped(FILE *out, const char *text, int indent, int column);

/* "timeJoined" becomes "Time joined". */
void print_title(FILE *out, const char *member);

#endif
