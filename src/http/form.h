/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and values as forms and query strings carry them (application/x-www-form-urlencoded of the WHATWG URL
 * standard), for requests that we make and addresses that we send browsers to.
 */
#ifndef ST_HTTP_FORM_H
#define ST_HTTP_FORM_H

#include "base/arena.h"

enum { FORM_PAIRS_MAX = 128 }; /* of a text that is read */

struct form_pair {
    struct str name, value;
};

struct form {
    struct arena *arena;
    struct form_pair *v;
    size_t n, capacity;
};

static inline struct form form_in(struct arena *a)
{
    return (struct form){.arena = a};
}

/* Puts VALUE in the place of the first pair of that name, whose others go, or behind all pairs. */
void form_set(struct form *f, struct str name, struct str value);
void form_remove(struct form *f, struct str name);
struct str form_get(const struct form *f, struct str name); /* the first; STR_NONE: none */

/* Appends the pairs of TEXT. False: a malformed escape, no UTF-8, or too many. */
bool form_read(struct form *f, struct str text);
struct str form_text(const struct form *f);

/* URL with each pair of F set in its query; a fragment stays. False: its query cannot be read. */
bool form_on_url(const struct form *f, struct str url, struct str *out);

#endif
