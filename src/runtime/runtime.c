/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config/config.h"
#include "crypto/verified_tokens.h"
#include "jwt/keys.h"
#include "runtime/shared.h"
#include "thirdparty/documents.h"

enum { HELLO_BUCKETS = 64, HELLO_BURST = 5, HELLO_REFILL_MS = 200 };

struct hello_bucket { /* apps share buckets by hash: it only limits how often the database is looked at */
    int tokens;
    int64_t granted_ms;
};

struct service {
    const struct config *base;
    const struct sites *sites;
    struct shared *shared;
    struct db *db;
    struct tenancy *tenancy;
    struct verified_tokens *verified;
    struct documents *documents;
    pthread_mutex_t hello_lock;
    struct hello_bucket hello[HELLO_BUCKETS];
};

static struct keyring *new_keyring(void *context, struct tenant_id app)
{
    struct service *s = context;
    return keyring_new(app.app, &s->shared->generations, &s->shared->key_stock);
}

struct service *runtime_open(const struct config *base, const struct sites *sites, struct shared *shared)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    const struct tenancy_hooks hooks = {new_keyring, keyring_ref, keyring_unref, s};
    s->base = base;
    s->sites = sites;
    s->shared = shared;
    pthread_mutex_init(&s->hello_lock, NULL);
    deliver_use(&shared->deliver);
    s->db = db_open(base);
    s->tenancy = s->db ? tenancy_new(base, s->db, &shared->generations, &hooks) : NULL;
    s->verified = verified_tokens_new();
    s->documents = documents_new();
    if (s->tenancy && s->verified && s->documents)
        return s;
    runtime_close(s);
    return NULL;
}

void runtime_close(struct service *s)
{
    if (!s)
        return;
    documents_free(s->documents);
    verified_tokens_free(s->verified);
    tenancy_free(s->tenancy);
    if (s->db)
        db_close(s->db);
    pthread_mutex_destroy(&s->hello_lock);
    free(s);
}

struct tenancy *service_tenancy(struct service *s)
{
    return s->tenancy;
}

struct shared *service_shared(struct service *s)
{
    return s->shared;
}

const struct config *service_base_config(struct service *s)
{
    return s->base;
}

struct db *service_base_db(struct service *s)
{
    return s->db;
}

const struct sites *service_sites(struct service *s)
{
    return s->sites;
}

struct verified_tokens *service_verified_tokens(struct service *s)
{
    return s->verified;
}

struct documents *service_documents(struct service *s)
{
    return s->documents;
}

bool service_take_hello_token(struct service *s, struct tenant_id app)
{
    struct hello_bucket *b = &s->hello[str_hash(app.app, str_hash(app.cud, 3)) % HELLO_BUCKETS];
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&s->hello_lock);
    int64_t refill = (now - b->granted_ms) / HELLO_REFILL_MS;
    b->tokens = refill > HELLO_BURST - b->tokens ? HELLO_BURST : b->tokens + (int)refill;
    bool granted = b->tokens > 0;
    if (granted) {
        b->tokens--;
        b->granted_ms = now;
    }
    pthread_mutex_unlock(&s->hello_lock);
    return granted;
}
