/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of the core door's operations, one per recipe.
 */
#include "core/route.h"

extern const struct route misc_routes[], jwt_routes[], session_routes[], emailpassword_routes[],
    users_routes[], user_list_routes[], multitenancy_routes[], providers_routes[], association_routes[],
    migration_routes[], thirdparty_routes[], emailverification_routes[], userroles_routes[];

const struct route *const core_route_tables[] = {
    misc_routes,         jwt_routes,
    session_routes,      emailpassword_routes,
    users_routes,        user_list_routes,
    multitenancy_routes, providers_routes,
    association_routes,  migration_routes,
    thirdparty_routes,   emailverification_routes,
    userroles_routes,    NULL,
};

const char *const core_route_titles[] = {
    "Service",
    "JWT",
    "Sessions",
    "E-mail and password",
    "Users",
    "User lists",
    "Multitenancy",
    "Third-party providers of tenants",
    "Users of tenants",
    "Migration",
    "Third party",
    "E-mail verification",
    "Roles and permissions",
    NULL,
};
