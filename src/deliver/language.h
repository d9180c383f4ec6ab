/* SPDX-License-Identifier: Apache-2.0
 *
 * Which language somebody reads best (RFC 9110 12.5.4, RFC 4647).
 */
#ifndef ST_DELIVER_LANGUAGE_H
#define ST_DELIVER_LANGUAGE_H

#include "base/arena.h"

typedef bool language_available(const void *object, struct str tag);

/* ACCEPT: an Accept-Language header or one tag, or absent. The first of its tags, by preference, for which
 * AVAILABLE says yes, else "en". It is asked for whole tags and their shorter forms (de-at, de), lower-case,
 * at most 35 letters, digits and hyphens. */
struct str language_choose(struct arena *a, struct str accept, language_available *available,
                           const void *object);

/* Whether TAG is one in the form that it is asked for. */
bool language_is_tag(struct str tag);

#endif
