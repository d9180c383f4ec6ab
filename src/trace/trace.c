/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "trace/internal.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 2 * N lower-case digits; false also when all of them are 0. */
static bool from_hex(struct str s, unsigned char *out, size_t n)
{
    bool any = false;
    if (s.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(s.p[2 * i]), low = hex_digit(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
        any |= out[i] != 0;
    }
    return any;
}

/* -1: not two lower-case digits. */
static int hex_byte(struct str s)
{
    int high = s.n == 2 ? hex_digit(s.p[0]) : -1, low = s.n == 2 ? hex_digit(s.p[1]) : -1;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* W3C Trace Context 3.2: version-id-parent-flags; later versions may have more behind. False: none that can
 * be read, and *T is unchanged. */
static bool read_parent(struct trace *t, struct str header, bool *sampled)
{
    enum { VERSION, ID, PARENT, FLAGS, PARTS, NEVER = 0xFF };
    unsigned char id[TRACE_ID], parent[TRACE_SPAN_ID];
    struct str parts[PARTS];
    for (int i = 0; i < PARTS; i++) {
        if (!header.p)
            return false;
        parts[i] = str_split(&header, '-');
    }
    int version = hex_byte(parts[VERSION]), flags = hex_byte(parts[FLAGS]);
    if (version < 0 || version == NEVER || (version == 0 && header.p) || flags < 0 ||
        !from_hex(parts[ID], id, sizeof id) || !from_hex(parts[PARENT], parent, sizeof parent))
        return false;
    *sampled = flags & 1;
    memcpy(t->id, id, sizeof id);
    memcpy(t->parent_id, parent, sizeof parent);
    t->has_parent = true;
    return true;
}

bool trace_is_on(void)
{
    return trace_options != NULL;
}

struct trace *trace_begin(struct arena *a, struct str traceparent, struct str request_id)
{
    struct trace parent = {.has_parent = false};
    bool sampled = false;
    if (!trace_is_on())
        return NULL;
    if (!trace_options->believe_traceparent || !read_parent(&parent, traceparent, &sampled))
        sampled = random_unit() < trace_options->sample_ratio;
    if (!sampled)
        return NULL;
    struct trace *t = ARENA_NEW(a, struct trace);
    *t = parent;
    if (!t->has_parent)
        random_bytes(t->id, sizeof t->id);
    random_bytes(t->span_id, sizeof t->span_id);
    t->begun_us = clock_monotonic_us();
    t->begun_unix_us = clock_now_ms() * 1000;
    request_id = str_head(request_id, sizeof t->request_id - 1);
    if (request_id.n)
        memcpy(t->request_id, request_id.p, request_id.n);
    return t;
}

void trace_end(struct trace *t, const char *door, const char *route, const char *method, int status)
{
    if (!t)
        return;
    t->ended_us = clock_monotonic_us();
    t->door = door;
    t->route = route;
    t->method = method;
    t->status = status;
    size_t size = offsetof(struct trace, spans) + t->nspans * sizeof t->spans[0];
    struct trace_queued *q = malloc(offsetof(struct trace_queued, trace) + size);
    if (!q) {
        metrics_add(METRIC_trace_spans_last, 1 + t->nspans);
        return;
    }
    q->next = NULL;
    memcpy(&q->trace, t, size);
    trace_enqueue(q);
}

struct trace_span *trace_span_begin(struct trace *t, enum trace_kind kind, const char *name)
{
    if (!t || t->nspans == TRACE_SPANS)
        return NULL;
    struct trace_span *s = &t->spans[t->nspans++];
    *s = (struct trace_span){.kind = kind, .name = name, .begun_us = clock_monotonic_us()};
    return s;
}

void trace_span_end(struct trace_span *s)
{
    if (s)
        s->ended_us = clock_monotonic_us();
}
