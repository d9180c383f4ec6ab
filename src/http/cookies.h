/* SPDX-License-Identifier: Apache-2.0
 *
 * The Cookie header of a request (RFC 6265 4.2, 5.4), read leniently as browsers and the SDKs do: names and
 * values are percent-decoded where that is possible, quotes around a value are dropped. Several Cookie
 * headers count as one.
 */
#ifndef ST_HTTP_COOKIES_H
#define ST_HTTP_COOKIES_H

#include "http/exchange.h"

/* What lies behind is not looked at. nginx refuses longer headers before (large_client_header_buffers). */
enum { HTTP_COOKIES_BYTES = 64 * 1024, HTTP_COOKIES = 1024 };

/* First value of that name; absent: no such cookie. Lives as long as the request. */
struct str http_cookie(struct ctx *c, const struct http_request *rq, struct str name);
unsigned http_cookie_count(struct ctx *c, const struct http_request *rq, struct str name);

#endif
