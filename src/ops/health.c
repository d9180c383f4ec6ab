/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the process answers (live), and whether it is of use (ready).
 */
#include "base/clock.h"
#include "db/schema.h"
#include "jwt/keys.h"
#include "ops/ops.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"

enum { LOOK_INTERVAL_MS = 1000, LOOK_LIMIT_MS = 2000 };

enum problem { NO_DATABASE = 1, NOT_MIGRATED = 2, NO_KEYS = 4, DRAINING = 8 };

static const struct {
    enum problem problem;
    const char *word;
} words[] = {
    {NO_DATABASE, "database"},
    {NOT_MIGRATED, "migrations"},
    {NO_KEYS, "keys"},
    {DRAINING, "draining"},
};

static void answer(struct exchange *x, int status, struct str text)
{
    x->rs.status = status;
    x->rs.content_type = "text/plain; charset=utf-8";
    x->rs.body = text;
}

enum st_err ops_live(struct service *s, struct exchange *x)
{
    (void)s;
    answer(x, 200, STR("live\n"));
    return ST_OK;
}

static enum problem database_problem(struct ctx *c, struct service *s)
{
    const PGresult *versions;
    enum st_err err = db_run_one(c, service_base_db(s), &versions, DB_CALL(STMT_ops_migrations));
    if (err == ST_UNAVAILABLE)
        return NO_DATABASE;
    return err == ST_OK && schema_is_complete(versions) ? 0 : NOT_MIGRATED;
}

/* Of the public app. Keys that are missing are made here, as any request would. */
static enum problem key_problem(struct ctx *c, struct service *s)
{
    const struct tenant *t;
    const struct key_set *set;
    if (tenancy_find(c, service_tenancy(s), TENANT_BASE, &t) != ST_OK)
        return NO_KEYS;
    struct key_rules rules = key_rules_of(t->config);
    enum st_err err = keys_current(c, t->keyring, t->db, &rules, KEYS_DYNAMIC | KEYS_STATIC, &set);
    return err == ST_OK ? 0 : NO_KEYS;
}

static void look(struct exchange *x, struct service *s, struct readiness *r)
{
    struct ctx *c = &x->ctx;
    int64_t deadline_ms = c->deadline_ms, limit = clock_monotonic_ms() + LOOK_LIMIT_MS;
    c->deadline_ms = limit < deadline_ms ? limit : deadline_ms;
    unsigned problems = database_problem(c, s);
    if (!problems)
        problems = key_problem(c, s);
    c->deadline_ms = deadline_ms;
    c->message = STR_NONE;
    atomic_store(&r->problems, problems);
    atomic_store(&r->known, true);
}

enum st_err ops_ready(struct service *s, struct exchange *x)
{
    struct readiness *r = &service_shared(s)->readiness;
    int64_t now = clock_monotonic_ms(), due = atomic_load(&r->next_ms);
    bool mine = now >= due && atomic_compare_exchange_strong(&r->next_ms, &due, now + LOOK_INTERVAL_MS);
    if (mine || !atomic_load(&r->known))
        look(x, s, r);
    unsigned problems = atomic_load(&r->problems);
    if (atomic_load(&r->draining))
        problems |= DRAINING;
    struct buf text = buf_in(&x->arena);
    buf_add(&text, problems ? STR("not ready:") : STR("ready"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (problems & words[i].problem)
            buf_printf(&text, " %s", words[i].word);
    buf_char(&text, '\n');
    answer(x, problems ? 503 : 200, buf_str(&text));
    return ST_OK;
}
