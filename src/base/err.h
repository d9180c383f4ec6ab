/* SPDX-License-Identifier: Apache-2.0
 *
 * Results of fallible functions. A protocol answer such as WRONG_CREDENTIALS_ERROR is a result of its own
 * recipe, never one of these.
 */
#ifndef ST_BASE_ERR_H
#define ST_BASE_ERR_H

enum st_err {
    ST_OK = 0,
    /* Errors that end a request with an HTTP status; the text is in the request's context (ctx_fail). */
    ST_BAD_REQUEST,  /* 400 */
    ST_UNAUTHORISED, /* 401 */
    ST_FORBIDDEN,    /* 403 */
    ST_NOT_FOUND,    /* 404 */
    ST_BAD_METHOD,   /* 405 */
    ST_TOO_LARGE,    /* 413 */
    ST_INTERNAL,     /* 500 */
    ST_UNAVAILABLE,  /* 503: database away, hash queue full, request deadline passed */
    /* Signals between layers; they never reach the response writer. */
    ST_CONSTRAINT, /* a unique or foreign key constraint was violated: ask db_violated() which */
    ST_RETRY,      /* the transaction lost a race (SQLSTATE class 40): db_tx runs it again */
    ST_SUSPENDED,  /* the exchange waits for a password hash or an outgoing call and is resumed later */
    ST_ANSWERED,   /* the answer has been written by whoever found the reason: pass it on to the door */
};

#define ST_MUST_CHECK __attribute__((warn_unused_result))

/* Leaves the calling function with the error of EXPR, if it has one. */
#define ST_TRY(EXPR)                                                                                         \
    do {                                                                                                     \
        enum st_err st_try_err_ = (EXPR);                                                                    \
        if (st_try_err_ != ST_OK)                                                                            \
            return st_try_err_;                                                                              \
    } while (0)

#endif
