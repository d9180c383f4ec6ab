/* SPDX-License-Identifier: Apache-2.0
 *
 * Which client addresses may call (spec: cdi-conventions 8, config ip_allow_regex and ip_deny_regex). The
 * address is nginx's REMOTE_ADDR; an IPv6 one is tried in both spellings, "::1" and "0:0:0:0:0:0:0:1", and
 * one that stands for an IPv4 address, "::ffff:192.0.2.1", also as that. Patterns match the whole address. A
 * policy is immutable and may be used by any number of threads.
 */
#ifndef ST_POLICY_POLICY_H
#define ST_POLICY_POLICY_H

#include "base/str.h"

struct policy;

/* Absent patterns: no rule of that kind. *OUT is NULL when both are absent. False when a pattern does not
 * compile. */
bool policy_new(struct str allow, struct str deny, struct policy **out);
void policy_free(struct policy *p);

/* Deny before allow; with only a deny rule everything else is allowed. A match that needs more than the
 * bounded effort counts against the client. P may be NULL: everything is allowed. */
bool policy_allows(const struct policy *p, struct str remote_addr);

#endif
