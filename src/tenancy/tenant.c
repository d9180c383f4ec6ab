/* SPDX-License-Identifier: Apache-2.0
 *
 * Making one tenant snapshot from its database row.
 */
#include "tenancy/tenant.h"

#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "db/array.h"
#include "json/json.h"
#include "policy/policy.h"
#include "tenancy/tenancy.h"

enum tenant_load_column { CORE_CONFIG, EMAILPASSWORD, THIRDPARTY, PASSWORDLESS, FACTORS_NULL, FACTORS };

/* Bytes of a snapshot's strings, allocated with it. */
static struct str keep(char **at, struct str s)
{
    char *start = *at;
    if (s.n)
        memcpy(start, s.p, s.n);
    start[s.n] = 0;
    *at += s.n + 1;
    return (struct str){start, s.n};
}

struct tenant_entry *tenant_entry_new(struct tenant_id id, struct str core_config, const struct str *factors,
                                      size_t nfactors)
{
    size_t bytes = id.cud.n + id.app.n + id.tenant.n + core_config.n + 4;
    for (size_t i = 0; i < nfactors; i++)
        bytes += factors[i].n + 1;
    struct tenant_entry *e = calloc(1, sizeof *e + nfactors * sizeof(struct str) + bytes);
    if (!e)
        return NULL;
    struct str *kept_factors = (struct str *)(e + 1);
    char *at = (char *)(kept_factors + nfactors);
    atomic_init(&e->references, 1);
    e->tenant.id = (struct tenant_id){keep(&at, id.cud), keep(&at, id.app), keep(&at, id.tenant)};
    e->tenant.core_config = keep(&at, core_config);
    for (size_t i = 0; i < nfactors; i++)
        kept_factors[i] = keep(&at, factors[i]);
    e->tenant.first_factors = kept_factors;
    e->tenant.nfirst_factors = nfactors;
    return e;
}

struct tenant_entry *tenant_entry_ref(struct tenant_entry *e)
{
    atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
    return e;
}

void tenant_entry_unref(void *entry)
{
    struct tenant_entry *e = entry;
    if (!e || atomic_fetch_sub_explicit(&e->references, 1, memory_order_acq_rel) != 1)
        return;
    if (e->tenant.keyring)
        e->keyring_unref(e->tenant.keyring);
    policy_free(e->policy);
    config_free(e->tenant.config);
    tenant_entry_unref(e->app);
    free(e);
}

static bool set_policy(struct tenant_entry *e)
{
    const struct config *config = e->tenant.config;
    bool ok = policy_new(str_of(config->ip_allow_regex), str_of(config->ip_deny_regex), &e->policy);
    e->tenant.policy = e->policy;
    return ok;
}

/* OWN is NULL for the base tenant, whose stored core_config is ignored (spec: config 1). */
static enum st_err set_config(struct ctx *c, struct tenant_entry *e, const struct config *parent,
                              struct str own_text)
{
    struct config_error error = {.text = "it is not JSON"};
    json_object *own = own_text.p ? json_parse(c->arena, own_text) : NULL;
    enum st_err err =
        own_text.p && !own ? ST_BAD_REQUEST : config_derive(parent, own, &e->tenant.config, &error);
    if (err == ST_UNAVAILABLE)
        return err;
    if (err) {
        LOG_ERROR(c, "the stored configuration of (%s, %s, %s) is invalid, so it is not loaded: %s",
                  e->tenant.id.cud.p, e->tenant.id.app.p, e->tenant.id.tenant.p, error.text);
        return tenancy_unknown(c, e->tenant.id);
    }
    return set_policy(e) ? ST_OK : ST_UNAVAILABLE;
}

enum st_err tenant_read(struct ctx *c, struct db *base_db, struct tenant_id id, const struct config *parent,
                        struct tenant_entry **out)
{
    struct db_call calls[] = {
        DB_CALL(STMT_tenant_load, db_str(id.cud), db_str(id.app), db_str(id.tenant)),
        DB_CALL(STMT_tenant_databases, db_str(id.cud), db_str(id.app)),
    };
    bool public = str_is(id.tenant, STR("public"));
    ST_TRY(db_run(c, base_db, calls, public ? 2 : 1));
    const PGresult *r = calls[0].result;
    bool stored = db_rows(r) == 1, base = tenant_is_base(id);
    if (!stored && !base)
        return ST_NOT_FOUND;
    struct str core_config = STR("{}"), *factors = NULL;
    size_t nfactors = 0;
    if (stored) {
        if (!db_is_null(r, 0, CORE_CONFIG))
            core_config = db_text(r, 0, CORE_CONFIG);
        nfactors = db_array_read(c->arena, db_text(r, 0, FACTORS), &factors);
    }
    struct arena_cleanup *guard = arena_reserve_cleanup(c->arena, tenant_entry_unref);
    struct tenant_entry *e = tenant_entry_new(id, core_config, factors, nfactors);
    if (!e)
        return ST_UNAVAILABLE;
    guard->object = e;
    e->tenant.stored = stored;
    e->tenant.more_databases = public && db_rows(calls[1].result) > 0;
    e->tenant.emailpassword_enabled = !stored || db_true(r, 0, EMAILPASSWORD);
    e->tenant.thirdparty_enabled = !stored || db_true(r, 0, THIRDPARTY);
    e->tenant.passwordless_enabled = !stored || db_true(r, 0, PASSWORDLESS);
    e->tenant.first_factors_null = !stored || db_true(r, 0, FACTORS_NULL);
    ST_TRY(set_config(c, e, parent, base ? STR_NONE : core_config));
    guard->object = NULL;
    *out = e;
    return ST_OK;
}
