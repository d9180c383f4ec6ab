/* SPDX-License-Identifier: Apache-2.0
 *
 * What a master does once before it serves, and, where it says so, again at a reload (spec: config 7).
 */
#ifndef ST_FCGI_STARTUP_H
#define ST_FCGI_STARTUP_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "options.h"

struct shared;
struct sites;

enum { STARTUP_WHY = 1024 };

/* Each returns false (or NULL) with the reason in WHY. startup_load and startup_sites are also what a reload
 * begins with. */
bool startup_load(const struct options *o, const struct config **out, char why[STARTUP_WHY]);
bool startup_sites(const struct options *o, const struct config *config, const struct sites **out,
                   char why[STARTUP_WHY]);
bool startup_log(const struct options *o, const struct config *config, char why[STARTUP_WHY]);
bool startup_schema(const struct config *config,
                    char why[STARTUP_WHY]); /* waits for the database; a signal ends that */
struct shared *startup_shared(const struct options *o, const struct config *config, char why[STARTUP_WHY]);

unsigned startup_workers(const struct options *o, const struct config *config);
void startup_raise_file_limit(void);
/* Prints why the service cannot start, in the reference's words. */
void startup_print_failure(const char *why);

#endif
