/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policy/pattern.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

/* Honest patterns on addresses and form fields need far less. */
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 1000, HEAP_LIMIT_KIB = 1024 };

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void explain(int error, PCRE2_SIZE offset, char *why, size_t why_size)
{
    char text[128] = "out of memory";
    if (error)
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    if (why)
        snprintf(why, why_size, "%s at byte %zu", text, (size_t)offset);
}

bool pattern_new(struct str text, struct pattern **out, char *why, size_t why_size)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    struct pattern *p = calloc(1, sizeof *p);
    *out = NULL;
    if (p)
        p->limits = pcre2_match_context_create(NULL);
    if (p && p->limits)
        p->code = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF,
                                &error, &offset, NULL);
    if (!p || !p->code) {
        explain(error, offset, why, why_size);
        pattern_free(p);
        return false;
    }
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* pcre2_match interprets where it is not allowed */
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    *out = p;
    return true;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    pcre2_match_context_free(p->limits);
    free(p);
}

enum pattern_result pattern_match(const struct pattern *p, struct str subject)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (!data)
        return PATTERN_FAILED;
    int rc = pcre2_match(p->code, (PCRE2_SPTR)(subject.p ? subject.p : ""), subject.n, 0, 0, data, p->limits);
    pcre2_match_data_free(data);
    return rc >= 0 ? PATTERN_MATCH : rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO_MATCH : PATTERN_FAILED;
}
