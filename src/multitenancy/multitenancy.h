/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection-URI domains, apps and tenants: what is stored of them and how it changes (spec:
 * cdi-multitenancy). The cache that requests use is src/tenancy/.
 */
#ifndef ST_MULTITENANCY_MULTITENANCY_H
#define ST_MULTITENANCY_MULTITENANCY_H

#include "multitenancy/factors.h"
#include "tenancy/tenancy.h"

struct tenant_record {
    struct tenant_id id;
    bool stored;
    struct str core_config; /* JSON text of an object */
    struct factor_state factors;
};

struct tenant_records {
    struct tenant_record *v;
    size_t n;
};

/* Stored tenants of the domains that this service works for; absent parts of WHICH stand for any. The base
 * tenant is among them also when it has no row. By domain, app and tenant, in the order of bytes. */
enum st_err multitenancy_list(struct ctx *c, const struct tenancy *tenancy, struct tenant_id which,
                              struct tenant_records *out) ST_MUST_CHECK;

/* Does this service work for the domain (supertokens_saas_load_only_cud)? */
bool multitenancy_is_loaded(const struct tenancy *tenancy, struct str cud);

enum tenant_api { TENANT_V1_OLD, TENANT_V1, TENANT_V2 };

struct tenant_change {
    struct tenant_id source; /* the request's path */
    struct tenant_id target;
    enum tenant_api api;
    json_object *core_config; /* merged into the stored one; NULL: unchanged */
    struct factor_input factors;
    bool protect; /* a SaaS secret is configured and was not shown */
};

/* Creates or updates a tenant, app or domain (spec: section 3). ST_BAD_REQUEST, ST_FORBIDDEN with the spec's
 * texts. */
enum st_err multitenancy_put(struct ctx *c, struct tenancy *tenancy, const struct tenant_change *in,
                             bool *created) ST_MUST_CHECK;

/* Deletes one tenant, or with an absent id.tenant an app, or with absent app and tenant a domain (spec:
 * section 7); the caller has checked who asks. */
enum st_err multitenancy_delete(struct ctx *c, struct tenancy *tenancy, struct tenant_id id,
                                bool *existed) ST_MUST_CHECK;

/* Ids from outside, trimmed and lower-cased; ST_BAD_REQUEST with the texts of section 1.1. */
enum st_err multitenancy_read_domain(struct ctx *c, struct str in, struct str *out) ST_MUST_CHECK;
enum st_err multitenancy_read_app(struct ctx *c, struct str in, struct str *out) ST_MUST_CHECK;
enum st_err multitenancy_read_tenant(struct ctx *c, struct str in, struct str *out) ST_MUST_CHECK;

#endif
