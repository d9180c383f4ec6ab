/* SPDX-License-Identifier: Apache-2.0
 *
 * The providers that a call of the auth door has.
 */
#ifndef ST_THIRDPARTY_PROVIDERS_FDI_H
#define ST_THIRDPARTY_PROVIDERS_FDI_H

#include "auth/route.h"
#include "thirdparty/provider.h"

/* Those of the site and of the call's tenant (one statement); none where the site does not have the recipe.
 */
enum st_err providers_of_call(struct auth_call *k, struct provider_configs *out) ST_MUST_CHECK;

#endif
