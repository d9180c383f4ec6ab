/* SPDX-License-Identifier: Apache-2.0
 *
 * OTLP's JSON encoding (OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding"): ids in hexadecimal, 64-bit
 * numbers as strings, enumerations as numbers. Attributes have the names of OpenTelemetry's semantic
 * conventions where there are some.
 */
#include <unistd.h>

#include "base/hex.h"
#include "base/random.h"
#include "json/write.h"
#include "trace/internal.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { STATUS_ERROR = 2 };

static void add_text(struct json_out *j, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    json_open(j, NULL, '{');
    json_add_str(j, "key", str_of(key));
    json_open(j, "value", '{');
    json_add_str(j, "stringValue", str_of(value));
    json_close(j, '}');
    json_close(j, '}');
}

static void add_decimal(struct json_out *j, const char *key, int64_t n)
{
    json_add_str(j, key, arena_printf(j->buf.arena, "%lld", (long long)n));
}

static void add_number(struct json_out *j, const char *key, int64_t value)
{
    if (!value)
        return;
    json_open(j, NULL, '{');
    json_add_str(j, "key", str_of(key));
    json_open(j, "value", '{');
    add_decimal(j, "intValue", value);
    json_close(j, '}');
    json_close(j, '}');
}

static void add_times(struct json_out *j, const struct trace *t, int64_t begun_us, int64_t ended_us)
{
    int64_t shift = t->begun_unix_us - t->begun_us;
    add_decimal(j, "startTimeUnixNano", (begun_us + shift) * 1000);
    add_decimal(j, "endTimeUnixNano", (ended_us + shift) * 1000);
}

static void add_status(struct json_out *j, bool failed)
{
    json_open(j, "status", '{');
    if (failed)
        json_add_i64(j, "code", STATUS_ERROR);
    json_close(j, '}');
}

static void write_request(struct json_out *j, const struct trace *t)
{
    struct arena *a = j->buf.arena;
    bool no_route = strcmp(t->route, "none") == 0;
    json_open(j, NULL, '{');
    json_add_str(j, "traceId", hex_encode(a, t->id, sizeof t->id));
    json_add_str(j, "spanId", hex_encode(a, t->span_id, sizeof t->span_id));
    if (t->has_parent)
        json_add_str(j, "parentSpanId", hex_encode(a, t->parent_id, sizeof t->parent_id));
    json_add_str(j, "name",
                 arena_printf(a, "%s%s%s", t->method, no_route ? "" : " ", no_route ? "" : t->route));
    json_add_i64(j, "kind", TRACE_SERVER);
    add_times(j, t, t->begun_us, t->ended_us);
    json_open(j, "attributes", '[');
    add_text(j, "http.request.method", t->method);
    add_text(j, "http.route", no_route ? NULL : t->route);
    add_number(j, "http.response.status_code", t->status);
    add_text(j, "supertokens.door", t->door);
    add_text(j, "supertokens.request_id", t->request_id);
    json_close(j, ']');
    add_status(j, t->status >= 500);
    json_close(j, '}');
}

static void write_span(struct json_out *j, const struct trace *t, const struct trace_span *s)
{
    unsigned char id[TRACE_SPAN_ID];
    struct arena *a = j->buf.arena;
    random_bytes(id, sizeof id);
    json_open(j, NULL, '{');
    json_add_str(j, "traceId", hex_encode(a, t->id, sizeof t->id));
    json_add_str(j, "spanId", hex_encode(a, id, sizeof id));
    json_add_str(j, "parentSpanId", hex_encode(a, t->span_id, sizeof t->span_id));
    json_add_str(j, "name", str_of(s->name));
    json_add_i64(j, "kind", s->kind);
    add_times(j, t, s->begun_us, s->ended_us ? s->ended_us : t->ended_us);
    json_open(j, "attributes", '[');
    add_text(j, "db.system.name", s->operation ? "postgresql" : NULL);
    add_text(j, "db.operation.name", s->operation);
    add_number(j, "db.operation.batch.size", s->statements > 1 ? s->statements : 0);
    add_text(j, "supertokens.password.algorithm", s->algorithm);
    add_text(j, "http.request.method", s->method);
    add_text(j, "server.address", s->host);
    add_number(j, "http.response.status_code", s->status);
    add_text(j, "error.type", s->error);
    json_close(j, ']');
    add_status(j, s->error != NULL);
    json_close(j, '}');
}

struct str trace_write(struct arena *a, const struct trace_options *o, const struct trace_queued *list)
{
    struct json_out j = json_out(a);
    json_open(&j, NULL, '{');
    json_open(&j, "resourceSpans", '[');
    json_open(&j, NULL, '{');
    json_open(&j, "resource", '{');
    json_open(&j, "attributes", '[');
    add_text(&j, "service.name", o->service_name);
    add_text(&j, "service.version", PACKAGE_VERSION);
    add_number(&j, "process.pid", getpid());
    json_close(&j, ']');
    json_close(&j, '}');
    json_open(&j, "scopeSpans", '[');
    json_open(&j, NULL, '{');
    json_open(&j, "scope", '{');
    json_add_str(&j, "name", STR("supertokens-fcgi"));
    json_close(&j, '}');
    json_open(&j, "spans", '[');
    for (; list; list = list->next) {
        write_request(&j, &list->trace);
        for (unsigned i = 0; i < list->trace.nspans; i++)
            write_span(&j, &list->trace, &list->trace.spans[i]);
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    return json_done(&j);
}
