/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "trace/internal.h"

static bool from_hex(struct str s, unsigned char *out, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    bool any = false;
    if (s.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *high = memchr(digits, s.p[2 * i], 16), *low = memchr(digits, s.p[2 * i + 1], 16);
        if (!high || !low)
            return false;
        out[i] = (unsigned char)((high - digits) << 4 | (low - digits));
        any |= out[i] != 0;
    }
    return any;
}

/* W3C Trace Context 3.2: version-id-parent-flags; later versions may have more behind. False: none that can
 * be read, and *T is unchanged. */
static bool read_parent(struct trace *t, struct str header, bool *sampled)
{
    unsigned char id[TRACE_ID], parent[TRACE_SPAN_ID], version, flags = 0;
    struct str rest = header, text = header.p ? str_split(&rest, '-') : STR_NONE;
    (void)from_hex(text, &version, 1);
    if (text.n != 2 || str_is(text, STR("ff")) || !rest.p || !from_hex(str_split(&rest, '-'), id, TRACE_ID) ||
        !rest.p || !from_hex(str_split(&rest, '-'), parent, TRACE_SPAN_ID) || !rest.p)
        return false;
    text = str_split(&rest, '-');
    if (text.n != 2 || (!from_hex(text, &flags, 1) && !str_is(text, STR("00"))))
        return false;
    *sampled = flags & 1;
    memcpy(t->id, id, sizeof id);
    memcpy(t->parent_id, parent, sizeof parent);
    t->has_parent = true;
    return true;
}

struct trace *trace_begin(struct arena *a, struct str traceparent, struct str request_id)
{
    struct trace parent = {.has_parent = false};
    bool sampled = false;
    if (!trace_options)
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
