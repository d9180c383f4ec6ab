/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base64.h"

#include <sodium.h>

static const int variants[] = {
    [BASE64_STANDARD] = sodium_base64_VARIANT_ORIGINAL,
    [BASE64_STANDARD_UNPADDED] = sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
    [BASE64_URL] = sodium_base64_VARIANT_URLSAFE,
    [BASE64_URL_UNPADDED] = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

size_t base64_size(enum base64_form form, size_t n)
{
    return sodium_base64_encoded_len(n, variants[form]);
}

void base64_write(char *out, size_t size, enum base64_form form, struct str bytes)
{
    sodium_bin2base64(out, size, (const unsigned char *)bytes.p, bytes.n, variants[form]);
}

struct str base64_encode(struct arena *a, enum base64_form form, struct str bytes)
{
    if (bytes.n > SIZE_MAX / 2)
        arena_out_of_memory(a);
    size_t size = base64_size(form, bytes.n);
    char *out = arena_alloc(a, size);
    base64_write(out, size, form, bytes);
    return (struct str){out, size - 1};
}

/* libsodium 1.0.18 takes every byte from 0x80 on for a "/" of its alphabet. */
static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x80)
            return false;
    return true;
}

bool base64_decode(struct arena *a, enum base64_form form, struct str text, struct str *out)
{
    if (!is_ascii(text))
        return false;
    size_t size = text.n / 4 * 3 + 3;
    char *bytes = arena_alloc(a, size + 1);
    size_t n;
    if (sodium_base642bin((unsigned char *)bytes, size, text.p, text.n, NULL, &n, NULL, variants[form]) != 0)
        return false; /* without an "end" argument, a rest that is not base64 is an error */
    bytes[n] = 0;
    *out = (struct str){bytes, n};
    return true;
}

bool base64_decode_lenient(struct arena *a, struct str text, struct str *out)
{
    for (int i = 0; i < 2 && text.n && text.p[text.n - 1] == '='; i++)
        text.n--;
    char *copy = arena_alloc(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = text.p[i] == '-' ? '+' : text.p[i] == '_' ? '/' : text.p[i];
    return base64_decode(a, BASE64_STANDARD_UNPADDED, (struct str){copy, text.n}, out);
}
