/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration keys as the second part of doc/configuration.md (Markdown, lines of any length).
 */
#ifndef ST_CONFIG_REFERENCE_H
#define ST_CONFIG_REFERENCE_H

#include <stdio.h>

void config_write_reference(FILE *out);

#endif
