/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include <sodium.h>

struct str hex_encode(struct arena *a, const void *bytes, size_t n)
{
    char *out = arena_alloc(a, 2 * n + 1);
    sodium_bin2hex(out, 2 * n + 1, bytes, n);
    return (struct str){out, 2 * n};
}
