/* SPDX-License-Identifier: Apache-2.0
 *
 * In an OpenAPI document a path is one object with its methods, and a method is one operation: rows are
 * gathered first, and those that only the rid header tells apart are merged.
 */
#include <ctype.h>
#include <string.h>

#include "json/write.h"
#include "reference/operation.h"
#include "reference/reference.h"
#include "version.h"

enum { OPERATIONS_MAX = 512 };

struct gathered {
    struct operation *v;
    size_t n;
};

static bool same(const struct operation *a, const struct operation *b)
{
    return strcmp(a->method, b->method) == 0 && strcmp(a->path, b->path) == 0;
}

static bool has(const struct operation *op, const char *name)
{
    for (size_t i = 0; i < op->nparameters; i++)
        if (strcmp(op->parameters[i].name, name) == 0)
            return true;
    return false;
}

/* Which fields belong together depends on the rid, so that none of them is required of all. */
static void merge(struct operation *into, const struct operation *op)
{
    for (size_t i = 0; i < op->nparameters && into->nparameters < OPERATION_PARAMETERS; i++)
        if (!has(into, op->parameters[i].name))
            into->parameters[into->nparameters++] = op->parameters[i];
    for (size_t i = 0; i < into->nparameters; i++)
        into->parameters[i].required = false;
}

static void gather(void *context, const struct operation *op)
{
    struct gathered *g = context;
    for (size_t i = 0; i < g->n; i++)
        if (same(&g->v[i], op)) {
            merge(&g->v[i], op);
            return;
        }
    if (g->n < OPERATIONS_MAX)
        g->v[g->n++] = *op;
}

static void add_type(struct json_out *j, const struct parameter *p)
{
    if (p->type && p->nullable) {
        const struct str types[] = {str_of(p->type), STR("null")};
        json_add_strs(j, "type", types, 2);
    } else if (p->type) {
        json_add_str(j, "type", str_of(p->type));
    }
    if (p->texts) {
        json_open(j, "items", '{');
        json_add_str(j, "type", STR("string"));
        json_close(j, '}');
    }
    if (p->max_bytes)
        json_add_i64(j, "maxLength", (int64_t)p->max_bytes);
}

static void add_query(struct json_out *j, const struct operation *op)
{
    json_open(j, "parameters", '[');
    for (size_t i = 0; i < op->nparameters; i++) {
        const struct parameter *p = &op->parameters[i];
        if (!p->in_query)
            continue;
        json_open(j, NULL, '{');
        json_add_str(j, "name", str_of(p->name));
        json_add_str(j, "in", STR("query"));
        json_add_bool(j, "required", p->required);
        json_open(j, "schema", '{');
        add_type(j, p);
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void add_properties(struct json_out *j, const struct operation *op)
{
    json_add_str(j, "type", STR("object"));
    json_open(j, "properties", '{');
    for (size_t i = 0; i < op->nparameters; i++)
        if (!op->parameters[i].in_query) {
            json_open(j, op->parameters[i].name, '{');
            add_type(j, &op->parameters[i]);
            json_close(j, '}');
        }
    json_close(j, '}');
    json_open(j, "required", '[');
    for (size_t i = 0; i < op->nparameters; i++)
        if (!op->parameters[i].in_query && op->parameters[i].required)
            json_add_str(j, NULL, str_of(op->parameters[i].name));
    json_close(j, ']');
}

static void add_body(struct json_out *j, const struct operation *op)
{
    bool any = false;
    for (size_t i = 0; i < op->nparameters; i++)
        any = any || !op->parameters[i].in_query;
    if (!any)
        return;
    json_open(j, "requestBody", '{');
    json_open(j, "content", '{');
    json_open(j, op->takes_form ? "application/x-www-form-urlencoded" : "application/json", '{');
    json_open(j, "schema", '{');
    add_properties(j, op);
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, '}');
}

/* The members of 200 other than `status` are those of the official interface. */
static void add_answers(struct json_out *j, const struct operation *op)
{
    json_open(j, "responses", '{');
    json_open(j, "200", '{');
    json_add_str(j, "description", STR("answered"));
    if (op->statuses) {
        json_open(j, "content", '{');
        json_open(j, "application/json", '{');
        json_open(j, "schema", '{');
        json_add_str(j, "type", STR("object"));
        json_open(j, "properties", '{');
        json_open(j, "status", '{');
        json_open(j, "enum", '[');
        for (const char *at = op->statuses; *at;) {
            size_t n = strcspn(at, " ");
            json_add_str(j, NULL, (struct str){at, n});
            at += n + (at[n] == ' ');
        }
        json_close(j, ']');
        for (int i = 0; i < 5; i++)
            json_close(j, '}');
    }
    json_close(j, '}');
    json_open(j, "400", '{');
    json_add_str(j, "description", STR("a field is missing or wrong"));
    json_close(j, '}');
    json_close(j, '}');
}

static void add_operation(struct json_out *j, const struct operation *op)
{
    char method[16] = "";
    for (size_t i = 0; op->method[i] && i < sizeof method - 1; i++)
        method[i] = (char)tolower((unsigned char)op->method[i]);
    json_open(j, method, '{');
    const struct str tag = str_of(op->group);
    json_add_strs(j, "tags", &tag, 1);
    json_add_str(j, "summary", str_of(op->help));
    add_query(j, op);
    add_body(j, op);
    add_answers(j, op);
    json_open(j, "security", '[');
    if (op->needs_api_key || op->session) {
        json_open(j, NULL, '{');
        json_open(j, op->session ? "session" : "api-key", '[');
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void add_paths(struct json_out *j, const struct gathered *g)
{
    json_open(j, "paths", '{');
    for (size_t i = 0; i < g->n; i++) {
        bool seen = false;
        for (size_t before = 0; before < i; before++)
            seen = seen || strcmp(g->v[before].path, g->v[i].path) == 0;
        if (seen)
            continue;
        json_open(j, g->v[i].path, '{');
        for (size_t k = i; k < g->n; k++)
            if (strcmp(g->v[k].path, g->v[i].path) == 0)
                add_operation(j, &g->v[k]);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void add_security(struct json_out *j)
{
    json_open(j, "components", '{');
    json_open(j, "securitySchemes", '{');
    json_open(j, "api-key", '{');
    json_add_str(j, "type", STR("apiKey"));
    json_add_str(j, "in", STR("header"));
    json_add_str(j, "name", STR("api-key"));
    json_close(j, '}');
    json_open(j, "session", '{');
    json_add_str(j, "type", STR("apiKey"));
    json_add_str(j, "in", STR("cookie"));
    json_add_str(j, "name", STR("sAccessToken"));
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, '}');
}

static void write_document(FILE *out, const char *title, void (*rows)(operation_fn *, void *))
{
    struct arena arena;
    arena_init(&arena);
    struct gathered g = {.v = ARENA_ARRAY(&arena, OPERATIONS_MAX, struct operation)};
    rows(gather, &g);
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "openapi", STR("3.1.0"));
    json_open(&j, "info", '{');
    json_add_str(&j, "title", str_of(title));
    json_add_str(&j, "version", STR(PACKAGE_VERSION));
    json_close(&j, '}');
    add_paths(&j, &g);
    add_security(&j);
    json_close(&j, '}');
    struct str text = json_done(&j);
    fwrite(text.p, 1, text.n, out);
    fputc('\n', out);
    arena_free(&arena);
}

void reference_write_core_openapi(FILE *out)
{
    write_document(out, "supertokens-fcgi core door", operations_of_core);
}

void reference_write_auth_openapi(FILE *out)
{
    write_document(out, "supertokens-fcgi auth door", operations_of_auth);
}
