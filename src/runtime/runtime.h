/* SPDX-License-Identifier: Apache-2.0
 *
 * What one process of the service has and its handlers and jobs may ask for. Thread-safe.
 */
#ifndef ST_RUNTIME_RUNTIME_H
#define ST_RUNTIME_RUNTIME_H

#include "tenancy/tenancy.h"

struct config;
struct documents;
struct service;
struct shared;
struct sites;
struct verified_tokens;

/* BASE, SITES and SHARED are the caller's and stay until runtime_close. NULL: out of memory. */
struct service *runtime_open(const struct config *base, const struct sites *sites, struct shared *shared);
void runtime_close(struct service *s); /* NULL is allowed */

struct tenancy *service_tenancy(struct service *s);
struct shared *service_shared(struct service *s);
const struct config *service_base_config(struct service *s);
struct db *service_base_db(struct service *s);
const struct sites *service_sites(struct service *s);

struct verified_tokens *service_verified_tokens(struct service *s);
struct documents *service_documents(struct service *s); /* of identity providers */

/* GET /hello reads the database at most every 200 ms per app after a burst of 5 (spec: cdi-conventions 11).
 */
bool service_take_hello_token(struct service *s, struct tenant_id app);

#endif
