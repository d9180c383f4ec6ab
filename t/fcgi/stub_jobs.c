/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs of the stub service: those that need no recipes.
 */
#include "jobs.h"
#include "runtime/shared.h"

static enum st_err fill_key_stock(struct ctx *c, struct service *service, const struct child_setup *setup)
{
    (void)c;
    (void)service;
    (void)key_stock_fill(&setup->shared->key_stock, 1);
    return ST_OK;
}

/* Shown by /generations. */
static enum st_err count_runs(struct ctx *c, struct service *service, const struct child_setup *setup)
{
    (void)c;
    (void)service;
    generation_bump(&setup->shared->generations, GENERATION_KEYS, 0);
    return ST_OK;
}

const struct job jobs_table[] = {
    {"fill the key stock", 0, 1000, true, fill_key_stock},
    {"count", 0, 100, false, count_runs},
};
const unsigned jobs_table_size = sizeof jobs_table / sizeof jobs_table[0];

const struct job_thread job_threads[] = {{0}};
