/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions that an operator wrote (PCRE2 in UTF mode), compiled once and matched against what
 * strangers send: whole subjects only, with bounded effort. Immutable and thread-safe.
 */
#ifndef ST_POLICY_PATTERN_H
#define ST_POLICY_PATTERN_H

#include "base/str.h"

struct pattern;

enum pattern_result {
    PATTERN_NO_MATCH,
    PATTERN_MATCH,
    PATTERN_FAILED, /* more than the bounded effort, out of memory, or the subject is not UTF-8 */
};

/* False when TEXT does not compile; WHY, which may be NULL, then says so without showing it. */
bool pattern_new(struct str text, struct pattern **out, char *why, size_t why_size);
void pattern_free(struct pattern *p); /* NULL is allowed */

enum pattern_result pattern_match(const struct pattern *p, struct str subject);

#endif
