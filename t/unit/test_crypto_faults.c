/* SPDX-License-Identifier: Apache-2.0
 *
 * Cryptography that runs out of memory at any place: it neither crashes nor says yes to what it could not
 * check, and it does not call wrong what it had no memory to look at. Right afterwards it works again.
 */
#include "fault_fixture.h"
#include "jwk_fixture.h"
#include "key_fixture.h"

#include <openssl/pem.h>

#include "crypto/aes_gcm.h"
#include "crypto/algorithms.h"
#include "crypto/argon2_arena.h"
#include "crypto/es256.h"
#include "crypto/firebase_scrypt.h"
#include "crypto/password_hash.h"
#include "crypto/verified_tokens.h"

static struct arena work, kept; /* of an operation, of what all of them need */

static bool seal_and_open(void)
{
    static const unsigned char key[AES_GCM_KEY], iv[AES_GCM_IV];
    unsigned char sealed[5 + AES_GCM_TAG], plain[5];
    if (!aes_gcm_seal(key, iv, STR("plain"), sealed))
        return false;
    assert_true(aes_gcm_open(&work, key, iv, (struct str){(char *)sealed, sizeof sealed}, plain));
    assert_memory_equal(plain, "plain", 5);
    return true;
}

static bool derive(void)
{
    unsigned char first[32], second[32];
    if (!digest_pbkdf2_sha512(STR("p"), STR("s"), 2, first, 32) ||
        !digest_pbkdf2_sha512(STR("p"), STR("s"), 2, second, 32))
        return false;
    assert_memory_equal(first, second, 32);
    return true;
}

/* Has no way to fail: it goes on by another library. */
static bool hash(void)
{
    assert_string_equal(digest_sha256hex(&work, STR("abc")).p,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    return true;
}

static struct rsa_key *parse_key(void)
{
    return rsa_key_parse(&work, STR(KEY_FIXTURE_TEXT), STR("k"), 0);
}

static bool read_rsa_key(void)
{
    struct rsa_key *key = parse_key();
    if (key)
        assert_true(str_is(key->n, STR(KEY_FIXTURE_N)));
    rsa_key_unref(key);
    return key != NULL;
}

static struct rsa_key *the_key;

static bool sign_and_verify(void)
{
    unsigned char signature[RSA_SIGNATURE_MAX];
    size_t n;
    if (!rsa_key_sign(the_key, STR("m"), signature, &n))
        return false;
    assert_true(rsa_key_verify(&work, the_key, STR("m"), (struct str){(char *)signature, n}));
    return true;
}

static bool sign_token(void)
{
    struct jwt_parts parts;
    struct str token = jwt_sign(&work, the_key, STR("{}"), STR("{}"));
    assert_true(jwt_split(token, &parts));
    assert_true(jwt_verify(&work, the_key, &parts));
    return true;
}

static bool store_key(void)
{
    struct str der, text;
    assert_true(base64_decode(&work, BASE64_STANDARD, STR(KEY_FIXTURE_PKCS8), &der));
    if (!rsa_key_text(&work, der, &text))
        return false;
    assert_true(str_is(text, STR(KEY_FIXTURE_TEXT)));
    return true;
}

static bool generate_key(void)
{
    unsigned char der[RSA_KEY_DER_MAX];
    size_t n;
    struct str text;
    if (!rsa_key_generate(der, &n))
        return false;
    (void)rsa_key_text(&work, (struct str){(char *)der, n}, &text);
    return true;
}

static void symmetric(void **state)
{
    (void)state;
    assert_true(fault_sweep(&work, seal_and_open, 0) > 1);
    assert_true(fault_sweep(&work, derive, 0) > 1);
    assert_int_equal(fault_sweep(&work, hash, 0), 1); /* the text's own memory */
}

static void rsa_keys(void **state)
{
    (void)state;
    the_key = parse_key();
    assert_non_null(the_key);
    assert_true(fault_sweep(&work, read_rsa_key, 0) > 10);
    assert_true(fault_sweep(&work, sign_and_verify, 0) > 1);
    assert_true(fault_sweep(&work, sign_token, 0) > 1);
    assert_true(fault_sweep(&work, store_key, 0) > 10);
    assert_true(fault_sweep(&work, generate_key, 8) > 1);
    rsa_key_unref(the_key);
}

/* ---- other servers' tokens ---- */

static struct str token, set_text, pem;

static bool verify_token(void)
{
    struct jwt_parts parts;
    json_object *set = json_parse(&work, set_text);
    assert_true(jwt_split(token, &parts));
    assert_int_equal(jwk_verify(&work, set, &parts), JWK_VERIFIED);
    return true;
}

static bool sign_es256(void)
{
    struct str out = STR_NONE;
    bool signed_it = es256_sign(&work, pem, STR("{}"), STR("{}"), &out);
    assert_int_equal(signed_it, out.p != NULL);
    return signed_it;
}

static struct str keep(struct str text)
{
    struct str copy = arena_str(&kept, text);
    arena_reset(&arena);
    return copy;
}

static struct str pem_of(EVP_PKEY *pkey)
{
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &text);
    struct str copy = arena_str(&kept, (struct str){text, (size_t)n});
    BIO_free(bio);
    return copy;
}

static void tokens_of_others(void **state)
{
    (void)state;
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("prime256v1");
    set_text = keep(arena_printf(&arena, "{\"keys\":[%s]}", rsa_jwk_of(rsa, "").p));
    token = keep(make_token(rsa, "{\"alg\":\"RS256\"}", "SHA256", false, 0));
    assert_true(fault_sweep(&work, verify_token, 0) > 10);
    token = keep(make_token(rsa, "{\"alg\":\"PS256\"}", "SHA256", true, 0));
    assert_true(fault_sweep(&work, verify_token, 0) > 10);
    set_text = keep(arena_printf(&arena, "{\"keys\":[%s]}", ec_jwk_of(ec, "P-256", 32, "").p));
    token = keep(make_token(ec, "{\"alg\":\"ES256\"}", "SHA256", false, 32));
    assert_true(fault_sweep(&work, verify_token, 0) > 10);
    pem = pem_of(ec);
    assert_true(fault_sweep(&work, sign_es256, 0) > 10);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

/* ---- passwords ---- */

static struct argon2_arena *memory;
static const char *stored;

static bool hash_argon2(void)
{
    static const struct argon2_params cheap = {.memory_kib = 64, .passes = 1, .lanes = 1};
    static const uint8_t salt[ARGON2_ARENA_SALT_BYTES];
    char text[ARGON2_ARENA_TEXT_SIZE];
    struct argon2_arena *own = argon2_arena_create(0);
    enum argon2_arena_result result =
        own ? argon2_arena_hash(own, Argon2_id, &cheap, salt, (const uint8_t *)"p", 1, text)
            : ARGON2_ARENA_NO_MEMORY;
    if (own)
        argon2_arena_destroy(own);
    assert_true(result == ARGON2_ARENA_OK || result == ARGON2_ARENA_NO_MEMORY);
    return result == ARGON2_ARENA_OK;
}

static bool verify_password(void)
{
    struct password_jobs_env env = {.argon2 = memory};
    struct password_job job = {.kind = PASSWORD_VERIFY, .password = (const uint8_t *)"user1password"};
    job.password_len = strlen("user1password");
    job.stored = stored;
    job.stored_len = strlen(stored);
    job.firebase_signer_key =
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    password_jobs_run(&env, (struct password_job *[]){&job}, 1);
    assert_true(job.status == PASSWORD_JOB_DONE || job.status == PASSWORD_JOB_NO_MEMORY);
    assert_true(job.status == PASSWORD_JOB_DONE || !job.match);
    return job.status == PASSWORD_JOB_DONE;
}

static void passwords(void **state)
{
    (void)state;
    static const uint8_t salt[ARGON2_ARENA_SALT_BYTES];
    static const struct argon2_params cheap = {.memory_kib = 64, .passes = 1, .lanes = 1};
    char text[ARGON2_ARENA_TEXT_SIZE];
    assert_true(fault_sweep(&work, hash_argon2, 0) >= 2);
    memory = argon2_arena_create(0); /* maps for every hash */
    assert_int_equal(
        argon2_arena_hash(memory, Argon2_id, &cheap, salt, (const uint8_t *)"user1password", 13, text),
        ARGON2_ARENA_OK);
    stored = text;
    assert_true(fault_sweep(&work, verify_password, 0) >= 1);
    argon2_arena_destroy(memory);
    argon2_arena_destroy(NULL);
    stored =
        "$f_scrypt$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
        "$42xEC+ixf3L2lw==$m=14$r=8$s=Bw==";
    assert_true(fault_sweep(&work, verify_password, 0) >= 2);
}

static void forget_tokens(void *tokens)
{
    verified_tokens_free(tokens);
}

static bool remember_token(void)
{
    struct verified_token_id id = {.scope = 1};
    struct str info;
    struct arena_cleanup *slot = arena_reserve_cleanup(&work, forget_tokens);
    struct verified_tokens *v = slot->object = verified_tokens_new();
    if (!v)
        return false;
    verified_tokens_put(v, &id, 10, STR("info"));
    return verified_tokens_get(v, &work, &id, 1, &info);
}

static void remembered_tokens(void **state)
{
    (void)state;
    assert_true(fault_sweep(&work, remember_token, 0) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(symmetric, reset),         cmocka_unit_test_teardown(rsa_keys, reset),
        cmocka_unit_test_teardown(tokens_of_others, reset),  cmocka_unit_test_teardown(passwords, reset),
        cmocka_unit_test_teardown(remembered_tokens, reset),
    };
    if (sodium_init() < 0 || !algorithms())
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    arena_free(&kept);
    return failed;
}
