/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth door's operations as rows (spec: fdi 2, 4, 6). Each recipe has one table; auth/routes.c lists the
 * tables. The routes that a site has are those of its recipes. Dispatch, tenants in the path, bodies and the
 * session that a route needs come from the rows.
 */
#ifndef ST_AUTH_ROUTE_H
#define ST_AUTH_ROUTE_H

#include "auth/session.h"
#include "http/exchange.h"
#include "json/json.h"
#include "site/site.h"
#include "tenancy/tenancy.h"

struct service;

enum auth_body {
    AUTH_NO_BODY,   /* what is sent is ignored */
    AUTH_JSON_BODY, /* k->body; an empty one is {} */
    AUTH_FORM_BODY, /* k->body: an object of strings, arrays for repeated names */
};

/* Members of the body, or query parameters. The 400 texts differ from route to route, so they stand in the
 * rows. */
enum auth_field_type {
    AUTH_FIELDS_END,
    AUTH_STRING,       /* struct str of the body */
    AUTH_ANY,          /* json_object * of the body; JSON null counts as absent */
    AUTH_QUERY_STRING, /* struct str; a repeated parameter counts as absent */
};

struct auth_field {
    const char *name;
    enum auth_field_type type;
    size_t offset;       /* of the value in the handler's struct; left as it is when absent */
    const char *missing; /* text of the 400 when it is absent or null; NULL: optional */
    const char *wrong;   /* text of the 400 for another type; NULL: like absent */
};

/* The flag F of fdi-linking 1. */
enum auth_linking { AUTH_LINKING_UNDEFINED, AUTH_LINKING_FALSE, AUTH_LINKING_TRUE };

/* State of one call of the auth door; in the exchange's arena, as exchange.door. */
struct auth_call {
    struct exchange *x;
    struct ctx *c; /* &x->ctx */
    struct service *service;
    const struct site *site;
    const struct auth_route *route;
    const struct tenant *app;    /* public tenant of the site's app */
    const struct tenant *tenant; /* of the path, "public" when it names none; with
                                    AUTH_SESSION_BY_LINKING_FLAG the session's where there is one */
    bool counts;                 /* in GET /requests/stats */
    int fdi;                     /* largest of fdi-version, major * 100 + minor; newest when there is none */
    json_object *body;
    void *in;                         /* the route's fields, read */
    enum auth_linking linking;        /* what the body says of shouldTryLinkingWithSessionUser */
    struct auth_session *session;     /* of the request, once it has been loaded, or a new one; NULL: none */
    struct auth_transport *transport; /* tokens in and out of this exchange (auth/transport.h) */
    struct json_out
        out;     /* the answer: an object is open, the dispatcher closes it; unused when x->rs is set */
    void *state; /* of a handler that waits */
};

typedef enum st_err auth_handler(struct auth_call *k);

struct auth_route {
    const char *path; /* below the base path, "/signin"; NULL ends a table */
    enum http_method method;
    enum site_recipe recipe;
    const char *rid; /* that chooses between two rows of one path; NULL: the recipe's own */
    enum auth_body body;
    const struct auth_field *fields;
    size_t in_size;
    enum auth_session_need session; /* loaded before the handler runs */
    auth_handler *handler;

    /* For the reference (auth/reference.h). */
    const char *help;     /* one sentence */
    const char *statuses; /* of the answer, with spaces between; NULL: the answer has none */
};

/* For handlers. */
static inline void auth_status(struct auth_call *k, const char *status)
{
    json_add_str(&k->out, "status", str_of(status));
}
/* {"status":STATUS,"reason":REASON}, REASON ending with the code of fdi-linking 8. */
void auth_refuse(struct auth_call *k, const char *status, const char *reason);

/* The largest element of a fdi-version header (spec: fdi 5) as major * 100 + minor. */
enum { AUTH_FDI_LINKING = 301, AUTH_FDI_NEWEST = 402 };
int auth_fdi_largest(struct str header);

/* {"message":TEXT} with that status, instead of the handler's answer. Returns ST_ANSWERED. */
enum st_err auth_answer_message(struct auth_call *k, int status, struct str text) ST_MUST_CHECK;

/* Closes J, an open object, and makes it the answer. */
void auth_answer_json(struct exchange *x, int status, struct json_out *j);
/* {"message":..} with the status of ERR. */
void auth_answer_error(struct exchange *x, enum st_err err);

/* Members of an answer in the form of the call's FDI version (spec: fdi 5): "user", and whether the login
 * method is new. K's session is the user's. */
void auth_write_user(struct auth_call *k, const struct user *user);
void auth_write_created(struct auth_call *k, bool created);

extern const struct auth_route *const auth_route_tables[];
extern const char *const auth_route_titles[]; /* of each table */

/* A call of X's site, its app and transport set, but no route: for the verify door, which uses the session
 * functions too. It becomes x->door. */
enum st_err auth_call_new(struct service *s, struct exchange *x, struct auth_call **out) ST_MUST_CHECK;

/* Serves one exchange of the auth door; ST_SUSPENDED as exchange_await says. */
enum st_err auth_begin(struct service *s, struct exchange *x) ST_MUST_CHECK;
/* Writes the answer that belongs to ERR, or the handler's. */
void auth_finish(struct exchange *x, enum st_err err);

#endif
