/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens without a database: versions, texts, payloads (spec: cdi-session 1.4). Verifying:
 * test_keyring.c.
 */

#include <float.h>
#include <math.h>
#include <sodium.h>

#include "arena_fixture.h"
#include "crypto/base64.h"
#include "json/json.h"
#include "key_fixture.h"
#include "session/access_token.h"
#include "session/payload.h"

#define H1 "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIxIn0="
#define H2 "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0="

static struct ctx c;
static struct rsa_key *key;

static int setup(void **state)
{
    (void)state;
    c = (struct ctx){.arena = &arena};
    return 0;
}

static struct access_token sample(int version)
{
    return (struct access_token){.version = version,
                                 .issued_ms = 1700000000123,
                                 .expires_ms = 1700003600999,
                                 .user_id = STR("primary"),
                                 .recipe_user_id = STR("recipe"),
                                 .session_handle = STR("handle"),
                                 .refresh_token_hash1 = STR("hash"),
                                 .tenant_id = STR("t1")};
}

static struct str mint(struct access_token *t, const char *user_data)
{
    struct str text;
    json_object *object = user_data ? json_parse(&arena, str_of(user_data)) : NULL;
    assert_int_equal(access_token_mint(&c, key, t, object, &text), ST_OK);
    return text;
}

static struct str part(struct str token, int number)
{
    struct str text = STR_NONE, out;
    for (int i = 0; i <= number; i++)
        text = str_split(&token, '.');
    assert_true(base64_decode_lenient(&arena, text, &out));
    return out;
}

static void payloads_of_all_versions(void **state)
{
    (void)state;
    static const struct {
        int version;
        bool full; /* with parent and anti-csrf token */
        const char *header, *payload;
    } rows[] = {
        {1, false, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"version\":\"1\"}",
         "{\"userId\":\"primary\",\"expiryTime\":1700003600999,\"timeCreated\":1700000000123,"
         "\"sessionHandle\":\"handle\",\"refreshTokenHash1\":\"hash\",\"userData\":{\"k\":1}}"},
        {2, true, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"version\":\"2\"}",
         "{\"userId\":\"primary\",\"expiryTime\":1700003600999,\"timeCreated\":1700000000123,"
         "\"sessionHandle\":\"handle\",\"refreshTokenHash1\":\"hash\",\"parentRefreshTokenHash1\":\"parent\","
         "\"antiCsrfToken\":\"csrf\",\"userData\":{\"k\":1}}"},
        {3, false, "{\"kid\":\"d-1\",\"typ\":\"JWT\",\"version\":\"3\",\"alg\":\"RS256\"}",
         "{\"iat\":1700000000,\"exp\":1700003600,\"sub\":\"primary\",\"sessionHandle\":\"handle\","
         "\"refreshTokenHash1\":\"hash\",\"parentRefreshTokenHash1\":null,\"antiCsrfToken\":null,\"k\":1}"},
        {4, true, "{\"kid\":\"d-1\",\"typ\":\"JWT\",\"version\":\"4\",\"alg\":\"RS256\"}",
         "{\"iat\":1700000000,\"exp\":1700003600,\"sub\":\"primary\",\"tId\":\"t1\",\"sessionHandle\":"
         "\"handle\","
         "\"refreshTokenHash1\":\"hash\",\"parentRefreshTokenHash1\":\"parent\",\"antiCsrfToken\":\"csrf\","
         "\"k\":1}"},
        {5, false, "{\"kid\":\"d-1\",\"typ\":\"JWT\",\"version\":\"5\",\"alg\":\"RS256\"}",
         "{\"iat\":1700000000,\"exp\":1700003600,\"sub\":\"primary\",\"tId\":\"t1\",\"rsub\":\"recipe\","
         "\"sessionHandle\":\"handle\",\"refreshTokenHash1\":\"hash\",\"parentRefreshTokenHash1\":null,"
         "\"antiCsrfToken\":null,\"k\":1}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_token t = sample(rows[i].version);
        if (rows[i].full) {
            t.parent_refresh_token_hash1 = STR("parent");
            t.anti_csrf_token = STR("csrf");
        }
        struct str token = mint(&t, "{\"k\":1}");
        assert_str(part(token, 0), rows[i].header);
        assert_str(part(token, 1), rows[i].payload);
        assert_str(t.user_data, "{\"k\":1}");
        assert_int_equal(t.issued_ms, t.version < 3 ? 1700000000123 : 1700000000000);
        assert_int_equal(t.expires_ms, t.version < 3 ? 1700003600999 : 1700003600000);
        if (t.version < 3)
            assert_true(str_starts(token, t.version == 1 ? STR(H1 ".") : STR(H2 ".")));
    }
}

static void reads_what_it_mints(void **state)
{
    (void)state;
    for (int version = 1; version <= 5; version++) {
        for (int full = 0; full < 2; full++) {
            struct access_token t = sample(version), back;
            struct access_token_envelope e;
            struct str message;
            if (full) {
                t.parent_refresh_token_hash1 = STR("parent");
                t.anti_csrf_token = STR("csrf");
            }
            struct str token = mint(&t, full ? "{\"a\":[1,null],\"b\":{\"c\":\"\\u00e4\"}}" : NULL);
            assert_true(access_token_open(&arena, token, &e, &message));
            assert_int_equal(e.version, version);
            assert_true(access_token_is_signed_by(&arena, &e, key));
            assert_true(access_token_read(&arena, &e, &back, &message));
            assert_int_equal(back.issued_ms, t.issued_ms);
            assert_int_equal(back.expires_ms, t.expires_ms);
            assert_str(back.user_id, "primary");
            assert_str(back.recipe_user_id, version == 5 ? "recipe" : "primary");
            assert_str(back.tenant_id, version >= 4 ? "t1" : "public");
            assert_str(back.session_handle, "handle");
            assert_str(back.refresh_token_hash1, "hash");
            assert_true(str_is(back.parent_refresh_token_hash1, t.parent_refresh_token_hash1));
            assert_int_equal(back.parent_refresh_token_hash1.p != NULL, full);
            assert_int_equal(back.anti_csrf_token.p != NULL, full);
            assert_str(back.user_data, full ? "{\"a\":[1,null],\"b\":{\"c\":\"\xc3\xa4\"}}" : "{}");
            assert_str(t.user_data, back.user_data.p);
            assert_int_equal(back.kid.p != NULL, version >= 3);
            arena_reset(&arena);
        }
    }
}

static void signature_covers_everything(void **state)
{
    (void)state;
    for (int version = 2; version <= 5; version += 3) {
        struct access_token t = sample(version);
        struct str token = mint(&t, "{}"), message;
        char *bytes = (char *)(uintptr_t)token.p;
        size_t header = str_find(token, '.');
        for (size_t i = header + 1; i < token.n; i += 7) {
            struct access_token_envelope e;
            char was = bytes[i];
            bytes[i] = was == 'A' ? 'B' : 'A';
            if (access_token_open(&arena, token, &e, &message))
                assert_false(access_token_is_signed_by(&arena, &e, key));
            bytes[i] = was;
        }
    }
}

static void protected_fields(void **state)
{
    (void)state;
    static const char *const names[] = {
        "sub",           "exp", "iat",  "sessionHandle", "refreshTokenHash1", "parentRefreshTokenHash1",
        "antiCsrfToken", "tId", "rsub", "userId"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct str json = arena_printf(&arena, "{\"x\":1,\"%s\":null}", names[i]), text;
        json_object *data = json_parse(&arena, json);
        for (int version = 1; version <= 5; version++) {
            bool expected = version >= 3 && i < (version == 3 ? 7u : version == 4 ? 8u : 9u);
            assert_int_equal(access_token_is_protected(version, data), expected);
            struct access_token t = sample(version);
            enum st_err err = access_token_mint(&c, key, &t, data, &text);
            assert_int_equal(err, expected ? ST_BAD_REQUEST : ST_OK);
            if (expected)
                assert_str(c.message, "The user payload contains protected field");
        }
    }
    assert_false(access_token_is_protected(5, NULL));
}

static void custom_keys_stay_user_data(void **state)
{
    (void)state;
    struct access_token t = sample(3), back;
    struct access_token_envelope e;
    struct str message;
    struct str token = mint(&t, "{\"tId\":\"mine\",\"rsub\":2}");
    assert_true(access_token_open(&arena, token, &e, &message));
    assert_true(access_token_read(&arena, &e, &back, &message));
    assert_str(back.user_data, "{\"tId\":\"mine\",\"rsub\":2}");
    assert_str(back.tenant_id, "public");
}

static void payload_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: cannot be held */
    } rows[] = {
        {"0", "0"},
        {"-0", "0"},
        {"7", "7"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", NULL},
        {"18446744073709551615", NULL},
        {"1.0", "1.0"},
        {"1e5", "100000.0"},
        {"1E0", "1.0"},
        {"-0.0", "-0.0"},
        {"12.5", "12.5"},
        {"0.1", "0.1"},
        {"0.001", "0.001"},
        {"0.0015", "0.0015"},
        {"0.00099", "9.9E-4"},
        {"1e-3", "0.001"},
        {"9999999.0", "9999999.0"},
        {"1e7", "1.0E7"},
        {"12345678.9", "1.23456789E7"},
        {"1e21", "1.0E21"},
        {"1e23", "1.0E23"},
        {"2e-3", "0.002"},
        {"-1.5e-7", "-1.5E-7"},
        {"4.9e-324", "4.9E-324"},
        {"1.7976931348623157e308", "1.7976931348623157E308"},
        {"1e999", NULL},
        {"3.141592653589793", "3.141592653589793"},
        {"100.25", "100.25"},
        {"1234567.125", "1234567.125"},
        {"0.3333333333333333", "0.3333333333333333"},
        {"2.2250738585072014e-308", "2.2250738585072014E-308"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_token t = sample(5);
        struct str text, json = arena_printf(&arena, "{\"n\":[%s,null]}", rows[i].in);
        json_object *data = json_parse(&arena, json);
        assert_non_null(data);
        enum st_err err = access_token_mint(&c, key, &t, data, &text);
        assert_int_equal(err, rows[i].out ? ST_OK : ST_INTERNAL);
        if (rows[i].out)
            assert_str(t.user_data, arena_printf(&arena, "{\"n\":[%s,null]}", rows[i].out).p);
    }
}

static void doubles_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double value;
        randombytes_buf(&value, sizeof value);
        if (!isfinite(value))
            continue;
        struct buf b = buf_in(&arena);
        payload_write_double(&b, value);
        assert_true(strtod(buf_str(&b).p, NULL) == value);
        arena_reset(&arena);
    }
}

static void open_error(const char *header, const char *want)
{
    struct access_token_envelope e;
    struct str message = STR_NONE;
    struct str token =
        ARENA_CONCAT(&arena, base64_encode(&arena, BASE64_URL_UNPADDED, str_of(header)), STR(".e30.x"));
    bool ok = access_token_open(&arena, token, &e, &message);
    assert_int_equal(ok, want == NULL);
    if (want)
        assert_str(message, want);
}

static void header_errors(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } rows[] = {
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k\"}", NULL},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k\",\"version\":\"3\"}", NULL},
        {"[]", "Invalid JWT"},
        {"null", "Invalid JWT"},
        {"{", "Invalid JWT"},
        {"{}", "JWT header missing - typ"},
        {"{\"typ\":null}", "JWT header missing - typ"},
        {"{\"typ\":{}}", "JWT header missing - typ"},
        {"{\"typ\":\"jwt\"}", "JWT header mismatch - typ"},
        {"{\"typ\":1}", "JWT header mismatch - typ"},
        {"{\"typ\":\"JWT\"}", "JWT header missing - alg"},
        {"{\"typ\":\"JWT\",\"alg\":[]}", "JWT header missing - alg"},
        {"{\"typ\":\"JWT\",\"alg\":\"none\"}", "JWT header mismatch - alg"},
        {"{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"k\"}", "JWT header mismatch - alg"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"version\":5}", "JWT header mismatch - version"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"version\":null}", "JWT header mismatch - version"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"version\":\"2\",\"kid\":\"k\"}",
         "JWT header mismatch - version"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"version\":\"6\"}", "JWT header missing - kid"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\"}", "JWT header missing - kid"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":3}", "JWT header mismatch - kid"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k\",\"version\":\"6\"}",
         "JWT header mismatch - version"},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k\",\"version\":\"33\"}",
         "JWT header mismatch - version"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        open_error(rows[i].header, rows[i].message);
    static const struct str bad[] = {STR(""), STR("a.b"), STR("a.b.c"), STR("a.b.c.d"), STR("....")};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct access_token_envelope e;
        struct str message;
        assert_false(access_token_open(&arena, bad[i], &e, &message));
        assert_str(message, "Invalid JWT");
    }
}

#define INCOMPLETE "Access token does not contain all the information. Maybe the structure has changed? "

static void read_error(int version, const char *payload, const char *want)
{
    struct str encoded = base64_encode(&arena, BASE64_STANDARD, str_of(payload)), message = STR_NONE;
    struct access_token_envelope e = {.version = version, .kid = STR("k"), .parts = {.payload = encoded}};
    struct access_token t;
    bool ok = access_token_read(&arena, &e, &t, &message);
    if (ok != (want == NULL))
        fail_msg("V%d %s", version, payload);
    if (want)
        assert_str(message, want);
}

static void payload_errors(void **state)
{
    (void)state;
#define SESSION "\"sessionHandle\":\"h\",\"refreshTokenHash1\":\"r\""
#define JWT "\"iat\":1,\"exp\":2,\"sub\":\"u\""
#define NULLS "\"parentRefreshTokenHash1\":null,\"antiCsrfToken\":null"
    static const struct {
        int version;
        const char *payload, *message;
    } rows[] = {
        {5, "[]", "Invalid JWT"},
        {5, "{\"iss\":\"x\",\"iat\":1,\"exp\":2}", INCOMPLETE "sub"}, /* of the JWT recipe */
        {5, "{\"sub\":\"u\"}", INCOMPLETE "exp"},
        {5, "{\"sub\":\"u\",\"exp\":1}", INCOMPLETE "iat"},
        {3, "{" JWT "}", INCOMPLETE "sessionHandle"},
        {3, "{" JWT "," SESSION "}", INCOMPLETE "parentRefreshTokenHash1"},
        {3, "{" JWT "," SESSION ",\"parentRefreshTokenHash1\":\"p\"}", INCOMPLETE "antiCsrfToken"},
        {3, "{" JWT "," SESSION "," NULLS "}", NULL},
        {4, "{" JWT "," SESSION "," NULLS "}", INCOMPLETE "tId"},
        {5, "{" JWT "," SESSION "," NULLS ",\"tId\":\"t\"}", INCOMPLETE "rsub"},
        {5, "{" JWT "," SESSION "," NULLS ",\"tId\":\"t\",\"rsub\":\"r\"}", NULL},
        {5, "{" JWT "," SESSION "," NULLS ",\"tId\":null,\"rsub\":\"r\"}", INCOMPLETE "tId"},
        {3, "{\"iat\":1,\"exp\":\"2\",\"sub\":\"u\"," SESSION "," NULLS "}", INCOMPLETE "exp"},
        {3, "{\"iat\":1,\"exp\":2.5,\"sub\":\"u\"," SESSION "," NULLS "}", INCOMPLETE "exp"},
        {3, "{\"iat\":1,\"exp\":9223372036854775807,\"sub\":\"u\"," SESSION "," NULLS "}", INCOMPLETE "exp"},
        {3, "{\"iat\":-1,\"exp\":2,\"sub\":\"u\"," SESSION "," NULLS "}", INCOMPLETE "iat"},
        {3, "{\"iat\":1,\"exp\":2,\"sub\":7," SESSION "," NULLS "}", INCOMPLETE "sub"},
        {2, "{\"userId\":\"u\",\"timeCreated\":1}", INCOMPLETE "expiryTime"},
        {2, "{\"userId\":\"u\",\"expiryTime\":1,\"timeCreated\":1," SESSION "}", NULL},
        {1, "{\"userId\":\"u\",\"expiryTime\":1,\"timeCreated\":1," SESSION ",\"antiCsrfToken\":1}",
         INCOMPLETE "antiCsrfToken"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        read_error(rows[i].version, rows[i].payload, rows[i].message);
}

static void anti_csrf(void **state)
{
    (void)state;
    struct access_token t = sample(5);
    assert_string_equal(access_token_anti_csrf_error(&t, STR("x")), ACCESS_TOKEN_INCOMPLETE_TEXT);
    t.anti_csrf_token = STR("token");
    assert_null(access_token_anti_csrf_error(&t, STR("token")));
    assert_string_equal(access_token_anti_csrf_error(&t, STR("tokex")), "anti-csrf check failed");
    assert_string_equal(access_token_anti_csrf_error(&t, STR("toke")), "anti-csrf check failed");
    assert_string_equal(access_token_anti_csrf_error(&t, STR_NONE), "anti-csrf check failed");
}

static void versions_and_lifetimes(void **state)
{
    (void)state;
    static const int rows[][2] = {{207, 2}, {220, 2}, {221, 3}, {300, 4}, {301, 4}, {400, 5}, {506, 5}};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(access_token_version_of_cdi(rows[i][0]), rows[i][1]);
    assert_int_equal(access_token_end(1000, 3600000, 0, 0.9), 3601000);
    assert_int_equal(access_token_end(1000, 3600000, 0.5, 0), 3601000);
    assert_int_equal(access_token_end(1000, 3600000, 0.5, 0.5), 2701000);
    assert_int_equal(access_token_end(0, 1001, 0.1, 0.5), 950); /* truncated */
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, reset)
    const struct CMUnitTest tests[] = {
        TEST(payloads_of_all_versions),
        TEST(reads_what_it_mints),
        TEST(signature_covers_everything),
        TEST(protected_fields),
        TEST(custom_keys_stay_user_data),
        TEST(payload_numbers),
        TEST(doubles_read_back),
        TEST(header_errors),
        TEST(payload_errors),
        TEST(anti_csrf),
        TEST(versions_and_lifetimes),
    };
    if (sodium_init() < 0)
        return 1;
    key = rsa_key_parse(&arena, STR(KEY_FIXTURE_TEXT), STR("d-1"), 1);
    if (!key)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rsa_key_unref(key);
    arena_free(&arena);
    return failed;
}
