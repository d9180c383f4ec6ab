/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and values as forms and query strings carry them (application/x-www-form-urlencoded of the WHATWG URL
 * standard), for requests that we make and addresses that we send browsers to.
 */
#ifndef ST_HTTP_PARAMS_H
#define ST_HTTP_PARAMS_H

#include "base/arena.h"

enum { PARAMS_MAX = 128 }; /* of a text that is read */

struct param {
    struct str name, value;
};

struct params {
    struct arena *arena;
    struct param *v;
    size_t n, capacity;
};

static inline struct params params_in(struct arena *a)
{
    return (struct params){.arena = a};
}

/* Puts VALUE in the place of the first pair of that name, whose others go, or behind all pairs. */
void params_set(struct params *f, struct str name, struct str value);
void params_remove(struct params *f, struct str name);
struct str params_get(const struct params *f, struct str name); /* the first; STR_NONE: none */

/* Appends the pairs of TEXT. False: a malformed escape, no UTF-8, or too many. */
bool params_read(struct params *f, struct str text);
struct str params_text(const struct params *f);

/* URL with each pair of F set in its query; a fragment stays. False: its query cannot be read. */
bool params_on_url(const struct params *f, struct str url, struct str *out);

#endif
