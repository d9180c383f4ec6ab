/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "policy/policy.h"

struct row {
    const char *allow, *deny, *address;
    bool allowed;
};

static const struct row rows[] = {
    {"127\\.0\\.0\\.1", NULL, "127.0.0.1", true},
    {"127\\.0\\.0\\.1", NULL, "127.0.0.11", false}, /* full match */
    {"27\\.0\\.0\\.1", NULL, "127.0.0.1", false},
    {NULL, "10\\..*", "10.1.2.3", false},
    {NULL, "10\\..*", "192.0.2.1", true},
    {".*", "10\\..*", "10.1.2.3", false}, /* deny before allow */
    {"192\\..*", "10\\..*", "172.16.0.1", false},
    {"::1", NULL, "::1", true},
    {"0:0:0:0:0:0:0:1", NULL, "::1", true},
    {"::1|127\\.0\\.0\\.1", NULL, "0:0:0:0:0:0:0:1", true},
    {NULL, "0:0:0:0:0:0:0:1", "::1", false},
    {NULL, "::1", "0:0:0:0:0:0:0:1", false},
    {"2001:db8:0:0:0:0:0:.*", NULL, "2001:db8::7", true},
    {"192\\.0\\.2\\..*", NULL, "::ffff:192.0.2.1", true}, /* a socket for both families */
    {NULL, "192\\.0\\.2\\..*", "::ffff:192.0.2.1", false},
    {NULL, "::ffff:192\\.0\\.2\\.1", "::ffff:192.0.2.1", false},
    {NULL, "0:0:0:0:0:ffff:c000:201", "::ffff:192.0.2.1", false},
    {NULL, "192\\.0\\.2\\..*", "::192.0.2.1", true}, /* that is another address */
    {"a|ab", NULL, "ab", true},                      /* the whole address, whichever branch matches */
    {"unix:", NULL, "unix:", true},
    {"127.*", NULL, "", false},
};

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy *p;
        assert_true(policy_new(str_of(rows[i].allow), str_of(rows[i].deny), &p));
        if (policy_allows(p, str_of(rows[i].address)) != rows[i].allowed)
            fail_msg("row %zu: %s", i, rows[i].address);
        policy_free(p);
    }
}

static void no_rules(void **state)
{
    (void)state;
    struct policy *p;
    assert_true(policy_new(STR_NONE, STR_NONE, &p));
    assert_null(p);
    assert_true(policy_allows(p, STR("192.0.2.1")));
}

static void bad_pattern(void **state)
{
    (void)state;
    struct policy *p;
    assert_false(policy_new(STR("("), STR_NONE, &p));
    assert_false(policy_new(STR_NONE, STR("[a"), &p));
}

/* Catastrophic backtracking ends at the limits, quickly, and counts against the client. */
static void hostile_pattern(void **state)
{
    (void)state;
    static const char hostile[] = "(([0-9a-f:]+)+)+[xy]";
    const char address[] = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    struct policy *p;
    clock_t start = clock();
    assert_true(policy_new(str_of(hostile), STR_NONE, &p));
    assert_false(policy_allows(p, str_of(address)));
    policy_free(p);
    assert_true(policy_new(STR_NONE, str_of(hostile), &p));
    assert_false(policy_allows(p, str_of(address)));
    policy_free(p);
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(no_rules),
        cmocka_unit_test(bad_pattern),
        cmocka_unit_test(hostile_pattern),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
