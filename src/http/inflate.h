/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed bodies (RFC 9110 8.4.1).
 */
#ifndef ST_HTTP_INFLATE_H
#define ST_HTTP_INFLATE_H

#include "base/ctx.h"

enum http_coding { HTTP_GZIP, HTTP_DEFLATE };

/* ST_BAD_REQUEST without a message: TEXT is not of that coding, not whole, or has something behind its end.
 * ST_TOO_LARGE: more than MAX bytes would come out. */
enum st_err http_inflate(struct ctx *c, enum http_coding coding, struct str text, size_t max,
                         struct str *out) ST_MUST_CHECK;

#endif
