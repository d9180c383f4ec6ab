/* SPDX-License-Identifier: Apache-2.0
 *
 * Sign-ins that failed, for who watches the log (monitoring/fail2ban): one line with door and address, and
 * neither user nor secret. At the auth door the address is the client's, so its lines are warnings; at the
 * core door it is that of the application, which nobody should ban.
 */
#ifndef ST_HTTP_REFUSED_H
#define ST_HTTP_REFUSED_H

#include "http/exchange.h"

enum refused_door { REFUSED_AT_CORE, REFUSED_AT_AUTH };

/* WHAT: a literal, such as "wrong credentials". Counted always, logged some times a second at most. */
void http_sign_in_refused(const struct exchange *x, enum refused_door door, const char *what);

#endif
