/* SPDX-License-Identifier: Apache-2.0
 *
 * The core door's operations as rows (spec: cdi-conventions 3 to 6). Each recipe has one table; core/routes.c
 * lists the tables. Dispatch, 404, 405, versions, scopes, API keys and input come from the rows.
 */
#ifndef ST_CORE_ROUTE_H
#define ST_CORE_ROUTE_H

#include "http/cdi.h"
#include "http/exchange.h"
#include "http/fields.h"
#include "tenancy/tenancy.h"

struct service;

enum route_scope {
    SCOPE_TENANT,    /* the path's tenant; unknown: 400 */
    SCOPE_APP,       /* the app's public tenant; a tenant in the path is 403 from CDI 5.0, ignored before */
    SCOPE_APP_LOOSE, /* the app's public tenant; a tenant in the path is ignored */
    SCOPE_NONE,      /* the handler looks for itself; call->tenant is NULL */
};

enum route_flag {
    ROUTE_NO_API_KEY = 1,
    ROUTE_ANY_VERSION = 2, /* answers also when the version is none of the supported ones */
    ROUTE_RID = 4,         /* one of several handlers of this path, chosen by the rId header */
};

/* State of one call of the core door; in the exchange's arena, as exchange.door. */
struct core_call {
    struct exchange *x;
    struct ctx *c; /* &x->ctx */
    struct service *service;
    const struct route *route;
    struct cdi_choice version;
    int cdi;                          /* version.number */
    struct tenant_id path;            /* as the path and the Host header say; may not exist */
    const struct tenant *app;         /* public tenant of the path's app, NULL when it does not exist */
    const struct tenant *path_tenant; /* NULL when it does not exist */
    bool shows_saas_secret;           /* the request's API key is supertokens_saas_secret */
    bool needs_version, count;        /* for the log line and the statistics */
    bool is_hello; /* the root handler was reached by a path that names at most app and tenant */
    const struct tenant *tenant; /* by the route's scope */
    void *in;                    /* the route's fields, read */
    struct json_out
        out;     /* the answer: an object is open, the dispatcher closes it; unused when x->rs is set */
    void *state; /* of a handler that is suspended */
};

typedef enum st_err route_handler(struct core_call *k);

struct route {
    const char *path; /* lower case, "/recipe/signup"; NULL ends a table */
    enum http_method method;
    enum route_scope scope;
    int since, until; /* CDI versions, inclusive, 0 = no limit; outside: 404 */
    unsigned flags;
    const char *rid; /* with ROUTE_RID */
    const struct field *fields;
    size_t in_size;
    route_handler *check; /* rules of the fields that come before the scope; NULL: none */
    route_handler *handler;
    size_t max_body; /* bytes; 0: fcgi_max_body */

    /* For the reference (core/reference.h). */
    const char *help;           /* one sentence */
    const char *statuses;       /* of the answer, with spaces between; NULL: the answer has none */
    const struct field *itself; /* what the handler reads itself, where .fields cannot say it */
};

/* For handlers. */
static inline void answer_status(struct core_call *k, const char *status)
{
    json_add_str(&k->out, "status", str_of(status));
}

/* For SCOPE_NONE handlers whose scope depends on their input: sets k->tenant, or fails as the dispatcher
 * would. */
enum st_err core_use_scope(struct core_call *k, enum route_scope scope) ST_MUST_CHECK;

/* The tables of all recipes, NULL-terminated. */
extern const struct route *const core_route_tables[];
extern const char *const core_route_titles[]; /* of each table */

/* Once in a process, before and after everything else of the core door. False: out of memory. */
bool core_open(void);
void core_close(void);

/* An index over the rows. NULL: out of memory. */
struct router *router_new(const struct route *const *tables);
void router_free(struct router *r);

struct route_match {
    const struct route
        *rows[HTTP_OTHER];  /* by method; NULL: not declared. With ROUTE_RID: for the given rid */
    const char *path;       /* "" for the root handler */
    bool is_hello;          /* root handler: the path names an app, a tenant or nothing */
    struct str app, tenant; /* "public" when the path names none */
};

/* PATH without base path, lower-cased. */
void router_match(const struct router *r, struct str path, struct str rid, struct route_match *out);

/* Serves one exchange of the core door; ST_SUSPENDED as exchange_await says. */
enum st_err core_begin(struct service *s, struct exchange *x) ST_MUST_CHECK;
/* Writes the answer that belongs to ERR, or the handler's, and counts and logs the request. */
void core_finish(struct exchange *x, enum st_err err);

#endif
