/* SPDX-License-Identifier: Apache-2.0 */
#include "http/refused.h"

#include "base/log.h"
#include "base/metrics.h"

void http_sign_in_refused(const struct exchange *x, enum refused_door door, const char *what)
{
    enum { LINES = 50 }; /* a second: enough for anybody to be noticed among them */
    static struct log_limit limit;
    static const char *const names[] = {"core", "auth"};
    metrics_count(METRIC_sign_in_refused + (unsigned)door);
    if (!log_within(&limit, LINES))
        return;
    LOG_AT(door == REFUSED_AT_AUTH ? LOG_WARN_LEVEL : LOG_INFO_LEVEL, &x->ctx,
           "sign-in refused at the %s door from %.*s: %s", names[door], STR_ARG(x->rq.remote_addr), what);
}
