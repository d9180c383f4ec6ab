/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "policy/pattern.h"

enum { MAX_SPELLINGS = 3 };

enum { RULE_DENY, RULE_ALLOW, RULES };

struct policy {
    struct pattern *rule[RULES]; /* NULL: no such rule */
};

static bool compile(struct str text, struct pattern **out)
{
    return !text.p || pattern_new(text, out, NULL, 0);
}

bool policy_new(struct str allow, struct str deny, struct policy **out)
{
    *out = NULL;
    if (!allow.p && !deny.p)
        return true;
    struct policy *p = calloc(1, sizeof *p);
    if (!p)
        return false;
    if (!compile(deny, &p->rule[RULE_DENY]) || !compile(allow, &p->rule[RULE_ALLOW])) {
        policy_free(p);
        return false;
    }
    *out = p;
    return true;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    for (int i = 0; i < RULES; i++)
        pattern_free(p->rule[i]);
    free(p);
}

struct spellings {
    struct str v[MAX_SPELLINGS];
    size_t n;
    char canonical[INET6_ADDRSTRLEN], uncompressed[INET6_ADDRSTRLEN], v4[INET_ADDRSTRLEN];
};

static void add_spelling(struct spellings *s, const char *text)
{
    s->v[s->n++] = str_of(text);
}

/* IPv6 as inet_ntop writes it (RFC 5952) and as Java does (no "::"); anything else as nginx gave it. A socket
 * for both families shows IPv4 clients as ::ffff:192.0.2.1: they are also what they are, or rules for IPv4
 * would not hold there. */
static void spell(struct str address, struct spellings *s)
{
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    s->v[0] = address;
    s->n = 1;
    if (address.n >= sizeof text || str_find(address, ':') == address.n)
        return;
    memcpy(text, address.p, address.n);
    text[address.n] = 0;
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return;
    const uint8_t *b = v6.s6_addr;
    snprintf(s->uncompressed, sizeof s->uncompressed, "%x:%x:%x:%x:%x:%x:%x:%x", b[0] << 8 | b[1],
             b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7], b[8] << 8 | b[9], b[10] << 8 | b[11],
             b[12] << 8 | b[13], b[14] << 8 | b[15]);
    inet_ntop(AF_INET6, &v6, s->canonical, sizeof s->canonical);
    s->n = 0;
    add_spelling(s, s->canonical);
    add_spelling(s, s->uncompressed);
    if (IN6_IS_ADDR_V4MAPPED(&v6) && inet_ntop(AF_INET, b + 12, s->v4, sizeof s->v4))
        add_spelling(s, s->v4);
}

static enum pattern_result try_rule(const struct pattern *rule, const struct spellings *s)
{
    enum pattern_result result = PATTERN_NO_MATCH;
    for (size_t i = 0; i < s->n && result == PATTERN_NO_MATCH; i++)
        result = pattern_match(rule, s->v[i]);
    return result;
}

static bool allows(const struct policy *p, struct str remote_addr)
{
    struct spellings s;
    spell(remote_addr.p ? remote_addr : STR(""), &s);
    const struct pattern *deny = p->rule[RULE_DENY], *allow = p->rule[RULE_ALLOW];
    if (deny && try_rule(deny, &s) != PATTERN_NO_MATCH)
        return false;
    /* Without one there is a deny rule, which let it pass. */
    return !allow || try_rule(allow, &s) == PATTERN_MATCH;
}

bool policy_allows(const struct policy *p, struct str remote_addr)
{
    if (!p || allows(p, remote_addr))
        return true;
    metrics_count(METRIC_ip_denied);
    return false;
}
