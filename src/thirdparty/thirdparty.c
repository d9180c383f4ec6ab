/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/thirdparty.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "emailverification/emailverification.h"
#include "users/lock.h"

enum { ROUNDS = 5 };       /* of losing a race against another request for the same identity */
enum { OTHERS_MOST = 64 }; /* users of the same identity that follow a changed address at once */

enum st_err thirdparty_check_enabled(struct ctx *c, const struct tenant *t, int cdi)
{
    if (tenant_offers(t, t->thirdparty_enabled, STR("thirdparty"), cdi))
        return ST_OK;
    return ctx_fail(c, ST_FORBIDDEN, "ThirdParty login not enabled for tenant");
}

static bool is_identity(const struct login_method *m, struct str third_party_id,
                        struct str third_party_user_id)
{
    return m->third_party_id.p && str_is(m->third_party_id, third_party_id) &&
           str_is(m->third_party_user_id, third_party_user_id);
}

struct thirdparty_candidate thirdparty_candidate(const struct users *found, struct str tenant,
                                                 struct str third_party_id, struct str third_party_user_id)
{
    for (size_t i = 0; i < found->n; i++)
        for (size_t m = 0; m < found->v[i].nmethods; m++) {
            const struct login_method *method = &found->v[i].methods[m];
            if (is_identity(method, third_party_id, third_party_user_id) && method_in_tenant(method, tenant))
                return (struct thirdparty_candidate){&found->v[i], method};
        }
    return (struct thirdparty_candidate){0};
}

/* One call, and what is known so far. */
struct signinup {
    const struct tenant *tenant;
    const struct thirdparty_signinup_in *in;
    struct thirdparty_candidate who;
    struct thirdparty_signinup *out;
    struct str active; /* whose last activity is due; absent: nobody's */
    bool lost;         /* somebody else was faster: look again */
    bool alone;        /* other users of the identity keep their address */
    bool other_fails;  /* they would have to */
};

static enum st_err find(struct ctx *c, struct signinup *s)
{
    struct users found;
    struct tenant_id id = s->tenant->id;
    struct user_query q = {.app = id.app,
                           .tenant = id.tenant,
                           .third_party_id = s->in->third_party_id,
                           .third_party_user_id = s->in->third_party_user_id};
    ST_TRY(users_find(c, s->tenant->db, &q, &found));
    s->who = thirdparty_candidate(&found, id.tenant, q.third_party_id, q.third_party_user_id);
    return ST_OK;
}

/* The user as it is once the address and its verification have been written. */
static void describe(struct arena *a, struct signinup *s, bool verified)
{
    const struct user *before = s->who.user;
    struct user *user = ARENA_NEW(a, struct user);
    struct login_method *methods = ARENA_ARRAY(a, before->nmethods, struct login_method);
    struct login_method *method = &methods[s->who.method - before->methods];
    memcpy(methods, before->methods, before->nmethods * sizeof methods[0]);
    *user = *before;
    user->methods = methods;
    method->email = s->in->email;
    method->verified = verified || s->in->verified;
    *s->out = (struct thirdparty_signinup){.user = user, .method = method};
}

static void describe_new(struct arena *a, struct signinup *s, struct str id, int64_t now)
{
    struct user *user = ARENA_NEW(a, struct user);
    struct login_method *m = ARENA_NEW(a, struct login_method);
    *m = (struct login_method){
        .recipe_id = STR("thirdparty"),
        .user_id = id,
        .time_joined_ms = now,
        .verified = s->in->verified,
        .email = s->in->email,
        .third_party_id = s->in->third_party_id,
        .third_party_user_id = s->in->third_party_user_id,
        .tenants = ARENA_NEW(a, struct str),
        .ntenants = 1,
    };
    m->tenants[0] = arena_str(a, s->tenant->id.tenant);
    *user = (struct user){.id = id, .methods = m, .nmethods = 1};
    *s->out = (struct thirdparty_signinup){.created = true, .user = user, .method = m};
}

enum { CALLS_MOST = THIRDPARTY_MORE_CALLS + 4 };

/* Is the last activity written together with the rest? It is counted where the app's public tenant lives. */
static bool active_here(struct signinup *s)
{
    if (!s->active.p && user_activity_due(s->tenant->app->id, s->out->user->id))
        s->active = s->out->user->id;
    return s->active.p && s->tenant->db == s->tenant->app->db;
}

static void finish_activity(struct ctx *c, const struct signinup *s, bool written)
{
    if (s->active.p && !written)
        user_activity_forget(s->tenant->app->id, s->active);
    else if (s->active.p && s->tenant->db != s->tenant->app->db)
        user_active_write(c, s->tenant->app, s->active);
}

/* What goes with every outcome: the activity, and what the caller has to write. */
static size_t activity_calls(struct ctx *c, struct signinup *s, struct db_call *calls)
{
    const struct login_method *m = s->out->method;
    size_t n = s->in->more ? s->in->more(c, s->in->more_arg, s->out, calls) : 0;
    struct user_event e = {s->out->created ? "thirdparty_sign_up" : "thirdparty_sign_in", m->user_id,
                           s->out->user->id, m->third_party_id, m->email};
    if (!s->in->quiet)
        calls[n++] = user_event_call(s->tenant, &e);
    if (active_here(s))
        calls[n++] = user_active_call(s->tenant->id.app, s->out->user->id);
    return n;
}

static enum st_err sign_up(struct ctx *c, struct signinup *s)
{
    struct tenant_id t = s->tenant->id;
    struct db *db = s->tenant->db;
    struct str id = random_uuid_str(c->arena);
    int64_t now = clock_now_ms();
    describe_new(c->arena, s, id, now);
    struct db_call calls[CALLS_MOST] = {DB_CALL(
        STMT_thirdparty_signup, db_str(t.app), db_str(t.tenant), db_str(id), db_str(s->in->third_party_id),
        db_str(s->in->third_party_user_id), db_str(s->in->email), db_i64(now), db_bool(s->in->verified))};
    enum st_err err = db_run(c, db, calls, 1 + activity_calls(c, s, calls + 1));
    s->lost = err == ST_CONSTRAINT && db_violated(c, db, "recipe_user_tenants", "_pkey");
    if (s->lost)
        return ST_OK;
    if (err == ST_CONSTRAINT && (db_violated(c, db, "recipe_user_tenants", "_tenant_id_fkey") ||
                                 db_violated(c, db, "app_id_to_user_id", "_app_id_fkey")))
        return tenancy_unknown(c, t);
    return err;
}

/* What is written of a sign-in besides the address. */
static size_t signin_calls(struct ctx *c, struct signinup *s, bool verified, struct db_call *calls)
{
    const struct login_method *m = s->out->method;
    size_t n = activity_calls(c, s, calls);
    if (s->in->verified && !verified)
        calls[n++] = emailverification_set_call(s->tenant->id.app, method_public_id(m), m->email);
    return n;
}

static enum st_err sign_in(struct ctx *c, struct signinup *s)
{
    struct db_call calls[CALLS_MOST];
    bool verified = s->who.method->verified;
    describe(c->arena, s, verified);
    return db_run(c, s->tenant->db, calls, signin_calls(c, s, verified, calls));
}

/* ---- a changed address ---- */

/* Locks all users of the identity in the app, ours first. */
static enum st_err lock_all(struct ctx *c, struct db *db, struct signinup *s, struct str ids[], size_t *n,
                            struct locked_users *locked)
{
    struct str app = s->tenant->id.app;
    const PGresult *r;
    ids[0] = s->who.method->user_id;
    *n = 1;
    if (!s->alone) {
        struct str identity =
            ARENA_CONCAT(c->arena, s->in->third_party_id, STR("::"), s->in->third_party_user_id);
        ST_TRY(DB_RUN(c, db, &r, STMT_thirdparty_others, db_str(app), db_str(identity), db_str(ids[0]),
                      db_i64(OTHERS_MOST)));
        for (size_t i = 0; i < db_rows(r); i++)
            ids[(*n)++] = db_id(r, i, 0);
    }
    return users_lock(c, db, app, ids, *n, locked);
}

static enum st_err change_infos(struct ctx *c, struct db *db, struct signinup *s, const struct str *ids,
                                size_t n, const struct locked_users *locked)
{
    enum account_info_change change;
    for (size_t i = 0; i < n; i++) {
        const struct locked_user *user = users_locked(locked, ids[i]);
        if (!user)
            continue; /* another one, which has just gone */
        ST_TRY(
            users_change_account_info(c, db, s->tenant->id.app, user, STR("email"), s->in->email, &change));
        if (change == ACCOUNT_INFO_CHANGED)
            continue;
        if (i == 0)
            s->out->result = THIRDPARTY_EMAIL_CHANGE_NOT_ALLOWED;
        else
            s->other_fails = true;
        return ST_CONSTRAINT;
    }
    return ST_OK;
}

static enum st_err change_tx(struct ctx *c, struct db *db, void *arg)
{
    struct signinup *s = arg;
    struct str ids[OTHERS_MOST + 1], app = s->tenant->id.app;
    struct locked_users locked;
    struct db_call calls[CALLS_MOST];
    bool verified;
    size_t n;
    *s->out = (struct thirdparty_signinup){0};
    s->other_fails = false;
    ST_TRY(lock_all(c, db, s, ids, &n, &locked));
    ST_TRY(find(c, s));
    const struct login_method *m = s->who.method;
    s->lost =
        !m || !str_is(m->user_id, ids[0]) || !users_locked(&locked, ids[0]) || str_is(m->email, s->in->email);
    if (s->lost)
        return ST_OK;
    ST_TRY(change_infos(c, db, s, ids, n, &locked));
    ST_TRY(emailverification_is_verified(c, db, app, method_public_id(m), s->in->email, &verified));
    describe(c->arena, s, verified);
    size_t ncalls = signin_calls(c, s, verified, calls);
    calls[ncalls++] =
        DB_CALL(STMT_thirdparty_set_email, db_str(app), db_strs(c->arena, ids, n), db_str(s->in->email));
    db_commit_with_next(c);
    return db_run(c, db, calls, ncalls);
}

/* A provider has one address of a person for all tenants. One user that cannot take it must not keep another
 * one out. */
static enum st_err change_email(struct ctx *c, struct signinup *s)
{
    struct thirdparty_candidate before = s->who;
    s->alone = false;
    enum st_err err = db_tx(c, s->tenant->db, change_tx, s);
    if (err == ST_CONSTRAINT && s->other_fails) {
        s->who = before;
        s->alone = true;
        err = db_tx(c, s->tenant->db, change_tx, s);
    }
    bool answered = s->out->result == THIRDPARTY_EMAIL_CHANGE_NOT_ALLOWED;
    return err == ST_CONSTRAINT && answered ? ST_OK : err;
}

static enum st_err try_once(struct ctx *c, struct signinup *s)
{
    if (!s->who.method)
        return sign_up(c, s);
    return str_is(s->who.method->email, s->in->email) ? sign_in(c, s) : change_email(c, s);
}

enum st_err thirdparty_signinup(struct ctx *c, const struct tenant *t,
                                const struct thirdparty_signinup_in *in, struct thirdparty_signinup *out)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct signinup s = {.tenant = t, .in = in, .out = out};
        *out = (struct thirdparty_signinup){0};
        if (in->known && round == 0)
            s.who = *in->known;
        else
            ST_TRY(find(c, &s));
        enum st_err err = try_once(c, &s);
        finish_activity(c, &s, err == ST_OK && !s.lost && out->result == THIRDPARTY_OK);
        if (err || !s.lost)
            return err;
    }
    LOG_ERROR(c, "the identity of a third-party user is reserved, but it is nobody's");
    return ctx_fail(c, ST_INTERNAL, "Internal Error");
}
