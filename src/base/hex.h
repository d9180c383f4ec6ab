/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ST_BASE_HEX_H
#define ST_BASE_HEX_H

#include "base/arena.h"

struct str hex_encode(struct arena *a, const void *bytes, size_t n); /* lower-case */

#endif
