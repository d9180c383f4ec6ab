/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs of the stub service: those that need no recipes.
 */
#include "jobs.h"
#include "shared.h"

static enum st_err fill_key_stock(struct ctx *c, struct service *service, const struct child_setup *setup)
{
    (void)c;
    (void)service;
    (void)key_stock_fill(&setup->shared->key_stock, 1);
    return ST_OK;
}

const struct job jobs_table[] = {{"fill the key stock", 0, 1000, true, fill_key_stock}};
const unsigned jobs_table_size = 1;
