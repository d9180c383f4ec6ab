/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "version.h"

enum {
    INFO_SINK,
    ERROR_SINK,
    SINKS,
    LINE_MAX_BYTES = 16 * 1024,
    LINE_END_BYTES = 8,
    /* six times as long when every byte is escaped, they still leave room for the rest of the line */
    STRUCTURED_MESSAGE_BYTES = 2048,
    STRUCTURED_NAME_BYTES = 128
};

struct sink {
    char *path;
    int fd;
    bool journal;
};

/* Written by log_open before threads start; afterwards only log_reopen exchanges what the descriptors refer
 * to. */
static struct sink sinks[SINKS] = {{NULL, STDOUT_FILENO, false}, {NULL, STDERR_FILENO, false}};
static enum log_level level_limit = LOG_INFO_LEVEL;
static bool structured;
static char process_uuid[UUID_LEN + 1] = "-";
static _Thread_local const char *thread_name = "main";

/* Makes the directory of PATH, where only that is missing: logs/ of an installation directory. */
static bool make_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    bool made = directory && mkdir(directory, 0755) == 0;
    free(directory);
    return made;
}

static int open_sink(const char *path)
{
    enum { FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, MODE = 0640 };
    int fd = open(path, FLAGS, MODE);
    if (fd < 0 && errno == ENOENT && make_directory(path))
        fd = open(path, FLAGS, MODE);
    return fd;
}

/* JOURNAL_STREAM is "<device>:<inode>" of the journal's end, and stays when output is redirected elsewhere.
 */
static bool is_journal(int fd)
{
    struct stat st;
    const char *journal = getenv("JOURNAL_STREAM");
    struct str inode = str_of(journal), device = journal ? str_split(&inode, ':') : STR_NONE;
    int64_t dev, ino;
    return device.p && inode.p && str_to_i64(device, &dev) && str_to_i64(inode, &ino) &&
           fstat(fd, &st) == 0 && st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

bool log_open(const struct log_options *options, char *why, size_t why_size)
{
    const char *paths[SINKS] = {options->info_path, options->error_path};
    level_limit = options->level;
    structured = options->structured;
    random_uuid(process_uuid);
    for (int i = 0; i < SINKS; i++) {
        free(sinks[i].path);
        sinks[i].path = NULL;
        if (!paths[i]) {
            sinks[i].fd = i == INFO_SINK ? STDOUT_FILENO : STDERR_FILENO;
            sinks[i].journal = is_journal(sinks[i].fd);
            continue;
        }
        int fd = open_sink(paths[i]);
        sinks[i].path = fd < 0 ? NULL : strdup(paths[i]);
        if (fd < 0 || !sinks[i].path) {
            snprintf(why, why_size, "cannot open log file %s: %s", paths[i], strerror(errno));
            return false;
        }
        sinks[i].fd = fd;
        sinks[i].journal = false;
    }
    return true;
}

void log_reopen(void)
{
    for (int i = 0; i < SINKS; i++) {
        int fd = sinks[i].path ? open_sink(sinks[i].path) : -1;
        if (fd >= 0) {
            (void)dup3(fd, sinks[i].fd, O_CLOEXEC); /* threads keep writing to the same number */
            close(fd);
        }
    }
}

bool log_enabled(enum log_level level)
{
    return level <= level_limit;
}

void log_thread_name(const char *name)
{
    thread_name = name;
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"NONE", "ERROR", "WARN", "INFO", "DEBUG"};
    return names[level];
}

/* syslog's, as sd-daemon(3) wants it. */
static struct str priority(enum log_level level)
{
    static const struct str prefixes[] = {{"<3>", 3}, {"<3>", 3}, {"<4>", 3}, {"<6>", 3}, {"<7>", 3}};
    return prefixes[level];
}

bool log_within(struct log_limit *limit, unsigned lines)
{
    int64_t now = clock_monotonic_ms() / 1000, second = atomic_load(&limit->second);
    if (second != now && atomic_compare_exchange_strong(&limit->second, &second, now))
        atomic_store(&limit->lines, 0);
    return atomic_fetch_add(&limit->lines, 1) < lines;
}

/* A line is put together on the stack, so that logging works when memory has run out; what is longer is cut.
 */
struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
};

static void add_up_to(struct line *l, struct str s, size_t limit)
{
    size_t room = l->n < limit ? limit - l->n : 0;
    size_t n = s.n < room ? s.n : room;
    if (n)
        memcpy(l->text + l->n, s.p, n);
    l->n += n;
}

static void add(struct line *l, struct str s)
{
    add_up_to(l, s, sizeof l->text - LINE_END_BYTES);
}

/* The end of a line has room even when its text was cut. */
static void add_end(struct line *l, struct str s)
{
    add_up_to(l, s, sizeof l->text);
}

static void add_json(struct line *l, struct str s)
{
    char escape[8];
    add(l, STR("\""));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            add(l, (struct str){(char[]){'\\', (char)c}, 2});
        else if (c < ' ')
            add(l, (struct str){escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c)});
        else
            add(l, (struct str){s.p + i, 1});
    }
    add(l, STR("\""));
}

/* Control characters of a client's text must not start a line of their own. */
static void add_plain(struct line *l, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        add(l, (unsigned char)s.p[i] < ' ' ? STR(" ") : (struct str){s.p + i, 1});
}

static struct str timestamp(char *out, size_t size, const char *format, bool month_name)
{
    int64_t now = clock_now_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char date[64];
    strftime(date, sizeof date, month_name ? "%d %b %Y %H:%M:%S" : "%Y-%m-%dT%H:%M:%S", &tm);
    return (struct str){out, (size_t)snprintf(out, size, format, date, (int)(now % 1000))};
}

static void add_text_line(struct line *l, const char *level, const struct ctx *c, const char *caller,
                          struct str message, bool journal)
{
    char time_text[96];
    add(l, timestamp(time_text, sizeof time_text, "%s:%03d +0000", true));
    const char *const parts[] = {" | ",         level,           " | pid: ",  process_uuid,
                                 " | v",        ST_CORE_VERSION, " | [",      thread_name,
                                 "] thread | ", caller,          " | Tenant("};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        add(l, str_of(parts[i]));
    if (c) {
        add_plain(l, c->cud);
        add(l, STR(", "));
        add_plain(l, c->app.p ? c->app : STR("public"));
        add(l, STR(", "));
        add_plain(l, c->tenant.p ? c->tenant : STR("public"));
    } else {
        add(l, STR(", public, public"));
    }
    add(l, STR(") | "));
    add_plain(l, message);
    if (c && c->request_id.p) {
        add(l, STR(" | request: "));
        add_plain(l, c->request_id);
    }
    add_end(l, journal ? STR("\n") : STR("\n\n"));
}

static void add_structured_line(struct line *l, const char *level, const struct ctx *c, const char *caller,
                                struct str message)
{
    char time_text[96];
    const struct {
        const char *key;
        struct str value;
    } members[] = {
        {"{\"message\":", str_head(message, STRUCTURED_MESSAGE_BYTES)},
        {",\"tenant\":{\"connectionUriDomain\":", c ? str_head(c->cud, STRUCTURED_NAME_BYTES) : STR("")},
        {",\"appId\":", c && c->app.p ? str_head(c->app, STRUCTURED_NAME_BYTES) : STR("public")},
        {",\"tenantId\":", c && c->tenant.p ? str_head(c->tenant, STRUCTURED_NAME_BYTES) : STR("public")},
        {"},\"timestamp\":", timestamp(time_text, sizeof time_text, "%s.%03dZ", false)},
        {",\"level\":", str_of(level)},
        {",\"pid\":", str_of(process_uuid)},
        {",\"coreVersion\":", str_of("v" ST_CORE_VERSION)},
        {",\"threadName\":", str_of(thread_name)},
        {",\"callerData\":", str_of(caller)},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        add(l, str_of(members[i].key));
        add_json(l, members[i].value);
    }
    if (c && c->request_id.p) {
        add(l, STR(",\"requestId\":"));
        add_json(l, str_head(c->request_id, STRUCTURED_NAME_BYTES));
    }
    add_end(l, STR("}\n"));
}

void log_write(enum log_level level, const struct ctx *c, const char *caller, const char *format, ...)
{
    char message[LINE_MAX_BYTES / 2];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (n < 0)
        return;
    struct str text = {message, (size_t)n < sizeof message ? (size_t)n : sizeof message - 1};
    const struct sink *sink = &sinks[level <= LOG_WARN_LEVEL ? ERROR_SINK : INFO_SINK];
    struct line line;
    line.n = 0;
    if (sink->journal)
        add(&line, priority(level));
    if (structured)
        add_structured_line(&line, level_name(level), c, caller, text);
    else
        add_text_line(&line, level_name(level), c, caller, text, sink->journal);
    metrics_count(METRIC_log_lines + (unsigned)level - LOG_ERROR_LEVEL);
    ssize_t written = write(sink->fd, line.text, line.n);
    (void)written; /* nowhere to report a full disk to */
}
