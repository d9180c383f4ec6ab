/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing keys, compact JWTs, and the memory of verified tokens.
 */

#include <pthread.h>
#include <sodium.h>

#include "arena_fixture.h"
#include "base/random.h"
#include "crypto/base64.h"
#include "crypto/jwt.h"
#include "crypto/verified_tokens.h"
#include "json/json.h"
#include "key_fixture.h"

static struct rsa_key *fixture_key(void)
{
    struct rsa_key *key = rsa_key_parse(&arena, STR(KEY_FIXTURE_TEXT), STR("d-1700000000000"), 1700000000000);
    assert_non_null(key);
    return key;
}

static void parses_stored_text(void **state)
{
    (void)state;
    struct rsa_key *key = fixture_key();
    assert_str(key->kid, "d-1700000000000");
    assert_int_equal(key->created_at, 1700000000000);
    assert_str(key->spki, KEY_FIXTURE_SPKI);
    assert_str(key->n, KEY_FIXTURE_N);
    assert_str(key->e, "AQAB");
    assert_str(key->jwk, "{\"kty\":\"RSA\",\"kid\":\"d-1700000000000\",\"n\":\"" KEY_FIXTURE_N
                         "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"use\":\"sig\"}");
    rsa_key_unref(key);
    struct rsa_key *old =
        rsa_key_parse(&arena, STR(KEY_FIXTURE_SPKI ";\n" KEY_FIXTURE_PKCS8 "\r\n"), STR("a \"kid\""), 0);
    assert_non_null(old);
    assert_true(str_starts(old->jwk, STR("{\"kty\":\"RSA\",\"kid\":\"a \\\"kid\\\"\",")));
    rsa_key_unref(old);
    rsa_key_unref(NULL);
}

static void refuses_other_text(void **state)
{
    (void)state;
    static const struct str bad[] = {STR(""),
                                     STR("|"),
                                     STR(";"),
                                     STR("x|y"),
                                     STR(KEY_FIXTURE_SPKI),
                                     STR(KEY_FIXTURE_SPKI "|"),
                                     STR("|" KEY_FIXTURE_PKCS8),
                                     STR(KEY_FIXTURE_PKCS8 "|" KEY_FIXTURE_SPKI),
                                     STR(KEY_FIXTURE_SPKI "|AAAA"),
                                     STR(KEY_FIXTURE_SPKI "|" KEY_FIXTURE_SPKI),
                                     STR(KEY_FIXTURE_TEXT "|"),
                                     STR("AAAA|" KEY_FIXTURE_PKCS8)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(rsa_key_parse(&arena, bad[i], STR("k"), 0));
}

/* libcrypto falls back on the exponent when the primes give a wrong result, so both must be damaged. */
static void refuses_damaged_key(void **state)
{
    (void)state;
    enum { IN_EXPONENT = 400, IN_PRIMES = 1000 };
    struct str der;
    assert_true(base64_decode(&arena, BASE64_STANDARD, STR(KEY_FIXTURE_PKCS8), &der));
    struct str damaged = arena_str(&arena, der);
    ((char *)(uintptr_t)damaged.p)[IN_EXPONENT] ^= 1;
    ((char *)(uintptr_t)damaged.p)[IN_PRIMES] ^= 1;
    struct str text =
        ARENA_CONCAT(&arena, STR(KEY_FIXTURE_SPKI "|"), base64_encode(&arena, BASE64_STANDARD, damaged));
    assert_null(rsa_key_parse(&arena, text, STR("k"), 0));
}

static void generates(void **state)
{
    (void)state;
    unsigned char der[RSA_KEY_DER_MAX];
    size_t n;
    struct str text, mixed;
    assert_true(rsa_key_generate(der, &n));
    assert_true(rsa_key_text(&arena, (struct str){(char *)der, n}, &text));
    struct rsa_key *key = rsa_key_parse(&arena, text, STR("s-1"), 1);
    assert_non_null(key);
    assert_str(key->e, "AQAB");
    assert_int_equal(key->n.n, 342); /* 256 bytes without a leading zero */
    rsa_key_unref(key);
    assert_false(rsa_key_text(&arena, (struct str){(char *)der, n - 1}, &text));
    /* halves of two pairs */
    mixed = ARENA_CONCAT(&arena, STR(KEY_FIXTURE_SPKI), str_from(text, str_find(text, '|')));
    assert_null(rsa_key_parse(&arena, mixed, STR("k"), 0));
}

static void signs_and_verifies(void **state)
{
    (void)state;
    struct rsa_key *key = fixture_key();
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    assert_true(rsa_key_sign(key, STR(KEY_FIXTURE_SIGNED), signature, &n));
    struct str made = {(char *)signature, n};
    assert_str(base64_encode(&arena, BASE64_URL_UNPADDED, made), KEY_FIXTURE_SIGNATURE);
    assert_true(rsa_key_verify(&arena, key, STR(KEY_FIXTURE_SIGNED), made));
    assert_false(rsa_key_verify(&arena, key, STR(KEY_FIXTURE_SIGNED "x"), made));
    assert_false(rsa_key_verify(&arena, key, STR(KEY_FIXTURE_SIGNED), str_head(made, n - 1)));
    assert_false(rsa_key_verify(&arena, key, STR(KEY_FIXTURE_SIGNED), STR("")));
    signature[n / 2] ^= 1;
    assert_false(rsa_key_verify(&arena, key, STR(KEY_FIXTURE_SIGNED), made));
    rsa_key_unref(key);
}

static void jwt_vector(void **state)
{
    (void)state;
    struct rsa_key *key = fixture_key();
    struct str token = jwt_sign(&arena, key, STR("{\"alg\":\"RS256\"}"), STR("{\"a\":1}"));
    assert_str(token, KEY_FIXTURE_SIGNED "." KEY_FIXTURE_SIGNATURE);
    struct jwt_parts parts;
    assert_true(jwt_split(token, &parts));
    assert_str(parts.signed_text, KEY_FIXTURE_SIGNED);
    assert_true(jwt_verify(&arena, key, &parts));
    assert_str(json_text(&arena, jwt_object(&arena, parts.payload)), "{\"a\":1}");
    assert_null(jwt_object(&arena, STR("W10"))); /* [] */
    assert_null(jwt_object(&arena, STR("!!")));
    rsa_key_unref(key);
    static const struct str bad[] = {STR(""),     STR("a"),    STR("a.b"),     STR("a.b."), STR("a.b.c."),
                                     STR(".b.c"), STR("a..c"), STR("a.b.c.d"), STR("...")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(jwt_split(bad[i], &parts));
}

enum { THREADS = 4, ROUNDS = 25 };

static void *use_key(void *arg)
{
    struct rsa_key *key = arg;
    unsigned char signature[RSA_SIGNATURE_MAX];
    for (int i = 0; i < ROUNDS; i++) {
        char message[32];
        size_t n;
        random_bytes(message, sizeof message);
        struct str m = {message, sizeof message};
        if (!rsa_key_sign(key, m, signature, &n) ||
            !rsa_key_verify(&arena, key, m, (struct str){(char *)signature, n}))
            return key; /* not NULL: failed */
    }
    rsa_key_unref(key);
    return NULL;
}

static void threads_share_a_key(void **state)
{
    (void)state;
    struct rsa_key *key = fixture_key();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_key, rsa_key_ref(key)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    rsa_key_unref(key);
}

static struct verified_token_id id_of(uint64_t scope, uint64_t number)
{
    struct verified_token_id id = {.scope = scope};
    digest_sha256((struct str){(const char *)&number, sizeof number}, id.hash);
    return id;
}

static void remembers_verified_tokens(void **state)
{
    (void)state;
    struct verified_tokens *v = verified_tokens_new();
    struct verified_token_id id = id_of(1, 1), other_scope = id_of(2, 1);
    struct str info;
    assert_false(verified_tokens_get(v, &arena, &id, 0, &info));
    verified_tokens_put(v, &id, 100, STR("content"));
    assert_true(verified_tokens_get(v, &arena, &id, 99, &info));
    assert_str(info, "content");
    assert_false(verified_tokens_get(v, &arena, &other_scope, 99, &info));
    struct str before = info;
    verified_tokens_put(v, &id, 200, STR("newer"));
    assert_str(before, "content"); /* until the arena is reset */
    assert_true(verified_tokens_get(v, &arena, &id, 150, &info));
    assert_str(info, "newer");
    assert_false(verified_tokens_get(v, &arena, &id, 200, &info));
    assert_false(verified_tokens_get(v, &arena, &id, 150, &info)); /* dropped */
    arena_reset(&arena);
    verified_tokens_free(v);
}

static void verified_tokens_are_bounded(void **state)
{
    (void)state;
    enum { MANY = 3 * VERIFIED_TOKENS, SIZE = 4096, LAST = 500 };
    static char bytes[VERIFIED_TOKEN_MAX + 1];
    struct verified_tokens *v = verified_tokens_new();
    struct str info;
    size_t kept = 0, recent = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        struct verified_token_id id = id_of(7, i);
        verified_tokens_put(v, &id, 100, (struct str){bytes, SIZE});
    }
    for (uint64_t i = 0; i < MANY; i++) {
        struct verified_token_id id = id_of(7, i);
        bool found = verified_tokens_get(v, &arena, &id, 0, &info);
        kept += found;
        recent += found && i >= MANY - LAST;
        arena_reset(&arena);
    }
    assert_in_range(kept * SIZE, VERIFIED_TOKENS_BYTES / 2, VERIFIED_TOKENS_BYTES);
    assert_in_range(recent, LAST / 2, LAST);
    struct verified_token_id id = id_of(7, MANY);
    verified_tokens_put(v, &id, 100, (struct str){bytes, sizeof bytes}); /* too long */
    assert_false(verified_tokens_get(v, &arena, &id, 0, &info));
    verified_tokens_free(v);
    verified_tokens_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(parses_stored_text, reset),
        cmocka_unit_test_teardown(refuses_other_text, reset),
        cmocka_unit_test_teardown(refuses_damaged_key, reset),
        cmocka_unit_test_teardown(generates, reset),
        cmocka_unit_test_teardown(signs_and_verifies, reset),
        cmocka_unit_test_teardown(jwt_vector, reset),
        cmocka_unit_test_teardown(threads_share_a_key, reset),
        cmocka_unit_test_teardown(remembers_verified_tokens, reset),
        cmocka_unit_test_teardown(verified_tokens_are_bounded, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
