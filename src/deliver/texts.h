/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue: what our mails say, per kind and language, and the layout around it. doc/mail.md lists the
 * placeholders.
 */
#ifndef ST_DELIVER_TEXTS_H
#define ST_DELIVER_TEXTS_H

#include "deliver/deliver.h"

/* UTF-8, with {appName} and {email}. */
struct mail_texts {
    const char *subject, *heading, *intro, *button, *alternative, *ignore, *footer;
};

/* LANGUAGE: "en", "de"; NULL when there are no built-in texts in it. */
const struct mail_texts *mail_texts_find(enum mail_kind kind, struct str language);

extern const char mail_layout_html[], mail_layout_txt[];

#endif
