/* SPDX-License-Identifier: Apache-2.0
 *
 * Verifying an access token, and giving out another one for the same session (spec: cdi-session 3, verify and
 * regenerate).
 */
#include "base/clock.h"
#include "config/config.h"
#include "json/json.h"
#include "session/refresh_token.h"
#include "session/session.h"

static void finish(struct session_outcome *o, enum session_status status, struct str message)
{
    *o = (struct session_outcome){.status = status, .message = message};
}

static struct session session_of(const struct access_token *t)
{
    return (struct session){.handle = t->session_handle,
                            .user_id = t->user_id,
                            .recipe_user_id = t->recipe_user_id,
                            .tenant_id = t->tenant_id,
                            .payload = t->user_data};
}

static bool same_payload(struct arena *a, struct str x, struct str y)
{
    return str_is(x, y) || json_equal(json_parse(a, x), json_parse(a, y));
}

/* From CDI 5.6 on: is the token of a branch that may still be used? */
static bool of_live_branch(struct arena *a, const struct access_token *t, const struct session_info *row)
{
    struct str own = refresh_token_hash2(a, t->refresh_token_hash1);
    if (str_is(own, row->hash2) || str_is(own, row->previous_hash2))
        return true;
    if (!t->parent_refresh_token_hash1.p)
        return false;
    struct str parent = refresh_token_hash2(a, t->parent_refresh_token_hash1);
    return str_is(parent, row->hash2) || str_is(parent, row->previous_hash2);
}

/* Before CDI 5.6: the first use of a token that came with a refresh makes its refresh token the current one,
 * and such a use, or a changed payload, is answered with a new access token. */
static enum st_err promote(struct ctx *c, const struct tenant *app, const struct tenant *tenant,
                           const struct access_token *old, bool changed, struct session_verified *out,
                           struct session_outcome *outcome)
{
    enum { USER, PRIMARY, PAYLOAD, STATIC, IN_LINE };
    int64_t now = clock_now_ms();
    struct str own = refresh_token_hash2(c->arena, old->refresh_token_hash1);
    struct str parent = old->parent_refresh_token_hash1.p
                            ? refresh_token_hash2(c->arena, old->parent_refresh_token_hash1)
                            : STR_NONE;
    const PGresult *r;
    ST_TRY(DB_RUN(c, tenant->db, &r, STMT_session_promote, db_str(tenant->id.app), db_str(tenant->id.tenant),
                  db_str(old->session_handle), db_str(own), db_str(parent), db_i64(now),
                  db_i64(now + app->config->refresh_token_validity_ms)));
    if (db_rows(r) == 0) {
        finish(outcome, SESSION_UNAUTHORISED, STR("Session missing in db"));
        return ST_OK;
    }
    if (!db_true(r, 0, IN_LINE) && !changed)
        return ST_OK;
    struct access_token fresh = *old;
    fresh.issued_ms = now;
    fresh.expires_ms = now + app->config->access_token_validity_ms;
    fresh.user_id = db_text(r, 0, PRIMARY);
    fresh.recipe_user_id = db_text(r, 0, USER);
    fresh.parent_refresh_token_hash1 = STR_NONE;
    struct str payload = db_text(r, 0, PAYLOAD);
    bool static_key = old->version > 1 && db_true(r, 0, STATIC);
    ST_TRY(session_mint_access(c, app, static_key, &fresh, json_parse(c->arena, payload), &out->access));
    out->session = session_of(&fresh);
    out->session.payload = payload;
    return ST_OK;
}

/* The token is good: what the database says of its session. */
static enum st_err look_up(struct ctx *c, const struct tenant *app, const struct tenant *tenant,
                           const struct session_verify *in, const struct access_token *t,
                           struct session_verified *out, struct session_outcome *outcome)
{
    bool changed = false, found;
    if (in->check_database) {
        struct session_info row;
        ST_TRY(session_get(c, tenant, t->session_handle, &row, &found));
        if (!found) {
            finish(outcome, SESSION_UNAUTHORISED,
                   STR("Either the session has ended or has been blacklisted"));
            return ST_OK;
        }
        if (in->stateless && !of_live_branch(c->arena, t, &row)) {
            finish(outcome, SESSION_UNAUTHORISED, STR("rotated-out token branch; refresh required"));
            return ST_OK;
        }
        changed = !same_payload(c->arena, t->user_data, row.payload);
        out->payload_update_available = changed;
    }
    if (in->stateless || (!t->parent_refresh_token_hash1.p && !changed))
        return ST_OK;
    return promote(c, app, tenant, t, changed, out, outcome);
}

enum st_err session_verify(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                           const struct session_verify *in, struct session_verified *out,
                           struct session_outcome *outcome)
{
    struct access_token_verifier verifier = session_verifier(app, in->cache);
    struct access_token_result result;
    const struct tenant *tenant;
    *out = (struct session_verified){0};
    *outcome = (struct session_outcome){.status = SESSION_OK};
    ST_TRY(access_token_verify(c, &verifier, in->access_token, clock_now_ms(), &result));
    if (result.state != ACCESS_TOKEN_GOOD) {
        finish(outcome, SESSION_TRY_REFRESH_TOKEN, result.message);
        return ST_OK;
    }
    const struct access_token *t = &result.token;
    ST_TRY(session_tenant(c, tenancy, app, t->tenant_id, &tenant));
    const char *wrong = in->check_anti_csrf ? access_token_anti_csrf_error(t, in->anti_csrf_token) : NULL;
    if (wrong) {
        finish(outcome, SESSION_TRY_REFRESH_TOKEN, str_of(wrong));
        return ST_OK;
    }
    out->session = session_of(t);
    if (!in->check_database && (in->stateless || !t->parent_refresh_token_hash1.p))
        return ST_OK;
    return look_up(c, app, tenant, in, t, out, outcome);
}

/* ---- regenerate ---- */

enum st_err session_set_payload(struct ctx *c, const struct tenant *t, struct str handle, struct str payload,
                                bool *found)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, t->db, &r, STMT_session_set_payload, db_str(t->id.app), db_str(t->id.tenant),
                  db_str(handle), db_str(payload), db_i64(clock_now_ms())));
    *found = db_affected(r) == 1;
    return ST_OK;
}

enum st_err session_regenerate(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                               struct str access_token, json_object *payload, struct verified_tokens *cache,
                               struct session_verified *out, struct session_outcome *outcome)
{
    struct access_token_verifier verifier = session_verifier(app, cache);
    struct access_token_result result;
    const struct tenant *tenant;
    struct session_info row;
    int64_t now = clock_now_ms();
    bool found;
    *out = (struct session_verified){0};
    *outcome = (struct session_outcome){.status = SESSION_OK};
    ST_TRY(access_token_verify(c, &verifier, access_token, now, &result));
    if (result.state != ACCESS_TOKEN_GOOD && result.state != ACCESS_TOKEN_EXPIRED) {
        finish(outcome, SESSION_UNAUTHORISED, result.message);
        return ST_OK;
    }
    struct access_token *t = &result.token;
    ST_TRY(session_tenant(c, tenancy, app, t->tenant_id, &tenant));
    ST_TRY(session_get(c, tenant, t->session_handle, &row, &found));
    found = found && row.expiry > now;
    json_object *content = payload || !found ? payload : json_parse(c->arena, row.payload);
    if (found && access_token_is_protected(t->version, content))
        return ctx_fail(c, ST_BAD_REQUEST, ACCESS_TOKEN_PROTECTED_FIELD);
    if (found && payload) {
        row.payload = json_text(c->arena, payload);
        ST_TRY(session_set_payload(c, tenant, t->session_handle, row.payload, &found));
    }
    if (!found) {
        finish(outcome, SESSION_UNAUTHORISED, STR("Session does not exist."));
        return ST_OK;
    }
    out->session = session_of(t);
    out->session.payload = row.payload;
    if (result.state == ACCESS_TOKEN_EXPIRED)
        return ST_OK;
    t->issued_ms = now;
    return session_mint_access(c, app, row.static_key, t, content, &out->access);
}
