/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens on their way between browser and service: cookies, headers, the front token (spec: fdi-session 2 to
 * 4). No rules about sessions here.
 */
#ifndef ST_AUTH_TRANSPORT_H
#define ST_AUTH_TRANSPORT_H

#include "http/exchange.h"
#include "site/site.h"

enum auth_token_kind { AUTH_ACCESS_TOKEN, AUTH_REFRESH_TOKEN, AUTH_ID_REFRESH_TOKEN };

struct auth_transport;

/* For one exchange; headers of the answer are collected and written by auth_transport_finish. What is put
 * twice is sent once, as it was put last. */
struct auth_transport *auth_transport_new(struct exchange *x, const struct site *site);

/* The token as the request carries it; absent: not there. */
struct str auth_token_given(struct auth_transport *t, enum auth_token_kind kind, enum site_transfer by);
/* How many cookies of that name came. */
unsigned auth_token_cookies(struct auth_transport *t, enum auth_token_kind kind);
struct str auth_anti_csrf_given(const struct auth_transport *t);
bool auth_rid_given(const struct auth_transport *t);
/* For a new session: st-auth-mode and the site decide; cookie or header. */
enum site_transfer auth_transfer_for_new(const struct auth_transport *t);

/* EXPIRY in ms since the epoch. */
void auth_token_put(struct auth_transport *t, enum auth_token_kind kind, enum site_transfer by,
                    struct str token, int64_t expiry);
/* UID, expiry of the access token in ms, and the text of its payload. */
void auth_front_token_put(struct auth_transport *t, struct str uid, int64_t expiry, struct str payload);
void auth_anti_csrf_put(struct auth_transport *t, struct str token);

/* Empties the tokens of one transfer method, or of all (SITE_TRANSFER_ANY), and tells the front end. */
void auth_tokens_clear(struct auth_transport *t, enum site_transfer by);
/* Expires one cookie, in the given domain ("": of the host only; NULL: the site's own). */
void auth_cookie_expire(struct auth_transport *t, enum auth_token_kind kind, const struct str *domain);

/* Writes the headers into the answer, Cache-Control and Access-Control-Expose-Headers included. */
void auth_transport_finish(struct auth_transport *t);

#endif
