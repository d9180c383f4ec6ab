/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading JSON from outside: RFC 8259 only (json_check finds what json-c is lenient about), depth and size
 * limited. Values read are json-c objects tied to the arena. Writing: json/write.h.
 */
#ifndef ST_JSON_JSON_H
#define ST_JSON_JSON_H

#include <json-c/json.h>

#include "base/arena.h"
#include "base/err.h"

enum { JSON_MAX_DEPTH = 64 };

/* True when TEXT is exactly one RFC 8259 value: UTF-8, no comments, no single quotes, no NaN, no raw control
 * characters, no trailing garbage, nesting at most JSON_MAX_DEPTH. A leading byte order mark is refused, and
 * so is \u0000 in a member's name: json-c's names are C strings, and a name cut short would be another name.
 */
bool json_check(struct str text);

/* Parses TEXT; NULL when json_check refuses it, and for "null", which json-c has no object for. A repeated
 * name keeps its first place and gets the last value. Escaped halves of surrogate pairs become U+FFFD. The
 * object lives until the arena is reset, then its strings are wiped: parts of it must not be kept longer, not
 * even with json_object_get. It counts towards the arena's limit. */
json_object *json_parse(struct arena *a, struct str text);

/* Compact text of VALUE (NULL is the JSON null): keys in order, "/" not escaped, numbers with the text they
 * were parsed from, also -0, 1e400 and integers of any size. */
struct str json_text(struct arena *a, json_object *value);

struct str json_str(json_object *string); /* its bytes; STR_NONE when it is not a string */

/* Equality as the reference compares payloads: key order ignored, numbers compared as doubles
 * (spec: cdi-session, session/verify payloadUpdateAvailable). */
bool json_equal(json_object *a, json_object *b);

#endif
