/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations of the doors for people and programs: what doc/api-core.md and doc/api-auth.md hold, and the
 * OpenAPI descriptions. All of it comes from the rows of the routes and the fields that they declare.
 */
#ifndef ST_REFERENCE_REFERENCE_H
#define ST_REFERENCE_REFERENCE_H

#include <stdio.h>

void reference_write_core(FILE *out); /* Markdown */
void reference_write_auth(FILE *out); /* Markdown */
/* OpenAPI 3.1, JSON. */
void reference_write_core_openapi(FILE *out);
void reference_write_auth_openapi(FILE *out);

#endif
