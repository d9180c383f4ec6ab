/* SPDX-License-Identifier: Apache-2.0
 *
 * A FastCGI connection, from its bytes to the doors (without a database behind them) and back. The input is
 * what nginx would send: its records when it begins with their version, else lines NAME=value, an empty line
 * and a body, which are made records here. Whatever comes, the answers are well-formed and as long as they
 * say.
 */
#include "request.h"

#include <fastcgi.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "fuzz.h"
#include "runtime/shared.h"
#include "service/service.h"
#include "site/site.h"

enum { REQUESTS_MAX = 4, BODY_MAX = 2000, INPUT_MAX = 60 * 1024, ANSWER_MAX = 1 << 20 };

/* ---- the service ---- */

static const char site_text[] =
    "appInfo: {appName: x, apiDomain: 'https://a.example', websiteDomain: 'https://a.example'}\n"
    "recipeList: [session, emailPassword, thirdParty]\n";

static const struct sites *load_sites(void)
{
    char directory[] = "/tmp/st-fuzz-XXXXXX", path[64];
    const struct sites *sites = NULL;
    struct site_error error;
    FUZZ_EXPECT(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/x.yaml", directory);
    FILE *file = fopen(path, "w");
    FUZZ_EXPECT(file && fputs(site_text, file) >= 0 && fclose(file) == 0);
    if (sites_load(directory, (char *[]){NULL}, &sites, &error) != ST_OK) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    FUZZ_EXPECT(unlink(path) == 0 && rmdir(directory) == 0);
    return sites;
}

static struct service *start(void)
{
    static char *const environment[] = {"POSTGRESQL_HOST=/nonexistent", "POSTGRESQL_USER=u",
                                        "API_KEYS=0123456789abcdefghijklm", NULL};
    struct config_options options = {.environment = environment};
    struct config_error error;
    const struct config *config = NULL;
    char why[256] = "";
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FUZZ_EXPECT(log_open(&(struct log_options){.level = LOG_NONE}, why, sizeof why));
    FUZZ_EXPECT(config_load(&options, &config, &error) == ST_OK);
    FUZZ_EXPECT(shared != MAP_FAILED && stats_init(&shared->stats) == 0);
    FUZZ_EXPECT(key_stock_init(&shared->key_stock) == 0);
    struct service *service = service_start(config, load_sites(), shared, why, sizeof why);
    FUZZ_EXPECT(service && FCGX_Init() == 0);
    return service;
}

/* ---- what nginx sends ---- */

static void add_record(struct buf *b, int type, struct str content)
{
    FCGI_Header h = {.version = FCGI_VERSION_1, .type = (unsigned char)type, .requestIdB0 = 1};
    h.contentLengthB1 = (unsigned char)(content.n >> 8);
    h.contentLengthB0 = (unsigned char)content.n;
    buf_add(b, (struct str){(char *)&h, sizeof h});
    buf_add(b, content);
}

static void add_length(struct buf *b, size_t n)
{
    for (int shift = 24; n > 127 && shift >= 0; shift -= 8)
        buf_char(b, (char)(n >> shift | (shift == 24 ? 0x80 : 0)));
    if (n <= 127)
        buf_char(b, (char)n);
}

static struct str records_of(struct arena *a, struct str text)
{
    struct buf params = buf_in(a), all = buf_in(a);
    FCGI_BeginRequestBody begin = {.roleB0 = FCGI_RESPONDER, .flags = FCGI_KEEP_CONN};
    while (text.p) {
        struct str line = str_split(&text, '\n'), value = line, name = str_split(&value, '=');
        if (line.n == 0)
            break;
        add_length(&params, name.n);
        add_length(&params, value.n);
        buf_add(&params, name);
        buf_add(&params, value.p ? value : STR(""));
    }
    add_record(&all, FCGI_BEGIN_REQUEST, (struct str){(char *)&begin, sizeof begin});
    if (params.n)
        add_record(&all, FCGI_PARAMS, buf_str(&params));
    add_record(&all, FCGI_PARAMS, STR(""));
    if (text.n)
        add_record(&all, FCGI_STDIN, text);
    add_record(&all, FCGI_STDIN, STR(""));
    return buf_str(&all);
}

/* What nginx never sends and libfcgi is no match for: it leaks for management records that it does not know,
 * has room for few of their names, reads the padding of a beginning as records, and adds lengths up to 2^31.
 */
static bool is_sent_by_nginx(struct str records)
{
    while (records.n >= FCGI_HEADER_LEN) {
        const unsigned char *h = (const unsigned char *)records.p;
        size_t n = (size_t)h[4] << 8 | h[5];
        struct str content = str_head(str_from(records, FCGI_HEADER_LEN), n);
        if ((h[2] | h[3]) == 0 || (h[1] == FCGI_BEGIN_REQUEST && h[6] != 0))
            return false;
        for (size_t i = 0; h[1] == FCGI_PARAMS && i < content.n; i++)
            if ((unsigned char)content.p[i] > 0x80) /* would be a length of 16 MiB or more */
                return false;
        records = str_from(records, FCGI_HEADER_LEN + n + h[6]);
    }
    return true;
}

/* ---- what it gets ---- */

static size_t number_after(struct str head, struct str name)
{
    int64_t n = -1;
    for (struct str rest = head; rest.p;) {
        struct str line = str_split(&rest, '\n');
        if (str_starts(line, name))
            (void)str_to_i64(str_trim(str_from(line, name.n)), &n);
    }
    return n < 0 ? SIZE_MAX : (size_t)n;
}

static void expect_content(struct str content, bool head_only)
{
    size_t end = 0;
    while (end + 4 <= content.n && memcmp(content.p + end, "\r\n\r\n", 4) != 0)
        end++;
    FUZZ_EXPECT(end + 4 <= content.n && str_starts(content, STR("Status: ")));
    struct str head = str_head(content, end), body = str_from(content, end + 4);
    size_t length = number_after(head, STR("Content-Length:"));
    FUZZ_EXPECT(length == SIZE_MAX ? body.n == 0 : body.n == (head_only ? 0 : length));
    for (size_t i = 0; i < head.n; i++)
        FUZZ_EXPECT(head.p[i] != 0 && (head.p[i] != '\n' || head.p[i - 1] == '\r'));
}

/* libfcgi refuses by itself a request that begins before another one has ended. */
static bool is_of_library(const unsigned char *h, size_t n)
{
    return h[1] == FCGI_END_REQUEST && n >= 5 && h[FCGI_HEADER_LEN + 4] != FCGI_REQUEST_COMPLETE;
}

/* Takes one answer off TEXT. */
static void expect_answer(struct arena *a, struct str *text, int request_id, bool head_only)
{
    struct buf content = buf_in(a);
    for (bool ended = false; !ended;) {
        const unsigned char *h = (const unsigned char *)text->p;
        FUZZ_EXPECT(text->n >= FCGI_HEADER_LEN && h[0] == FCGI_VERSION_1);
        size_t n = (size_t)h[4] << 8 | h[5], whole = FCGI_HEADER_LEN + n + h[6];
        FUZZ_EXPECT(text->n >= whole);
        if (!is_of_library(h, n)) {
            FUZZ_EXPECT((h[2] << 8 | h[3]) == request_id);
            FUZZ_EXPECT(h[1] == FCGI_STDOUT || h[1] == FCGI_END_REQUEST);
            ended = h[1] == FCGI_END_REQUEST;
            if (!ended)
                buf_add(&content, str_head(str_from(*text, FCGI_HEADER_LEN), n));
        }
        *text = str_from(*text, whole);
    }
    expect_content(buf_str(&content), head_only);
}

/* ---- ---- */

static void serve(struct service *service, struct request *r, enum request_state state)
{
    struct exchange *x = &r->x;
    if (state == REQUEST_READY && service_begin(service, x) == SERVE_WAITING)
        service_refuse(service, x);
    FUZZ_EXPECT(x->rs.status >= 200 && x->rs.status < 600 && x->rs.nheaders <= HTTP_MAX_HEADERS);
    FUZZ_EXPECT(state != REQUEST_READY || x->rq.body.n <= BODY_MAX);
}

static struct str read_all(int fd, char *p)
{
    size_t n = 0;
    ssize_t more;
    while (n < ANSWER_MAX && (more = recv(fd, p + n, ANSWER_MAX - n, MSG_DONTWAIT)) > 0)
        n += (size_t)more;
    return (struct str){p, n};
}

static void run(struct service *service, struct request *r, int peer, struct arena *a)
{
    static const struct request_limits limits = {.body = BODY_MAX, .timeout_ms = 1000};
    static char bytes[ANSWER_MAX];
    bool usable = true;
    for (int i = 0; usable && i < REQUESTS_MAX && r->fd >= 0 && request_peek(r->fd) == PEEK_DATA; i++) {
        FUZZ_EXPECT(FCGX_InitRequest(&r->fcgi, -1, 0) == 0);
        enum request_state state = request_read(r, &limits);
        usable = state != REQUEST_LOST;
        if (usable) {
            bool head_only = r->x.rq.method == HTTP_HEAD;
            serve(service, r, state);
            bool kept = request_answer(r, i == REQUESTS_MAX - 1);
            struct str text = read_all(peer, bytes);
            expect_answer(a, &text, r->fcgi.requestId, head_only);
            FUZZ_EXPECT(kept == (text.n == 0)); /* what follows says goodbye */
            usable = kept;
        }
        request_end(r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static struct service *service;
    static struct request r;
    struct str input = {(const char *)data, size};
    int pair[2];
    bool are_records = size > 0 && data[0] == FCGI_VERSION_1;
    if (size > INPUT_MAX || (are_records && !is_sent_by_nginx(input)))
        return 0;
    if (!service)
        service = start();
    FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    if (!are_records)
        input = records_of(&arena, input);
    FUZZ_EXPECT(send(pair[1], input.p, input.n, MSG_DONTWAIT) == (ssize_t)input.n);
    FUZZ_EXPECT(shutdown(pair[1], SHUT_WR) == 0);
    r.fd = pair[0];
    run(service, &r, pair[1], &arena);
    if (r.fd >= 0)
        close(r.fd);
    close(pair[1]);
    arena_reset(&arena);
    return 0;
}
