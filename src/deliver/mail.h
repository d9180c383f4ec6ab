/* SPDX-License-Identifier: Apache-2.0
 *
 * From the row of a mail to the mail.
 */
#ifndef ST_DELIVER_MAIL_H
#define ST_DELIVER_MAIL_H

#include "deliver/queue.h"
#include "deliver/row.h"

/* What can stand in braces in a template: their names. */
enum mail_placeholder {
    MAIL_APP_NAME,
    MAIL_EMAIL,
    MAIL_LINK,
    MAIL_LANGUAGE,
    MAIL_SUBJECT, /* from here on the texts of the catalogue, which have the ones above in them */
    MAIL_HEADING,
    MAIL_INTRO,
    MAIL_BUTTON,
    MAIL_ALTERNATIVE,
    MAIL_IGNORE,
    MAIL_FOOTER,
    MAIL_PLACEHOLDERS
};
extern const char *const mail_placeholders[MAIL_PLACEHOLDERS];

struct mail_ready {
    struct str kind; /* name */
    struct str to;   /* an address that may stand in headers and commands */
    struct str link;
    struct str bytes; /* the message, lines ended by CRLF */
};

/* In C's arena. False: it can never be sent, with the reason in *WHY. */
bool mail_prepare(struct ctx *c, const struct site *site, const struct queue_item *item,
                  struct mail_ready *out, const char **why);

/* What is kept of the row of a mail that was given up for good: everything but the link, which is secret. */
struct str mail_without_link(struct arena *a, struct str payload);

/* For SITE_MAIL_DIRECTORY: makes the file at once or not at all, and logs the link. False with a reason. */
bool mail_to_directory(struct ctx *c, const struct site *site, const struct queue_item *item,
                       const struct mail_ready *mail, const char **why);

#endif
