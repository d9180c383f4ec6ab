/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policy/policy.h"

#include <arpa/inet.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

/* An address has at most 45 characters: honest patterns need far less. */
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 1000, HEAP_LIMIT_KIB = 1024, MAX_SPELLINGS = 3 };

enum { RULE_DENY, RULE_ALLOW, RULES };

struct policy {
    pcre2_code *rule[RULES];
    pcre2_match_context *limits;
};

enum rule_result { RULE_ABSENT, RULE_NO_MATCH, RULE_MATCH, RULE_FAILED };

static bool compile(struct str pattern, pcre2_code **out)
{
    if (!pattern.p)
        return true;
    int error;
    PCRE2_SIZE offset;
    *out = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF,
                         &error, &offset, NULL);
    if (*out)
        (void)pcre2_jit_compile(*out,
                                PCRE2_JIT_COMPLETE); /* pcre2_match interprets where JIT is not allowed */
    return *out != NULL;
}

bool policy_new(struct str allow, struct str deny, struct policy **out)
{
    *out = NULL;
    if (!allow.p && !deny.p)
        return true;
    struct policy *p = calloc(1, sizeof *p);
    if (!p)
        return false;
    p->limits = pcre2_match_context_create(NULL);
    if (!p->limits || !compile(deny, &p->rule[RULE_DENY]) || !compile(allow, &p->rule[RULE_ALLOW])) {
        policy_free(p);
        return false;
    }
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    *out = p;
    return true;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    for (int i = 0; i < RULES; i++)
        pcre2_code_free(p->rule[i]);
    pcre2_match_context_free(p->limits);
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

static enum rule_result try_rule(const struct policy *p, int rule, const struct spellings *s)
{
    if (!p->rule[rule])
        return RULE_ABSENT;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (!data)
        return RULE_FAILED;
    enum rule_result result = RULE_NO_MATCH;
    for (size_t i = 0; i < s->n && result == RULE_NO_MATCH; i++) {
        int rc = pcre2_match(p->rule[rule], (PCRE2_SPTR)s->v[i].p, s->v[i].n, 0, 0, data, p->limits);
        if (rc != PCRE2_ERROR_NOMATCH)
            result = rc >= 0 ? RULE_MATCH : RULE_FAILED;
    }
    pcre2_match_data_free(data);
    return result;
}

bool policy_allows(const struct policy *p, struct str remote_addr)
{
    if (!p)
        return true;
    struct spellings s;
    spell(remote_addr.p ? remote_addr : STR(""), &s);
    enum rule_result deny = try_rule(p, RULE_DENY, &s);
    if (deny == RULE_MATCH || deny == RULE_FAILED)
        return false;
    enum rule_result allow = try_rule(p, RULE_ALLOW, &s);
    return allow == RULE_MATCH ||
           allow == RULE_ABSENT; /* absent: then there is a deny rule, which let it pass */
}
