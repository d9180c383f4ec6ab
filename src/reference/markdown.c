/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/cdi.h"
#include "reference/operation.h"
#include "reference/reference.h"

struct page {
    FILE *out;
    const char *group, *path, *help; /* of what was written last */
};

static void write_version(FILE *out, int number)
{
    fprintf(out, "%d.%d", number / 100, number % 100);
}

static void write_versions(FILE *out, const char *before, int since, int until)
{
    if (!since && !until)
        return;
    fputs(before, out);
    if (since)
        fputs("from CDI ", out), write_version(out, since);
    if (until)
        fputs(since ? " to " : "to CDI ", out), write_version(out, until);
}

static void write_parameter(FILE *out, const struct parameter *p)
{
    fprintf(out, "| `%s` | %s%s%s%s | %s | %s", p->name, p->type ? p->type : "any",
            p->texts ? " of strings" : "", p->nullable ? " or null" : "", p->in_query ? ", query" : "",
            p->required ? "yes" : "no", p->note ? p->note : "");
    if (p->max_bytes)
        fprintf(out, "%sat most %zu bytes", p->note ? ", " : "", p->max_bytes);
    write_versions(out, p->note || p->max_bytes ? ", " : "", p->since, p->until);
    fputs(" |\n", out);
}

static void write_parameters(FILE *out, const struct operation *op)
{
    if (!op->nparameters)
        return;
    fputs("\n| Field | Type | Required | |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < op->nparameters; i++)
        write_parameter(out, &op->parameters[i]);
}

/* "OK A B" as `OK`, `A`, `B`. */
static void write_statuses(FILE *out, const char *statuses)
{
    fputs(" Status: ", out);
    for (const char *at = statuses; *at;) {
        size_t n = strcspn(at, " ");
        fprintf(out, "%s`%.*s`", at == statuses ? "" : ", ", (int)n, at);
        at += n + (at[n] == ' ');
    }
    fputs(".", out);
}

/* What holds for the whole operation, as sentences of one line; nothing where there is nothing to say. */
static void write_circumstances(FILE *out, const struct operation *op)
{
    const char *gap = "";
    bool core = strcmp(op->door, "core") == 0;
    if (core && op->scope)
        fprintf(out, "Of the %s in the path.", op->scope), gap = " ";
    if (core && !op->needs_api_key)
        fprintf(out, "%sNeeds no API key.", gap), gap = " ";
    if (op->since || op->until) {
        fputs(gap, out);
        write_versions(out, "Exists ", op->since, op->until);
        fputs(".", out), gap = " ";
    }
    if (op->session)
        fprintf(out, "%sSession: %s.", gap, op->session), gap = " ";
    if (op->takes_form)
        fprintf(out, "%sThe body is a form.", gap), gap = " ";
    fputs(gap[0] ? "\n" : "", out);
}

static void write_operation(void *context, const struct operation *op)
{
    struct page *page = context;
    FILE *out = page->out;
    if (strcmp(page->path, op->path) == 0 && strcmp(page->help, op->help) == 0)
        return; /* the same by another method; the sentence names them */
    if (strcmp(page->group, op->group) != 0)
        fprintf(out, "\n## %s\n", op->group);
    page->group = op->group;
    page->path = op->path;
    page->help = op->help;
    fprintf(out, "\n### %s %s", op->method, op->path);
    if (op->rid)
        fprintf(out, " (rid: %s)", op->rid);
    fprintf(out, "\n\n%s", op->help);
    if (op->statuses)
        write_statuses(out, op->statuses);
    fputs("\n", out);
    write_circumstances(out, op);
    write_parameters(out, op);
}

void reference_write_core(FILE *out)
{
    fputs("## Reading this\n\nPaths may have `/appid-APP` and `/TENANT` in front. Every answer of status 200 "
          "is a JSON "
          "object; its `status` is one of those that are listed. Where a field is missing or of another type "
          "the answer is "
          "400 with a text that names it. Versions are those of the core driver interface (header "
          "`cdi-version`).\n",
          out);
    operations_of_core(write_operation, &(struct page){out, "", "", ""});
}

void reference_write_auth(FILE *out)
{
    fputs(
        "## Reading this\n\nPaths are below the site's `apiBasePath`, `/auth` for example; `/TENANT` may "
        "follow it. "
        "Bodies are JSON. Every answer of status 200 is a JSON object; its `status` is one of those that are "
        "listed.\n",
        out);
    operations_of_auth(write_operation, &(struct page){out, "", "", ""});
}
