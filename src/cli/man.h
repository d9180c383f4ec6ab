/* SPDX-License-Identifier: Apache-2.0
 *
 * Reference pages from the tables: roff for man, Markdown for doc/.
 */
#ifndef ST_CLI_MAN_H
#define ST_CLI_MAN_H

#include <stdio.h>

/* Pieces of a man page. Texts are plain: what roff would take for its own is escaped. */
void roff_title(FILE *out, const char *name, int section, const char *summary);
void roff_section(FILE *out, const char *title);
void roff_text(FILE *out, const char *text);      /* a line of running text */
void roff_paragraph(FILE *out, const char *text); /* a new paragraph */
/* A paragraph behind a bold NAME, and VALUE in italics where it is not NULL. */
void roff_item(FILE *out, const char *name, const char *separator, const char *value, const char *text);

void man_write_command(FILE *out);  /* supertokens(1) */
void man_write_daemon(FILE *out);   /* supertokens-fcgid(8) */
void man_write_config(FILE *out);   /* supertokens-config.yaml(5) */
void man_write_markdown(FILE *out); /* doc/cli.md */

#endif
