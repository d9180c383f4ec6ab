/* SPDX-License-Identifier: Apache-2.0
 *
 * Percent-encoding (RFC 3986 2.1).
 */
#ifndef ST_HTTP_PERCENT_H
#define ST_HTTP_PERCENT_H

#include "base/arena.h"

/* Decodes S to OUT, which has room for S.n bytes, and returns the new end, or NULL at a malformed escape. The
 * bytes may be anything. */
char *percent_decode(char *out, struct str s, bool plus_is_space);

/* As encodeURIComponent does: all but letters, digits and -_.!~*'() */
struct str percent_encode(struct arena *a, struct str s);

/* One name=value pair of a query string or a form, taken off REST; + is a space. False: a malformed escape,
 * or no UTF-8. */
bool percent_pair(struct arena *a, struct str *rest, struct str *name, struct str *value);

#endif
