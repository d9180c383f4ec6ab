/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>

#include "cli/man.h"

static void put_escaped(FILE *out, const char *text)
{
    bool line_begins = true;
    for (const char *c = text; *c; c++) {
        if (line_begins && (*c == '.' || *c == '\''))
            fputs("\\&", out); /* else it would be a request */
        if (*c == '\\')
            fputs("\\e", out);
        else if (*c == '-')
            fputs("\\-", out);
        else if (*c == '`')
            fputs("\\(ga", out);
        else if (*c == '\'')
            fputs("\\(aq", out);
        else if (*c == '"')
            fputs("\\(dq", out);
        else
            fputc(*c, out);
        if ((*c == '/' || *c == ']') && c[1] && c[1] != ' ')
            fputs("\\:", out); /* a long address may be broken here */
        line_begins = *c == '\n';
    }
}

void roff_title(FILE *out, const char *name, int section, const char *summary)
{
    fprintf(out, ".\\\" Generated from the tables of the program.\n.TH \"%s\" %d \"\" \"supertokens\\-fcgi ",
            name, section);
    put_escaped(out, PACKAGE_VERSION);
    fputs("\"\n.ad l\n.nh\n.SH NAME\n", out);
    put_escaped(out, name);
    fputs(" \\- ", out);
    roff_text(out, summary);
}

void roff_section(FILE *out, const char *title)
{
    fprintf(out, ".SH \"%s\"\n", title);
}

void roff_text(FILE *out, const char *text)
{
    put_escaped(out, text);
    fputc('\n', out);
}

void roff_paragraph(FILE *out, const char *text)
{
    fputs(".PP\n", out);
    roff_text(out, text);
}

void roff_item(FILE *out, const char *name, const char *separator, const char *value, const char *text)
{
    fputs(".TP\n\\fB", out);
    put_escaped(out, name);
    fputs("\\fR", out);
    if (value) {
        put_escaped(out, separator);
        fputs("\\fI", out);
        put_escaped(out, value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff_text(out, text);
}
