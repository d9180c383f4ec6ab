/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <sodium.h>

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

double random_unit(void)
{
    uint64_t bits;
    randombytes_buf(&bits, sizeof bits);
    return (double)(bits >> 11) * 0x1.0p-53;
}

void random_uuid(char out[UUID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[b[i] >> 4];
        *p++ = digits[b[i] & 15];
    }
    *p = 0;
}

struct str random_uuid_str(struct arena *a)
{
    char *p = arena_alloc(a, UUID_LEN + 1);
    random_uuid(p);
    return (struct str){p, UUID_LEN};
}
