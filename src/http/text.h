/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts that users type, in the one form that they are stored and compared in (spec: cdi-conventions 10).
 */
#ifndef ST_HTTP_TEXT_H
#define ST_HTTP_TEXT_H

#include "base/arena.h"

/* Trimmed (bytes <= U+0020) and in Unicode lower case, whatever the locale. No syntax check. Absent stays
 * absent. S is UTF-8, as the field readers ensure; bytes that are not become U+FFFD. */
struct str email_normalise(struct arena *a, struct str s);

#endif
