/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets have no order in the interface, but the reference prints them in the order of its hash tables and
 * clients' recorded expectations show it. Printing them in the same order costs little and keeps answers
 * equal to the letter.
 */
#ifndef ST_JSON_SET_ORDER_H
#define ST_JSON_SET_ORDER_H

#include "base/str.h"

/* Sorts N strings (UTF-8) by their place in a hash table of the size that fits N, as java.util.HashSet
 * iterates. */
void json_set_order(struct str *v, size_t n);

#endif
