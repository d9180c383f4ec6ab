/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs that look into the databases for GET /metrics.
 */
#ifndef ST_JOBS_MEASURE_H
#define ST_JOBS_MEASURE_H

#include "base/ctx.h"

struct service;

/* Mails and webhooks that are on their way or were given up, in all databases. */
enum st_err measure_deliveries(struct ctx *c, struct service *s) ST_MUST_CHECK;

#endif
