/* SPDX-License-Identifier: Apache-2.0
 *
 * Arguments in libpq's form: text with a NUL at its end. All of one pipeline are laid into one piece of
 * memory.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "db/internal.h"

_Static_assert((int)STMT_MAX_PARAMS <= (int)DB_MAX_ARGS,
               "a statement has more parameters than a call can hold");

enum { NUMBER_SIZE = 24 }; /* longest int64 in decimal and a NUL, rounded up */

struct db_arg db_strs(struct arena *a, const struct str *values, size_t n)
{
    struct buf b = buf_in(a);
    buf_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&b, ',');
        if (!values[i].p) {
            buf_add(&b, STR("NULL"));
            continue;
        }
        buf_char(&b, '"');
        for (size_t j = 0; j < values[i].n; j++) {
            char c = values[i].p[j];
            if (c == '"' || c == '\\')
                buf_char(&b, '\\');
            buf_char(&b, c);
        }
        buf_char(&b, '"');
    }
    buf_char(&b, '}');
    return db_str(buf_str(&b));
}

/* Bytes that the arguments take as text; ST_BAD_REQUEST for text that PostgreSQL cannot store. */
static enum st_err measure(struct ctx *c, const struct db_call *call, size_t *bytes)
{
    size_t expected = (size_t)statements[call->stmt].nparams;
    if (call->nargs != expected) {
        LOG_ERROR(c, "statement %s got %zu arguments, not %zu", statements[call->stmt].name, call->nargs,
                  expected);
        return error_internal(c);
    }
    for (size_t i = 0; i < call->nargs; i++) {
        const struct db_arg *arg = &call->args[i];
        if (arg->kind == DB_I64)
            *bytes += NUMBER_SIZE;
        if (arg->kind != DB_TEXT)
            continue;
        if (arg->text.n && memchr(arg->text.p, 0, arg->text.n))
            return ctx_fail(c, ST_BAD_REQUEST, "text must not contain the character U+0000");
        *bytes += arg->text.n + 1;
    }
    return ST_OK;
}

/* Writes ARG at *AT, which moves on, and returns what libpq is given. */
static const char *lay(const struct db_arg *arg, char **at)
{
    char *p = *at;
    switch (arg->kind) {
    case DB_TEXT:
        if (arg->text.n)
            memcpy(p, arg->text.p, arg->text.n);
        p[arg->text.n] = 0;
        *at += arg->text.n + 1;
        return p;
    case DB_I64:
        *at += snprintf(p, NUMBER_SIZE, "%lld", (long long)arg->number) + 1;
        return p;
    case DB_BOOL:
        return arg->number ? "t" : "f";
    default:
        return NULL;
    }
}

static void release_result(void *object)
{
    PQclear(object);
}

enum st_err steps_bind(struct ctx *c, struct db_call *calls, size_t n, struct step *steps)
{
    size_t nvalues = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        ST_TRY(measure(c, &calls[i], &bytes));
        nvalues += calls[i].nargs;
        calls[i].result = NULL;
    }
    const char **value = ARENA_ARRAY(c->arena, nvalues + 1, const char *);
    char *at = arena_alloc(c->arena, bytes + 1);
    for (size_t i = 0; i < n; i++) {
        steps[i] = (struct step){.stmt = calls[i].stmt,
                                 .nparams = (int)calls[i].nargs,
                                 .values = value,
                                 .call = &calls[i],
                                 .slot = arena_reserve_cleanup(c->arena, release_result)};
        for (size_t j = 0; j < calls[i].nargs; j++)
            *value++ = lay(&calls[i].args[j], &at);
    }
    return ST_OK;
}

struct step step_of(enum stmt stmt)
{
    return (struct step){.stmt = stmt};
}

bool steps_may_be_stale(const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!statements[steps[i].stmt].may_be_stale)
            return false;
    return true;
}

bool steps_read_only(const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!statements[steps[i].stmt].read_only)
            return false;
    return true;
}
