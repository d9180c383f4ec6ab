/* SPDX-License-Identifier: Apache-2.0
 *
 * Allocations that fail: those of our library (linked with FAULT_WRAP of Makefile.am), which libcrypto's are
 * too (crypto/memory.h). What other libraries allocate, and whole requests, are the business of the fault
 * sweep (doc/testing.md).
 */
#ifndef ST_T_FAULT_FIXTURE_H
#define ST_T_FAULT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Runs OPERATION with its 1st, 2nd, ... allocation failing (with STEP 0 each of them, else STEP times as far
 * apart each time), until it needs no more. It returns whether it was done, and checks what it then has; A is
 * its arena, which is reset after each. The last time, when nothing fails, it must be done. Returns how often
 * it was not. */
unsigned fault_sweep(struct arena *a, bool (*operation)(void), unsigned step);

#endif
