/* SPDX-License-Identifier: Apache-2.0
 *
 * cmocka, and what most unit tests need: an arena that is emptied after each test, and a comparison of texts.
 */
#ifndef ST_T_ARENA_FIXTURE_H
#define ST_T_ARENA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"

#define COUNT(A) (sizeof(A) / sizeof(A)[0])

static struct arena arena;

/* The teardown of a test. */
static inline int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    arena.limit = 0;
    arena.recover = NULL;
    return 0;
}

/* WANT: NULL for STR_NONE. */
static inline void assert_str(struct str got, const char *want)
{
    if (!want) {
        assert_null(got.p);
        return;
    }
    assert_non_null(got.p);
    if (!str_is_c(got, want))
        fail_msg("got:  %.*s\nwant: %s", STR_ARG(got), want);
}

#endif
