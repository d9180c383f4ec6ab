/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/deliver/: one delivery on its way, as a transfer of libcurl's multi interface (SMTP, HTTP)
 * or, to a directory, done at once.
 */
#ifndef ST_DELIVER_FLIGHT_H
#define ST_DELIVER_FLIGHT_H

#include "deliver/queue.h"
#include "http/outgoing.h"
#include "site/site.h"

/* What all flights of a process share. */
struct flight_common {
    const struct config *config;
    X509_STORE *authorities;
};

/* Mails and webhooks: what differs. */
struct flight_class {
    const char *name;
    long connect_ms, limit_ms; /* of one attempt */
    int64_t first_ms, most_ms; /* back-off: after the first failure, and at most */
    int factor;
    unsigned in_all, of_target; /* attempts at the same time */
};

enum { FLIGHT_MAIL, FLIGHT_WEBHOOK, FLIGHT_CLASSES, FLIGHTS_MAX = 48 };
extern const struct flight_class flight_classes[FLIGHT_CLASSES];

struct flight {
    CURL *easy; /* kept between flights */
    struct arena arena;
    struct ctx c;
    const struct site *site;
    const struct site_webhook *webhook; /* NULL: a mail */
    struct queue_item item;             /* in the arena */
    struct queue_result result;         /* once it has ended */
    struct curl_slist *list;            /* headers or recipients */
    struct str body;
    size_t sent, answered; /* bytes */
    char error[CURL_ERROR_SIZE];
};

/* Readies F->easy for F->item, which is copied. False: it has ended already, with F->result set. */
bool flight_begin(struct flight *f, const struct flight_common *common, const struct queue_item *item);
/* The transfer has ended. Sets F->result and says in the log what was not delivered. */
void flight_end(struct flight *f, CURLcode code);
/* Gives back what belongs to this delivery; F can be used again. */
void flight_clear(struct flight *f);

#endif
