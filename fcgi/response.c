/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer as FastCGI records, gathered from where its parts lie and written with one system call where the
 * socket takes it.
 */
#include <errno.h>
#include <fastcgi.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "request.h"

enum {
    PARTS = 128,
    RECORDS = PARTS / 2,
    RECORD_MAX = 65528, /* of content; a multiple of 8, so that no padding is needed in between */
    HEAD_MAX = 256,
    WRITE_TIMEOUT_MS = 10 * 1000, /* nginx reads as fast as it can, whatever the client does */
    CLOSE_TIMEOUT_MS = 1000,      /* and closes a connection that it has no more use for */
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

struct writer {
    int fd;
    int request_id;
    bool failed;
    int64_t deadline_ms;
    size_t left;        /* of the content that was announced */
    size_t record_left; /* of the record under way */
    unsigned nparts, nheaders;
    struct iovec part[PARTS];
    FCGI_Header header[RECORDS];
};

static bool wait_until_writable(const struct writer *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLOUT};
    int64_t left = w->deadline_ms - clock_monotonic_ms();
    return left > 0 && (poll(&p, 1, (int)left) > 0 || errno == EINTR);
}

/* Drops the first N bytes of what is to be written. */
static void advance(struct iovec **part, unsigned *nparts, size_t n)
{
    while (*nparts > 0 && n >= (*part)->iov_len) {
        n -= (*part)->iov_len;
        ++*part;
        --*nparts;
    }
    if (n > 0) {
        (*part)->iov_base = (char *)(*part)->iov_base + n;
        (*part)->iov_len -= n;
    }
}

static void flush(struct writer *w)
{
    struct iovec *part = w->part;
    while (w->nparts > 0 && !w->failed) {
        struct msghdr message = {.msg_iov = part, .msg_iovlen = w->nparts};
        ssize_t n = sendmsg(w->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            advance(&part, &w->nparts, (size_t)n);
        else if (errno == EAGAIN)
            w->failed = !wait_until_writable(w);
        else if (errno != EINTR)
            w->failed = true;
    }
    w->nparts = w->nheaders = 0;
}

static void add_part(struct writer *w, const void *p, size_t n)
{
    w->part[w->nparts++] = (struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = n};
}

static void add_header(struct writer *w, int type, int request_id, size_t length)
{
    FCGI_Header *h = &w->header[w->nheaders++];
    *h = (FCGI_Header){.version = FCGI_VERSION_1, .type = (unsigned char)type};
    h->requestIdB1 = (unsigned char)(request_id >> 8);
    h->requestIdB0 = (unsigned char)request_id;
    h->contentLengthB1 = (unsigned char)(length >> 8);
    h->contentLengthB0 = (unsigned char)length;
    add_part(w, h, sizeof *h);
}

/* The content of the answer, piece by piece; w->left bytes in all. */
static void add(struct writer *w, struct str s)
{
    while (s.n > 0) {
        if (w->nparts > PARTS - 2 || w->nheaders == RECORDS)
            flush(w);
        if (w->record_left == 0) {
            w->record_left = w->left < RECORD_MAX ? w->left : RECORD_MAX;
            add_header(w, FCGI_STDOUT, w->request_id, w->record_left);
        }
        struct str now = str_head(s, w->record_left);
        add_part(w, now.p, now.n);
        w->record_left -= now.n;
        w->left -= now.n;
        s = str_from(s, now.n);
    }
}

/* nginx keeps a connection only when nothing follows the end of the request. What follows here is a record
 * that means nothing (an answer to a management request of type 0), so nginx closes its side: there is no
 * moment at which it could send the next request into a connection that we are about to close. */
static const unsigned char goodbye[] = {
    FCGI_VERSION_1, FCGI_UNKNOWN_TYPE, 0, FCGI_NULL_REQUEST_ID, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static void add_end(struct writer *w, bool last)
{
    static const FCGI_EndRequestBody complete = {.protocolStatus = FCGI_REQUEST_COMPLETE};
    if (w->nparts > PARTS - 4 || w->nheaders > RECORDS - 2)
        flush(w);
    add_header(w, FCGI_STDOUT, w->request_id, 0);
    add_header(w, FCGI_END_REQUEST, w->request_id, sizeof complete);
    add_part(w, &complete, sizeof complete);
    if (last)
        add_part(w, goodbye, sizeof goodbye);
}

static size_t head_line(char out[HEAD_MAX], const struct http_response *rs, bool with_length)
{
    int n = snprintf(out, HEAD_MAX, "Status: %d %s\r\n", rs->status, reason_of(rs->status));
    if (rs->content_type)
        n += snprintf(out + n, HEAD_MAX - (size_t)n, "Content-Type: %.100s\r\n", rs->content_type);
    if (with_length)
        n += snprintf(out + n, HEAD_MAX - (size_t)n, "Content-Length: %zu\r\n", rs->body.n);
    return (size_t)n;
}

/* nginx closes its side once it has read the end of the answer. Until then it may write what it gets of a
 * body that nobody wants, and would take a connection that is closed for a failure of the request. */
static void discard_until_closed(int fd)
{
    char chunk[8192];
    int64_t end = clock_monotonic_ms() + CLOSE_TIMEOUT_MS;
    for (int64_t left; (left = end - clock_monotonic_ms()) > 0;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        (void)poll(&p, 1, (int)left);
        ssize_t n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return;
    }
}

static void report_fault(struct http_response *rs)
{
    const char *report = fault_report();
    if (report && rs->nheaders < HTTP_MAX_HEADERS)
        rs->headers[rs->nheaders++] = (struct http_header){STR("ST-Fault"), str_of(report)};
}

bool request_answer(struct request *r, bool last)
{
    struct http_response *rs = &r->x.rs;
    report_fault(rs);
    struct writer w = {.fd = r->fd, .request_id = r->fcgi.requestId};
    w.deadline_ms = clock_monotonic_ms() + WRITE_TIMEOUT_MS;
    bool no_body = rs->status == 204 || rs->status == 304;
    struct str body = no_body || r->x.rq.method == HTTP_HEAD ? STR("") : rs->body;
    char line[HEAD_MAX];
    struct str head = {line, head_line(line, rs, !no_body)};
    w.left = head.n + 2 + body.n;
    for (size_t i = 0; i < rs->nheaders; i++)
        w.left += rs->headers[i].name.n + 2 + rs->headers[i].value.n + 2;
    add(&w, head);
    for (size_t i = 0; i < rs->nheaders; i++) {
        add(&w, rs->headers[i].name);
        add(&w, STR(": "));
        add(&w, rs->headers[i].value);
        add(&w, STR("\r\n"));
    }
    add(&w, STR("\r\n"));
    add(&w, body);
    add_end(&w, last || !r->keep);
    flush(&w);
    if (r->unread && !w.failed)
        discard_until_closed(r->fd);
    return !w.failed && r->keep && !last;
}
