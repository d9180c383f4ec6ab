/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations door: what monitoring asks (doc/monitoring.md). nginx lets only those in whom its
 * configuration names (nginx/ops-door.conf); nothing here is about users.
 */
#ifndef ST_OPS_OPS_H
#define ST_OPS_OPS_H

#include "http/exchange.h"

struct service;

typedef enum st_err ops_handler(struct service *s, struct exchange *x);

struct ops_route_row {
    const char *path; /* at the end of the request's path, whatever is in front; NULL ends the table */
    enum http_method method;
    ops_handler *handler;
};

extern const struct ops_route_row ops_routes[];

enum st_err ops_begin(struct service *s, struct exchange *x) ST_MUST_CHECK;
void ops_finish(struct exchange *x, enum st_err err);

/* The handlers. */
enum st_err ops_metrics(struct service *s, struct exchange *x) ST_MUST_CHECK; /* exposition.c */
enum st_err ops_live(struct service *s, struct exchange *x) ST_MUST_CHECK;    /* health.c */
enum st_err ops_ready(struct service *s, struct exchange *x) ST_MUST_CHECK;

#endif
