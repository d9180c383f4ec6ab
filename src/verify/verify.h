/* SPDX-License-Identifier: Apache-2.0
 *
 * The verify door: what an SDK's verifySession does, as the answer to nginx's auth_request
 * (doc/verify-door.md). nginx names the site (ST_SITE) and what the location asks of a session (ST_REQUIRE).
 * Neither database nor writes, unless the location asks for `check database`: then one statement.
 *
 * There are two doors of it. "verify" answers nginx: 200 with the session in X-ST- headers, 401 or 403; it is
 * sure to answer nothing else, as nginx makes a 500 of it. "denied" is asked behind a 401 or 403 and writes
 * the answer that the client gets: JSON for scripts, a redirect or a page for browsers that open one.
 */
#ifndef ST_VERIFY_VERIFY_H
#define ST_VERIFY_VERIFY_H

#include "http/exchange.h"

struct service;

enum st_err verify_begin(struct service *s, struct exchange *x) ST_MUST_CHECK;
void verify_finish(struct exchange *x, enum st_err err);

enum st_err denied_begin(struct service *s, struct exchange *x) ST_MUST_CHECK;
void denied_finish(struct exchange *x, enum st_err err);

#endif
