/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's part of an access token's payload (spec: cdi-session 1.4).
 */
#ifndef ST_SESSION_PAYLOAD_H
#define ST_SESSION_PAYLOAD_H

#include <json-c/json.h>

#include "json/write.h"

/* Writes VALUE as the next one of J with its numbers in the form that tokens hold: integers of 64 bits stay
 * integers, all other numbers become doubles as Java prints them (1.0, 100000.0, 1.0E10). False when there is
 * a number that has no such form (an integer beyond 64 bits, an infinite double); J is of no use then. */
bool payload_write(struct json_out *j, json_object *value);

/* Text of VALUE as Java's Double.toString makes it (JDK 19 and later); VALUE is finite. */
void payload_write_double(struct buf *b, double value);

#endif
