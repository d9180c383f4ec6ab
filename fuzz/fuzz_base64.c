/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 in all its forms: what is encoded reads back, and a text that is read is the only one of its value.
 */
#include "crypto/base64.h"
#include "fuzz.h"

static void encode(struct arena *a, enum base64_form form, struct str bytes)
{
    struct str text = base64_encode(a, form, bytes), back;
    FUZZ_EXPECT(text.n + 1 == base64_size(form, bytes.n) && text.p[text.n] == 0);
    FUZZ_EXPECT(base64_decode(a, form, text, &back) && str_is(back, bytes));
    FUZZ_EXPECT(base64_decode_lenient(a, text, &back) && str_is(back, bytes));
}

static void decode(struct arena *a, enum base64_form form, struct str text)
{
    struct str bytes, lenient;
    if (!base64_decode(a, form, text, &bytes))
        return;
    FUZZ_EXPECT(bytes.n <= text.n && bytes.p[bytes.n] == 0);
    FUZZ_EXPECT(str_is(base64_encode(a, form, bytes), text));
    FUZZ_EXPECT(base64_decode_lenient(a, text, &lenient) && str_is(lenient, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str input = {(const char *)data, size}, bytes;
    for (int form = BASE64_STANDARD; form <= BASE64_URL_UNPADDED; form++) {
        encode(&arena, (enum base64_form)form, input);
        decode(&arena, (enum base64_form)form, input);
    }
    if (base64_decode_lenient(&arena, input, &bytes))
        FUZZ_EXPECT(bytes.n == 0 || base64_encode(&arena, BASE64_URL_UNPADDED, bytes).n <= input.n);
    arena_reset(&arena);
    return 0;
}
