/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending: a thread of the jobs process of every node takes what is due from all databases and makes the
 * transfers at once, so that a slow receiver holds up nobody else. Times and limits: flight.c; the operator's
 * view: doc/webhooks.md and doc/mail.md.
 */
#ifndef ST_DELIVER_SENDER_H
#define ST_DELIVER_SENDER_H

#include "deliver/wake.h"
#include "site/site.h"
#include "tenancy/tenancy.h"

struct sender;

/* All are the caller's and stay until sender_stop. NULL: out of memory, or no thread can be made; logged. */
struct sender *sender_start(struct tenancy *tenancy, const struct sites *sites, struct deliver_wake *wake);
/* Lets transfers that are under way end, at most for most of fcgi_drain_timeout, and takes no new ones. */
void sender_stop(struct sender *s); /* NULL is allowed */
/* When its thread last went round, monotonic ms. */
int64_t sender_seen_ms(const struct sender *s);

#endif
