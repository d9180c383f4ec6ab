/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/flight.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "crypto/webhook.h"
#include "deliver/mail.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, ANSWER_MAX = 64 * 1024 };

/* Every limit must end an attempt well before its lease (QUEUE_LEASE_MS). */
const struct flight_class flight_classes[FLIGHT_CLASSES] = {
    [FLIGHT_MAIL] = {"mail", 15 * SECOND, 60 * SECOND, 2 * SECOND, 5 * MINUTE, 2, 16, 4},
    [FLIGHT_WEBHOOK] = {"webhook", 5 * SECOND, 20 * SECOND, 5 * SECOND, 6 * HOUR, 3, 32, 8},
};

#define SET(OPTION, VALUE) (curl_easy_setopt(f->easy, (OPTION), (VALUE)) == CURLE_OK)

static const struct flight_class *class_of(const struct flight *f)
{
    return &flight_classes[f->webhook ? FLIGHT_WEBHOOK : FLIGHT_MAIL];
}

/* ---- what becomes of it ---- */

/* For the log and the table: one line of ASCII. */
static struct str plain(struct arena *a, const char *text)
{
    enum { MOST = 200 };
    struct str s = arena_str(a, str_head(str_of(text), MOST));
    char *p = (char *)(uintptr_t)s.p;
    for (size_t i = 0; i < s.n; i++)
        if (p[i] < ' ' || p[i] > '~')
            p[i] = '?';
    return str_trim(s);
}

static int64_t back_off(const struct flight *f)
{
    const struct flight_class *class = class_of(f);
    int64_t ms = class->first_ms;
    for (int64_t i = 1; i < f->item.attempts && ms < class->most_ms; i++)
        ms *= class->factor;
    if (ms > class->most_ms)
        ms = class->most_ms;
    return ms - ms / 5 + (int64_t)(random_unit() * (double)ms * 0.4); /* not all at the same moment */
}

static void set_result(struct flight *f, enum queue_outcome outcome, const char *why)
{
    f->result = (struct queue_result){
        .id = f->item.id,
        .attempts = f->item.attempts,
        .outcome = outcome,
        .retry_ms = outcome == QUEUE_RETRY ? back_off(f) : 0,
        .why = plain(&f->arena, why),
    };
}

/* Of a mail that cannot be sent later either: its link is not kept. */
static void give_up_for_good(struct flight *f, const char *why)
{
    set_result(f, QUEUE_GIVE_UP, why);
    if (!f->webhook)
        f->result.payload = mail_without_link(&f->arena, f->item.payload);
}

static void judge_webhook(struct flight *f, CURLcode code)
{
    long status = 0;
    curl_off_t retry_after = 0;
    char text[64];
    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &retry_after);
    bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && f->answered > ANSWER_MAX);
    if (answered && status >= 200 && status <= 299) {
        set_result(f, QUEUE_DONE, "");
        return;
    }
    snprintf(text, sizeof text, "it was answered with status %ld", status);
    set_result(f, QUEUE_RETRY, answered ? text : *f->error ? f->error : curl_easy_strerror(code));
    int64_t most = class_of(f)->most_ms, wished = retry_after < most / SECOND ? retry_after * SECOND : most;
    if (answered && f->result.retry_ms < wished)
        f->result.retry_ms = wished;
}

/* 550 to 554: the server refuses this mail for good (RFC 5321 4.2). Such an answer to something else than the
 * mail may have a reason that passes. */
static bool is_refused(const struct flight *f, CURLcode code, long status)
{
    return status >= 550 && status <= 554 && (code == CURLE_SEND_ERROR || f->sent == f->body.n);
}

static void judge_mail(struct flight *f, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        set_result(f, QUEUE_DONE, "");
    else
        set_result(f, is_refused(f, code, status) ? QUEUE_GIVE_UP : QUEUE_RETRY,
                   *f->error ? f->error : curl_easy_strerror(code));
}

/* ---- transfers ---- */

static size_t read_body(char *to, size_t one, size_t n, void *object)
{
    struct flight *f = object;
    size_t rest = f->body.n - f->sent, now = one * n < rest ? one * n : rest;
    memcpy(to, f->body.p + f->sent, now);
    f->sent += now;
    return now;
}

/* A kept connection that turns out to be dead is replaced, and the mail read again. */
static int rewind_body(void *object, curl_off_t offset, int origin)
{
    struct flight *f = object;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > f->body.n)
        return CURL_SEEKFUNC_CANTSEEK;
    f->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* The answer's status is all that counts. */
static size_t drop_answer(char *bytes, size_t one, size_t n, void *object)
{
    struct flight *f = object;
    (void)bytes;
    f->answered += one * n;
    return f->answered > ANSWER_MAX ? CURL_WRITEFUNC_ERROR : one * n;
}

static bool set_common(struct flight *f, const struct flight_common *common)
{
    const struct flight_class *class = class_of(f);
    bool ok = SET(CURLOPT_PRIVATE, f) && SET(CURLOPT_ERRORBUFFER, f->error) && SET(CURLOPT_NOSIGNAL, 1L) &&
              SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_CONNECTTIMEOUT_MS, class->connect_ms) &&
              SET(CURLOPT_TIMEOUT_MS, class->limit_ms) && SET(CURLOPT_WRITEFUNCTION, drop_answer) &&
              SET(CURLOPT_WRITEDATA, f) && SET(CURLOPT_HEADERFUNCTION, drop_answer) &&
              SET(CURLOPT_HEADERDATA, f);
    return ok && outgoing_secure(f->easy, common->config, common->authorities);
}

static bool add_to_list(struct flight *f, struct str line)
{
    struct curl_slist *longer = curl_slist_append(f->list, line.p);
    if (longer)
        f->list = longer;
    return longer != NULL;
}

static bool set_webhook(struct flight *f)
{
    struct arena *a = &f->arena;
    int64_t seconds = clock_now_ms() / SECOND;
    f->body = f->item.payload;
    struct str signature = webhook_signature(a, f->webhook->secret, f->item.message_id, seconds, f->body);
    if (!signature.p)
        return false;
    return add_to_list(f, STR("Content-Type: application/json")) && add_to_list(f, STR("Expect:")) &&
           add_to_list(f, ARENA_CONCAT(a, STR("webhook-id: "), f->item.message_id)) &&
           add_to_list(f, arena_printf(a, "webhook-timestamp: %lld", (long long)seconds)) &&
           add_to_list(f, ARENA_CONCAT(a, STR("webhook-signature: "), signature)) &&
           SET(CURLOPT_HTTPHEADER, f->list) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(CURLOPT_USERAGENT, "supertokens-fcgi/" PACKAGE_VERSION) &&
           SET(CURLOPT_URL, arena_str(a, f->webhook->url).p) &&
           SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n) && SET(CURLOPT_POSTFIELDS, f->body.p);
}

/* Mails to this machine need no TLS, and a local mail server seldom has a certificate that is worth
 * checking. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return str_is_ci(str_of(host), STR("localhost"));
}

static bool set_smtp(struct flight *f, const struct mail_ready *mail)
{
    struct arena *a = &f->arena;
    const struct site_mail *m = &f->site->mail;
    const char *host = arena_str(a, m->host).p;
    bool v6 = str_find(m->host, ':') < m->host.n;
    long tls = m->implicit_tls || !is_loopback(host) ? CURLUSESSL_ALL : CURLUSESSL_NONE;
    struct str url = arena_printf(a, "%s://%s%s%s:%d", m->implicit_tls ? "smtps" : "smtp", v6 ? "[" : "",
                                  host, v6 ? "]" : "", m->port);
    f->body = mail->bytes;
    bool ok =
        add_to_list(f, ARENA_CONCAT(a, STR("<"), mail->to, STR(">"))) && SET(CURLOPT_URL, url.p) &&
        SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps") && SET(CURLOPT_PROXY, "") && SET(CURLOPT_USE_SSL, tls) &&
        SET(CURLOPT_MAIL_FROM, ARENA_CONCAT(a, STR("<"), m->from_email, STR(">")).p) &&
        SET(CURLOPT_MAIL_RCPT, f->list) && SET(CURLOPT_UPLOAD, 1L) && SET(CURLOPT_READFUNCTION, read_body) &&
        SET(CURLOPT_READDATA, f) && SET(CURLOPT_SEEKFUNCTION, rewind_body) && SET(CURLOPT_SEEKDATA, f) &&
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)f->body.n);
    if (m->user.p)
        ok = ok && SET(CURLOPT_USERNAME, arena_str(a, m->user).p) &&
             SET(CURLOPT_PASSWORD, m->password.p ? arena_str(a, m->password).p : "");
    return ok;
}

/* ---- beginning and end ---- */

static void copy_item(struct flight *f, const struct queue_item *item)
{
    f->item = *item;
    struct str *const texts[] = {
        &f->item.site,       &f->item.target,  &f->item.app,        &f->item.tenant,
        &f->item.message_id, &f->item.payload, &f->item.last_error, NULL,
    };
    for (struct str *const *text = texts; *text; text++)
        **text = arena_str(&f->arena, **text);
    f->c = (struct ctx){.arena = &f->arena, .cud = STR(""), .app = f->item.app, .tenant = f->item.tenant};
}

/* True: a transfer is to be made. */
static bool begin_mail(struct flight *f)
{
    struct mail_ready mail;
    const char *why = "";
    enum site_mail_kind kind = f->site->mail.kind;
    if (kind == SITE_MAIL_NONE) {
        set_result(f, QUEUE_GIVE_UP, "the site has no mail settings");
    } else if (!mail_prepare(&f->c, f->site, &f->item, &mail, &why)) {
        give_up_for_good(f, why);
    } else if (kind == SITE_MAIL_DIRECTORY) {
        bool ok = mail_to_directory(&f->c, f->site, &f->item, &mail, &why);
        set_result(f, ok ? QUEUE_DONE : QUEUE_RETRY, ok ? "" : why);
    } else if (set_smtp(f, &mail)) {
        return true;
    } else {
        set_result(f, QUEUE_RETRY, "the mail settings cannot be used");
    }
    return false;
}

static bool begin(struct flight *f, const struct flight_common *common, const struct queue_item *item)
{
    copy_item(f, item);
    if (item->left_ms <= 0) {
        struct str last = f->item.last_error;
        give_up_for_good(f, last.n ? last.p : "its time was over before it could be sent");
        return false;
    }
    if (!set_common(f, common)) {
        set_result(f, QUEUE_RETRY, "out of memory");
        return false;
    }
    if (!f->webhook)
        return begin_mail(f);
    if (set_webhook(f))
        return true;
    set_result(f, QUEUE_RETRY, "its URL or secret cannot be used");
    return false;
}

bool flight_begin(struct flight *f, const struct flight_common *common, const struct queue_item *item)
{
    jmp_buf out_of_memory;
    bool flies = false;
    f->result = (struct queue_result){
        .id = item->id, .attempts = item->attempts, .outcome = QUEUE_RETRY, .retry_ms = MINUTE};
    f->result.why = STR("out of memory");
    f->arena.recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0)
        flies = begin(f, common, item);
    f->arena.recover = NULL;
    return flies;
}

void flight_end(struct flight *f, CURLcode code)
{
    jmp_buf out_of_memory;
    f->arena.recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0) {
        if (f->webhook)
            judge_webhook(f, code);
        else
            judge_mail(f, code);
    }
    f->arena.recover = NULL;
}

void flight_clear(struct flight *f)
{
    curl_easy_reset(f->easy);
    curl_slist_free_all(f->list);
    arena_reset(&f->arena); /* wipes */
    *f = (struct flight){.easy = f->easy, .arena = f->arena};
}
