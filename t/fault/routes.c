/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints every declared route, one a line: the door, the method, the path, and the recipe id that chooses it where there
 * are several of one path ("-" otherwise).
 */
#include <stdio.h>

#include "auth/route.h"
#include "core/route.h"
#include "ops/ops.h"

static const char *name_of(enum http_method method)
{
    static const char *const names[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"};
    return method < HTTP_OTHER ? names[method] : "-";
}

static void print(const char *door, enum http_method method, const char *path, const char *rid)
{
    printf("%s %s %s %s\n", door, name_of(method), *path ? path : "/", rid ? rid : "-");
}

int main(void)
{
    for (size_t i = 0; core_route_tables[i]; i++)
        for (const struct route *r = core_route_tables[i]; r->path; r++)
            print("core", r->method, r->path, r->rid);
    for (size_t i = 0; auth_route_tables[i]; i++)
        for (const struct auth_route *r = auth_route_tables[i]; r->path; r++)
            print("auth", r->method, r->path, r->rid);
    for (const struct ops_route_row *r = ops_routes; r->path; r++)
        print("ops", r->method, r->path, NULL);
    return 0;
}
