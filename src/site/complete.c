/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from several keys of a site, and the rules between them (spec: fdi 1, fdi-session 1,
 * fdi-recipes 1.1).
 */
#include "crypto/webhook.h"
#include "site/internal.h"

static bool is_set(const struct site_build *b, const char *path)
{
    return site_line(b, path) != 0;
}

/* site_fail for KEY, with its line. */
static enum st_err wrong(const struct site_build *b, const char *key, const char *text)
{
    unsigned line = site_line(b, key);
    return site_fail(b->source, line ? line : 1, key, "%s", text);
}

/* ---- elements of lists ---- */

enum st_err site_check_field(struct site_build *b, const struct site_node *node, void *elements, size_t i)
{
    const struct site_field *list = elements;
    for (size_t before = 0; before < i; before++)
        if (str_is(list[before].id, list[i].id))
            return site_wrong(b, node->line, "has the id of formFields[%zu]", before);
    bool fixed = str_is(list[i].id, STR("email")) || str_is(list[i].id, STR("password"));
    return fixed && list[i].optional ? site_wrong(b, node->line, "cannot be optional") : ST_OK;
}

enum st_err site_check_webhook(struct site_build *b, const struct site_node *node, void *elements, size_t i)
{
    struct site_webhook *list = elements;
    for (size_t before = 0; before < i; before++)
        if (str_is(list[before].id, list[i].id))
            return site_wrong(b, node->line, "has the id of webhooks[%zu]", before);
    if (!webhook_signature(b->arena, list[i].secret, STR("id"), 0, STR("body")).p)
        return site_wrong(b, node->line, "has a secret that is no base64 behind whsec_");
    if (list[i].events == 0)
        list[i].events = SITE_EVENT_SIGN_UP | SITE_EVENT_SIGN_IN;
    return ST_OK;
}

/* ---- addresses ---- */

static enum st_err complete_addresses(struct site_build *b)
{
    struct site *s = b->site;
    if (!s->website_domain.p)
        return site_fail(b->source, site_line(b, "appInfo"), "appInfo.websiteDomain", "is missing");
    s->api_base_path = ARENA_CONCAT(b->arena, s->gateway_path, s->api_base_path);
    if (!s->cud.p)
        s->cud = STR("");
    return ST_OK;
}

/* ---- sessions ---- */

static bool same_scheme(const struct site *s)
{
    return str_starts(s->api_domain, STR("https")) == str_starts(s->website_domain, STR("https"));
}

/* SameSite of the cookies where the file does not say it, and whether it can work. */
static enum st_err complete_same_site(struct site_build *b)
{
    struct site *s = b->site;
    struct str api = site_top_domain(b->source->scratch, site_host(s->api_domain)),
               website = site_top_domain(b->source->scratch, site_host(s->website_domain));
    bool chosen = is_set(b, "session.cookieSameSite");
    if (!chosen && (!api.p || !website.p))
        return wrong(
            b,
            api.p ? is_set(b, "appInfo.origin") ? "appInfo.origin" : "appInfo.websiteDomain"
                  : "appInfo.apiDomain",
            "has no registrable domain by the public suffix list; session.cookieSameSite must be set");
    if (!chosen)
        s->session.same_site =
            str_is(api, website) && same_scheme(s) ? SITE_SAME_SITE_LAX : SITE_SAME_SITE_NONE;
    bool local = str_is(api, STR("localhost")) && str_is(website, STR("localhost"));
    if (s->session.same_site != SITE_SAME_SITE_NONE || s->session.cookie_secure || local)
        return ST_OK;
    if (chosen)
        return wrong(b, "session.cookieSameSite",
                     "is none, which browsers only accept with https (appInfo.apiDomain, cookieSecure)");
    return wrong(b, "appInfo.apiDomain",
                 "is of another site than the website: the cookies must be SameSite=None, which browsers "
                 "only accept with https (apiDomain, session.cookieSecure)");
}

static enum st_err complete_session(struct site_build *b)
{
    struct site *s = b->site;
    struct site_session *session = &s->session;
    if (session->access_token_path.n == 0)
        session->access_token_path = STR("/");
    if (!is_set(b, "session.cookieSecure"))
        session->cookie_secure = str_starts(s->api_domain, STR("https"));
    ST_TRY(complete_same_site(b));
    if (!is_set(b, "session.antiCsrf"))
        session->anti_csrf =
            session->same_site == SITE_SAME_SITE_NONE ? SITE_ANTI_CSRF_CUSTOM_HEADER : SITE_ANTI_CSRF_NONE;
    if (session->expired_status == session->invalid_claim_status)
        return wrong(b,
                     is_set(b, "session.invalidClaimStatusCode") ? "session.invalidClaimStatusCode"
                                                                 : "session.sessionExpiredStatusCode",
                     "sessionExpiredStatusCode and invalidClaimStatusCode must differ");
    if (session->cookie_domain.p &&
        !site_cookie_domain_fits(b->source->scratch, site_host(s->api_domain), session->cookie_domain))
        return wrong(
            b, "session.cookieDomain",
            "browsers would refuse the cookies: it must be the host of appInfo.apiDomain or a domain "
            "above it that is no public suffix");
    return ST_OK;
}

/* ---- recipes ---- */

/* Behind the configured fields: password and e-mail. */
static void complete_fields(struct site_build *b)
{
    static const struct str fixed[] = {{"password", 8}, {"email", 5}};
    struct site_emailpassword *e = &b->site->emailpassword;
    struct site_field *fields = ARENA_ARRAY(b->arena, e->nfields + 2, struct site_field);
    size_t n = e->nfields;
    for (size_t i = 0; i < n; i++)
        fields[i] = e->fields[i];
    for (size_t i = 0; i < 2; i++)
        if (!site_field(b->site, fixed[i]))
            fields[n++] = (struct site_field){.id = fixed[i]};
    e->fields = fields;
    e->nfields = n;
}

static enum st_err check_first_factors(const struct site_build *b)
{
    static const struct {
        struct str factor;
        enum site_recipe recipe;
    } needs[] = {{{"emailpassword", 13}, SITE_EMAILPASSWORD}, {{"thirdparty", 10}, SITE_THIRDPARTY}};
    for (size_t i = 0; i < b->site->nfirst_factors; i++)
        for (size_t j = 0; j < sizeof needs / sizeof needs[0]; j++)
            if (str_is(b->site->first_factors[i], needs[j].factor) && !site_has(b->site, needs[j].recipe))
                return wrong(b, "multitenancy.firstFactors", "names a recipe that is not listed");
    return ST_OK;
}

/* ---- mails ---- */

static struct str local_sender(const struct site_build *b)
{
    struct str host = site_host(b->site->website_domain);
    bool name = !site_is_ipv4(host) && !str_starts(host, STR("["));
    return ARENA_CONCAT(b->arena, STR("noreply@"), name ? host : STR("localhost"));
}

static enum st_err complete_mail(struct site_build *b)
{
    struct site_mail *mail = &b->site->mail;
    bool smtp = is_set(b, "emailDelivery.smtp");
    if (smtp && mail->directory.p)
        return wrong(b, "emailDelivery.directory",
                     "mails are sent by smtp or written to a directory, not both");
    mail->kind = smtp ? SITE_MAIL_SMTP : mail->directory.p ? SITE_MAIL_DIRECTORY : SITE_MAIL_NONE;
    if (mail->user.p && !mail->password.p)
        return wrong(b, "emailDelivery.smtp.authUsername", "needs a password");
    if (!mail->from_email.p)
        mail->from_email = local_sender(b);
    if (!mail->from_name.p)
        mail->from_name = b->site->app_name;
    if (mail->password.p && !mail->user.p)
        mail->user = mail->from_email;
    if (mail->port == 0)
        mail->port = mail->implicit_tls ? 465 : 587;
    return ST_OK;
}

enum st_err site_complete(struct site_build *b)
{
    ST_TRY(complete_addresses(b));
    ST_TRY(complete_session(b));
    if (site_has(b->site, SITE_EMAILPASSWORD))
        complete_fields(b);
    ST_TRY(check_first_factors(b));
    return complete_mail(b);
}
