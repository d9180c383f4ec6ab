/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/auth/: the steps between a request and its handler, in the order in which auth_begin takes
 * them.
 */
#ifndef ST_AUTH_FRAME_H
#define ST_AUTH_FRAME_H

#include "auth/route.h"

struct auth_match {
    const struct auth_route *route;
    struct str tenant; /* as the path names it; "public" */
};

/* The row for a request (spec: fdi 2). False: none, 404. */
bool auth_match(struct arena *a, const struct site *site, const struct http_request *rq,
                struct auth_match *out);

/* Body and fields by the row (spec: fdi 4). ST_BAD_REQUEST with the text of the spec or of the row. */
enum st_err auth_read_body(struct auth_call *k) ST_MUST_CHECK;
enum st_err auth_read_fields(struct auth_call *k) ST_MUST_CHECK;

/* Does the request carry an access token of ours, good or not? */
bool auth_access_token_given(struct auth_call *k, enum site_transfer by);

#endif
