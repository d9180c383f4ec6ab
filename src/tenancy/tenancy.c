/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy/tenancy.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/held.h"
#include "base/log.h"
#include "config/config.h"
#include "http/cdi.h"
#include "tenancy/tenant.h"

enum { BUCKETS = 1024, MAX_ENTRIES = 16384, MAX_DATABASES = 64 };

struct node {
    struct node *next;
    struct tenant_entry *entry;
};

struct domains { /* connection-URI domains, sorted; an immutable list that is exchanged as a whole */
    uint64_t generation;
    size_t n;
    struct str v[];
};

struct tenancy {
    const struct config *base;
    struct db *base_db;
    struct generations *generations;
    struct tenancy_hooks hooks;
    uint64_t owner;       /* of the entries that threads hold */
    pthread_mutex_t lock; /* guards all below */
    struct node *buckets[BUCKETS];
    size_t entries;
    struct domains *domains;
    struct {
        const struct config *config;
        struct db *db;
    } databases[MAX_DATABASES];
    size_t ndatabases;
};

struct tenancy *tenancy_new(const struct config *base, struct db *base_db, struct generations *generations,
                            const struct tenancy_hooks *hooks)
{
    struct tenancy *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->base = base;
    t->base_db = base_db;
    t->generations = generations;
    t->hooks = *hooks;
    t->owner = held_owner();
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void drop_all(struct tenancy *t)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (t->buckets[i]) {
            struct node *node = t->buckets[i];
            t->buckets[i] = node->next;
            tenant_entry_unref(node->entry);
            free(node);
        }
    t->entries = 0;
}

void tenancy_free(struct tenancy *t)
{
    if (!t)
        return;
    drop_all(t);
    free(t->domains);
    for (size_t i = 0; i < t->ndatabases; i++) {
        db_close(t->databases[i].db);
        config_free(t->databases[i].config);
    }
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* Databases are never closed before the process ends, so the list only grows and db_tick needs no lock. */
void tenancy_tick(struct tenancy *t)
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->ndatabases;
    pthread_mutex_unlock(&t->lock);
    db_tick(t->base_db);
    for (size_t i = 0; i < n; i++)
        db_tick(t->databases[i].db);
}

const struct config *tenancy_base_config(const struct tenancy *t)
{
    return t->base;
}

struct db *tenancy_base_db(const struct tenancy *t)
{
    return t->base_db;
}

static bool same_pool(const struct config *a, const struct config *b)
{
    return strcmp(a->user_pool_id, b->user_pool_id) == 0 &&
           strcmp(a->connection_pool_id, b->connection_pool_id) == 0;
}

struct db *tenancy_db(struct tenancy *t, const struct config *config)
{
    struct db *db = NULL;
    if (same_pool(config, t->base))
        return t->base_db;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->ndatabases && !db; i++)
        if (same_pool(config, t->databases[i].config))
            db = t->databases[i].db;
    if (!db && t->ndatabases < MAX_DATABASES && (db = db_open(config))) {
        t->databases[t->ndatabases].config = config_ref(config);
        t->databases[t->ndatabases++].db = db;
    }
    pthread_mutex_unlock(&t->lock);
    return db;
}

static uint64_t hash_of(struct tenant_id id)
{
    return str_hash(id.tenant, str_hash(id.app, str_hash(id.cud, 1)));
}

static size_t bucket_of(struct tenant_id id)
{
    return hash_of(id) % BUCKETS;
}

static bool same_id(struct tenant_id a, struct tenant_id b)
{
    return str_is(a.app, b.app) && str_is(a.tenant, b.tenant) && str_is(a.cud, b.cud);
}

static struct node **find_node(struct tenancy *t, struct tenant_id id)
{
    struct node **at = &t->buckets[bucket_of(id)];
    while (*at && !same_id((*at)->entry->tenant.id, id))
        at = &(*at)->next;
    return at;
}

static struct tenant_entry *cached(struct tenancy *t, struct tenant_id id)
{
    pthread_mutex_lock(&t->lock);
    struct node *node = *find_node(t, id);
    struct tenant_entry *e = node ? tenant_entry_ref(node->entry) : NULL;
    pthread_mutex_unlock(&t->lock);
    return e;
}

/* Puts ENTRY (NULL: nothing) in the place of ID. */
static void replace(struct tenancy *t, struct tenant_id id, struct tenant_entry *entry)
{
    struct node *fresh = entry ? calloc(1, sizeof *fresh) : NULL;
    pthread_mutex_lock(&t->lock);
    struct node **at = find_node(t, id), *old = *at;
    if (old) {
        *at = old->next;
        t->entries--;
    }
    if (fresh) {
        if (t->entries >= MAX_ENTRIES)
            drop_all(t);
        fresh->entry = tenant_entry_ref(entry);
        at = &t->buckets[bucket_of(id)];
        fresh->next = *at;
        *at = fresh;
        t->entries++;
    }
    pthread_mutex_unlock(&t->lock);
    if (old) {
        tenant_entry_unref(old->entry);
        free(old);
    }
}

static enum st_err find_entry(struct ctx *c, struct tenancy *t, struct tenant_id id,
                              struct tenant_entry **out);

/* The level that ID inherits from: tenant -> app -> connection-URI domain -> base. */
static enum st_err find_parent(struct ctx *c, struct tenancy *t, struct tenant_id id,
                               struct tenant_entry **out)
{
    *out = NULL;
    if (!str_is(id.tenant, STR("public")))
        return find_entry(c, t, (struct tenant_id){id.cud, id.app, STR("public")}, out);
    if (str_is(id.app, STR("public")))
        return ST_OK;
    enum st_err err = find_entry(c, t, (struct tenant_id){id.cud, STR("public"), STR("public")}, out);
    return err == ST_NOT_FOUND ? ST_OK : err;
}

/* OLD is what was cached before, or NULL: an app keeps its keyring over a change. */
static enum st_err complete(struct ctx *c, struct tenancy *t, struct tenant_entry *e,
                            struct tenant_entry *parent, const struct tenant_entry *old)
{
    struct tenant *tenant = &e->tenant;
    tenant->db = tenancy_db(t, tenant->config);
    if (!tenant->db)
        return ctx_fail(c, ST_UNAVAILABLE, "the database of this tenant cannot be opened");
    e->keyring_unref = t->hooks.keyring_unref;
    if (str_is(tenant->id.tenant, STR("public"))) {
        tenant->app = tenant;
        tenant->keyring = old ? t->hooks.keyring_ref(old->tenant.keyring)
                              : t->hooks.keyring_new(t->hooks.context, tenant->id);
    } else {
        e->app = tenant_entry_ref(parent);
        tenant->app = &parent->tenant;
        tenant->keyring = t->hooks.keyring_ref(parent->tenant.keyring);
    }
    return tenant->keyring ? ST_OK : ST_UNAVAILABLE;
}

static enum st_err load(struct ctx *c, struct tenancy *t, struct tenant_id id, const struct tenant_entry *old,
                        struct tenant_entry **out)
{
    struct tenant_entry *parent, *e;
    uint64_t generation = generation_now(t->generations, GENERATION_TENANTS, generation_slot(id.app));
    ST_TRY(find_parent(c, t, id, &parent));
    struct arena_cleanup *hold = arena_reserve_cleanup(c->arena, tenant_entry_unref);
    ST_TRY(tenant_read(c, t->base_db, id, parent ? parent->tenant.config : t->base, &e));
    hold->object = e;
    ST_TRY(complete(c, t, e, parent, old));
    atomic_init(&e->generation, generation);
    replace(t, id, e);
    *out = e;
    return ST_OK;
}

/* *OUT is held by the arena. */
static enum st_err find_entry(struct ctx *c, struct tenancy *t, struct tenant_id id,
                              struct tenant_entry **out)
{
    uint64_t now = generation_now(t->generations, GENERATION_TENANTS, generation_slot(id.app));
    struct arena_cleanup *hold = arena_reserve_cleanup(c->arena, tenant_entry_unref);
    struct tenant_entry *held = held_find(t->owner, hash_of(id), now);
    if (held && same_id(held->tenant.id, id)) {
        hold->object = *out = tenant_entry_ref(held);
        return ST_OK;
    }
    struct tenant_entry *old = cached(t, id);
    hold->object = old;
    if (old && atomic_load(&old->generation) == now) {
        held_keep(t->owner, hash_of(id), now, tenant_entry_ref(old), tenant_entry_unref);
        *out = old;
        return ST_OK;
    }
    enum st_err err = load(c, t, id, old, out);
    if (err == ST_NOT_FOUND && old)
        replace(t, id, NULL);
    if (err == ST_UNAVAILABLE && old) { /* the database is away: what was true a moment ago serves on */
        *out = old;
        return ST_OK;
    }
    return err;
}

enum st_err tenancy_find(struct ctx *c, struct tenancy *t, struct tenant_id id, const struct tenant **out)
{
    struct tenant_entry *e;
    ST_TRY(find_entry(c, t, id, &e));
    *out = &e->tenant;
    return ST_OK;
}

static int compare_strs(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct domains *domains_from(const PGresult *r, uint64_t generation)
{
    size_t n = db_rows(r), bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += db_text(r, i, 0).n;
    struct domains *d = malloc(sizeof *d + n * sizeof(struct str) + bytes + 1);
    if (!d)
        return NULL;
    d->generation = generation;
    d->n = n;
    char *at = (char *)(d->v + n);
    for (size_t i = 0; i < n; i++) {
        struct str s = db_text(r, i, 0);
        memcpy(at, s.p, s.n);
        d->v[i] = (struct str){at, s.n};
        at += s.n;
    }
    qsort(d->v, n, sizeof d->v[0], compare_strs);
    return d;
}

/* Creating or removing a domain bumps the slot of the app "public". */
static enum st_err refresh_domains(struct ctx *c, struct tenancy *t, uint64_t now)
{
    pthread_mutex_lock(&t->lock);
    bool current = t->domains && t->domains->generation == now, known = t->domains != NULL;
    pthread_mutex_unlock(&t->lock);
    if (current)
        return ST_OK;
    const PGresult *r;
    enum st_err err = db_run_one(c, t->base_db, &r, (struct db_call){.stmt = STMT_tenant_domains});
    if (err == ST_UNAVAILABLE && known)
        return ST_OK;
    ST_TRY(err);
    struct domains *fresh = domains_from(r, now);
    if (!fresh)
        return ST_UNAVAILABLE;
    pthread_mutex_lock(&t->lock);
    struct domains *old = t->domains;
    t->domains = fresh;
    pthread_mutex_unlock(&t->lock);
    free(old);
    return ST_OK;
}

enum st_err tenancy_domain_of_host(struct ctx *c, struct tenancy *t, struct str host, struct str *cud)
{
    *cud = STR("");
    if (!host.p)
        return ST_OK;
    char *name = arena_alloc(c->arena, host.n + 1);
    const char *wrong = config_normalise_cud(host, name);
    struct str domain = str_of(name);
    if (str_trim(host).n == 0 || (!wrong && domain.n == 0))
        return ctx_fail(c, ST_BAD_REQUEST, "connectionUriDomain should not be an empty String");
    if (wrong)
        return ST_OK; /* an address in brackets and the like is never a domain */
    ST_TRY(refresh_domains(
        c, t, generation_now(t->generations, GENERATION_TENANTS, generation_slot(STR("public")))));
    pthread_mutex_lock(&t->lock);
    bool known = bsearch(&domain, t->domains->v, t->domains->n, sizeof domain, compare_strs) != NULL;
    pthread_mutex_unlock(&t->lock);
    const char *only = t->base->supertokens_saas_load_only_cud;
    if (known && only && *only && !str_is_c(domain, only))
        return ctx_fail(c, ST_BAD_REQUEST, "Connection URI domain is disallowed");
    if (known)
        *cud = domain;
    return ST_OK;
}

enum st_err tenancy_unknown(struct ctx *c, struct tenant_id id)
{
    return ctx_fail(c, ST_BAD_REQUEST,
                    "AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and "
                    "tenantId combination not found: (%.*s, %.*s, %.*s)",
                    STR_ARG(id.cud), STR_ARG(id.app), STR_ARG(id.tenant));
}

enum st_err tenancy_unknown_app(struct ctx *c, struct tenant_id id)
{
    return ctx_fail(c, ST_BAD_REQUEST,
                    "AppId or tenantId not found => App with the following connectionURIDomain and appId "
                    "combination not found: (%.*s, %.*s)",
                    STR_ARG(id.cud), STR_ARG(id.app));
}

static bool others_inherit(struct tenant_id id)
{
    return str_is(id.app, STR("public")) && str_is(id.tenant, STR("public"));
}

void tenancy_changed(struct tenancy *t, struct tenant_id id)
{
    if (others_inherit(id))
        generation_bump_all(t->generations);
    else
        generation_changed(t->generations, GENERATION_TENANTS, generation_slot(id.app));
}

struct str tenancy_notify_payload(struct arena *a, struct tenant_id id)
{
    if (others_inherit(id))
        return STR(GENERATION_EVERYTHING);
    char *text = arena_alloc(a, 16);
    int n = generation_payload(text, 16, GENERATION_TENANTS, generation_slot(id.app));
    return (struct str){text, (size_t)n};
}

static bool is_first_factor(const struct tenant *t, struct str factor)
{
    for (size_t i = 0; i < t->nfirst_factors; i++)
        if (str_is(t->first_factors[i], factor))
            return true;
    return false;
}

bool tenant_offers(const struct tenant *t, bool flag, struct str factor, int cdi)
{
    if (cdi >= CDI_5_1)
        return true;
    bool by_factors =
        t->first_factors_null || (cdi >= CDI_5_0 ? t->nfirst_factors > 0 : is_first_factor(t, factor));
    return flag && by_factors;
}
