/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/factors.h"

#include "multitenancy/association.h"
#include "multitenancy/factors.h"

/* The ids that SuperTokens gives a meaning to; the recipe that can do it here, if there is one. */
static const struct {
    const char *factor;
    enum site_recipe recipe; /* SITE_RECIPES: none */
} known[] = {
    {"emailpassword", SITE_EMAILPASSWORD}, {"thirdparty", SITE_THIRDPARTY}, {"webauthn", SITE_RECIPES},
    {"otp-email", SITE_RECIPES},           {"otp-phone", SITE_RECIPES},     {"link-email", SITE_RECIPES},
    {"link-phone", SITE_RECIPES},          {"totp", SITE_RECIPES},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static bool can_do(const struct site *site, struct str factor)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (str_is_c(factor, known[i].factor))
            return known[i].recipe != SITE_RECIPES && site_has(site, known[i].recipe);
    return true;
}

static void add_once(struct str *out, size_t *n, struct str factor)
{
    for (size_t i = 0; i < *n; i++)
        if (str_is(out[i], factor))
            return;
    if (*n < AUTH_FACTORS_MAX)
        out[(*n)++] = factor;
}

/* False: the tenant says nothing of them. A recipe that was switched off through an older interface stays off
 * where there is no list. */
static bool factors_of(const struct tenant *t, struct factors *out)
{
    struct factor_state stored = {.flag = {[RECIPE_EMAILPASSWORD] = t->emailpassword_enabled,
                                           [RECIPE_THIRDPARTY] = t->thirdparty_enabled,
                                           [RECIPE_PASSWORDLESS] = t->passwordless_enabled},
                                  .first = {.is_null = t->first_factors_null}};
    for (size_t i = 0; i < t->nfirst_factors && i < FACTORS_MAX; i++)
        stored.first.v[stored.first.n++] = t->first_factors[i];
    return factors_shown_v2(&stored, out);
}

size_t auth_first_factors(const struct site *site, const struct tenant *t, struct str *out)
{
    struct factors own;
    const struct str *configured = site->first_factors;
    size_t nconfigured = site->nfirst_factors, n = 0;
    bool has_own = factors_of(t, &own), any = !has_own && !site->first_factors;
    if (has_own) {
        configured = own.v;
        nconfigured = own.n;
    }
    for (size_t i = 0; any && i < site->nrecipes; i++) /* in the order of the recipes */
        for (size_t j = 0; j < KNOWN; j++)
            if (known[j].recipe == site->recipes[i])
                add_once(out, &n, str_of(known[j].factor));
    for (size_t i = 0; !any && i < nconfigured; i++)
        if (can_do(site, configured[i]))
            add_once(out, &n, configured[i]);
    return n;
}

static bool is_first_factor(const struct auth_call *k, const char *factor)
{
    struct str factors[AUTH_FACTORS_MAX];
    size_t n = auth_first_factors(k->site, k->tenant, factors);
    for (size_t i = 0; i < n; i++)
        if (str_is_c(factors[i], factor))
            return true;
    return false;
}

enum st_err auth_pre_auth(struct auth_call *k, const char *factor)
{
    if (k->session && k->linking == AUTH_LINKING_TRUE)
        return ctx_fail(k->c, ST_INTERNAL,
                        "shouldTryLinkingWithSessionUser is true, but account linking is not configured");
    if (is_first_factor(k, factor))
        return ST_OK;
    if (!k->session)
        return auth_unauthorised(k, true);
    return ctx_fail(
        k->c, ST_BAD_REQUEST,
        "First factor sign in/up called for a non-first factor with an active session. This might "
        "indicate that you are trying to use this as a secondary factor, but disabled account linking.");
}

enum st_err auth_session_user(struct auth_call *k, const struct user **out)
{
    const struct user *user;
    *out = NULL;
    if (!k->session)
        return ST_OK;
    ST_TRY(user_by_id(k->c, k->tenant->db, k->tenant->id.app, k->session->token.user_id, &user));
    if (!user)
        return auth_unauthorised(k, true);
    *out = user->is_primary ? user : NULL;
    return ST_OK;
}

enum st_err auth_share_method(struct auth_call *k, const struct login_method *method, bool *done)
{
    struct association a;
    ST_TRY(association_add(k->c, k->tenant, method->user_id, &a));
    *done = a.result == ASSOCIATION_OK;
    return a.result == ASSOCIATION_NOT_ALLOWED ? auth_unauthorised(k, true) : ST_OK;
}

enum st_err auth_post_auth(struct auth_call *k, const struct user *user, const struct login_method *method)
{
    if (k->session && user_method(user, k->session->token.recipe_user_id))
        return ST_OK;
    return auth_session_create(k, k->tenant, user, method);
}
