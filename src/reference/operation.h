/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of a route of either door, in one form.
 */
#ifndef ST_REFERENCE_OPERATION_H
#define ST_REFERENCE_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

enum { OPERATION_PARAMETERS = 32 };

struct parameter {
    const char *name;
    const char *type; /* of JSON Schema; NULL: any */
    const char *note; /* what the type does not say, or NULL */
    bool in_query, required, nullable, texts /* an array of strings */;
    int since, until; /* CDI versions; 0: no limit */
    size_t max_bytes; /* 0: no limit of its own */
};

struct operation {
    const char *door;  /* "core", "auth" */
    const char *group; /* the recipe's title */
    const char *method, *path, *rid, *help, *statuses;
    const char *scope; /* "tenant", "app"; NULL: what the input says */
    int since, until;
    bool needs_api_key, takes_form;
    const char *session; /* "required", "optional"; NULL: none */
    struct parameter parameters[OPERATION_PARAMETERS];
    size_t nparameters;
};

typedef void operation_fn(void *context, const struct operation *operation);

/* Calls EACH for every row, in the order of the tables. */
void operations_of_core(operation_fn *each, void *context);
void operations_of_auth(operation_fn *each, void *context);

#endif
