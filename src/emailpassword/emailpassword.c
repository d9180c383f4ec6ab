/* SPDX-License-Identifier: Apache-2.0 */
#include "emailpassword/emailpassword.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "users/lock.h"

enum st_err emailpassword_check_enabled(struct ctx *c, const struct tenant *t, int cdi)
{
    if (tenant_offers(t, t->emailpassword_enabled, STR("emailpassword"), cdi))
        return ST_OK;
    return ctx_fail(c, ST_FORBIDDEN, "Email password login not enabled for tenant");
}

struct password_job *emailpassword_hash_job(struct arena *a, const struct tenant *t, struct str password)
{
    const struct config *config = t->app->config;
    struct password_job *job = ARENA_NEW(a, struct password_job);
    job->kind = PASSWORD_HASH_NEW;
    job->password = (const uint8_t *)password.p;
    job->password_len = password.n;
    job->params = (struct password_params){
        .algorithm = config->hash_alg == CONFIG_HASH_ARGON2 ? PASSWORD_ARGON2 : PASSWORD_BCRYPT,
        .bcrypt_cost = (unsigned)config->bcrypt_log_rounds,
        .argon2 = {.memory_kib = (uint32_t)config->argon2_memory_kb,
                   .passes = (uint32_t)config->argon2_iterations,
                   .lanes = (uint32_t)config->argon2_parallelism},
    };
    return job;
}

struct password_job *emailpassword_verify_job(struct arena *a, const struct tenant *t, struct str password,
                                              struct str stored)
{
    struct password_job *job = ARENA_NEW(a, struct password_job);
    job->kind = PASSWORD_VERIFY;
    job->password = (const uint8_t *)password.p;
    job->password_len = password.n;
    job->stored = stored.p;
    job->stored_len = stored.n;
    job->firebase_signer_key = t->app->config->firebase_password_hashing_signer_key;
    return job;
}

enum st_err emailpassword_job_error(struct ctx *c, const struct password_job *job)
{
    switch (job->status) {
    case PASSWORD_JOB_DONE:
        return ST_OK;
    case PASSWORD_JOB_REFUSED:
        if (job->kind == PASSWORD_VERIFY)
            return ST_OK; /* no match */
        return ctx_fail(c, ST_INTERNAL, "the configured password hashing parameters cannot be used");
    case PASSWORD_JOB_NO_SIGNER_KEY:
        return ctx_fail(c, ST_INTERNAL, "'firebase_password_hashing_signer_key' cannot be null");
    case PASSWORD_JOB_NO_MEMORY:
        break;
    }
    return ctx_fail(c, ST_UNAVAILABLE, "not enough memory to hash a password, please try again");
}

static bool ends_with(struct str s, struct str end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

bool emailpassword_is_fake_email(struct str email)
{
    return ends_with(email, STR("@stfakeemail.supertokens.com")) || ends_with(email, STR(".fakeemail.com"));
}

static void describe_new_user(struct arena *a, const struct tenant *t, struct str id, struct str email,
                              bool verified, int64_t now, struct user *out)
{
    struct login_method *m = ARENA_NEW(a, struct login_method);
    m->recipe_id = STR("emailpassword");
    m->user_id = id;
    m->time_joined_ms = now;
    m->verified = verified;
    m->email = email;
    m->tenants = ARENA_NEW(a, struct str);
    m->tenants[0] = arena_str(a, t->id.tenant);
    m->ntenants = 1;
    *out = (struct user){.id = id, .methods = m, .nmethods = 1};
}

static struct db_call event_call(const struct tenant *t, const char *type, struct str recipe_user,
                                 struct str user, struct str email)
{
    return user_event_call(t, &(struct user_event){type, recipe_user, user, STR("email"), email});
}

enum st_err emailpassword_create_user(struct ctx *c, const struct tenant *t,
                                      const struct emailpassword_new_user *in, struct user *user,
                                      enum emailpassword_result *result)
{
    struct str id = in->id.p ? in->id : random_uuid_str(c->arena);
    int64_t now = clock_now_ms();
    bool verified = !in->imported && emailpassword_is_fake_email(in->email);
    bool active = !in->imported && user_activity_due(t->app->id, id), active_here = t->db == t->app->db;
    struct db_call *calls = ARENA_ARRAY(c->arena, 3 + in->nwith, struct db_call);
    size_t n = 0;
    calls[n++] = DB_CALL(STMT_emailpassword_signup, db_str(t->id.app), db_str(t->id.tenant), db_str(id),
                         db_str(in->email), db_str(in->password_hash), db_i64(now), db_bool(verified));
    if (!in->imported)
        calls[n++] = event_call(t, "emailpassword_sign_up", id, id, in->email);
    if (active && active_here)
        calls[n++] = user_active_call(t->id.app, id);
    for (size_t i = 0; i < in->nwith; i++)
        calls[n++] = in->with[i];
    enum st_err err = db_run(c, t->db, calls, n);
    *result = EMAILPASSWORD_OK;
    if (err == ST_CONSTRAINT && db_violated(c, t->db, "recipe_user_tenants", "_pkey")) {
        *result = EMAILPASSWORD_EMAIL_EXISTS;
        return ST_OK;
    }
    if (err == ST_CONSTRAINT && (db_violated(c, t->db, "recipe_user_tenants", "_tenant_id_fkey") ||
                                 db_violated(c, t->db, "app_id_to_user_id", "_app_id_fkey")))
        return tenancy_unknown(c, t->id);
    ST_TRY(err);
    if (active && !active_here)
        user_active_write(c, t->app, id);
    describe_new_user(c->arena, t, id, in->email, verified, now, user);
    return ST_OK;
}

static bool signs_in_with(const struct login_method *m, struct str user_id)
{
    return str_is(m->recipe_id, STR("emailpassword")) && str_is(m->user_id, user_id);
}

enum st_err emailpassword_find(struct ctx *c, const struct tenant *t, struct str email,
                               struct emailpassword_candidate *out)
{
    struct user_query q = {.app = t->id.app, .tenant = t->id.tenant, .email = email};
    struct db_call calls[] = {
        DB_CALL(STMT_emailpassword_credentials, db_str(t->id.app), db_str(t->id.tenant), db_str(email)),
        users_query_call(c->arena, &q),
    };
    struct users found;
    *out = (struct emailpassword_candidate){0};
    ST_TRY(db_run(c, t->db, calls, 2));
    if (db_rows(calls[0].result) == 0)
        return ST_OK;
    struct str user_id = db_id(calls[0].result, 0, 0);
    users_from(c->arena, calls[1].result, &found);
    for (size_t i = 0; i < found.n; i++)
        for (size_t m = 0; m < found.v[i].nmethods; m++)
            if (signs_in_with(&found.v[i].methods[m], user_id)) {
                out->user = &found.v[i];
                out->method = &found.v[i].methods[m];
                out->password_hash = db_text(calls[0].result, 0, 1);
            }
    return ST_OK;
}

enum st_err emailpassword_signed_in(struct ctx *c, const struct tenant *t,
                                    const struct emailpassword_candidate *who, const struct db_call *with,
                                    size_t nwith)
{
    struct db_call *calls = ARENA_ARRAY(c->arena, 2 + nwith, struct db_call);
    size_t n = 0;
    bool active = user_activity_due(t->app->id, who->user->id), active_here = t->db == t->app->db;
    calls[n++] =
        event_call(t, "emailpassword_sign_in", who->method->user_id, who->user->id, who->method->email);
    if (active && active_here)
        calls[n++] = user_active_call(t->id.app, who->user->id);
    for (size_t i = 0; i < nwith; i++)
        calls[n++] = with[i];
    enum st_err err = db_run(c, t->db, calls, n);
    if (err && active && active_here)
        user_activity_forget(t->app->id, who->user->id);
    if (err && nwith > 0)
        return err;
    if (err)
        LOG_WARN(c, "the sign-in could not be written to the activity log");
    if (active && !active_here)
        user_active_write(c, t->app, who->user->id);
    return ST_OK;
}

/* ---- update ---- */

struct update {
    struct str app, user_id, email, password_hash;
    enum emailpassword_result result;
};

static enum st_err change_email(struct ctx *c, struct db *db, const struct update *u,
                                const struct locked_user *user, const PGresult **r,
                                enum emailpassword_result *result)
{
    enum account_info_change change;
    ST_TRY(users_change_account_info(c, db, u->app, user, STR("email"), u->email, &change));
    if (change != ACCOUNT_INFO_CHANGED) {
        *result = change == ACCOUNT_INFO_TAKEN ? EMAILPASSWORD_EMAIL_EXISTS
                                               : EMAILPASSWORD_EMAIL_CHANGE_NOT_ALLOWED;
        return ST_CONSTRAINT;
    }
    return DB_RUN(c, db, r, STMT_emailpassword_set_email, db_str(u->app), db_str(user->id), db_str(u->email));
}

static enum st_err update_tx(struct ctx *c, struct db *db, void *arg)
{
    struct update *u = arg;
    struct locked_users locked;
    const PGresult *r;
    u->result = EMAILPASSWORD_UNKNOWN_USER;
    ST_TRY(DB_RUN(c, db, &r, STMT_user_internal_id, db_str(u->app), db_str(u->user_id)));
    if (db_rows(r) == 0)
        return ST_OK;
    struct str id = db_id(r, 0, 0);
    ST_TRY(users_lock(c, db, u->app, &id, 1, &locked));
    const struct locked_user *user = users_locked(&locked, id);
    if (!user || !str_is(user->recipe_id, STR("emailpassword")))
        return ST_OK;
    u->result = EMAILPASSWORD_OK;
    if (u->email.p)
        ST_TRY(change_email(c, db, u, user, &r, &u->result));
    if (u->password_hash.p)
        ST_TRY(DB_RUN(c, db, &r, STMT_emailpassword_set_hash, db_str(u->app), db_str(id),
                      db_str(u->password_hash)));
    if (db_affected(r) == 0) /* a primary id that has lost its own login method */
        u->result = EMAILPASSWORD_UNKNOWN_USER;
    return ST_OK;
}

enum st_err emailpassword_update(struct ctx *c, struct db *db, struct str app, struct str user_id,
                                 struct str email, struct str password_hash,
                                 enum emailpassword_result *result)
{
    struct update u = {.app = app, .user_id = user_id, .email = email, .password_hash = password_hash};
    enum st_err err = db_tx(c, db, update_tx, &u);
    *result = u.result;
    bool answered =
        u.result == EMAILPASSWORD_EMAIL_EXISTS || u.result == EMAILPASSWORD_EMAIL_CHANGE_NOT_ALLOWED;
    return err == ST_CONSTRAINT && answered ? ST_OK : err;
}
