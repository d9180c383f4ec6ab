/* SPDX-License-Identifier: Apache-2.0
 *
 * The headers of a webhook, by the Standard Webhooks specification (standardwebhooks.com).
 */
#ifndef ST_CRYPTO_WEBHOOK_H
#define ST_CRYPTO_WEBHOOK_H

#include "base/arena.h"

/* "v1,<base64>" of the HMAC-SHA256 over "<id>.<seconds>.<body>". SECRET: "whsec_" and the key in base64, or
 * any other text, which is the key itself; several of the first kind separated by blanks give as many
 * signatures. Absent when a key is no base64, or empty. */
struct str webhook_signature(struct arena *a, struct str secret, struct str id, int64_t seconds,
                             struct str body);

#endif
