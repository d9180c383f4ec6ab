/* SPDX-License-Identifier: Apache-2.0
 *
 * IP rules. The lines: what is allowed, what is denied, then addresses. A denied address is never let in, and
 * all spellings of an IPv6 address are judged alike.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/arena.h"
#include "fuzz.h"
#include "policy/policy.h"

static void judge(struct arena *a, const struct policy *allow, const struct policy *deny,
                  const struct policy *both, struct str address)
{
    struct in6_addr v6;
    char spelled[INET6_ADDRSTRLEN];
    bool allowed = policy_allows(allow, address) && policy_allows(deny, address);
    FUZZ_EXPECT(policy_allows(both, address) == allowed);
    struct str text = arena_str(a, str_head(address, str_find(address, 0)));
    if (text.n != address.n || inet_pton(AF_INET6, text.p, &v6) != 1)
        return;
    FUZZ_EXPECT(inet_ntop(AF_INET6, &v6, spelled, sizeof spelled));
    FUZZ_EXPECT(policy_allows(both, str_of(spelled)) == allowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct str rest = {(const char *)data, size};
    struct str allow_text = str_split(&rest, '\n'), deny_text = rest.p ? str_split(&rest, '\n') : STR_NONE;
    struct policy *allow = NULL, *deny = NULL, *both = NULL;
    bool good = policy_new(allow_text, STR_NONE, &allow);
    good = policy_new(STR_NONE, deny_text, &deny) && good;
    FUZZ_EXPECT(policy_new(allow_text, deny_text, &both) == good);
    for (int i = 0; good && rest.p && i < 8; i++)
        judge(&arena, allow, deny, both, str_split(&rest, '\n'));
    policy_free(allow);
    policy_free(deny);
    policy_free(both);
    arena_reset(&arena);
    return 0;
}
