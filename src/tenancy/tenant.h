/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/tenancy/: a reference-counted snapshot and how it is read.
 */
#ifndef ST_TENANCY_TENANT_H
#define ST_TENANCY_TENANT_H

#include "tenancy/tenancy.h"

struct tenant_entry {
    struct tenant tenant; /* its strings follow this struct in memory */
    atomic_uint references;
    struct tenant_entry *app; /* owned reference behind tenant.app; NULL when it is its own */
    struct policy *policy;
    void (*keyring_unref)(struct keyring *k);
    _Atomic uint64_t generation; /* at which it was last known to be true */
};

struct tenant_entry *tenant_entry_new(struct tenant_id id, struct str core_config, const struct str *factors,
                                      size_t nfactors);
struct tenant_entry *tenant_entry_ref(struct tenant_entry *e);
void tenant_entry_unref(void *entry); /* NULL is allowed */

/* Reads one tenant. PARENT: the effective configuration it inherits from. The caller sets app, db, keyring.
 * ST_NOT_FOUND: no such tenant. */
enum st_err tenant_read(struct ctx *c, struct db *base_db, struct tenant_id id, const struct config *parent,
                        struct tenant_entry **out) ST_MUST_CHECK;

#endif
