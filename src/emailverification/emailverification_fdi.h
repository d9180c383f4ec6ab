/* SPDX-License-Identifier: Apache-2.0
 *
 * What the verify door asks of email verification.
 */
#ifndef ST_EMAILVERIFICATION_EMAILVERIFICATION_FDI_H
#define ST_EMAILVERIFICATION_EMAILVERIFICATION_FDI_H

#include "auth/route.h"

/* Whether the address of a session's recipe user is verified by now, or it has none. Then the session's claim
 * st-ev has been set in the database, so that the next refresh brings it. A user who is gone is not. */
enum st_err emailverification_refetch(struct auth_call *k, const struct auth_session *session,
                                      bool *verified) ST_MUST_CHECK;

#endif
