/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue and the thread that empties it. One lock guards the queue, for a few instructions; a collector
 * that is slow or away costs requests nothing but their traces.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "trace/internal.h"

enum {
    QUEUE = 2048,    /* traces */
    BATCH = 256,     /* in one message */
    PAUSE_MS = 1000, /* between two messages, unless there are enough for one */
    SEND_TIMEOUT_MS = 5 * 1000,
    LOG_INTERVAL_MS = 60 * 1000,
    STACK_BYTES = 512 * 1024,
    BATCH_BYTES = 64 * 1024 * 1024,
};

/* In the order of the words of base/metrics.def. */
enum fate { SENT, FAILED, DROPPED };

static struct sender {
    struct trace_options options;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct trace_queued *first, **last;
    unsigned queued;
    atomic_bool stopping;
    /* Of the thread. */
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    int64_t log_after_ms;
} sender;

const struct trace_options *trace_options;

static void count(enum fate fate, const struct trace_queued *list)
{
    uint64_t n = 0;
    for (; list; list = list->next)
        n += 1 + list->trace.nspans;
    metrics_add(METRIC_trace_spans + (unsigned)fate, n);
}

static void free_list(struct trace_queued *list)
{
    for (struct trace_queued *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

void trace_enqueue(struct trace_queued *q)
{
    pthread_mutex_lock(&sender.lock);
    bool room = sender.queued < QUEUE && !sender.stopping;
    if (room) {
        *sender.last = q;
        sender.last = &q->next;
        sender.queued++;
        if (sender.queued == BATCH)
            pthread_cond_signal(&sender.wake);
    }
    pthread_mutex_unlock(&sender.lock);
    if (!room) {
        count(DROPPED, q);
        free(q);
    }
}

/* Takes up to BATCH out of the queue; NULL: it is empty and the thread is to end. */
static struct trace_queued *take_batch(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PAUSE_MS / 1000;
    pthread_mutex_lock(&sender.lock);
    int err = 0;
    while (sender.queued < BATCH && !sender.stopping && !(err == ETIMEDOUT && sender.first)) {
        if (err == ETIMEDOUT)
            until.tv_sec += PAUSE_MS / 1000;
        err = pthread_cond_timedwait(&sender.wake, &sender.lock, &until);
    }
    struct trace_queued *list = sender.first, **end = &sender.first;
    for (unsigned n = 0; *end && n < BATCH; n++) {
        end = &(*end)->next;
        sender.queued--;
    }
    if (list) {
        sender.first = *end;
        if (!sender.first)
            sender.last = &sender.first;
        *end = NULL;
    }
    pthread_mutex_unlock(&sender.lock);
    return list;
}

static size_t ignore_answer(char *bytes, size_t one, size_t n, void *object)
{
    (void)bytes;
    (void)one;
    (void)object;
    return n;
}

#define SET(OPTION, VALUE) (curl_easy_setopt(sender.easy, (OPTION), (VALUE)) == CURLE_OK)

static bool send_text(struct str text, char why[CURL_ERROR_SIZE])
{
    long status = 0;
    bool set = SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)text.n) && SET(CURLOPT_POSTFIELDS, text.p);
    CURLcode code = set ? curl_easy_perform(sender.easy) : CURLE_OUT_OF_MEMORY;
    (void)curl_easy_getinfo(sender.easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status / 100 == 2)
        return true;
    snprintf(why, CURL_ERROR_SIZE, "%s %ld", code == CURLE_OK ? "status" : curl_easy_strerror(code), status);
    return false;
}

static bool send_batch(struct arena *a, struct trace_queued *list)
{
    char why[CURL_ERROR_SIZE] = "out of memory";
    jmp_buf out_of_memory;
    volatile bool sent = false;
    a->recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0)
        sent = send_text(trace_write(a, &sender.options, list), why);
    a->recover = NULL;
    arena_reset(a);
    count(sent ? SENT : FAILED, list);
    free_list(list);
    int64_t now = clock_monotonic_ms();
    if (!sent && now >= sender.log_after_ms) {
        sender.log_after_ms = now + LOG_INTERVAL_MS;
        LOG_WARN(NULL, "traces are lost: the collector does not take them: %s", why);
    }
    return sent;
}

static void *run(void *nothing)
{
    struct arena a;
    (void)nothing;
    (void)pthread_setname_np(pthread_self(), "traces");
    log_thread_name("traces");
    arena_init(&a);
    a.limit = BATCH_BYTES;
    for (struct trace_queued *list; (list = take_batch()) != NULL;)
        if (!send_batch(&a, list) && sender.stopping)
            break;
    arena_free(&a);
    return NULL;
}

/* "NAME=VALUE, NAME=VALUE" as header lines. */
static bool add_headers(const char *text)
{
    struct str rest = str_of(text);
    sender.headers = curl_slist_append(NULL, "Content-Type: application/json");
    while (sender.headers && rest.p) {
        char line[4096];
        struct str value = str_trim(str_split(&rest, ',')), name = str_split(&value, '=');
        if (!value.p)
            continue;
        snprintf(line, sizeof line, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
        struct curl_slist *longer = curl_slist_append(sender.headers, line);
        explicit_bzero(line, sizeof line);
        if (!longer)
            return false;
        sender.headers = longer;
    }
    return sender.headers != NULL;
}

static bool make_url(const char *endpoint)
{
    static const char path[] = "/v1/traces";
    struct str base = str_of(endpoint);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    bool complete = base.n > sizeof path && str_is_c(str_from(base, base.n - (sizeof path - 1)), path);
    return asprintf(&sender.url, "%.*s%s", STR_ARG(base), complete ? "" : path) > 0;
}

static bool open_curl(const struct trace_options *o)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    sender.easy = curl_easy_init();
    /* Collectors are next door: no proxy. */
    return sender.easy && make_url(o->endpoint) && add_headers(o->headers) &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") && o->secure(sender.easy, o->secure_context) &&
           SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_QUICK_EXIT, 1L) &&
           SET(CURLOPT_TIMEOUT_MS, (long)SEND_TIMEOUT_MS) && SET(CURLOPT_WRITEFUNCTION, ignore_answer) &&
           SET(CURLOPT_URL, sender.url) && SET(CURLOPT_HTTPHEADER, sender.headers) &&
           SET(CURLOPT_USERAGENT, "supertokens-fcgi") && SET(CURLOPT_POST, 1L);
}

static void close_curl(void)
{
    curl_easy_cleanup(sender.easy);
    curl_slist_free_all(sender.headers);
    free(sender.url);
    curl_global_cleanup();
}

static int start_thread(void)
{
    pthread_condattr_t clock;
    pthread_attr_t attributes;
    int err = pthread_mutex_init(&sender.lock, NULL);
    if (!err)
        err = pthread_condattr_init(&clock);
    if (err)
        return err;
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    err = pthread_cond_init(&sender.wake, &clock);
    (void)pthread_condattr_destroy(&clock);
    if (!err)
        err = pthread_attr_init(&attributes);
    if (err)
        return err;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    err = pthread_create(&sender.thread, &attributes, run, NULL);
    (void)pthread_attr_destroy(&attributes);
    return err;
}

int trace_start(const struct trace_options *options)
{
    sender = (struct sender){.options = *options};
    sender.last = &sender.first;
    int err = open_curl(options) ? start_thread() : ENOMEM;
    if (err)
        close_curl();
    else
        trace_options = &sender.options;
    return err;
}

void trace_stop(void)
{
    if (!trace_options)
        return;
    pthread_mutex_lock(&sender.lock);
    sender.stopping = true;
    pthread_cond_signal(&sender.wake);
    pthread_mutex_unlock(&sender.lock);
    (void)pthread_join(sender.thread, NULL);
    trace_options = NULL;
    count(DROPPED, sender.first);
    free_list(sender.first);
    close_curl();
    (void)pthread_cond_destroy(&sender.wake);
    (void)pthread_mutex_destroy(&sender.lock);
}
