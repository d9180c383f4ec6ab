/* SPDX-License-Identifier: Apache-2.0
 *
 * Tenants as the requests of one worker see them: immutable snapshots in a cache (spec: cdi-conventions 3,
 * cdi-multitenancy 1.2, config 1). A tenant is named by connection-URI domain, app and tenant; canonical
 * public values are
 * "", "public", "public". Snapshots are read on first use and again when their generation changed
 * (base/generations.h), never per request. When the database is away a known snapshot stays in use.
 *
 * Lock rule: one mutex around the table, held for look-ups and replacing only, never while talking to the
 * database. A thread that looks again for what it found takes none (base/held.h).
 */
#ifndef ST_TENANCY_TENANCY_H
#define ST_TENANCY_TENANCY_H

#include "base/ctx.h"
#include "base/generations.h"
#include "db/db.h"

struct config;
struct keyring; /* src/jwt/keys.h */
struct policy;
struct tenancy;

struct tenant_id {
    struct str cud, app, tenant;
};

#define TENANT_BASE ((struct tenant_id){STR(""), STR("public"), STR("public")})

struct tenant {
    struct tenant_id id;
    const struct config *config; /* effective: own, else the app's, else the domain's, else the base's */
    const struct tenant *app;    /* the app's public tenant; itself for a public tenant */
    struct db *db;               /* where its data lives */
    struct keyring *keyring;     /* signing keys of the app; the same for all of its tenants */
    const struct policy *policy; /* NULL: every address is allowed */
    struct str core_config;      /* stored JSON text, "{}" when there is none */
    bool stored;                 /* has a tenant_configs row (the base tenant may have none) */
    bool emailpassword_enabled, thirdparty_enabled, passwordless_enabled;
    bool first_factors_null;
    bool more_databases; /* of a public tenant: others of its app have database settings */
    const struct str *first_factors;
    size_t nfirst_factors;
};

/* How the layer above makes and releases the signing keys of an app; tenancy only keeps them with the app. */
struct tenancy_hooks {
    struct keyring *(*keyring_new)(void *context, struct tenant_id app); /* NULL: out of memory */
    struct keyring *(*keyring_ref)(struct keyring *k);
    void (*keyring_unref)(struct keyring *k);
    void *context;
};

/* BASE_DB serves every tenant that has no database settings of its own. NULL: out of memory. */
struct tenancy *tenancy_new(const struct config *base, struct db *base_db, struct generations *generations,
                            const struct tenancy_hooks *hooks);
void tenancy_free(
    struct tenancy *t); /* after all requests ended; closes the databases it opened, not BASE_DB */
void tenancy_tick(struct tenancy *t); /* once a second: db_tick of all databases */

/* What it was made with. */
const struct config *tenancy_base_config(const struct tenancy *t);
struct db *tenancy_base_db(const struct tenancy *t);

/* The database of a configuration: BASE_DB, or one opened for it and shared by all tenants with the same
 * pool. NULL: too many databases, or out of memory. */
struct db *tenancy_db(struct tenancy *t, const struct config *config);

/* *OUT lives until the request's arena is reset. ST_NOT_FOUND: no such tenant (no message set);
 * ST_UNAVAILABLE. */
enum st_err tenancy_find(struct ctx *c, struct tenancy *t, struct tenant_id id,
                         const struct tenant **out) ST_MUST_CHECK;

/* The databases that users of an app are in, each once: first that of its public tenant APP, then those of
 * tenants that have one for themselves (spec: cdi-multitenancy 8). No statement is run for an app without
 * such tenants. ST_UNAVAILABLE when one of them cannot be opened. */
struct tenant_databases {
    struct db **v; /* in the request's arena */
    size_t n;
};
enum st_err tenancy_databases(struct ctx *c, struct tenancy *t, const struct tenant *app,
                              struct tenant_databases *out) ST_MUST_CHECK;

/* Connection-URI domain of a Host header: the host without port when it is a known domain, "" otherwise.
 * ST_BAD_REQUEST for an empty host. (spec: cdi-conventions 3) */
enum st_err tenancy_domain_of_host(struct ctx *c, struct tenancy *t, struct str host,
                                   struct str *cud) ST_MUST_CHECK;

/* ST_BAD_REQUEST with the reference's text for an unknown tenant, or an unknown app. */
enum st_err tenancy_unknown(struct ctx *c, struct tenant_id id) ST_MUST_CHECK;
enum st_err tenancy_unknown_app(struct ctx *c, struct tenant_id id) ST_MUST_CHECK;

/* After a change was committed: this node's workers read the app again; with a CUD's public tenant,
 * everything that may inherit from it. The statement for the other nodes is tenancy_notify_arg's, sent in the
 * writing transaction: DB_CALL(STMT_notify, db_str(STR(GENERATION_CHANNEL)),
 * db_str(tenancy_notify_payload(...))). */
void tenancy_changed(struct tenancy *t, struct tenant_id id);
struct str tenancy_notify_payload(struct arena *a, struct tenant_id id);

/* Does the tenant offer a recipe to clients of interface version CDI (spec: cdi-emailpassword 3)? FLAG: the
 * tenant's own for the recipe; FACTOR: its name among the first factors. */
bool tenant_offers(const struct tenant *t, bool flag, struct str factor, int cdi);

static inline bool tenant_is_base(struct tenant_id id)
{
    return id.cud.n == 0 && str_is(id.app, STR("public")) && str_is(id.tenant, STR("public"));
}

#endif
