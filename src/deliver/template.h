/* SPDX-License-Identifier: Apache-2.0
 *
 * Text with {placeholders}, and files of them.
 */
#ifndef ST_DELIVER_TEMPLATE_H
#define ST_DELIVER_TEMPLATE_H

#include "base/ctx.h"

struct template_value {
    const char *name; /* letters */
    struct str value;
};

/* TEXT with every {name} of VALUES replaced; other braces stay, so that style sheets need no escaping. HTML:
 * values are escaped for text and quoted attributes. */
struct str template_fill(struct arena *a, struct str text, const struct template_value *values, size_t n,
                         bool html);

enum { TEMPLATE_FILE_MAX = 256 * 1024 };

/* The content of the file, which is absent when there is none. *WHY: NULL, or why it cannot be used: it is
 * too long or cannot be read. Whether it is UTF-8 the caller has to see. */
struct str template_read(struct arena *a, const char *path, const char **why);

/* The content of DIRECTORY/NAME; STR_NONE when there is no such file, or when it is too long, no UTF-8 or
 * cannot be read, which is logged. */
struct str template_file(struct ctx *c, struct str directory, struct str name);

#endif
