/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ctx.h"

enum st_err ctx_fail(struct ctx *c, enum st_err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->message = arena_vprintf(c->arena, format, args);
    va_end(args);
    return err;
}
