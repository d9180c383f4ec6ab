/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/measure.h"

#include "base/clock.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"
#include "tenancy/all_databases.h"

enum { PENDING, PENDING_OLDEST, GIVEN_UP, GIVEN_UP_OLDEST, NUMBERS };

static enum st_err add(struct ctx *c, struct db *db, int64_t sum[NUMBERS])
{
    const PGresult *r;
    ST_TRY(db_run_one(c, db, &r, DB_CALL(STMT_ops_deliveries)));
    for (int i = 0; i < NUMBERS; i++) {
        int64_t n = db_int(r, 0, i);
        if (i == PENDING || i == GIVEN_UP)
            sum[i] += n;
        else if (n * 1000 > sum[i])
            sum[i] = n * 1000; /* ages in microseconds */
    }
    return ST_OK;
}

enum st_err measure_deliveries(struct ctx *c, struct service *s)
{
    struct all_databases *databases = ARENA_NEW(c->arena, struct all_databases);
    struct metrics *m = &service_shared(s)->metrics;
    int64_t sum[NUMBERS] = {0};
    ST_TRY(tenancy_all_databases(c, service_tenancy(s), databases));
    for (size_t i = 0; i < databases->n; i++)
        ST_TRY(add(c, databases->v[i]->db, sum));
    for (int i = 0; i < NUMBERS; i++)
        atomic_store(&m->deliveries[i], sum[i]);
    atomic_store(&m->deliveries_ms, clock_now_ms());
    return ST_OK;
}
