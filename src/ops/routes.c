/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers 0 ... are the doors times the methods, for requests without a row; then come the rows, table by
 * table. Rows of the same path and method (by rid, or by version) are one route.
 */
#include "ops/routes.h"

#include <stdlib.h>

#include "auth/route.h"
#include "base/metrics.h"
#include "core/route.h"
#include "ops/ops.h"

enum { DOORS = OPS_NO_DOOR + 1, METHODS = HTTP_OTHER + 1, FIRST_ROW = DOORS * METHODS, TABLES_MAX = 64 };

const char *const ops_doors[DOORS] = {"core", "auth", "verify", "denied", "ops", "none"};
static const char *const methods[METHODS] = {"GET",     "POST",  "PUT",   "DELETE", "HEAD",
                                             "OPTIONS", "PATCH", "TRACE", "OTHER"};

/* Where a table of rows lies in memory, and the numbers of its rows. */
struct table {
    uintptr_t first, end;
    size_t row_size;
    uint16_t *numbers;
};

static struct ops_route *routes;
static uint16_t *numbers; /* of all rows, one behind the other */
static unsigned nroutes, nnumbers;
static struct table tables[TABLES_MAX];
static unsigned ntables;

static uint16_t add_route(enum ops_door door, enum http_method method, const char *path)
{
    struct ops_route r = {ops_doors[door], *path ? path : "/", methods[method]};
    for (unsigned i = FIRST_ROW; i < nroutes; i++)
        if (routes[i].door == r.door && routes[i].method == r.method && strcmp(routes[i].path, r.path) == 0)
            return (uint16_t)i;
    if (nroutes == METRICS_ROUTES - 1)
        return METRICS_ROUTES - 1;
    routes[nroutes] = r;
    return (uint16_t)nroutes++;
}

static void open_table(const void *first, size_t row_size)
{
    tables[ntables] =
        (struct table){.first = (uintptr_t)first, .row_size = row_size, .numbers = numbers + nnumbers};
}

static void close_table(const void *end)
{
    tables[ntables++].end = (uintptr_t)end;
}

#define ADD_TABLE(DOOR, ROWS)                                                                                \
    do {                                                                                                     \
        const __typeof__(*(ROWS)) *row_ = (ROWS);                                                            \
        open_table(row_, sizeof *row_);                                                                      \
        for (; row_->path && nnumbers < METRICS_ROUTES; row_++)                                              \
            numbers[nnumbers++] = add_route((DOOR), row_->method, row_->path);                               \
        close_table(row_);                                                                                   \
    } while (0)

bool ops_open(void)
{
    routes = calloc(METRICS_ROUTES, sizeof *routes);
    numbers = calloc(METRICS_ROUTES, sizeof *numbers);
    if (!routes || !numbers)
        return false;
    for (nroutes = 0; nroutes < FIRST_ROW; nroutes++)
        routes[nroutes] =
            (struct ops_route){ops_doors[nroutes / METHODS], "none", methods[nroutes % METHODS]};
    routes[METRICS_ROUTES - 1] = (struct ops_route){"none", "further routes", "OTHER"};
    nnumbers = ntables = 0;
    for (size_t i = 0; core_route_tables[i] && ntables < TABLES_MAX; i++)
        ADD_TABLE(OPS_CORE, core_route_tables[i]);
    for (size_t i = 0; auth_route_tables[i] && ntables < TABLES_MAX; i++)
        ADD_TABLE(OPS_AUTH, auth_route_tables[i]);
    if (ntables < TABLES_MAX)
        ADD_TABLE(OPS_OPS, ops_routes);
    return true;
}

void ops_close(void)
{
    free(routes);
    free(numbers);
    routes = NULL;
    numbers = NULL;
}

unsigned ops_route_number(enum ops_door door, enum http_method method, const void *row)
{
    uintptr_t at = (uintptr_t)row;
    for (unsigned i = 0; row && i < ntables; i++)
        if (at >= tables[i].first && at < tables[i].end)
            return tables[i].numbers[(at - tables[i].first) / tables[i].row_size];
    return (unsigned)door * METHODS + (unsigned)method;
}

const struct ops_route *ops_route_of(unsigned number)
{
    return routes && number < METRICS_ROUTES && routes[number].door ? &routes[number] : NULL;
}
