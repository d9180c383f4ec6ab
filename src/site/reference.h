/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of a site's file as the second part of doc/sites.md (Markdown, lines of any length).
 */
#ifndef ST_SITE_REFERENCE_H
#define ST_SITE_REFERENCE_H

#include <stdio.h>

void site_write_reference(FILE *out);

#endif
