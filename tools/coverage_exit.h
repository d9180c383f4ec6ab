/* SPDX-License-Identifier: Apache-2.0
 *
 * Given to the compiler before every file of the coverage variant: libgcov writes its counts at exit(), which
 * children that leave by _exit() never reach.
 */
#ifndef ST_COVERAGE_EXIT_H
#define ST_COVERAGE_EXIT_H

#include <unistd.h>

void __gcov_dump(void);
#define _exit(STATUS) (__gcov_dump(), _exit(STATUS))

#endif
