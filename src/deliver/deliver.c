/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing deliveries. What a row says is settled here, so that every attempt says the same.
 */
#include "deliver/deliver.h"

#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "deliver/row.h"
#include "deliver/wake.h"
#include "json/write.h"

enum { LANGUAGE_MAX = 128 }; /* bytes of Accept-Language that are kept */

static struct deliver_wake *the_wake;

void deliver_use(struct deliver_wake *wake)
{
    the_wake = wake;
}

unsigned deliver_wake_slot(const struct config *config)
{
    return (unsigned)(str_hash(str_of(config->user_pool_id), 0) % DELIVER_WAKE_SLOTS);
}

static void wake(const struct tenant *t)
{
    if (the_wake)
        atomic_fetch_add_explicit(&the_wake->written[deliver_wake_slot(t->config)], 1, memory_order_release);
}

static struct db_call insert(struct ctx *c, const struct site *site, const struct tenant *t,
                             struct str target, struct str user_id, struct str payload, int64_t lifetime_ms)
{
    struct str message_id = ARENA_CONCAT(c->arena, STR("msg_"), random_uuid_str(c->arena));
    return DB_CALL(STMT_deliver_insert, db_str(t->id.app), db_str(t->id.tenant), db_str(site->name),
                   db_str(target), db_str(user_id), db_str(message_id), db_str(payload), db_i64(lifetime_ms));
}

/* ---- mails ---- */

const char *const mail_kind_names[MAIL_KINDS] = {
    [MAIL_PASSWORD_RESET] = "password-reset",
    [MAIL_EMAIL_VERIFICATION] = "email-verification",
};

static int64_t link_lifetime(const struct config *config, enum mail_kind kind)
{
    return kind == MAIL_PASSWORD_RESET ? config->password_reset_token_lifetime
                                       : config->email_verification_token_lifetime;
}

struct str deliver_link(struct arena *a, const struct site *site, const struct tenant *t, const char *page,
                        struct str token)
{
    return arena_printf(a, "%.*s%.*s%s?token=%.*s&tenantId=%.*s", STR_ARG(site->website_domain),
                        STR_ARG(site->website_base_path), page, STR_ARG(token), STR_ARG(t->id.tenant));
}

struct db_call deliver_mail_call(struct ctx *c, const struct site *site, const struct tenant *t,
                                 const struct mail *m)
{
    struct json_out j = json_out(c->arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "kind", str_of(mail_kind_names[m->kind]));
    json_add_str(&j, "to", m->to);
    json_add_str(&j, "link", m->link);
    if (m->language.p && str_is_utf8(m->language) && m->language.n <= LANGUAGE_MAX)
        json_add_str(&j, "language", m->language);
    json_close(&j, '}');
    wake(t);
    return insert(c, site, t, DELIVER_TARGET_MAIL, STR_NONE, json_done(&j),
                  link_lifetime(t->config, m->kind));
}

void deliver_decoy_calls(struct ctx *c, const struct site *site, const struct tenant *t,
                         struct db_call calls[DELIVER_DECOY_CALLS])
{
    calls[0] = insert(c, site, t, STR("decoy"), STR_NONE, STR("{}"), 0);
    calls[1] = (struct db_call){.stmt = STMT_deliver_remove_last};
}

/* ---- webhooks ---- */

struct str deliver_webhook_target(struct arena *a, const struct site_webhook *webhook)
{
    return ARENA_CONCAT(a, STR("webhook "), webhook->id);
}

/* RFC 3339, UTC, with milliseconds. */
static struct str timestamp(struct arena *a, int64_t ms)
{
    char text[32];
    struct tm tm;
    time_t s = (time_t)(ms / 1000);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
    return arena_printf(a, "%.*s.%03dZ", (int)n, text, (int)(ms % 1000));
}

static struct str event_body(struct ctx *c, const struct site *site, const struct tenant *t,
                             const struct event *e)
{
    struct json_out j = json_out(c->arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "type", e->kind == SITE_EVENT_SIGN_UP ? STR("user.signed_up") : STR("user.signed_in"));
    json_add_str(&j, "timestamp", timestamp(c->arena, clock_now_ms()));
    json_open(&j, "data", '{');
    json_add_str(&j, "site", site->name);
    json_add_str(&j, "tenantId", t->id.tenant);
    json_add_str(&j, "userId", e->user_id);
    json_add_str(&j, "recipeUserId", e->recipe_user_id);
    json_add_str(&j, "recipeId", e->recipe_id);
    json_add_str_if(&j, "email", e->email);
    if (e->third_party_id.p) {
        json_open(&j, "thirdParty", '{');
        json_add_str(&j, "id", e->third_party_id);
        json_add_str(&j, "userId", e->third_party_user_id);
        json_close(&j, '}');
    }
    if (e->raw_user_info.p)
        json_add_raw(&j, "rawUserInfoFromProvider", e->raw_user_info);
    if (e->form_fields)
        json_add_raw(&j, "formFields", json_text(c->arena, e->form_fields));
    json_close(&j, '}');
    json_close(&j, '}');
    return json_done(&j);
}

size_t deliver_event_calls(struct ctx *c, const struct site *site, const struct tenant *t,
                           const struct event *e, struct db_call *calls)
{
    struct str body = STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < site->nwebhooks && n < DELIVER_EVENT_CALLS; i++) {
        const struct site_webhook *w = &site->webhooks[i];
        if (!(w->events & (unsigned)e->kind))
            continue;
        if (!body.p)
            body = event_body(c, site, t, e);
        wake(t);
        calls[n++] = insert(c, site, t, deliver_webhook_target(c->arena, w), e->user_id, body,
                            DELIVER_WEBHOOK_LIFETIME_MS);
    }
    return n;
}
