/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "http/call.h"
#include "http/exchange.h"
#include "trace/trace.h"

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7F)
            return true;
    return false;
}

void http_add_header(struct http_response *rs, const char *name, struct str value)
{
    if (rs->nheaders == HTTP_MAX_HEADERS)
        LOG_ERROR(NULL, "too many response headers: %s left out", name);
    else if (has_control(value))
        LOG_ERROR(NULL, "response header %s left out: control character in its value", name);
    else
        rs->headers[rs->nheaders++] = (struct http_header){str_of(name), value};
}

void http_answer_text(struct ctx *c, struct http_response *rs, int status, struct str text)
{
    rs->status = status;
    rs->content_type = "text/html;charset=UTF-8";
    rs->body = ARENA_CONCAT(c->arena, text, STR("\n"));
}

void http_answer_json(struct ctx *c, struct http_response *rs, struct json_out *j)
{
    (void)c;
    rs->status = 200;
    rs->content_type = "application/json;charset=UTF-8";
    buf_char(&j->buf, '\n');
    rs->body = json_done(j);
}

/* What each error is on the wire; the text is for errors without one of their own. */
static const struct error_answer {
    int status;
    const char *text;
} error_answers[] = {
    [ST_BAD_REQUEST] = {400, "Bad request"},
    [ST_UNAUTHORISED] = {401, "Invalid API key"},
    [ST_FORBIDDEN] = {403, "Forbidden"},
    [ST_NOT_FOUND] = {404, "Not found"},
    [ST_BAD_METHOD] = {405, "Method not supported"},
    [ST_TOO_LARGE] = {413, "Request body too large"},
    [ST_INTERNAL] = {500, "Internal error"},
    [ST_UNAVAILABLE] = {503, "Service unavailable"},
};

int http_error(struct ctx *c, enum st_err err, struct str *text)
{
    size_t known = sizeof error_answers / sizeof error_answers[0];
    if ((size_t)err >= known || !error_answers[err].status) {
        LOG_ERROR(c, "signal %d reached the response writer", (int)err);
        err = ST_INTERNAL;
    }
    const struct error_answer *answer = &error_answers[err];
    *text = c->message.p ? c->message : str_of(answer->text);
    if (err == ST_INTERNAL && c->message.p) {
        LOG_ERROR(c, "%.*s", STR_ARG(c->message));
        *text = str_of(answer->text);
    }
    return answer->status;
}

void http_answer_error(struct ctx *c, struct http_response *rs, enum st_err err)
{
    struct str text;
    int status = http_error(c, err, &text);
    rs->nheaders = 0;
    if (err == ST_UNAVAILABLE)
        http_add_header(rs, "Retry-After", STR("1"));
    http_answer_text(c, rs, status, text);
}

void http_answer_bad_method(struct ctx *c, struct http_response *rs, enum http_method method,
                            unsigned allowed)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",   [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",     [HTTP_DELETE] = "DELETE",
        [HTTP_HEAD] = "HEAD", [HTTP_OPTIONS] = "OPTIONS", [HTTP_PATCH] = "PATCH", [HTTP_TRACE] = "TRACE",
    };
    struct buf allow = buf_in(c->arena);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (allowed & 1u << i) {
            buf_add(&allow, allow.n ? STR(", ") : STR(""));
            buf_add(&allow, str_of(names[i]));
        }
    rs->nheaders = 0;
    http_add_header(rs, "Allow", buf_str(&allow));
    http_answer_text(c, rs, method == HTTP_OTHER ? 501 : 405, str_of(error_answers[ST_BAD_METHOD].text));
}

enum st_err exchange_await(struct exchange *x, struct password_job *job, exchange_resume *resume)
{
    x->job = job;
    x->wait = trace_span_begin(x->ctx.trace, TRACE_INTERNAL, "password hash");
    x->resume = resume;
    return ST_SUSPENDED;
}

enum st_err exchange_await_call(struct exchange *x, struct http_call *call, exchange_resume *resume)
{
    x->call = call;
    x->wait = trace_span_begin(x->ctx.trace, TRACE_CLIENT, call->method == HTTP_POST ? "POST" : "GET");
    x->resume = resume;
    return ST_SUSPENDED;
}
