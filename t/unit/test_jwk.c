/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and signatures of other servers: the examples of the RFCs, every algorithm with a key of its own, and
 * tokens that mean to be taken for what they are not.
 */
#include "jwk_fixture.h"

#include <openssl/pem.h>

#include "crypto/es256.h"

/* ---- examples of the RFCs ---- */

#define A_PAYLOAD                                                                                            \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

/* clang-format off */
#define A2_KEY \
    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0" \
    "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS" \
    "-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk" \
    "2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}"
#define A2_TOKEN \
    "eyJhbGciOiJSUzI1NiJ9." A_PAYLOAD ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5" \
    "YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Gar" \
    "ZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkW" \
    "ywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define A3_KEY \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define A3_TOKEN \
    "eyJhbGciOiJFUzI1NiJ9." A_PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define A4_KEY \
    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\"," \
    "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}"
#define A4_TOKEN \
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw" \
    "_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
#define PS384_KEY \
    "{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":\"sig\",\"n\":\"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4r" \
    "HVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj" \
    "-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqK" \
    "nS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw\",\"e\":\"AQAB\"}"
#define PS384_TOKEN \
    "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9" \
    "kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmX" \
    "igJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qy" \
    "Bzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVF" \
    "n442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSU" \
    "mFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"
#define ED25519_KEY "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define ED25519_TOKEN \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iyl" \
    "Gjg5BhVsPt9g7sVvpAr_MuM0KAg"
/* clang-format on */

static struct str with_byte(struct str token, size_t at, char byte)
{
    struct str copy = arena_str(&arena, token);
    ((char *)copy.p)[at] = copy.p[at] == byte ? 'B' : byte;
    return copy;
}

static void examples_of_the_rfcs(void **state)
{
    (void)state;
    static const struct {
        const char *key, *token;
        bool kid;
    } examples[] = {
        {A2_KEY, A2_TOKEN, false},      {A3_KEY, A3_TOKEN, false},           {A4_KEY, A4_TOKEN, false},
        {PS384_KEY, PS384_TOKEN, true}, {ED25519_KEY, ED25519_TOKEN, false},
    };
    json_object *all = json_parse(
        &arena, STR("{\"keys\":[" A2_KEY "," A3_KEY "," A4_KEY "," PS384_KEY ",7,null,{}," ED25519_KEY "]}"));
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct str token = str_of(examples[i].token);
        enum jwk_result forged = examples[i].kid ? JWK_FORGED : JWK_UNKNOWN_KEY;
        assert_int_equal(check(set_of(examples[i].key), token), JWK_VERIFIED);
        assert_int_equal(check(all, token), JWK_VERIFIED);
        assert_int_equal(check(all, with_byte(token, str_find(token, '.') + 2, 'A')), forged);
        assert_int_equal(check(all, with_byte(token, token.n - 20, 'A')), forged);
        assert_int_equal(check(set_of(""), token), JWK_UNKNOWN_KEY);
    }
}

/* ---- every algorithm ---- */

static void every_rsa_algorithm(void **state)
{
    (void)state;
    static const struct {
        const char *name, *digest;
        bool pss;
    } algorithms[] = {{"RS256", "SHA256", false}, {"RS384", "SHA384", false}, {"RS512", "SHA512", false},
                      {"PS256", "SHA256", true},  {"PS384", "SHA384", true},  {"PS512", "SHA512", true}};
    enum { N = sizeof algorithms / sizeof algorithms[0] };
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    json_object *set = set_of(rsa_jwk_of(pkey, ",\"kid\":\"k\"").p);
    for (size_t i = 0; i < N; i++) {
        for (size_t claimed = 0; claimed < N; claimed++) {
            struct str header =
                arena_printf(&arena, "{\"alg\":\"%s\",\"kid\":\"k\"}", algorithms[claimed].name);
            struct str token = make_token(pkey, header.p, algorithms[i].digest, algorithms[i].pss, 0);
            assert_int_equal(check(set, token), claimed == i ? JWK_VERIFIED : JWK_FORGED);
        }
        struct str more = arena_printf(&arena, ",\"alg\":\"%s\",\"kid\":\"k\"", algorithms[i].name);
        struct str header = arena_printf(&arena, "{\"alg\":\"%s\"}", algorithms[i].name);
        struct str token = make_token(pkey, header.p, algorithms[i].digest, algorithms[i].pss, 0);
        assert_int_equal(check(set_of(rsa_jwk_of(pkey, more.p).p), token), JWK_VERIFIED);
        more = arena_printf(&arena, ",\"alg\":\"%s\"", algorithms[(i + 1) % N].name);
        assert_int_equal(check(set_of(rsa_jwk_of(pkey, more.p).p), token), JWK_UNKNOWN_KEY);
    }
    EVP_PKEY_free(pkey);
}

static void every_curve(void **state)
{
    (void)state;
    static const struct {
        const char *name, *curve, *digest, *header;
        int half;
    } curves[] = {{"prime256v1", "P-256", "SHA256", "{\"alg\":\"ES256\"}", 32},
                  {"secp384r1", "P-384", "SHA384", "{\"alg\":\"ES384\"}", 48},
                  {"secp521r1", "P-521", "SHA512", "{\"alg\":\"ES512\"}", 66}};
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        EVP_PKEY *pkey = EVP_EC_gen(curves[i].name);
        json_object *set = set_of(ec_jwk_of(pkey, curves[i].curve, curves[i].half, "").p);
        struct str token = make_token(pkey, curves[i].header, curves[i].digest, false, curves[i].half);
        assert_int_equal(check(set, token), JWK_VERIFIED);
        struct str der = make_token(pkey, curves[i].header, curves[i].digest, false, -1);
        assert_int_equal(check(set, der), JWK_UNKNOWN_KEY);
        struct str other =
            make_token(pkey, curves[(i + 1) % 3].header, curves[i].digest, false, curves[i].half);
        assert_int_equal(check(set, other), JWK_UNKNOWN_KEY);
        EVP_PKEY_free(pkey);
    }
}

/* ---- tokens that are not to be believed ---- */

static void refuses_other_algorithms(void **state)
{
    (void)state;
    static const char *const headers[] = {"{\"alg\":\"none\"}",
                                          "{\"alg\":\"None\"}",
                                          "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"HS512\"}",
                                          "{\"alg\":\"\"}",
                                          "{\"alg\":\"rs256\"}",
                                          "{\"alg\":\"ES256K\"}",
                                          "{\"alg\":\"RS1\"}",
                                          "{\"alg\":[\"RS256\"]}",
                                          "{\"alg\":null}",
                                          "{\"kid\":\"k\"}",
                                          "[\"RS256\"]",
                                          "RS256",
                                          "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
                                          "{\"alg\":\"RS256\",\"kid\":7}"};
    json_object *all = json_parse(&arena, STR("{\"keys\":[" A2_KEY "," A3_KEY "," ED25519_KEY
                                              ",{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\"}]}"));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct str token = ARENA_CONCAT(&arena, b64(str_of(headers[i])), STR("." A_PAYLOAD ".AAAA"));
        assert_int_equal(check(all, token), JWK_REFUSED);
    }
    static const char *const tails[] = {".AA==", ".A", ".A+/A", ".=", ". "};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct str token = arena_printf(&arena, "eyJhbGciOiJSUzI1NiJ9.%s%s", A_PAYLOAD, tails[i]);
        assert_int_equal(check(all, token), JWK_REFUSED);
    }
    struct jwt_parts parts;
    assert_false(jwt_split(STR("eyJhbGciOiJub25lIn0." A_PAYLOAD "."), &parts));
}

static void refuses_keys_of_other_use(void **state)
{
    (void)state;
    static const char *const members[] = {",\"use\":\"enc\"",        ",\"use\":null",     ",\"use\":7",
                                          ",\"key_ops\":[\"sign\"]", ",\"key_ops\":[]",   ",\"key_ops\":{}",
                                          ",\"alg\":\"ES384\"",      ",\"alg\":\"HS256\""};
    EVP_PKEY *pkey = EVP_EC_gen("prime256v1");
    struct str token = make_token(pkey, "{\"alg\":\"ES256\"}", "SHA256", false, 32);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        assert_int_equal(check(set_of(ec_jwk_of(pkey, "P-256", 32, members[i]).p), token), JWK_UNKNOWN_KEY);
    const char *allowed = ",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"x\",\"verify\"]";
    assert_int_equal(check(set_of(ec_jwk_of(pkey, "P-256", 32, allowed).p), token), JWK_VERIFIED);
    EVP_PKEY_free(pkey);
}

static void chooses_by_id(void **state)
{
    (void)state;
    EVP_PKEY *old = EVP_EC_gen("prime256v1"), *new = EVP_EC_gen("prime256v1");
    struct str keys = arena_printf(&arena, "%s,%s", ec_jwk_of(old, "P-256", 32, ",\"kid\":\"old\"").p,
                                   ec_jwk_of(new, "P-256", 32, ",\"kid\":\"new\"").p);
    json_object *set = set_of(keys.p);
    const char *header = "{\"alg\":\"ES256\",\"kid\":\"%s\"}";
    static const struct {
        const char *kid;
        enum jwk_result by_old, by_new;
    } rows[] = {{"old", JWK_VERIFIED, JWK_FORGED},
                {"new", JWK_FORGED, JWK_VERIFIED},
                {"newest", JWK_UNKNOWN_KEY, JWK_UNKNOWN_KEY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text = arena_printf(&arena, header, rows[i].kid);
        assert_int_equal(check(set, make_token(old, text.p, "SHA256", false, 32)), rows[i].by_old);
        assert_int_equal(check(set, make_token(new, text.p, "SHA256", false, 32)), rows[i].by_new);
    }
    assert_int_equal(check(set, make_token(new, "{\"alg\":\"ES256\"}", "SHA256", false, 32)), JWK_VERIFIED);
    EVP_PKEY_free(old);
    EVP_PKEY_free(new);
}

static void refuses_bad_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {
        /* not on the curve; too short; a zero in front; two numbers in one */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7,\"y\":8}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(check(set_of(keys[i]), STR(A3_TOKEN)), JWK_UNKNOWN_KEY);

    EVP_PKEY *weak = EVP_RSA_gen(1024), *strong = EVP_RSA_gen(2048);
    const char *header = "{\"alg\":\"RS256\"}";
    assert_int_equal(check(set_of(rsa_jwk_of(weak, "").p), make_token(weak, header, "SHA256", false, 0)),
                     JWK_UNKNOWN_KEY);
    struct str n = number_text(strong, OSSL_PKEY_PARAM_RSA_N, 0),
               token = make_token(strong, header, "SHA256", false, 0);
    static const char *const exponents[] = {"AQ", "Ag", "AA", "AAAAAAAAAAAB", "", "*"};
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        struct str key =
            arena_printf(&arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n.p, exponents[i]);
        assert_int_equal(check(set_of(key.p), token), JWK_UNKNOWN_KEY);
    }
    EVP_PKEY_free(weak);
    EVP_PKEY_free(strong);

    assert_false(jwk_is_set(NULL));
    assert_false(jwk_is_set(json_parse(&arena, STR("[]"))));
    assert_false(jwk_is_set(json_parse(&arena, STR("{\"keys\":{}}"))));
    assert_true(jwk_is_set(json_parse(&arena, STR("{\"keys\":[]}"))));
}

/* ---- tokens of ours ---- */

static struct str pem_of(EVP_PKEY *pkey)
{
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &text);
    struct str pem = arena_str(&arena, (struct str){text, (size_t)n});
    BIO_free(bio);
    return pem;
}

static void signs_with_es256(void **state)
{
    (void)state;
    struct str token, header = STR("{\"alg\":\"ES256\",\"kid\":\"k\"}"), payload = STR("{\"sub\":\"1\"}");
    EVP_PKEY *pkey = EVP_EC_gen("prime256v1"), *other = EVP_EC_gen("secp384r1"), *rsa = EVP_RSA_gen(2048);
    json_object *set = set_of(ec_jwk_of(pkey, "P-256", 32, ",\"kid\":\"k\"").p);
    for (int i = 0; i < 50; i++) { /* numbers with zeros in front among them, sooner or later */
        assert_true(es256_sign(&arena, pem_of(pkey), header, payload, &token));
        assert_int_equal(check(set, token), JWK_VERIFIED);
    }
    struct jwt_parts parts;
    assert_true(jwt_split(token, &parts));
    assert_string_equal(json_text(&arena, jwt_object(&arena, parts.payload)).p, "{\"sub\":\"1\"}");

    assert_false(es256_sign(&arena, pem_of(other), header, payload, &token));
    assert_false(es256_sign(&arena, pem_of(rsa), header, payload, &token));
    static const struct str texts[] = {STR(""), STR("nonsense"),
                                       STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                                       STR("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGH\n"
                                           "-----END ENCRYPTED PRIVATE KEY-----\n")};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(es256_sign(&arena, texts[i], header, payload, &token));
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(other);
    EVP_PKEY_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(examples_of_the_rfcs, reset),
        cmocka_unit_test_teardown(every_rsa_algorithm, reset),
        cmocka_unit_test_teardown(every_curve, reset),
        cmocka_unit_test_teardown(refuses_other_algorithms, reset),
        cmocka_unit_test_teardown(refuses_keys_of_other_use, reset),
        cmocka_unit_test_teardown(chooses_by_id, reset),
        cmocka_unit_test_teardown(refuses_bad_keys, reset),
        cmocka_unit_test_teardown(signs_with_es256, reset),
    };
    if (sodium_init() < 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
