/* SPDX-License-Identifier: Apache-2.0
 *
 * The routes of all doors as numbers, for counting, made from their tables once in a process; the same in all
 * processes of one binary.
 */
#ifndef ST_OPS_ROUTES_H
#define ST_OPS_ROUTES_H

#include "http/exchange.h"

enum ops_door { OPS_CORE, OPS_AUTH, OPS_VERIFY, OPS_DENIED, OPS_OPS, OPS_NO_DOOR };

/* Their names: in ST_DOOR and in metrics. */
extern const char *const ops_doors[OPS_NO_DOOR + 1];

struct ops_route {
    const char *door, *path, *method;
};

/* Once in a process before its threads start. False: out of memory. */
bool ops_open(void);
void ops_close(void);

/* ROW: of the door's table, or NULL where none fits or the door has none. */
unsigned ops_route_number(enum ops_door door, enum http_method method, const void *row);
/* NULL: there is no route of this number. */
const struct ops_route *ops_route_of(unsigned number);

#endif
