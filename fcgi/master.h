/* SPDX-License-Identifier: Apache-2.0
 *
 * The master process: starts, watches and replaces workers and the jobs process; serves no request itself and
 * does nothing that could block or crash it.
 *
 * Signals: SIGTERM and SIGINT drain and end, SIGQUIT ends at once, SIGHUP replaces the workers after a
 * check of the new configuration, SIGUSR2 replaces the program (upgrade.h), SIGUSR1 reopens the log files.
 */
#ifndef ST_FCGI_MASTER_H
#define ST_FCGI_MASTER_H

#include "options.h"

/* Returns the exit status: 0 after an orderly end, 1 when the service could not start. */
int master_run(const struct options *o);

#endif
