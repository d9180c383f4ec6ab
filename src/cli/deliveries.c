/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens delivery: mails and webhooks that were given up, in all databases of the service.
 */
#include "cli/ask.h"
#include "deliver/deliver.h"
#include "tenancy/all_databases.h"

enum { LISTED_MAX = 1000 }; /* of each database */

static struct given_up_filter filter_of(const struct invocation *in)
{
    return (struct given_up_filter){.message_id = str_of(in->narguments ? in->argument[0] : NULL),
                                    .site = str_of(in->site),
                                    .target = str_of(in->target)};
}

static void add_delivery(struct json_out *j, const struct given_up *d)
{
    json_open(j, NULL, '{');
    json_add_str(j, "messageId", d->message_id);
    json_add_str(j, "site", d->site);
    json_add_str(j, "appId", d->app);
    json_add_str(j, "tenantId", d->tenant);
    json_add_str(j, "target", d->target);
    json_add_str(j, "what", d->what);
    json_add_str_if(j, "to", d->to);
    json_add_str_if(j, "userId", d->user_id);
    json_add_i64(j, "attempts", d->attempts);
    json_add_i64(j, "timeCreated", d->created_ms);
    json_add_i64(j, "timeFailed", d->failed_ms);
    json_add_str(j, "why", d->why);
    json_add_bool(j, "canResend", d->can_resend);
    json_close(j, '}');
}

enum st_err delivery_list_data(struct work *w)
{
    struct all_databases all;
    struct given_up_filter which = filter_of(w->in);
    int64_t in_all = 0;
    w->layout =
        (struct layout){.list = "deliveries",
                        .columns = "messageId target what to userId attempts timeFailed why canResend",
                        .empty = "Nothing was given up."};
    ST_TRY(tenancy_all_databases(w->c, w->tenancy, &all));
    json_open(&w->out, "deliveries", '[');
    for (size_t i = 0; i < all.n; i++) {
        struct given_up_list list;
        ST_TRY(deliver_given_up_list(w->c, all.v[i]->db, &which, LISTED_MAX, &list));
        for (size_t k = 0; k < list.n; k++)
            add_delivery(&w->out, &list.v[k]);
        in_all += list.in_all;
    }
    json_close(&w->out, ']');
    json_add_i64(&w->out, "inAll", in_all); /* more than listed: they are too many */
    return ST_OK;
}

/* Not everything by mistake. */
static enum st_err check_named(struct work *w)
{
    const struct invocation *in = w->in;
    if (in->narguments || in->site || in->target || in->all)
        return ST_OK;
    return ctx_fail(w->c, ST_BAD_REQUEST, "Which ones? Name a message, --site, --target, or --all");
}

typedef enum st_err given_up_fn(struct ctx *c, struct db *db, const struct given_up_filter *which, size_t *n);

static enum st_err in_all_databases(struct work *w, given_up_fn *fn, const char *member)
{
    struct all_databases all;
    struct given_up_filter which = filter_of(w->in);
    size_t n, sum = 0;
    ST_TRY(tenancy_all_databases(w->c, w->tenancy, &all));
    for (size_t i = 0; i < all.n; i++) {
        ST_TRY(fn(w->c, all.v[i]->db, &which, &n));
        sum += n;
    }
    if (sum == 0 && w->in->narguments)
        return ctx_fail(w->c, ST_NOT_FOUND, "There is no such message that was given up%s: %s",
                        fn == deliver_given_up_resend ? " and can be sent again" : "", w->in->argument[0]);
    json_add_i64(&w->out, member, (int64_t)sum);
    return ST_OK;
}

enum st_err delivery_resend_data(struct work *w)
{
    ST_TRY(check_named(w));
    return in_all_databases(w, deliver_given_up_resend, "resent");
}

enum st_err delivery_forget_data(struct work *w)
{
    ST_TRY(check_named(w));
    ST_TRY(ask_whether(w, "This removes what could still be sent again. Remove it?"));
    return in_all_databases(w, deliver_given_up_remove, "forgotten");
}
