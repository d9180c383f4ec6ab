/* SPDX-License-Identifier: Apache-2.0
 *
 * When a user was last active (spec: cdi-misc 1): written at most every 5 minutes per user and process. The
 * memory of recent writes is a fixed table; two users that meet in one place only cause a write more.
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "users/user.h"

enum { PLACES = 1 << 16, INTERVAL_MS = 5 * 60 * 1000 };

/* Hash of the user (upper 32 bits) and monotonic second of the write (lower 32 bits). */
static _Atomic uint64_t recent[PLACES];

static uint64_t hash_of(struct tenant_id app, struct str user_id)
{
    return str_hash(user_id, str_hash(app.app, str_hash(app.cud, 4)));
}

bool user_activity_due(struct tenant_id app, struct str user_id)
{
    uint64_t hash = hash_of(app, user_id);
    uint64_t second = (uint64_t)clock_monotonic_ms() / 1000;
    _Atomic uint64_t *place = &recent[hash % PLACES];
    uint64_t known = atomic_load_explicit(place, memory_order_relaxed);
    bool recently = known >> 32 == hash >> 32 && second - (known & 0xFFFFFFFF) < INTERVAL_MS / 1000;
    if (recently)
        return false;
    atomic_store_explicit(place, (hash >> 32) << 32 | second, memory_order_relaxed);
    return true;
}

void user_activity_forget(struct tenant_id app, struct str user_id)
{
    atomic_store_explicit(&recent[hash_of(app, user_id) % PLACES], 0, memory_order_relaxed);
}

struct db_call user_active_call(struct str app, struct str id)
{
    return DB_CALL(STMT_user_active, db_str(app), db_str(id), db_i64(clock_now_ms()));
}

struct db_call user_event_call(const struct tenant *t, const struct user_event *e)
{
    return DB_CALL(STMT_user_event, db_str(t->id.app), db_str(t->id.tenant), db_str(e->recipe_user),
                   db_str(e->user), db_str(str_of(e->type)), db_str(e->principal), db_str(e->identifier),
                   db_i64(clock_now_ms()));
}

void user_active_write(struct ctx *c, const struct tenant *app, struct str id)
{
    struct db_call call = user_active_call(app->id.app, id);
    if (db_run(c, app->db, &call, 1) == ST_OK)
        return;
    user_activity_forget(app->id, id);
    LOG_WARN(c, "the user's last activity could not be written");
}
