/* SPDX-License-Identifier: Apache-2.0
 *
 * Length-carrying string slices. A slice does not own its bytes; it lives as long as the arena, result or
 * buffer that it points into. Bytes may be anything, also NUL, unless a reader promised otherwise. Slices
 * made by arena_* functions have a NUL after their last byte, so that .p can be given to C functions.
 */
#ifndef ST_BASE_STR_H
#define ST_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; /* NULL means absent; an empty string has p != NULL and n == 0 */
    size_t n;
};

#define STR(LITERAL) ((struct str){"" LITERAL, sizeof(LITERAL) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf's "%.*s". */
#define STR_ARG(S) (int)(S).n, ((S).p ? (S).p : "")

static inline struct str str_of(const char *c_string)
{
    return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_is(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is_c(struct str a, const char *c_string)
{
    return str_is(a, str_of(c_string));
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline struct str str_from(struct str s, size_t start)
{
    return start >= s.n ? (struct str){s.p ? s.p + s.n : NULL, 0} : (struct str){s.p + start, s.n - start};
}

static inline struct str str_head(struct str s, size_t n)
{
    return (struct str){s.p, n < s.n ? n : s.n};
}

/* Index of the first byte C, or s.n when it is not there. */
static inline size_t str_find(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

/* Takes the part before the first SEPARATOR off REST and returns it; REST keeps what follows, or becomes
 * STR_NONE after the last part. Loop: while (rest.p) { part = str_split(&rest, ','); ... } */
static inline struct str str_split(struct str *rest, char separator)
{
    size_t at = str_find(*rest, separator);
    struct str part = str_head(*rest, at);
    *rest = at < rest->n ? str_from(*rest, at + 1) : STR_NONE;
    return part;
}

/* Strips bytes <= U+0020 at both ends (spec: cdi-conventions 10, "trim"). */
struct str str_trim(struct str s);
bool str_is_ci(struct str a, struct str b); /* ASCII case ignored */
/* Decimal integer, whole string, optional sign, range of int64; false when it is not one. */
bool str_to_i64(struct str s, int64_t *out);
bool str_is_utf8(struct str s);
uint64_t str_hash(struct str s, uint64_t seed); /* for in-memory tables; not a cryptographic hash */
int str_cmp(struct str a, struct str b);

#endif
