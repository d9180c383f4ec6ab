/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that looks at an access token before its signature has been checked, and the reading of a
 * payload after it. What can be read and was not written otherwise is minted to the same content again.
 */
#include "crypto/base64.h"
#include "fuzz.h"
#include "json/json.h"
#include "session/access_token.h"
#include "session/payload.h"

static void check_user_data(struct arena *a, struct str user_data)
{
    json_object *data = json_parse(a, user_data);
    FUZZ_EXPECT(json_object_is_type(data, json_type_object));
    struct json_out j = json_out(a);
    if (!payload_write(&j, data))
        return;
    struct str written = json_done(&j), again;
    json_object *back = json_parse(a, written);
    FUZZ_EXPECT(back && json_equal(data, back));
    j = json_out(a);
    FUZZ_EXPECT(payload_write(&j, back));
    again = json_done(&j);
    FUZZ_EXPECT(str_is(written, again)); /* the form of tokens is a fixed point */
}

static void read_payload(struct arena *a, const struct access_token_envelope *e)
{
    struct access_token t;
    struct str message = STR_NONE;
    if (!access_token_read(a, e, &t, &message)) {
        FUZZ_EXPECT(message.p);
        return;
    }
    FUZZ_EXPECT(t.user_id.p && t.recipe_user_id.p && t.tenant_id.p && t.session_handle.p);
    FUZZ_EXPECT(t.issued_ms >= 0 && t.expires_ms >= 0);
    check_user_data(a, t.user_data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str text = {(const char *)data, size}, message = STR_NONE;
    struct access_token_envelope e;
    if (access_token_open(&arena, text, &e, &message)) {
        FUZZ_EXPECT(e.version >= 1 && e.version <= 5 && (e.version < 3) == (e.kid.p == NULL));
        FUZZ_EXPECT(e.parts.signed_text.n + 1 + e.parts.signature.n == size);
        read_payload(&arena, &e);
    } else {
        FUZZ_EXPECT(message.p);
    }
    /* The same bytes as the content of a payload: base64 would hide them from the fuzzer. */
    for (int version = 1; version <= 5; version++) {
        struct access_token_envelope bare = {.version = version};
        bare.parts.payload = base64_encode(&arena, BASE64_URL_UNPADDED, text);
        read_payload(&arena, &bare);
    }
    arena_reset(&arena);
    return 0;
}
