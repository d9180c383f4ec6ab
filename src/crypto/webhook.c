/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/webhook.h"

#include <sodium.h>

#include "base/buf.h"
#include "crypto/base64.h"

#define KEY_PREFIX STR("whsec_")

static void sign(struct buf *out, struct str key, struct str head, struct str body)
{
    crypto_auth_hmacsha256_state state;
    unsigned char hash[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.p, key.n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head.p, head.n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.p, body.n);
    crypto_auth_hmacsha256_final(&state, hash);
    sodium_memzero(&state, sizeof state);
    buf_add(out, out->n ? STR(" v1,") : STR("v1,"));
    buf_add(out, base64_encode(out->arena, BASE64_STANDARD, (struct str){(const char *)hash, sizeof hash}));
}

struct str webhook_signature(struct arena *a, struct str secret, struct str id, int64_t seconds,
                             struct str body)
{
    struct buf out = buf_in(a);
    struct str head = arena_printf(a, "%.*s.%lld.", STR_ARG(id), (long long)seconds);
    if (!str_starts(secret, KEY_PREFIX)) {
        if (secret.n)
            sign(&out, secret, head, body);
        return secret.n ? buf_str(&out) : STR_NONE;
    }
    while (secret.p) {
        struct str part = str_split(&secret, ' '), key;
        if (part.n == 0)
            continue;
        if (!str_starts(part, KEY_PREFIX) ||
            !base64_decode(a, BASE64_STANDARD, str_from(part, KEY_PREFIX.n), &key) || key.n == 0)
            return STR_NONE;
        sign(&out, key, head, body);
    }
    return buf_str(&out);
}
