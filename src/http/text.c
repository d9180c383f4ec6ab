/* SPDX-License-Identifier: Apache-2.0 */
#include "http/text.h"

#include <stdlib.h>
#include <unicase.h>

static bool lower_ascii(char *p, size_t n)
{
    unsigned char high = 0;
    for (size_t i = 0; i < n; i++) {
        high |= (unsigned char)p[i];
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 32);
    }
    return !(high & 0x80);
}

struct str email_normalise(struct arena *a, struct str s)
{
    struct str trimmed = str_trim(s);
    if (!s.p)
        return STR_NONE;
    struct str ascii = arena_str(a, trimmed);
    if (lower_ascii((char *)ascii.p, ascii.n))
        return ascii;
    struct arena_cleanup *slot = arena_reserve_cleanup(a, free);
    size_t n = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)trimmed.p, trimmed.n, NULL, NULL, NULL, &n);
    if (!lower)
        arena_out_of_memory(a);
    slot->object = lower;
    return arena_str(a, (struct str){(const char *)lower, n});
}
