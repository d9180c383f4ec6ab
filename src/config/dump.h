/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration files for people: `supertokens config dump` and `supertokens config default`.
 */
#ifndef ST_CONFIG_DUMP_H
#define ST_CONFIG_DUMP_H

#include <stdio.h>

#include "config/config.h"

/* The values in effect as YAML, each with its help as a comment; a mark shows which are defaults. Secrets,
 * and passwords within URIs, are replaced by ********. */
void config_dump(const struct config *config, FILE *out);

/* The same as one JSON object of names and values. */
void config_dump_json(const struct config *config, FILE *out);

/* A file with every key commented out at its default. */
void config_default_yaml(FILE *out);

#endif
