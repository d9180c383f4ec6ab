/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/sender.h"
#include "jobs.h"
#include "jobs/cleanup.h"
#include "jobs/measure.h"
#include "runtime/runtime.h"
#include "runtime/shared.h"

#define SECONDS(N) ((int64_t)1000 * (N))
#define MINUTES(N) SECONDS(60 * (N))
#define HOURS(N) MINUTES(60 * (N))

/* One key a run: 200 ms of processor time, at the priority of this process. */
static enum st_err fill_key_stock(struct ctx *c, struct service *service, const struct child_setup *setup)
{
    (void)c;
    (void)service;
    (void)key_stock_fill(&setup->shared->key_stock, 1);
    return ST_OK;
}

#define WITHOUT_SETUP(NAME)                                                                                  \
    static enum st_err run_##NAME(struct ctx *c, struct service *service, const struct child_setup *setup)   \
    {                                                                                                        \
        (void)setup;                                                                                         \
        return NAME(c, service);                                                                             \
    }
WITHOUT_SETUP(cleanup_sessions)
WITHOUT_SETUP(cleanup_reset_tokens)
WITHOUT_SETUP(cleanup_verification_tokens)
WITHOUT_SETUP(cleanup_signing_keys)
WITHOUT_SETUP(cleanup_partitions)
WITHOUT_SETUP(cleanup_deliveries)
WITHOUT_SETUP(measure_deliveries)

const struct job jobs_table[] = {
    {"fill the key stock", 0, SECONDS(1), true, fill_key_stock},
    {"remove expired sessions", MINUTES(1), HOURS(12), false, run_cleanup_sessions},
    {"remove expired password reset tokens", MINUTES(1), HOURS(1), false, run_cleanup_reset_tokens},
    {"remove expired e-mail verification tokens", MINUTES(1), HOURS(12), false,
     run_cleanup_verification_tokens},
    {"remove expired signing keys", MINUTES(1), HOURS(24), false, run_cleanup_signing_keys},
    {"remove mails and webhooks that were given up", MINUTES(1), HOURS(1), false, run_cleanup_deliveries},
    {"count mails and webhooks", SECONDS(5), MINUTES(1), false, run_measure_deliveries},
    {"make the next partitions of the activity log", MINUTES(2), HOURS(24), false, run_cleanup_partitions},
};

const unsigned jobs_table_size = sizeof jobs_table / sizeof jobs_table[0];

static void *start_sender(struct service *service, const struct child_setup *setup, bool *failed)
{
    size_t n = setup->sites ? sites_count(setup->sites) : 0;
    if (n == 0)
        return NULL; /* nobody writes mails */
    struct sender *sender = sender_start(service_tenancy(service), setup->sites, &setup->shared->deliver);
    *failed = !sender;
    return sender;
}

static void stop_sender(void *thread)
{
    sender_stop(thread);
}

static int64_t sender_seen(const void *thread)
{
    return sender_seen_ms(thread);
}

const struct job_thread job_threads[] = {
    {"the sender of mails and webhooks", start_sender, stop_sender, sender_seen},
    {0},
};
