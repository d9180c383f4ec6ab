/* SPDX-License-Identifier: Apache-2.0 */
#include "reference/operation.h"

#include "auth/route.h"
#include "core/route.h"

static const char *const methods[HTTP_OTHER] = {
    [HTTP_GET] = "GET",   [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",     [HTTP_DELETE] = "DELETE",
    [HTTP_HEAD] = "HEAD", [HTTP_OPTIONS] = "OPTIONS", [HTTP_PATCH] = "PATCH", [HTTP_TRACE] = "TRACE",
};

static const struct parameter_form {
    const char *type, *note;
    bool in_query, nullable, texts;
} core_forms[] =
    {
        [FIELD_STRING] = {.type = "string"},
        [FIELD_STRING_OR_NULL] = {.type = "string", .nullable = true},
        [FIELD_BOOL] = {.type = "boolean"},
        [FIELD_LONG] = {.type = "integer"},
        [FIELD_OBJECT] = {.type = "object"},
        [FIELD_OBJECT_OR_NULL] = {.type = "object", .nullable = true},
        [FIELD_ARRAY] = {.type = "array"},
        [FIELD_STRINGS] = {.type = "array", .texts = true},
        [FIELD_STRINGS_OR_NULL] = {.type = "array", .texts = true, .nullable = true},
        [QUERY_STRING] = {.type = "string", .in_query = true},
        [QUERY_LONG] = {.type = "integer", .in_query = true},
        [QUERY_INT] = {.type = "integer", .note = "32 bits", .in_query = true},
        [QUERY_BOOL] = {.type = "boolean", .in_query = true},
},
  auth_forms[] = {
      [AUTH_STRING] = {.type = "string"},
      [AUTH_ANY] = {.type = NULL},
      [AUTH_QUERY_STRING] = {.type = "string", .in_query = true},
};

static struct parameter *add(struct operation *op, const struct parameter_form *form, const char *name)
{
    if (op->nparameters == OPERATION_PARAMETERS)
        return NULL;
    struct parameter *p = &op->parameters[op->nparameters++];
    *p = (struct parameter){.name = name,
                            .type = form->type,
                            .note = form->note,
                            .in_query = form->in_query,
                            .nullable = form->nullable,
                            .texts = form->texts};
    return p;
}

static void add_core_fields(struct operation *op, const struct field *fields)
{
    for (const struct field *f = fields; f && f->type != FIELDS_END_MARK; f++) {
        struct parameter *p = add(op, &core_forms[f->type], f->name);
        if (!p)
            return;
        p->required = !f->optional;
        p->since = f->since;
        p->until = f->until;
        p->max_bytes = f->max_bytes;
    }
}

void operations_of_core(operation_fn *each, void *context)
{
    static const char *const scopes[] = {
        [SCOPE_TENANT] = "tenant", [SCOPE_APP] = "app", [SCOPE_APP_LOOSE] = "app", [SCOPE_NONE] = NULL};
    for (size_t i = 0; core_route_tables[i]; i++)
        for (const struct route *row = core_route_tables[i]; row->path; row++) {
            struct operation op = {
                .door = "core",
                .group = core_route_titles[i],
                .method = methods[row->method],
                .path = row->path[0] ? row->path : "/",
                .rid = row->rid,
                .help = row->help,
                .statuses = row->statuses,
                .scope = scopes[row->scope],
                .since = row->since,
                .until = row->until,
                .needs_api_key = !(row->flags & ROUTE_NO_API_KEY),
            };
            add_core_fields(&op, row->fields);
            add_core_fields(&op, row->itself);
            each(context, &op);
        }
}

void operations_of_auth(operation_fn *each, void *context)
{
    static const char *const sessions[] = {[AUTH_SESSION_IGNORED] = NULL,
                                           [AUTH_SESSION_REQUIRED] = "required",
                                           [AUTH_SESSION_OPTIONAL] = "optional",
                                           [AUTH_SESSION_BY_LINKING_FLAG] = "optional"};
    for (size_t i = 0; auth_route_tables[i]; i++)
        for (const struct auth_route *row = auth_route_tables[i]; row->path; row++) {
            struct operation op = {
                .door = "auth",
                .group = auth_route_titles[i],
                .method = methods[row->method],
                .path = row->path,
                .rid = row->rid,
                .help = row->help,
                .statuses = row->statuses,
                .scope = "tenant",
                .takes_form = row->body == AUTH_FORM_BODY,
                .session = sessions[row->session],
            };
            for (const struct auth_field *f = row->fields; f && f->type != AUTH_FIELDS_END; f++) {
                struct parameter *p = add(&op, &auth_forms[f->type], f->name);
                if (p)
                    p->required = f->missing != NULL;
            }
            each(context, &op);
        }
}
