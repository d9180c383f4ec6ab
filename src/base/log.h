/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines in the reference's two formats (spec: cdi-conventions 12): DEBUG and INFO go to the info sink,
 * WARN and ERROR to the error sink. Nothing secret may be logged. Each line is one write(2), so lines of
 * several processes never mix. Lines of a request end with nginx's id of it. Where a sink is the journal
 * (JOURNAL_STREAM names it), lines begin with their priority (sd-daemon(3)) and there are no empty ones.
 */
#ifndef ST_BASE_LOG_H
#define ST_BASE_LOG_H

#include "base/ctx.h"

enum log_level { LOG_NONE, LOG_ERROR_LEVEL, LOG_WARN_LEVEL, LOG_INFO_LEVEL, LOG_DEBUG_LEVEL };

struct log_options {
    enum log_level level;
    const char *info_path;  /* NULL: stdout */
    const char *error_path; /* NULL: stderr */
    bool structured;        /* one JSON object per line (USE_STRUCTURED_LOGGING) */
};

/* Opens the sinks. On failure returns false with the reason in WHY (a path and strerror). */
bool log_open(const struct log_options *options, char *why, size_t why_size);
void log_reopen(void); /* after log rotation */
bool log_enabled(enum log_level level);
void log_thread_name(const char *name); /* shown in this thread's lines; kept by reference */

/* C may be NULL (no tenant known). CALLER is "file:function". */
void log_write(enum log_level level, const struct ctx *c, const char *caller, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* For lines that anybody can cause: at most LINES a second of this process. Thread-safe; zeroed at first. */
struct log_limit {
    _Atomic int64_t second;
    _Atomic unsigned lines;
};
bool log_within(struct log_limit *limit, unsigned lines);

#define LOG_AT(LEVEL, C, ...)                                                                                \
    do {                                                                                                     \
        if (log_enabled(LEVEL))                                                                              \
            log_write((LEVEL), (C), __func__, __VA_ARGS__);                                                  \
    } while (0)
#define LOG_ERROR(C, ...) LOG_AT(LOG_ERROR_LEVEL, C, __VA_ARGS__)
#define LOG_WARN(C, ...) LOG_AT(LOG_WARN_LEVEL, C, __VA_ARGS__)
#define LOG_INFO(C, ...) LOG_AT(LOG_INFO_LEVEL, C, __VA_ARGS__)
#define LOG_DEBUG(C, ...) LOG_AT(LOG_DEBUG_LEVEL, C, __VA_ARGS__)

#endif
