/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/verify/: the page for a signed-in visitor who may not open what was asked for.
 */
#ifndef ST_VERIFY_NO_ACCESS_H
#define ST_VERIFY_NO_ACCESS_H

#include "auth/route.h"

/* Makes it K's answer, with status 403, in the language that the browser asks for. It has the look of the
 * site's login pages where those are, and is readable without. ACCOUNT: the address where visitors see who
 * they are and can sign in as somebody else. */
void no_access_answer(struct auth_call *k, struct str account);

#endif
