/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails and webhooks that must not be lost (spec: fdi-delivery): a row of stfcgi_deliveries, written in the
 * transaction of what it tells of, sent by the jobs process of any node, removed when it has been sent. What
 * fails is tried again with back-off; what was given up stays, marked, and is logged. At least once; webhooks
 * of one user in the order in which they were written.
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
    json_object *form_fields; /* of the sign-up form besides e-mail and password: id to value; or NULL */
};

enum { DELIVER_EVENT_CALLS = SITE_WEBHOOKS_MAX };
/* The writes, one per webhook that wants the event, on T's database; returns their number (at most
 * DELIVER_EVENT_CALLS). doc/webhooks.md has the form of the body. */
size_t deliver_event_calls(struct ctx *c, const struct site *site, const struct tenant *t,
                           const struct event *e, struct db_call *calls);

#endif
