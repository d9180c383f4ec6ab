/* SPDX-License-Identifier: Apache-2.0
 *
 * One-dimensional arrays in PostgreSQL's text form (PostgreSQL manual 8.15.6): {a,"b,c",NULL}.
 */
#ifndef ST_DB_ARRAY_H
#define ST_DB_ARRAY_H

#include "base/arena.h"

/* Elements of TEXT in the arena; returns how many. NULL elements become STR_NONE. TEXT comes from PostgreSQL:
 * a malformed one gives the elements before the fault. */
size_t db_array_read(struct arena *a, struct str text, struct str **out);

#endif
