/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/trace/.
 */
#ifndef ST_TRACE_INTERNAL_H
#define ST_TRACE_INTERNAL_H

#include "trace/trace.h"

/* A copy on the heap, with the spans that there are. */
struct trace_queued {
    struct trace_queued *next;
    struct trace trace; /* cut behind its last span */
};

/* Takes T, or counts it as dropped when there are too many. */
void trace_enqueue(struct trace_queued *q);
/* NULL: traces are not made. */
extern const struct trace_options *trace_options;

/* An ExportTraceServiceRequest in OTLP's JSON encoding. */
struct str trace_write(struct arena *a, const struct trace_options *o, const struct trace_queued *list);

#endif
