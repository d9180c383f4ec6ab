/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed tokens that mean to be taken for something else, after the classes of Project Wycheproof and RFC
 * 8725: other algorithms, keys in headers, extensions, several texts of one token, and what is no token at
 * all.
 */
#include "jwk_fixture.h"

#include <openssl/hmac.h>

#include "base/buf.h"

static EVP_PKEY *ours, *attacker;
static struct str our_key, set_text, attacker_key;
static struct arena kept;

static int make_keys(void **state)
{
    (void)state;
    ours = EVP_RSA_gen(2048);
    attacker = EVP_RSA_gen(2048);
    our_key = arena_str(&kept, rsa_jwk_of(ours, ",\"kid\":\"k\""));
    attacker_key = arena_str(&kept, rsa_jwk_of(attacker, ",\"kid\":\"k\""));
    set_text = arena_printf(&kept, "{\"keys\":[%s]}", our_key.p);
    arena_reset(&arena);
    return ours && attacker ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(ours);
    EVP_PKEY_free(attacker);
    arena_free(&kept);
    return 0;
}

static enum jwk_result check_ours(struct str token)
{
    return check(json_parse(&arena, set_text), token);
}

static struct str sign(EVP_PKEY *pkey, const char *header)
{
    return make_token(pkey, header, "SHA256", false, 0);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum jwk_result result;
    } rows[] = {
        {"{\"alg\":\"RS256\",\"kid\":\"k\"}", JWK_VERIFIED},
        {" {\n\t\"alg\" : \"RS256\" }\r\n", JWK_VERIFIED},
        {"{\"alg\":\"RS256\",\"typ\":\"anything\",\"cty\":7,\"x\":[{}]}", JWK_VERIFIED},
        {"{\"alg\":\"none\",\"alg\":\"RS256\"}", JWK_VERIFIED}, /* the last one counts */
        {"{\"alg\":\"RS256\",\"alg\":\"none\"}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"kid\":\"x\",\"kid\":\"k\"}", JWK_VERIFIED},
        {"{\"alg\":\"RS256\",\"kid\":\"k\",\"kid\":\"x\"}", JWK_UNKNOWN_KEY},
        {"{\"alg\":\"RS256\",\"kid\":\"\"}", JWK_UNKNOWN_KEY},
        {"{\"alg\":\"RS256\",\"kid\":null}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"kid\":[\"k\"]}", JWK_REFUSED},
        {"{\"alg\":\"RS256\\u0000\"}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"kid\":\"k\\u0000\"}", JWK_UNKNOWN_KEY},
        {"{\"Alg\":\"RS256\"}", JWK_REFUSED},
        {"{\"alg\":\"rs256\"}", JWK_REFUSED},
        {"{\"alg\":\"RS256 \"}", JWK_REFUSED},
        {"{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", JWK_REFUSED},
        /* Unencoded payloads (RFC 7797) are asked for by "crit"; without it the member means nothing. */
        {"{\"alg\":\"RS256\",\"b64\":false}", JWK_VERIFIED},
        {"{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"crit\":[]}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"crit\":null}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"crit\":\"exp\"}", JWK_REFUSED},
        {"", JWK_REFUSED},
        {"{\"alg\":\"RS256\"", JWK_REFUSED},
        {"{\"alg\":\"RS256\"}{}", JWK_REFUSED},
        {"{\"alg\":'RS256'}", JWK_REFUSED},
        {"[{\"alg\":\"RS256\"}]", JWK_REFUSED},
        {"\"RS256\"", JWK_REFUSED},
        {"null", JWK_REFUSED},
        {"\xef\xbb\xbf{\"alg\":\"RS256\"}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"x\":\"\xff\"}", JWK_REFUSED},
        {"{\"alg\":\"RS256\",\"a\\u0000b\":1}", JWK_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwt_parts parts;
        struct str token = sign(ours, rows[i].header);
        if (!jwt_split(token, &parts)) /* an empty part */
            assert_int_equal(rows[i].result, JWK_REFUSED);
        else if (check_ours(token) != rows[i].result)
            fail_msg("%s", rows[i].header);
    }
}

/* A key that the token brings along, or says where to get, is nobody's. */
static void brings_its_own_key(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "{\"alg\":\"RS256\",\"jwk\":%s}", "{\"alg\":\"RS256\",\"kid\":\"k\",\"jwk\":%s}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"keys\":[%s]}", "{\"alg\":\"RS256\",\"x5c\":[\"MIIB\"],\"x\":%s}",
        "{\"alg\":\"RS256\",\"jku\":\"https://evil.example/\",\"x\":%s}"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct buf header = buf_in(&arena);
        struct str form = str_of(forms[i]);
        size_t at = str_find(form, '%');
        buf_add(&header, str_head(form, at));
        buf_add(&header, attacker_key);
        buf_add(&header, str_from(form, at + 2));
        assert_int_not_equal(check_ours(sign(attacker, buf_str(&header).p)), JWK_VERIFIED);
    }
}

/* The public key, as anybody has it, as the secret of an HMAC. */
static void public_key_as_secret(void **state)
{
    (void)state;
    const struct str secrets[] = {our_key, set_text, number_text(ours, OSSL_PKEY_PARAM_RSA_N, 0), STR("")};
    static const char *const names[] = {"HS256", "hs256", "RS256"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            unsigned char mac[32];
            struct str head = arena_printf(&arena, "{\"alg\":\"%s\",\"kid\":\"k\"}", names[j]);
            struct str text = ARENA_CONCAT(&arena, b64(head), STR(".e30"));
            assert_non_null(HMAC(EVP_sha256(), secrets[i].p, (int)secrets[i].n, (const unsigned char *)text.p,
                                 text.n, mac, NULL));
            struct str token =
                ARENA_CONCAT(&arena, text, STR("."), b64((struct str){(char *)mac, sizeof mac}));
            assert_int_not_equal(check_ours(token), JWK_VERIFIED);
        }
}

/* No other text of a signature's bytes is taken, so that no second text of a token is. */
static void other_texts(void **state)
{
    (void)state;
    static const char *const tails[] = {"=", "==", "\n", " ", "A", "%3D", "\r\n", "."};
    struct str token = sign(ours, "{\"alg\":\"RS256\",\"kid\":\"k\"}");
    struct jwt_parts parts;
    assert_int_equal(check_ours(token), JWK_VERIFIED);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct str longer = ARENA_CONCAT(&arena, token, str_of(tails[i]));
        assert_true(!jwt_split(longer, &parts) || check_ours(longer) != JWK_VERIFIED);
    }
    static const char *const heads[] = {" ", "\n", "Bearer ", "\xef\xbb\xbf", "."};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct str longer = ARENA_CONCAT(&arena, str_of(heads[i]), token);
        assert_true(!jwt_split(longer, &parts) || check_ours(longer) != JWK_VERIFIED);
    }
    struct str last = str_from(token, token.n - 1), copy = arena_str(&arena, token);
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/";
    for (const char *c = alphabet; *c; c++) { /* 4 of its 6 bits mean nothing */
        ((char *)(uintptr_t)copy.p)[token.n - 1] = *c;
        assert_int_equal(check_ours(copy) == JWK_VERIFIED, *c == last.p[0]);
    }
    assert_true(jwt_split(token, &parts));
    struct str standard = arena_str(&arena, parts.signature);
    for (size_t i = 0; i < standard.n; i++) {
        char *c = (char *)(uintptr_t)standard.p + i;
        *c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
    }
    if (!str_is(standard, parts.signature))
        assert_int_equal(check_ours(ARENA_CONCAT(&arena, parts.signed_text, STR("."), standard)),
                         JWK_REFUSED);
}

static void no_tokens(void **state)
{
    (void)state;
    struct jwt_parts parts;
    static const char *const texts[] = {"",
                                        ".",
                                        "..",
                                        "...",
                                        "a.b",
                                        "a.b.",
                                        "a..c",
                                        ".b.c",
                                        "a.b.c.d",
                                        "a.b.c.d.e", /* the last: of JWE */
                                        "{\"payload\":\"e30\",\"signatures\":[]}",
                                        "null"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(jwt_split(str_of(texts[i]), &parts));
    char *longest = arena_alloc(&arena, JWT_MAX_SIZE + 1);
    memset(longest, 'a', JWT_MAX_SIZE + 1);
    longest[1] = longest[3] = '.';
    assert_true(jwt_split((struct str){longest, JWT_MAX_SIZE}, &parts));
    assert_false(jwt_split((struct str){longest, JWT_MAX_SIZE + 1}, &parts));
    static const char *const payloads[] = {"[]",  "\"a\"",           "1", "null", "true", "", "{",
                                           "{}x", "{\"a\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
        assert_null(jwt_object(&arena, b64(str_of(payloads[i]))));
    assert_non_null(jwt_object(&arena, STR("e30=")));
}

static json_object *set_with_ours_at(size_t place, const char *more)
{
    struct buf b = buf_in(&arena);
    struct str other = rsa_jwk_of(attacker, "");
    buf_add(&b, STR("{\"keys\":["));
    for (size_t i = 0; i < place; i++) {
        buf_add(&b, other);
        buf_char(&b, ',');
    }
    buf_add(&b, rsa_jwk_of(ours, more));
    buf_add(&b, STR("]}"));
    return json_parse(&arena, buf_str(&b));
}

/* Who sends many keys, or tokens that do not say which one it is, keeps us busy for so long only. */
static void bounded_work(void **state)
{
    (void)state;
    struct str token = sign(ours, "{\"alg\":\"RS256\"}"),
               named = sign(ours, "{\"alg\":\"RS256\",\"kid\":\"k\"}");
    assert_int_equal(check(set_with_ours_at(JWK_TRIES_MAX - 1, ""), token), JWK_VERIFIED);
    assert_int_equal(check(set_with_ours_at(JWK_TRIES_MAX, ""), token), JWK_UNKNOWN_KEY);
    assert_int_equal(check(set_with_ours_at(JWK_KEYS_MAX - 1, ",\"kid\":\"k\""), named), JWK_VERIFIED);
    assert_int_equal(check(set_with_ours_at(JWK_KEYS_MAX, ",\"kid\":\"k\""), named), JWK_UNKNOWN_KEY);
    assert_int_equal(check(NULL, named), JWK_UNKNOWN_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(headers, reset),
        cmocka_unit_test_teardown(brings_its_own_key, reset),
        cmocka_unit_test_teardown(public_key_as_secret, reset),
        cmocka_unit_test_teardown(other_texts, reset),
        cmocka_unit_test_teardown(no_tokens, reset),
        cmocka_unit_test_teardown(bounded_work, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, make_keys, free_keys);
    arena_free(&arena);
    return failed;
}
