/* SPDX-License-Identifier: Apache-2.0
 *
 * What providers publish: OpenID configurations and key sets, kept by address for a while, so that most
 * sign-ins need not ask for them. One per process, thread-safe, bounded; what was not used for longest goes
 * first. The lock is held for look-ups only, never while memory of a request is taken.
 */
#ifndef ST_THIRDPARTY_DOCUMENTS_H
#define ST_THIRDPARTY_DOCUMENTS_H

#include "base/arena.h"

enum { DOCUMENT_MAX = 128 * 1024, DOCUMENTS_MAX = 512, DOCUMENTS_BYTES_MAX = 8 * 1024 * 1024 };

struct documents;

struct documents *documents_new(void); /* NULL: out of memory */
void documents_free(struct documents *d);

/* The text, good until the arena is reset, and its age in ms; STR_NONE when there is none. */
struct str documents_get(struct documents *d, struct arena *a, struct str url, int64_t *age_ms);
/* Keeps a copy. Does nothing when there is no memory for it, or TEXT is longer than DOCUMENT_MAX. */
void documents_put(struct documents *d, struct str url, struct str text);

/* Whether the address may be asked again now, at most once per INTERVAL_MS; who gets true is to do it. */
bool documents_claim(struct documents *d, struct str url, int64_t interval_ms);

#endif
