/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cdi.h"

enum { MAX_HEADER = 64 };

const char *const cdi_versions[] = {"2.14", "2.13", "2.12", "2.11", "2.10", "2.21", "2.20", "2.19", "2.18",
                                    "2.17", "3.0",  "2.16", "3.1",  "4.0",  "2.15", "5.0",  "5.1",  "5.2",
                                    "5.3",  "2.7",  "5.4",  "2.8",  "5.5",  "2.9",  "5.6",  NULL};

static bool well_formed(struct str v)
{
    if (v.n > MAX_HEADER)
        return false;
    while (v.p) {
        struct str part = str_split(&v, '.');
        if (part.n == 0)
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (part.p[i] < '0' || part.p[i] > '9')
                return false;
    }
    return true;
}

/* Next component of REST as a number; 0 after the end, and a huge one stays the largest. */
static uint64_t next_component(struct str *rest)
{
    if (!rest->p)
        return 0;
    struct str part = str_split(rest, '.');
    int64_t value;
    return str_to_i64(part, &value) ? (uint64_t)value : UINT64_MAX;
}

int cdi_compare(struct str a, struct str b)
{
    while (a.p || b.p) {
        uint64_t x = next_component(&a), y = next_component(&b);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static int number_of(struct str v)
{
    for (size_t i = 0; cdi_versions[i]; i++)
        if (str_is_c(v, cdi_versions[i])) {
            uint64_t major = next_component(&v), minor = next_component(&v);
            return (int)(major * 100 + minor);
        }
    return 0;
}

enum st_err cdi_negotiate(struct ctx *c, struct str header, struct str max, struct str min,
                          struct cdi_choice *out)
{
    if (!max.p)
        max = STR("5.6");
    struct str chosen = header.p ? header : max;
    if (header.p) {
        if (!well_formed(header))
            return ctx_fail(c, ST_BAD_REQUEST, "cdi-version header is invalid");
        if (cdi_compare(header, max) > 0)
            return ctx_fail(c, ST_BAD_REQUEST, "cdi-version %.*s not supported", STR_ARG(header));
        if (min.p && cdi_compare(header, min) < 0)
            return ctx_fail(c, ST_BAD_REQUEST,
                            "cdi-version %.*s is lower than the minimum allowed version %.*s",
                            STR_ARG(header), STR_ARG(min));
    }
    *out = (struct cdi_choice){
        .text = chosen, .number = number_of(chosen), .before_3_0 = cdi_compare(chosen, STR("3.0")) < 0};
    return ST_OK;
}
