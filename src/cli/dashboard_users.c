/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens dashboard user: who may sign in to the dashboard.
 */
#include "cli/ask.h"
#include "dashboard/dashboard.h"
#include "emailpassword/emailpassword.h"
#include "emailpassword/validate.h"
#include "http/text.h"

static void add_user(struct json_out *j, const struct dashboard_user *u)
{
    json_add_str(j, "email", u->email);
    json_add_str(j, "userId", u->id);
    json_add_i64(j, "timeJoined", u->time_joined_ms);
}

/* By address or by id. */
static struct dashboard_who who_is(const struct work *w)
{
    struct str name = str_of(w->in->argument[0]);
    struct dashboard_who who = {.id = STR_NONE};
    if (str_find(name, '@') < name.n)
        who.email = email_normalise(w->c->arena, name);
    else
        who.id = str_trim(name);
    return who;
}

static enum st_err unknown_user(struct work *w)
{
    return ctx_fail(w->c, ST_NOT_FOUND, "There is no dashboard user %s", w->in->argument[0]);
}

/* Checked and hashed as the doors do. */
static enum st_err read_hash(struct work *w, struct str *out)
{
    struct str password;
    ST_TRY(ask_password(w, &password));
    password = str_trim(password);
    const char *why = validate_password(password);
    if (why)
        return ctx_fail(w->c, ST_BAD_REQUEST, "%s", why);
    struct password_job *job = emailpassword_hash_job(w->c->arena, w->tenant, password);
    struct password_jobs_env env = {.argon2 =
                                        argon2_arena_create((size_t)job->params.argon2.memory_kib * 1024)};
    password_jobs_run(&env, &job, 1);
    argon2_arena_destroy(env.argon2);
    if (job->status != PASSWORD_JOB_DONE)
        return ctx_fail(w->c, ST_UNAVAILABLE, "the password could not be hashed");
    *out = str_of(job->out_text);
    return ST_OK;
}

enum st_err dashboard_create_data(struct work *w)
{
    struct str email = email_normalise(w->c->arena, str_of(w->in->argument[0])), hash = STR_NONE;
    struct dashboard_user user;
    enum dashboard_result result;
    if (!str_is_utf8(email) || !dashboard_email_is_valid(email))
        return ctx_fail(w->c, ST_BAD_REQUEST, "This is not an e-mail address: %s", w->in->argument[0]);
    ST_TRY(work_find_tenant(w));
    ST_TRY(read_hash(w, &hash));
    ST_TRY(dashboard_user_create(w->c, w->tenant->app->db, w->id.app, email, hash, &user, &result));
    if (result == DASHBOARD_EMAIL_EXISTS)
        return ctx_fail(w->c, ST_BAD_REQUEST, "There is a dashboard user with this address already");
    add_user(&w->out, &user);
    return ST_OK;
}

enum st_err dashboard_list_data(struct work *w)
{
    struct dashboard_user *users;
    size_t n;
    w->layout = (struct layout){.list = "users", .empty = "There are no dashboard users."};
    ST_TRY(work_find_tenant(w));
    ST_TRY(dashboard_users(w->c, w->tenant->app->db, w->id.app, &users, &n));
    json_open(&w->out, "users", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&w->out, NULL, '{');
        add_user(&w->out, &users[i]);
        json_close(&w->out, '}');
    }
    json_close(&w->out, ']');
    return ST_OK;
}

enum st_err dashboard_password_data(struct work *w)
{
    struct str hash = STR_NONE;
    struct dashboard_user user;
    enum dashboard_result result;
    ST_TRY(work_find_tenant(w));
    ST_TRY(read_hash(w, &hash));
    ST_TRY(dashboard_user_update(w->c, w->tenant->app->db, w->id.app, who_is(w), STR_NONE, hash, &user,
                                 &result));
    if (result != DASHBOARD_OK)
        return unknown_user(w);
    add_user(&w->out, &user);
    return ST_OK;
}

enum st_err dashboard_delete_data(struct work *w)
{
    bool existed;
    ST_TRY(work_find_tenant(w));
    ST_TRY(dashboard_user_delete(w->c, w->tenant->app->db, w->id.app, who_is(w), &existed));
    if (!existed)
        return unknown_user(w);
    json_add_str(&w->out, "deleted", str_of(w->in->argument[0]));
    return ST_OK;
}
