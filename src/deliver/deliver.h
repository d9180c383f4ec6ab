/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails and webhooks that must not be lost (spec: fdi-delivery): a row of stfcgi_deliveries, written in the
 * transaction of what it tells of, sent by the jobs process of any node, removed when it has been sent. What
 * fails is tried again with back-off; what was given up stays, marked, for 30 days, and is logged. At least
 * once; webhooks of one user in the order in which they were written.
 */
#ifndef ST_DELIVER_DELIVER_H
#define ST_DELIVER_DELIVER_H

#include "db/db.h"
#include "json/json.h"
#include "site/site.h"
#include "tenancy/tenancy.h"

enum mail_kind { MAIL_PASSWORD_RESET, MAIL_EMAIL_VERIFICATION, MAIL_KINDS };

struct mail {
    enum mail_kind kind;
    struct str to;       /* address */
    struct str link;     /* absolute URL */
    struct str language; /* the Accept-Language header, or one tag such as "de"; absent: English */
};

/* Link of a mail: PAGE of the website ("/verify-email") with the token (URL-safe text) and the tenant. */
struct str deliver_link(struct arena *a, const struct site *site, const struct tenant *t, const char *page,
                        struct str token);

/* The write, to travel in the transaction or pipeline of its reason, on T's database. Given up when the link
 * has expired, by the lifetimes of T's configuration counted from now. */
struct db_call deliver_mail_call(struct ctx *c, const struct site *site, const struct tenant *t,
                                 const struct mail *m);

/* Costs what two such writes cost and leaves nothing behind: for answers whose time must not tell that there
 * was nobody to write to. */
enum { DELIVER_DECOY_CALLS = 2 };
void deliver_decoy_calls(struct ctx *c, const struct site *site, const struct tenant *t,
                         struct db_call calls[DELIVER_DECOY_CALLS]);

/* What happened to whom, for the site's webhooks. */
struct event {
    enum site_event kind;
    struct str user_id; /* of the primary user, as clients see it */
    struct str recipe_user_id;
    struct str recipe_id;                                  /* emailpassword, thirdparty */
    struct str email, third_party_id, third_party_user_id; /* absent where there is none */
    struct str
        raw_user_info; /* JSON text: what the provider says of the user; absent: nothing, or too much */
    json_object *form_fields; /* of the sign-up form besides e-mail and password: id to value; or NULL */
};

enum { DELIVER_EVENT_CALLS = SITE_WEBHOOKS_MAX };
/* The writes, one per webhook that wants the event, on T's database; returns their number (at most
 * DELIVER_EVENT_CALLS). doc/webhooks.md has the form of the body. */
size_t deliver_event_calls(struct ctx *c, const struct site *site, const struct tenant *t,
                           const struct event *e, struct db_call *calls);

/* ---- what was given up, for operators ----
 *
 * Each function sees one database; tenancy_all_databases names them all. Message ids ("msg_<uuid>", as in the
 * log, the webhook-id header and Message-ID) are unique over all of them. */

/* Which ones; an absent member: any. Values that do not occur match nothing. */
struct given_up_filter {
    struct str message_id, site;
    struct str target; /* "mail", or "webhook " and its id */
};

struct given_up {
    struct str message_id, app, tenant, site, target;
    struct str what;    /* of a mail its kind, "password-reset"; of a webhook the event, "user.signed_up" */
    struct str to;      /* address of a mail; absent for webhooks */
    struct str user_id; /* whom an event is of; absent for mails */
    struct str why;     /* what the last attempt failed of: ASCII, no secrets, at most 200 bytes */
    int64_t attempts, created_ms, failed_ms; /* times: since the epoch, by the database's clock */
    bool can_resend;                         /* false: a mail whose link has expired or is not kept */
};

struct given_up_list {
    struct given_up *v; /* in the arena; those given up last come first */
    size_t n;
    int64_t in_all; /* how many there are, also beyond the limit; 0 when n is 0 */
};

/* ST_UNAVAILABLE, as of all three. A database that has not our table yet: ST_INTERNAL. */
enum st_err deliver_given_up_list(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                  size_t limit, struct given_up_list *out) ST_MUST_CHECK;
/* Has them tried again, at once and with the back-off from its beginning: webhooks for another 72 hours,
 * before later ones of the same user; mails until their link expires, those with can_resend false stay. A
 * running service finds them by itself within 10 seconds. *N: how many. */
enum st_err deliver_given_up_resend(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                    size_t *n) ST_MUST_CHECK;
/* Removes them for good. (By itself that is done after 30 days.) */
enum st_err deliver_given_up_remove(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                    size_t *n) ST_MUST_CHECK;

#endif
