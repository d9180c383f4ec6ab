/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids of domains, apps and tenants (spec: cdi-multitenancy 1.1).
 */
#include "config/config.h"
#include "multitenancy/multitenancy.h"

enum { DOMAIN_MAX = 256 }; /* what the columns hold */

enum st_err multitenancy_read_domain(struct ctx *c, struct str in, struct str *out)
{
    char *text = arena_alloc(c->arena, in.n + 1);
    const char *wrong = config_normalise_cud(in, text);
    if (wrong)
        return ctx_fail(c, ST_BAD_REQUEST, "%s", wrong);
    *out = str_of(text);
    if (out->n > DOMAIN_MAX)
        return ctx_fail(c, ST_BAD_REQUEST, "connectionUriDomain can have at most %d characters", DOMAIN_MAX);
    return ST_OK;
}

static enum st_err read_id(struct ctx *c, const char *name, struct str in, struct str *out)
{
    char *text = arena_alloc(c->arena, in.n + 1);
    const char *wrong = config_normalise_id(in, text);
    *out = str_of(text);
    return wrong ? ctx_fail(c, ST_BAD_REQUEST, "%s %s", name, wrong) : ST_OK;
}

enum st_err multitenancy_read_app(struct ctx *c, struct str in, struct str *out)
{
    return read_id(c, "appId", in, out);
}

enum st_err multitenancy_read_tenant(struct ctx *c, struct str in, struct str *out)
{
    static const struct str reserved[] = {{"recipe", 6}, {"config", 6}, {"users", 5}, {"hello", 5}};
    ST_TRY(read_id(c, "tenantId", in, out));
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (str_is(*out, reserved[i]))
            return ctx_fail(c, ST_BAD_REQUEST, "Cannot use '%.*s' as a tenantId", STR_ARG(*out));
    return ST_OK;
}
