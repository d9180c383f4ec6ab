/* SPDX-License-Identifier: Apache-2.0
 *
 * What all session operations share, creating a session and reading one.
 */
#include "session/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "json/json.h"
#include "session/refresh_token.h"
#include "users/user.h"

struct str session_tenant_of_handle(struct str handle)
{
    size_t at = str_find(handle, '_');
    if (at == handle.n)
        return STR("public");
    struct str rest = str_from(handle, at + 1);
    return str_head(rest, str_find(rest, '_'));
}

enum st_err session_tenant(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                           struct str tenant_id, const struct tenant **out)
{
    struct tenant_id id = {app->id.cud, app->id.app, tenant_id};
    if (str_is(tenant_id, app->id.tenant)) {
        *out = app;
        return ST_OK;
    }
    enum st_err err = tenancy_find(c, tenancy, id, out);
    return err == ST_NOT_FOUND ? tenancy_unknown(c, id) : err;
}

enum st_err session_check_validity(struct ctx *c, const struct tenant *app, bool given, int64_t validity)
{
    int64_t most = app->config->access_token_validity_ms;
    if (!given || (validity >= 1 && validity <= most))
        return ST_OK;
    return ctx_fail(
        c, ST_BAD_REQUEST,
        "accessTokenValidity must be greater than 0 and at most the configured access_token_validity "
        "(%lld ms)",
        (long long)most);
}

struct access_token_verifier session_verifier(const struct tenant *app, struct verified_tokens *cache)
{
    return (struct access_token_verifier){
        .ring = app->keyring, .db = app->db, .rules = key_rules_of(app->config), .cache = cache};
}

enum st_err session_mint_access(struct ctx *c, const struct tenant *app, bool static_key,
                                struct access_token *t, json_object *payload, struct session_token *out)
{
    struct key_rules rules = key_rules_of(app->config);
    const struct rsa_key *key;
    ST_TRY(keys_for_signing(c, app->keyring, app->db, &rules, !static_key, &key));
    ST_TRY(access_token_mint(c, key, t, payload, &out->text));
    out->expiry = t->expires_ms;
    out->created = t->issued_ms;
    return ST_OK;
}

/* ---- create ---- */

struct who {
    struct str recipe_id, primary_id, primary_internal_id;
};

enum session_owner_column { RECIPE, RECIPE_EXTERNAL, PRIMARY, PRIMARY_EXTERNAL };

static enum st_err find_who(struct ctx *c, struct db *db, struct str app, struct str user_id, struct who *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_session_owner, db_str(app), db_str(user_id)));
    *out = (struct who){user_id, user_id, user_id};
    if (db_rows(r) == 0)
        return ST_OK;
    out->recipe_id = db_is_null(r, 0, RECIPE_EXTERNAL) ? db_id(r, 0, RECIPE) : db_text(r, 0, RECIPE_EXTERNAL);
    out->primary_internal_id = db_id(r, 0, PRIMARY);
    out->primary_id =
        db_is_null(r, 0, PRIMARY_EXTERNAL) ? out->primary_internal_id : db_text(r, 0, PRIMARY_EXTERNAL);
    return ST_OK;
}

static enum st_err mint_tokens(struct ctx *c, const struct tenant *t, const struct session_create *in,
                               struct session_tokens *out)
{
    const struct tenant *app = t->app;
    struct key_rules rules = key_rules_of(app->config);
    struct str master_key;
    ST_TRY(keys_refresh_token_key(c, app->keyring, app->db, &rules, &master_key));
    int64_t now = clock_now_ms();
    struct refresh_token refresh = {
        .session_handle = out->session.handle,
        .user_id = out->session.recipe_user_id,
        .anti_csrf_token = out->anti_csrf,
        .tenant_id = out->session.tenant_id,
    };
    out->refresh.text = refresh_token_mint(c->arena, master_key, &refresh);
    out->refresh.created = now;
    out->refresh.expiry = now + app->config->refresh_token_validity_ms;
    struct access_token access = {
        .version = in->access_token_version,
        .issued_ms = now,
        .expires_ms = in->has_access_validity
                          ? now + in->access_validity
                          : access_token_end(now, app->config->access_token_validity_ms,
                                             app->config->access_token_validity_jitter, random_unit()),
        .user_id = out->session.user_id,
        .recipe_user_id = out->session.recipe_user_id,
        .session_handle = out->session.handle,
        .refresh_token_hash1 = refresh_token_hash1(c->arena, out->refresh.text),
        .anti_csrf_token = out->anti_csrf,
        .tenant_id = out->session.tenant_id,
    };
    return session_mint_access(c, app, in->static_key, &access, in->payload, &out->access);
}

static enum st_err insert(struct ctx *c, const struct tenant *t, const struct session_create *in,
                          const struct session_tokens *tokens, const struct who *who)
{
    struct str user = who->primary_internal_id;
    bool active = user_activity_due(t->app->id, user), active_here = t->db == t->app->db;
    struct str hash1 = refresh_token_hash1(c->arena, tokens->refresh.text);
    /* One implicit transaction, which the first of them is about. */
    struct db_call calls[] = {
        {.stmt = STMT_session_async_commit},
        DB_CALL(STMT_session_insert, db_str(t->id.app), db_str(t->id.tenant), db_str(tokens->session.handle),
                db_str(who->recipe_id), db_str(refresh_token_hash2(c->arena, hash1)), db_str(in->data),
                db_str(tokens->session.payload), db_i64(tokens->refresh.expiry),
                db_i64(tokens->refresh.created), db_bool(in->static_key), db_str(who->primary_id),
                active && active_here ? db_str(user) : db_null()),
    };
    size_t first = t->app->config->fcgi_session_async_commit ? 0 : 1;
    enum st_err err = db_run(c, t->db, calls + first, 2 - first);
    if (err && active)
        user_activity_forget(t->app->id, user);
    if (err == ST_CONSTRAINT && db_violated(c, t->db, "session_info", "_tenant_id_fkey"))
        return tenancy_unknown(c, t->id);
    ST_TRY(err);
    if (active && !active_here)
        user_active_write(c, t->app, user);
    return ST_OK;
}

/* The user is in one database and its activity in another. */
static void write_activity_elsewhere(struct ctx *c, const struct tenant *app, struct db *home,
                                     struct str user_id)
{
    struct who who;
    if (find_who(c, home, app->id.app, user_id, &who) != ST_OK)
        LOG_WARN(c, "the user's last activity could not be written");
    else if (user_activity_due(app->id, who.primary_internal_id))
        user_active_write(c, app, who.primary_internal_id);
}

void session_user_active(struct ctx *c, const struct tenant *app, struct db *home, struct str user_id)
{
    const PGresult *r;
    if (home != app->db) {
        write_activity_elsewhere(c, app, home, user_id);
        return;
    }
    if (!user_activity_due(app->id, user_id) ||
        DB_RUN(c, app->db, &r, STMT_session_user_active, db_str(app->id.app), db_str(user_id),
               db_i64(clock_now_ms())) == ST_OK)
        return;
    user_activity_forget(app->id, user_id);
    LOG_WARN(c, "the user's last activity could not be written");
}

enum st_err session_create(struct ctx *c, const struct tenant *t, const struct session_create *in,
                           struct session_tokens *out)
{
    struct who who;
    struct str uuid = random_uuid_str(c->arena);
    bool public_tenant = str_is(t->id.tenant, STR("public"));
    ST_TRY(session_check_validity(c, t->app, in->has_access_validity, in->access_validity));
    ST_TRY(find_who(c, t->db, t->id.app, in->user_id, &who));
    *out = (struct session_tokens){
        .session = {.handle = public_tenant ? uuid : ARENA_CONCAT(c->arena, uuid, STR("_"), t->id.tenant),
                    .user_id = who.primary_id,
                    .recipe_user_id = who.recipe_id,
                    .tenant_id = t->id.tenant,
                    .payload = json_text(c->arena, in->payload)},
        .anti_csrf = in->anti_csrf ? random_uuid_str(c->arena) : STR_NONE,
    };
    ST_TRY(mint_tokens(c, t, in, out));
    return insert(c, t, in, out, &who);
}

/* ---- read ---- */

enum session_get_column {
    GET_USER,
    GET_PRIMARY,
    GET_DATA,
    GET_PAYLOAD,
    GET_EXPIRY,
    GET_CREATED,
    GET_HASH2,
    GET_PREVIOUS_HASH2,
    GET_STATIC
};

enum st_err session_get(struct ctx *c, const struct tenant *t, struct str handle, struct session_info *out,
                        bool *found)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, t->db, &r, STMT_session_get, db_str(t->id.app), db_str(t->id.tenant), db_str(handle)));
    *found = db_rows(r) == 1;
    if (!*found)
        return ST_OK;
    *out = (struct session_info){
        .handle = handle,
        .user_id = db_text(r, 0, GET_PRIMARY),
        .recipe_user_id = db_text(r, 0, GET_USER),
        .data = db_text(r, 0, GET_DATA),
        .payload = db_text(r, 0, GET_PAYLOAD),
        .expiry = db_int(r, 0, GET_EXPIRY),
        .created = db_int(r, 0, GET_CREATED),
        .hash2 = db_text(r, 0, GET_HASH2),
        .previous_hash2 = db_text(r, 0, GET_PREVIOUS_HASH2),
        .static_key = db_true(r, 0, GET_STATIC),
    };
    return ST_OK;
}

enum st_err session_remove(struct ctx *c, const struct tenant *t, struct str handle)
{
    const PGresult *r;
    return DB_RUN(c, t->db, &r, STMT_session_delete, db_str(t->id.app), db_str(t->id.tenant),
                  db_strs(c->arena, &handle, 1));
}
