/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/deliver/: what writing and sending must agree on, see sql/schema/95_deliveries.sql.
 */
#ifndef ST_DELIVER_ROW_H
#define ST_DELIVER_ROW_H

#include "deliver/deliver.h"

#define DELIVER_TARGET_MAIL STR("mail")
#define DELIVER_WEBHOOK_LIFETIME_MS (72 * INT64_C(3600000))
struct str deliver_webhook_target(struct arena *a, const struct site_webhook *webhook);

/* A mail's payload: {"kind": name, "to", "link", "language"?}. The names are those of template files too. */
extern const char *const mail_kind_names[MAIL_KINDS];

#endif
