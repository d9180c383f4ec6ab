/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "crypto/argon2_arena.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB ((size_t)1024 * 1024)
#define SALT_B64 "c29tZXNhbHQ" /* somesalt */
#define HASH_B64 "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define VALID "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64

static struct argon2_arena *arena;

static int make_arena(void **state)
{
    (void)state;
    arena = argon2_arena_create(4 * MIB);
    return arena ? 0 : -1;
}

static int free_arena(void **state)
{
    (void)state;
    argon2_arena_destroy(arena);
    return 0;
}

static enum argon2_arena_result verify(const char *text, const char *password)
{
    return argon2_arena_verify(arena, text, strlen(text), (const uint8_t *)password, strlen(password));
}

/* Published with the reference implementation. The large ones do not fit into what the arena keeps. */
static const struct {
    const char *password, *text;
} vectors[] = {
    {"password", VALID},
    {"password", "$argon2id$v=19$m=256,t=2,p=2$" SALT_B64 "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
    {"password", "$argon2i$v=19$m=256,t=2,p=2$" SALT_B64 "$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
    {"password", "$argon2i$m=256,t=2,p=2$" SALT_B64 "$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs"},
    {"password", "$argon2i$v=16$m=256,t=2,p=2$" SALT_B64 "$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs"},
    {"password", "$argon2i$v=19$m=65536,t=2,p=1$" SALT_B64 "$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"},
    {"differentpassword",
     "$argon2id$v=19$m=65536,t=2,p=1$" SALT_B64 "$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"},
    {"password", "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw"},
};

static void published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        assert_int_equal(verify(vectors[i].text, vectors[i].password), ARGON2_ARENA_OK);
        assert_int_equal(verify(vectors[i].text, "Password"), ARGON2_ARENA_MISMATCH);
    }
}

/* Every type, version and number of lanes against the library's own door, which runs the lanes in threads. */
static void library_agrees(void **state)
{
    (void)state;
    static const argon2_type types[] = {Argon2_d, Argon2_i, Argon2_id};
    static const uint32_t versions[] = {ARGON2_VERSION_10, ARGON2_VERSION_13}, lanes[] = {1, 2, 4};
    static const char password[] = "correct horse", salt[] = "0123456789abcdef";
    for (size_t i = 0; i < COUNT(types) * COUNT(versions) * COUNT(lanes); i++) {
        argon2_type type = types[i % 3];
        uint32_t version = versions[i / 3 % 2], p = lanes[i / 6];
        uint8_t raw[24];
        char text[ARGON2_ARENA_TEXT_SIZE];
        assert_int_equal(argon2_hash(3, 200, p, password, strlen(password), salt, 16, raw, sizeof raw, text,
                                     sizeof text, type, version),
                         ARGON2_OK);
        assert_int_equal(verify(text, password), ARGON2_ARENA_OK);
        assert_int_equal(verify(text, "correct horsE"), ARGON2_ARENA_MISMATCH);
    }
}

static void new_hashes(void **state)
{
    (void)state;
    static const uint8_t salt[ARGON2_ARENA_SALT_BYTES] = "0123456789abcdef";
    static const uint8_t password[] = "pass\0word"; /* an inner NUL is a byte like any other */
    for (uint32_t p = 1; p <= 4; p++) {
        struct argon2_params params = {.memory_kib = 64 + 50 * p, .passes = p, .lanes = p};
        char text[ARGON2_ARENA_TEXT_SIZE], expected[ARGON2_ARENA_TEXT_SIZE];
        assert_int_equal(argon2_arena_hash(arena, Argon2_id, &params, salt, password, 9, text),
                         ARGON2_ARENA_OK);
        assert_int_equal(argon2id_hash_encoded(p, params.memory_kib, p, password, 9, salt, sizeof salt,
                                               ARGON2_ARENA_HASH_BYTES, expected, sizeof expected),
                         ARGON2_OK);
        assert_string_equal(text, expected);
        assert_int_equal(argon2id_verify(text, password, 9), ARGON2_OK);
        assert_int_equal(argon2_arena_verify(arena, text, strlen(text), password, 9), ARGON2_ARENA_OK);
        assert_int_equal(argon2_arena_verify(arena, text, strlen(text), password, 4), ARGON2_ARENA_MISMATCH);
        assert_int_equal(argon2_arena_verify(arena, text, strlen(text), NULL, 0), ARGON2_ARENA_MISMATCH);
    }
}

static const struct {
    enum argon2_arena_result result;
    const char *text;
} refused[] = {
    {ARGON2_ARENA_MALFORMED, ""},
    {ARGON2_ARENA_MALFORMED, "$argon2id"},
    {ARGON2_ARENA_MALFORMED, "$argon2id$"},
    {ARGON2_ARENA_MALFORMED, "$argon2x$v=19$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19"},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=18$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$t=2,m=256,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=-256,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=0256,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=7,t=2,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=33$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=0,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=0$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$"},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$c29tZXM$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$AAAA"},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "=$" HASH_B64},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64 "$"},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$" HASH_B64 " "},
    {ARGON2_ARENA_MALFORMED, "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$" HASH_B64},
    {ARGON2_ARENA_OVER_LIMIT, "$argon2id$v=19$m=4194305,t=1,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_OVER_LIMIT, "$argon2id$v=19$m=99999999999999999999,t=1,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_OVER_LIMIT, "$argon2id$v=19$m=256,t=4294967295,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_OVER_LIMIT, "$argon2id$v=19$m=4194304,t=9,p=1$" SALT_B64 "$" HASH_B64},
    {ARGON2_ARENA_OVER_LIMIT, "$argon2id$v=19$m=65536,t=1,p=257$" SALT_B64 "$" HASH_B64},
};

static void refused_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_int_equal(verify(refused[i].text, "password"), refused[i].result);
    for (size_t len = 0; len < sizeof VALID - 2; len++) /* the last but one leaves whole bytes off */
        assert_int_not_equal(argon2_arena_verify(arena, VALID, len, (const uint8_t *)"password", 8),
                             ARGON2_ARENA_OK);

    char wide[2048] = "$argon2id$v=19$m=256,t=2,p=1$" SALT_B64 "$";
    size_t at = strlen(wide);
    memset(wide + at, 'A', ARGON2_ARENA_FIELD_MAX / 3 * 4);
    assert_int_equal(verify(wide, "password"), ARGON2_ARENA_MISMATCH);
    memset(wide + at, 'A', ARGON2_ARENA_FIELD_MAX / 3 * 4 + 4);
    assert_int_equal(verify(wide, "password"), ARGON2_ARENA_MALFORMED);
}

/* One wrong byte anywhere is never a match. */
static void mutated_texts(void **state)
{
    (void)state;
    for (size_t at = 0; at + 1 < sizeof VALID; at++) {
        for (unsigned value = 0; value < 256; value += 11) {
            char text[] = VALID;
            if (text[at] == (char)value)
                continue;
            text[at] = (char)value;
            enum argon2_arena_result result =
                argon2_arena_verify(arena, text, sizeof VALID - 1, (const uint8_t *)"password", 8);
            assert_int_not_equal(result, ARGON2_ARENA_OK);
            assert_int_not_equal(result, ARGON2_ARENA_NO_MEMORY);
        }
    }
}

static void refused_parameters(void **state)
{
    (void)state;
    static const struct {
        struct argon2_params params;
        enum argon2_arena_result result;
    } rows[] = {
        {{0, 1, 1}, ARGON2_ARENA_MALFORMED},
        {{15, 1, 2}, ARGON2_ARENA_MALFORMED},
        {{64, 0, 1}, ARGON2_ARENA_MALFORMED},
        {{64, 1, 0}, ARGON2_ARENA_MALFORMED},
        {{UINT32_MAX, 1, 1}, ARGON2_ARENA_OVER_LIMIT},
        {{64, UINT32_MAX, 1}, ARGON2_ARENA_OVER_LIMIT},
        {{1 << 20, 1, 1 << 16}, ARGON2_ARENA_OVER_LIMIT},
    };
    static const uint8_t salt[ARGON2_ARENA_SALT_BYTES];
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[ARGON2_ARENA_TEXT_SIZE] = "x";
        assert_int_equal(argon2_arena_hash(arena, Argon2_id, &rows[i].params, salt, NULL, 0, text),
                         rows[i].result);
        assert_string_equal(text, "");
    }
}

/* The memory grows, shrinks, is given back and fetched again; results stay the same. */
static void arena_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {8, 3000, 100, 4096, 4097, 9000, 8, 4096};
    static const size_t keeps[] = {0, 1, 4 * MIB, 64 * MIB};
    static const uint8_t salt[ARGON2_ARENA_SALT_BYTES] = "0123456789abcdef";
    for (size_t k = 0; k < COUNT(keeps); k++) {
        struct argon2_arena *own = argon2_arena_create(keeps[k]);
        assert_non_null(own);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct argon2_params params = {.memory_kib = sizes[i], .passes = 1, .lanes = 1};
            char text[ARGON2_ARENA_TEXT_SIZE];
            assert_int_equal(argon2_arena_hash(own, Argon2_id, &params, salt, (const uint8_t *)"x", 1, text),
                             ARGON2_ARENA_OK);
            assert_int_equal(argon2id_verify(text, "x", 1), ARGON2_OK);
            if (i % 3 == 0)
                argon2_arena_trim(own);
        }
        argon2_arena_destroy(own);
    }
    argon2_arena_destroy(NULL);
}

/* Too little memory is a result of its own, never "wrong password". */
static void no_memory(void **state)
{
    (void)state;
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    tight = old;
    tight.rlim_cur = 512 * MIB;
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    enum argon2_arena_result result =
        verify("$argon2id$v=19$m=1048576,t=1,p=1$" SALT_B64 "$" HASH_B64, "password");
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_int_equal(result, ARGON2_ARENA_NO_MEMORY);
    assert_int_equal(verify(VALID, "password"), ARGON2_ARENA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),  cmocka_unit_test(library_agrees),
        cmocka_unit_test(new_hashes),         cmocka_unit_test(refused_texts),
        cmocka_unit_test(refused_parameters), cmocka_unit_test(mutated_texts),
        cmocka_unit_test(arena_sizes),        cmocka_unit_test(no_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("argon2", tests, make_arena, free_arena);
}
