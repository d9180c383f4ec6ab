/* SPDX-License-Identifier: Apache-2.0
 *
 * Random values from libsodium's generator; sodium_init must have run (base_init).
 */
#ifndef ST_BASE_RANDOM_H
#define ST_BASE_RANDOM_H

#include "base/arena.h"

enum { UUID_LEN = 36 };

void random_bytes(void *out, size_t n);
double random_unit(void);                    /* uniform in [0, 1) */
void random_uuid(char out[UUID_LEN + 1]);    /* UUID v4, lower-case, NUL-terminated (RFC 9562) */
struct str random_uuid_str(struct arena *a); /* the same in an arena */

#endif
