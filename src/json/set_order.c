/* SPDX-License-Identifier: Apache-2.0 */
#include "json/set_order.h"

/* The hash over UTF-16 units that the Java language specifies for strings: h = 31 h + unit. */
static uint32_t string_hash(struct str s)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < s.n;) {
        unsigned char lead = (unsigned char)s.p[i];
        size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        uint32_t c = n == 1 ? lead : lead & (0x7Fu >> n);
        for (size_t k = 1; k < n && i + k < s.n; k++)
            c = c << 6 | ((unsigned char)s.p[i + k] & 0x3F);
        i += n;
        if (c >= 0x10000) {
            c -= 0x10000;
            hash = 31 * hash + (0xD800 + (c >> 10));
            c = 0xDC00 + (c & 0x3FF);
        }
        hash = 31 * hash + c;
    }
    return hash ^ hash >> 16;
}

void json_set_order(struct str *v, size_t n)
{
    uint32_t places = 16;
    while (n > (size_t)places / 4 * 3)
        places *= 2;
    for (size_t i = 1; i < n; i++) { /* stable, and such sets are small */
        struct str s = v[i];
        uint32_t place = string_hash(s) & (places - 1);
        size_t at = i;
        for (; at > 0 && (string_hash(v[at - 1]) & (places - 1)) > place; at--)
            v[at] = v[at - 1];
        v[at] = s;
    }
}
