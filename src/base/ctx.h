/* SPDX-License-Identifier: Apache-2.0
 *
 * What every function that works for one request (or one job) gets: its memory, its deadline, and the place
 * for the text of the error it ends with.
 */
#ifndef ST_BASE_CTX_H
#define ST_BASE_CTX_H

#include "base/arena.h"
#include "base/err.h"

struct trace;    /* src/trace/ */
struct db_lease; /* src/db/: the connection that this request holds, if any */

struct ctx {
    struct arena *arena;
    int64_t deadline_ms; /* monotonic; 0 = none */
    struct str message;  /* text of the error for the client; never holds secrets */
    struct str cud, app,
        tenant;            /* names for the log line; canonical public values are "", "public", "public" */
    struct str request_id; /* nginx's, for log lines and traces; absent: none */
    struct trace *trace;   /* NULL: this request is not traced */
    struct db_lease *lease;
    struct str violated;              /* name of the last violated constraint: see db_violated() */
    unsigned statements, round_trips; /* counted by src/db/, printed by tests and benchmarks */
};

/* Sets the error's text and returns ERR, for: return ctx_fail(c, ST_BAD_REQUEST, "...", ...). */
enum st_err ctx_fail(struct ctx *c, enum st_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
