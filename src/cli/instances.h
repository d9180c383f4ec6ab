/* SPDX-License-Identifier: Apache-2.0
 *
 * Running services, found by the files that they leave in DIR/.started (spec: config 6) and by what the
 * system says of their processes.
 */
#ifndef ST_CLI_INSTANCES_H
#define ST_CLI_INSTANCES_H

#include <sys/types.h>

#include "base/arena.h"
#include "cli/command.h"
#include "fcgi/options.h"

enum { INSTANCES_MAX = 64 };

struct instance {
    pid_t pid; /* of the master */
    struct str host, port;
    struct str config_file; /* absolute; STR_NONE: the environment alone */
    struct options options; /* its command line */
};

struct instances {
    struct instance v[INSTANCES_MAX];
    size_t n;
};

/* Looks where --with-temp-dir and --install-dir say, or where services are when nothing was said. */
void instances_find(const struct invocation *in, struct arena *a, struct instances *out);
bool instance_runs(pid_t pid);
/* Its children: the workers and the jobs process. At most MAX; returns how many. */
size_t instance_children(pid_t pid, pid_t *children, size_t max);
int64_t instance_started_ms(pid_t pid); /* since the epoch; 0: not known */

/* The directory of services that this user starts, without an option: made when it is not there. STR_NONE:
 * none can be made. */
struct str instances_directory(struct arena *a);

#endif
