/* SPDX-License-Identifier: Apache-2.0
 *
 * The `supertokens` command: what an operator does.
 */
#include <sodium.h>
#include <stdio.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/work.h"

enum { CALIBRATE_MS = 300, CALIBRATE_MEMORY_MB = 1024 };

int main(int argc, char **argv)
{
    char why[256];
    struct invocation in = {
        .time_ms = CALIBRATE_MS,
        .pool_size = 1,
        .memory_mb = CALIBRATE_MEMORY_MB,
    };
    int status = command_line(&in, argc, argv);
    if (status != -1)
        return status;
    if (sodium_init() < 0)
        return print_error("no source of random numbers");
    /* What modules have to say goes to standard error; the standard output is the command's. */
    if (!log_open(&(struct log_options){.level = LOG_WARN_LEVEL}, why, sizeof why))
        return print_error("%s", why);
    return in.command->data ? work_run(&in) : in.command->run(&in);
}
