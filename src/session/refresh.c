/* SPDX-License-Identifier: Apache-2.0
 *
 * Refreshing a session (spec: cdi-session 3, refresh). From CDI 5.6 on the presented token is rotated out at
 * once, with a grace period; before, it stays valid until its child is used.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "json/json.h"
#include "policy/policy.h"
#include "session/refresh_token.h"
#include "session/session.h"
#include "users/user.h"

/* One refresh on its way. */
struct refresh {
    struct ctx *c;
    const struct session_refresh *in;
    const struct tenant *app, *tenant;
    struct refresh_token presented;
    struct str master_key;
    struct str hash1, hash2, parent_hash2; /* of the presented token; the last of its parent, or absent */
    int64_t now;
    struct str new_hash1;
    /* From the database. */
    struct str verdict, payload;
    bool static_key;
    struct session_tokens *out;
    struct session_outcome *outcome;
};

static enum st_err unauthorised(struct refresh *f, struct str message)
{
    *f->outcome = (struct session_outcome){.status = SESSION_UNAUTHORISED, .message = message};
    return ST_OK;
}

/* Decodes the token and checks what needs no database. *GO_ON is false when the outcome is already there. */
static enum st_err open_token(struct refresh *f, struct tenancy *tenancy, bool *go_on)
{
    struct key_rules rules = key_rules_of(f->app->config);
    struct str message;
    *go_on = false;
    ST_TRY(keys_refresh_token_key(f->c, f->app->keyring, f->app->db, &rules, &f->master_key));
    if (!refresh_token_decode(f->c->arena, f->master_key, f->in->refresh_token, &f->presented, &message))
        return unauthorised(f, message);
    struct str expected = f->presented.anti_csrf_token, given = f->in->anti_csrf_token;
    if (f->in->anti_csrf && expected.p &&
        (!given.p || given.n != expected.n || sodium_memcmp(given.p, expected.p, given.n) != 0))
        return unauthorised(f, STR("Anti CSRF token missing, or not matching"));
    ST_TRY(session_tenant(f->c, tenancy, f->app, f->presented.tenant_id, &f->tenant));
    if (f->in->remote_addr && !policy_allows(f->tenant->policy, *f->in->remote_addr))
        return ctx_fail(f->c, ST_FORBIDDEN, "Forbidden");
    ST_TRY(session_check_validity(f->c, f->app, f->in->has_access_validity, f->in->access_validity));
    f->hash1 = refresh_token_hash1(f->c->arena, f->in->refresh_token);
    f->hash2 = refresh_token_hash2(f->c->arena, f->hash1);
    if (f->presented.parent_hash1.p)
        f->parent_hash2 = refresh_token_hash2(f->c->arena, f->presented.parent_hash1);
    *go_on = true;
    return ST_OK;
}

static void mint_refresh_token(struct refresh *f)
{
    struct session_tokens *out = f->out;
    out->anti_csrf = f->in->anti_csrf ? random_uuid_str(f->c->arena) : STR_NONE;
    struct refresh_token fresh = {
        .session_handle = f->presented.session_handle,
        .user_id = f->presented.user_id,
        .parent_hash1 = f->hash1,
        .anti_csrf_token = out->anti_csrf,
        .tenant_id = f->presented.tenant_id,
    };
    out->refresh.text = refresh_token_mint(f->c->arena, f->master_key, &fresh);
    out->refresh.created = f->now;
    out->refresh.expiry = f->now + f->app->config->refresh_token_validity_ms;
    f->new_hash1 = refresh_token_hash1(f->c->arena, out->refresh.text);
}

static struct db_arg key_choice(const struct refresh *f)
{
    return f->in->key == SESSION_KEY_KEEP ? db_null() : db_bool(f->in->key == SESSION_KEY_STATIC);
}

static void take_row(struct refresh *f, const PGresult *r)
{
    enum { VERDICT, USER, PRIMARY, PAYLOAD, STATIC };
    if (db_rows(r) == 0) {
        f->verdict = STR("missing");
        return;
    }
    f->verdict = db_text(r, 0, VERDICT);
    f->payload = db_text(r, 0, PAYLOAD);
    f->static_key = db_true(r, 0, STATIC);
    f->out->session = (struct session){.handle = f->presented.session_handle,
                                       .user_id = db_text(r, 0, PRIMARY),
                                       .recipe_user_id = db_text(r, 0, USER),
                                       .tenant_id = f->tenant->id.tenant,
                                       .payload = f->payload};
}

static bool is_good(struct str verdict)
{
    return str_is(verdict, STR("rotate")) || str_is(verdict, STR("retry")) ||
           str_is(verdict, STR("current")) || str_is(verdict, STR("write"));
}

static enum st_err rotate(struct refresh *f)
{
    struct ctx *c = f->c;
    const struct config *config = f->app->config;
    struct str user = f->presented.user_id;
    const PGresult *r;
    bool active = f->tenant->db == f->app->db && user_activity_due(f->app->id, user);
    enum st_err err =
        DB_RUN(c, f->tenant->db, &r, STMT_session_refresh, db_str(f->tenant->id.app),
               db_str(f->tenant->id.tenant), db_str(f->presented.session_handle), db_str(f->hash2),
               db_str(f->parent_hash2), db_str(refresh_token_hash2(c->arena, f->new_hash1)), db_i64(f->now),
               db_i64((int64_t)config->refresh_token_rotation_grace_period * 1000),
               db_i64(f->out->refresh.expiry), key_choice(f), db_bool(active));
    if (err == ST_OK)
        take_row(f, r);
    if (active && (err || !is_good(f->verdict))) /* then it was not written */
        user_activity_forget(f->app->id, user);
    return err;
}

/* Before CDI 5.6. The usual refresh reads only; a write that comes too late for what was looked at looks
 * again. */
static enum st_err look_and_write(struct refresh *f)
{
    enum { TRIES = 3 };
    struct ctx *c = f->c;
    struct db_arg app = db_str(f->tenant->id.app), tenant = db_str(f->tenant->id.tenant);
    struct db_arg handle = db_str(f->presented.session_handle), hash2 = db_str(f->hash2);
    struct db_arg parent = db_str(f->parent_hash2), now = db_i64(f->now);
    const PGresult *r;
    for (int try = 0; try < TRIES; try++) {
        ST_TRY(DB_RUN(c, f->tenant->db, &r, STMT_session_refresh_old_look, app, tenant, handle, hash2, parent,
                      now, key_choice(f)));
        take_row(f, r);
        if (!str_is(f->verdict, STR("write")))
            return ST_OK;
        ST_TRY(DB_RUN(c, f->tenant->db, &r, STMT_session_refresh_old_write, app, tenant, handle, hash2,
                      parent, now, key_choice(f), db_i64(f->out->refresh.expiry)));
        if (db_affected(r) == 1)
            return ST_OK;
    }
    return ctx_fail(c, ST_UNAVAILABLE, "the session is being changed by other requests, please try again");
}

static enum st_err mint_access_token(struct refresh *f)
{
    struct ctx *c = f->c;
    const struct config *config = f->app->config;
    struct access_token t = {
        .version = f->in->access_token_version,
        .issued_ms = f->now,
        .expires_ms = f->in->has_access_validity
                          ? f->now + f->in->access_validity
                          : access_token_end(f->now, config->access_token_validity_ms,
                                             config->access_token_validity_jitter, random_unit()),
        .user_id = f->out->session.user_id,
        .recipe_user_id = f->out->session.recipe_user_id,
        .session_handle = f->out->session.handle,
        .refresh_token_hash1 = f->new_hash1,
        .parent_refresh_token_hash1 = f->in->rotate ? STR_NONE : f->hash1,
        .anti_csrf_token = f->out->anti_csrf,
        .tenant_id = f->out->session.tenant_id,
    };
    json_object *payload = json_parse(c->arena, f->payload);
    enum st_err err = session_mint_access(c, f->app, f->static_key, &t, payload, &f->out->access);
    if (err != ST_BAD_REQUEST)
        return err;
    return unauthorised(f, c->message); /* a protected key in the payload; the rotation stays */
}

/* The presented token is none that this session may be refreshed with. */
static enum st_err reuse_detected(struct refresh *f)
{
    bool stale = str_is(f->verdict, STR("STALE_LINEAGE"));
    bool tolerated = !stale && f->app->config->reuse == CONFIG_REUSE_IS_UNAUTHORISED;
    *f->outcome = (struct session_outcome){.status = tolerated ? SESSION_UNAUTHORISED : SESSION_THEFT,
                                           .message = STR("refresh token reuse detected"),
                                           .reuse_subtype = f->in->rotate ? f->verdict.p : NULL};
    LOG_DEBUG(f->c, "refresh token reuse: %.*s", STR_ARG(f->verdict));
    return f->in->rotate ? session_remove(f->c, f->tenant, f->presented.session_handle) : ST_OK;
}

enum st_err session_refresh(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                            const struct session_refresh *in, struct session_tokens *out,
                            struct session_outcome *outcome)
{
    struct refresh f = {.c = c, .in = in, .app = app, .now = clock_now_ms(), .out = out, .outcome = outcome};
    bool go_on;
    *out = (struct session_tokens){0};
    *outcome = (struct session_outcome){.status = SESSION_OK};
    ST_TRY(open_token(&f, tenancy, &go_on));
    if (!go_on)
        return ST_OK;
    mint_refresh_token(&f);
    ST_TRY(in->rotate ? rotate(&f) : look_and_write(&f));
    if (str_is(f.verdict, STR("missing")))
        return unauthorised(&f, STR("Session missing in db or has expired"));
    if (!is_good(f.verdict))
        return reuse_detected(&f);
    if (!in->rotate || f.tenant->db != app->db) /* else rotate() has written it with the rest */
        session_user_active(c, app, f.tenant->db, f.presented.user_id);
    return mint_access_token(&f);
}
