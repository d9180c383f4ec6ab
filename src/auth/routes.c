/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of the auth door's operations, one per recipe.
 */
#include "auth/route.h"

extern const struct auth_route session_fdi_routes[], emailpassword_fdi_routes[],
    emailverification_fdi_routes[], thirdparty_fdi_routes[], apple_fdi_routes[], multitenancy_fdi_routes[];

const struct auth_route *const auth_route_tables[] = {
    session_fdi_routes,
    emailpassword_fdi_routes,
    emailverification_fdi_routes,
    thirdparty_fdi_routes,
    apple_fdi_routes,
    multitenancy_fdi_routes,
    NULL,
};

const char *const auth_route_titles[] = {
    "Sessions", "E-mail and password", "E-mail verification", "Third party", "Apple", "Login methods", NULL,
};
