/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core door's handlers may ask of the service they run in.
 */
#ifndef ST_CORE_RUNTIME_H
#define ST_CORE_RUNTIME_H

#include "tenancy/tenancy.h"

struct config;
struct router;
struct service;
struct shared;
struct verified_tokens;

struct tenancy *service_tenancy(struct service *s);
struct shared *service_shared(struct service *s);
const struct config *service_base_config(struct service *s);
struct db *service_base_db(struct service *s);
const struct router *service_router(struct service *s);

struct verified_tokens *service_verified_tokens(struct service *s);

/* GET /hello reads the database at most every 200 ms per app after a burst of 5 (spec: cdi-conventions 11).
 */
bool service_take_hello_token(struct service *s, struct tenant_id app);

#endif
