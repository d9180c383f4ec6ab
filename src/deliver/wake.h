/* SPDX-License-Identifier: Apache-2.0
 *
 * How the sender learns of new rows before it looks by itself: counters in the memory that the processes of a
 * node share, one per database (a collision costs one look more). They are bumped when a row is described,
 * before its transaction has committed, so the sender looks several times. Lock-free.
 */
#ifndef ST_DELIVER_WAKE_H
#define ST_DELIVER_WAKE_H

#include <stdatomic.h>
#include <stdint.h>

struct config;

enum { DELIVER_WAKE_SLOTS = 64 };

struct deliver_wake {
    _Atomic uint64_t written[DELIVER_WAKE_SLOTS];
};

/* The counters of this process, set before its threads start; NULL: none, as in tests. */
void deliver_use(struct deliver_wake *wake);
unsigned deliver_wake_slot(const struct config *config); /* of the database that CONFIG names */

#endif
