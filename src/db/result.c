/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

bool db_is_null(const PGresult *r, size_t row, int col)
{
    return PQgetisnull(r, (int)row, col) != 0;
}

struct str db_text(const PGresult *r, size_t row, int col)
{
    if (db_is_null(r, row, col))
        return STR_NONE;
    return (struct str){PQgetvalue(r, (int)row, col), (size_t)PQgetlength(r, (int)row, col)};
}

struct str db_id(const PGresult *r, size_t row, int col)
{
    struct str s = db_text(r, row, col);
    while (s.n && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

int64_t db_int(const PGresult *r, size_t row, int col)
{
    int64_t value = 0;
    return str_to_i64(db_text(r, row, col), &value) ? value : 0;
}

bool db_true(const PGresult *r, size_t row, int col)
{
    return str_is(db_text(r, row, col), STR("t"));
}

size_t db_affected(const PGresult *r)
{
    int64_t n = 0;
    const char *text =
        PQcmdTuples((PGresult *)(uintptr_t)r); /* its parameter lacks const, it changes nothing */
    return str_to_i64(str_of(text), &n) && n > 0 ? (size_t)n : 0;
}
