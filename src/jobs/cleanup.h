/* SPDX-License-Identifier: Apache-2.0
 *
 * Housekeeping that the jobs process runs on the leading node: what has expired is removed from every
 * database of the service (spec: cdi-session 1.3, cdi-emailpassword 4, cdi-emailverification; db-schema 8).
 */
#ifndef ST_JOBS_CLEANUP_H
#define ST_JOBS_CLEANUP_H

#include "base/ctx.h"

struct service;

enum st_err cleanup_sessions(struct ctx *c, struct service *s) ST_MUST_CHECK;
enum st_err cleanup_reset_tokens(struct ctx *c, struct service *s) ST_MUST_CHECK;
enum st_err cleanup_verification_tokens(struct ctx *c, struct service *s) ST_MUST_CHECK;
enum st_err cleanup_signing_keys(struct ctx *c, struct service *s) ST_MUST_CHECK;
enum st_err cleanup_deliveries(struct ctx *c, struct service *s) ST_MUST_CHECK; /* mails and webhooks */
enum st_err cleanup_partitions(struct ctx *c,
                               struct service *s) ST_MUST_CHECK; /* of activity_log: makes the next ones */

#endif
