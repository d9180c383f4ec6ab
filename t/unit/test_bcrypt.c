/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <crypt.h>
#include <stdio.h>
#include <string.h>

#include "crypto/bcrypt.h"
#include "crypto/bcrypt_tables.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define REPEAT12(x) x x x x x x x x x x x x
#define REPEAT24(x) REPEAT12(x) REPEAT12(x)
#define SALT_21 "abcdefghijklmnopqrstu"

static void (*const implementations[])(struct bcrypt_job *, size_t) = {bcrypt_hash_many,
                                                                       bcrypt_hash_many_crypt_r};

static struct bcrypt_job job_of(const char *password, size_t len, const char *setting)
{
    return (struct bcrypt_job){
        .password = (const uint8_t *)password, .password_len = len, .setting = setting};
}

/* Published with jBCrypt, crypt_blowfish, John the Ripper and passlib. */
static const struct {
    const char *password, *hash;
} vectors[] = {
    {"", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."},
    {"a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"},
    {"abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
    {"abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"},
    {"~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"},
    {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
    {"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
    {"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
    {"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
    {"\xa3", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    {"\xa3", "$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    {"\xff\xa3"
     "345",
     "$2a$05$/OK.fbVrR/bpIqNJ5ianF.nRht2l/HRhr6zmCp9vYUvvsqynflf9e"},
    {"\xff\xa3"
     "34\xff\xff\xff\xa3"
     "345",
     "$2y$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi"},
    {"\xa3"
     "ab",
     "$2a$05$/OK.fbVrR/bpIqNJ5ianF.6IflQkJytoRVc1yuaNtHfiuq.FRlSIS"},
    {"\xd1\x91", "$2y$05$6bNw2HLQYeqHYyBfLMsv/OUcZd0LKP39b87nBw3.S2tVZSqiQX6eu"},
    {"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
     "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
    {REPEAT24("\xaa\xaa\xaa") "chars after 72 are ignored as usual",
     "$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6"},
    {REPEAT24("\xaa\x55") REPEAT12("\xaa\x55"),
     "$2a$05$/OK.fbVrR/bpIqNJ5ianF.R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy"},
    {REPEAT24("\x55\xaa\xff"), "$2a$05$/OK.fbVrR/bpIqNJ5ianF.9tQZzcJfm3uj2NvJ/n5xkhpqLrMpWCe"},
};

static void published_vectors(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT(implementations); m++) {
        struct bcrypt_job jobs[COUNT(vectors)];
        for (size_t i = 0; i < COUNT(vectors); i++)
            jobs[i] = job_of(vectors[i].password, strlen(vectors[i].password), vectors[i].hash);
        implementations[m](jobs, COUNT(vectors));
        for (size_t i = 0; i < COUNT(vectors); i++) {
            assert_true(jobs[i].ok);
            assert_string_equal(jobs[i].out, vectors[i].hash);
        }
    }
}

/* Other implementations once kept the length in one byte. */
static void long_passwords(void **state)
{
    (void)state;
    char password[257];
    for (size_t i = 0; i < sizeof password; i++)
        password[i] = (char)('0' + i % 10);
    for (size_t m = 0; m < COUNT(implementations); m++) {
        for (size_t len = 254; len <= sizeof password; len++) {
            const char *hash = "$2a$04$R1lJ2gkNaoPGdafE.H.16.1MKHPvmKwryeulRe225LKProWYwt9Oi";
            struct bcrypt_job job = job_of(password, len, hash);
            implementations[m](&job, 1);
            assert_string_equal(job.out, hash);
        }
    }
}

/* crypt_r gives $2a and $2x results of their own for these bytes; here all prefixes are the correct $2y. */
static void prefixes_mean_the_same(void **state)
{
    (void)state;
    static const char letters[] = "abxy";
    for (size_t m = 0; m < COUNT(implementations); m++) {
        for (size_t i = 0; i < 4; i++) {
            char hash[] = "$2?$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
            hash[2] = letters[i];
            struct bcrypt_job job = job_of("\xff\xff\xa3", 3, hash);
            implementations[m](&job, 1);
            assert_string_equal(job.out, hash);
        }
    }
}

/* Big fixed-point numbers, most significant word first: the integer part, the table's words, spare words. */
enum { NUMBER_WORDS = 1 + BLOWFISH_WORDS + 2 };

static void divide(uint32_t *number, uint32_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = 0; i < NUMBER_WORDS; i++) {
        rest = rest << 32 | number[i];
        number[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
}

static void add(uint32_t *sum, const uint32_t *number, bool negative)
{
    uint64_t carry = negative;
    for (size_t i = NUMBER_WORDS; i-- > 0;) {
        carry += (uint64_t)sum[i] + (negative ? ~number[i] : number[i]);
        sum[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* sum += factor * arctan(1 / x), by its series. */
static void add_arctan(uint32_t *sum, uint32_t factor, uint32_t x, bool negative)
{
    static const uint32_t zero[NUMBER_WORDS];
    uint32_t power[NUMBER_WORDS] = {factor}, term[NUMBER_WORDS];
    divide(power, x);
    for (uint32_t n = 1; memcmp(power, zero, sizeof zero) != 0; n += 2) {
        memcpy(term, power, sizeof term);
        divide(term, n);
        add(sum, term, negative);
        negative = !negative;
        divide(power, x * x);
    }
}

static void table_is_pi(void **state)
{
    (void)state;
    uint32_t pi[NUMBER_WORDS] = {0};
    add_arctan(pi, 16, 5, false); /* Machin's formula */
    add_arctan(pi, 4, 239, true);
    assert_int_equal(pi[0], 3);
    assert_memory_equal(pi + 1, blowfish_initial.words, sizeof blowfish_initial.words);
}

static uint32_t random_state = 20240229;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static void random_setting(char out[BCRYPT_SETTING_SIZE], unsigned cost)
{
    uint8_t salt[BCRYPT_SALT_BYTES];
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)random_below(256);
    assert_true(bcrypt_make_setting(out, cost, salt));
    out[2] = "abxy"[random_below(4)];
}

/* The system's hash with its correct variant ($2b), under the setting's own prefix. */
static void assert_system_agrees(const struct bcrypt_job *job)
{
    static struct crypt_data data;
    char setting[BCRYPT_SETTING_SIZE], expected[BCRYPT_HASH_SIZE];
    snprintf(setting, sizeof setting, "%s", job->setting);
    setting[2] = 'b';
    snprintf(expected, sizeof expected, "%s", crypt_r((const char *)job->password, setting, &data));
    expected[2] = job->setting[2];
    assert_true(job->ok);
    assert_string_equal(job->out, expected);
}

/* Batches of 1 to 7 jobs: full and partial groups, and lanes of different passwords, lengths and costs. */
static void random_batches(void **state)
{
    (void)state;
    char passwords[7][101], settings[7][BCRYPT_SETTING_SIZE];
    struct bcrypt_job jobs[7];
    for (size_t done = 0, n; done < 2000; done += n) {
        n = 1 + random_below(COUNT(jobs));
        for (size_t i = 0; i < n; i++) {
            size_t len = random_below(COUNT(passwords[0]));
            for (size_t k = 0; k < len; k++)
                passwords[i][k] = (char)(1 + random_below(255));
            passwords[i][len] = '\0';
            random_setting(settings[i], random_below(16) == 0 ? 5 : 4);
            jobs[i] = job_of(passwords[i], len, settings[i]);
        }
        bcrypt_hash_many(jobs, n);
        for (size_t i = 0; i < n; i++)
            assert_system_agrees(&jobs[i]);
    }
}

/* The key is cyclic: password, NUL, password, ... An inner NUL is a byte of it, not its end. */
static void inner_nul(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT(implementations); m++) {
        const char *setting = "$2a$04$" SALT_21 "u";
        struct bcrypt_job jobs[] = {
            job_of("a", 1, setting),
            job_of("a\0a", 3, setting),
            job_of("a\0b", 3, setting),
            job_of("", 0, setting),
            job_of("\0", 1, setting),
            job_of(NULL, 0, setting),
            job_of(REPEAT24("abc") "\0", 73, setting),
            job_of(REPEAT24("abc"), 72, setting),
        };
        implementations[m](jobs, COUNT(jobs));
        for (size_t i = 0; i < COUNT(jobs); i++)
            assert_true(jobs[i].ok);
        assert_string_equal(jobs[0].out, jobs[1].out);
        assert_string_not_equal(jobs[0].out, jobs[2].out);
        assert_string_equal(jobs[3].out, jobs[4].out);
        assert_string_equal(jobs[3].out, jobs[5].out);
        assert_string_equal(jobs[6].out, jobs[7].out);
    }
}

static const char *const malformed[] = {
    "",
    "$",
    "$2",
    "$2$04$" SALT_21 "u",
    "$2c$04$" SALT_21 "u",
    "$2a04$" SALT_21 "uu",
    "$2a$4$" SALT_21 "uu",
    "$2a$+4$" SALT_21 "u",
    "$2a$03$" SALT_21 "u",
    "$2a$00$" SALT_21 "u",
    "$2a$31$" SALT_21 "u",
    "$2a$99$" SALT_21 "u",
    "$2a$04" SALT_21 "uu",
    "$2a$04$",
    "$2a$04$" SALT_21,
    "$2a$04$" SALT_21 "=",
    "$2a$04$!bcdefghijklmnopqrstuu",
    "$2a$04$abcdefghij\xc3\xa9mnopqrstuu",
    "$1a$04$" SALT_21 "u",
};

static void malformed_settings(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT(implementations); m++) {
        struct bcrypt_job jobs[COUNT(malformed) + 1];
        for (size_t i = 0; i < COUNT(malformed); i++) {
            jobs[i] = job_of("password", 8, malformed[i]);
            assert_int_equal(bcrypt_cost(malformed[i]), 0);
        }
        jobs[COUNT(malformed)] = job_of("a", 1, vectors[1].hash);
        implementations[m](jobs, COUNT(jobs));
        for (size_t i = 0; i < COUNT(malformed); i++) {
            assert_false(jobs[i].ok);
            assert_string_equal(jobs[i].out, "");
        }
        assert_string_equal(jobs[COUNT(malformed)].out, vectors[1].hash);
        implementations[m](jobs, 0);
    }
}

/* 22 characters hold 4 bits more than a salt: they are dropped, and the hash shows them as zeros. */
static void surplus_salt_bits(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT(implementations); m++) {
        struct bcrypt_job jobs[] = {job_of("x", 1, "$2a$04$" SALT_21 "v"),
                                    job_of("x", 1, "$2a$04$" SALT_21 "u")};
        implementations[m](jobs, 2);
        assert_true(jobs[0].ok);
        assert_string_equal(jobs[0].out, jobs[1].out);
        assert_int_equal(jobs[0].out[28], 'u');
    }
}

static void settings(void **state)
{
    (void)state;
    static const uint8_t salt[BCRYPT_SALT_BYTES] = {0x10, 0x41, 0x04};
    char out[BCRYPT_SETTING_SIZE];
    assert_true(bcrypt_make_setting(out, 4, salt));
    assert_string_equal(out, "$2a$04$CCCC..................");
    assert_int_equal(bcrypt_cost(out), 4);
    assert_true(bcrypt_make_setting(out, 30, salt));
    assert_int_equal(bcrypt_cost(out), 30);
    assert_false(bcrypt_make_setting(out, 3, salt));
    assert_string_equal(out, "");
    assert_false(bcrypt_make_setting(out, 31, salt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_pi),
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(random_batches),
        cmocka_unit_test(inner_nul),
        cmocka_unit_test(malformed_settings),
        cmocka_unit_test(surplus_salt_bits),
        cmocka_unit_test(settings),
        cmocka_unit_test(long_passwords),
        cmocka_unit_test(prefixes_mean_the_same),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bcrypt", tests, NULL, NULL);
}
