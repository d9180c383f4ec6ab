/* SPDX-License-Identifier: Apache-2.0
 *
 * Users of all auth recipes as the core door shows them (spec: cdi-emailpassword 1, cdi-misc 5, cdi-users 4,
 * 5): a user is a group of one or more login methods. All strings live in the arena or in results tied to it.
 */
#ifndef ST_USERS_USER_H
#define ST_USERS_USER_H

#include "json/write.h"
#include "tenancy/tenancy.h"

struct login_method {
    struct str recipe_id;   /* emailpassword, thirdparty, passwordless, webauthn */
    struct str user_id;     /* internal */
    struct str external_id; /* absent when not mapped */
    int64_t time_joined_ms;
    bool verified;
    struct str email, phone, third_party_id, third_party_user_id; /* absent when the recipe has none */
    struct str *tenants, *credentials;
    size_t ntenants, ncredentials;
};

struct user {
    struct str id;                      /* internal id of the primary or only login method */
    struct str external_id;             /* of that id; absent when not mapped */
    bool is_primary;                    /* primary or linked */
    const struct login_method *methods; /* by time joined */
    size_t nmethods;
};

struct users {
    struct user *v;
    size_t n;
};

/* The id that clients see. */
static inline struct str user_public_id(const struct user *u)
{
    return u->external_id.p ? u->external_id : u->id;
}

static inline struct str method_public_id(const struct login_method *m)
{
    return m->external_id.p ? m->external_id : m->user_id;
}

int64_t user_time_joined(const struct user *u); /* of its oldest login method, ms */
bool method_in_tenant(const struct login_method *m, struct str tenant);

/* What to look for; absent or empty parts find nothing. */
struct user_query {
    struct str app, tenant;
    const struct str *ids; /* recipe, primary or external ids, in the whole app */
    size_t nids;
    struct str email, phone, third_party_id, third_party_user_id, credential_id; /* in the tenant */
};

/* The call that finds them, to travel with others in one round trip; its result goes to users_from. */
struct db_call users_query_call(struct arena *a, const struct user_query *q);
void users_from(struct arena *a, const PGresult *r, struct users *out); /* sorted by time joined */

enum st_err users_find(struct ctx *c, struct db *db, const struct user_query *q,
                       struct users *out) ST_MUST_CHECK;

/* One user by any kind of id: an internal id wins over a mapped one. *OUT is NULL when there is none. */
enum st_err user_by_id(struct ctx *c, struct db *db, struct str app, struct str id,
                       const struct user **out) ST_MUST_CHECK;

/* The database that user ID (of any kind) of APP is in; that of APP, its public tenant, when it is in none or
 * the app has no other. The database where ID is an internal id wins over one where it is mapped (spec:
 * cdi-misc 5). */
enum st_err users_database(struct ctx *c, struct tenancy *tenancy, const struct tenant *app, struct str id,
                           struct db **out) ST_MUST_CHECK;

/* The login method of U with that recipe user id (internal or external), or NULL. */
const struct login_method *user_method(const struct user *u, struct str recipe_user_id);

/* U as if M, one of its login methods, were its only one; points to M. */
struct user user_reduced(const struct user *u, const struct login_method *m);

/* Writes the user object in the form of the interface version CDI. ST_INTERNAL: a passkey user has no form
 * before 4.0. */
enum st_err user_write(struct ctx *c, struct json_out *j, const char *key, const struct user *u,
                       int cdi) ST_MUST_CHECK;

/* The same in the forms of the front end's interface (spec: fdi 5): now, and before 1.18 and in 2.x, where a
 * user is one login method. */
void user_write_fdi(struct ctx *c, struct json_out *j, const char *key, const struct user *u);
void user_write_fdi_old(struct json_out *j, const char *key, const struct user *u,
                        const struct login_method *m);

/* True when a write of the user's last activity is due: at most every 5 minutes per user and process. It
 * counts as written from then on; user_activity_forget takes that back when it was not. */
bool user_activity_due(struct tenant_id app, struct str user_id);
void user_activity_forget(struct tenant_id app, struct str user_id);
/* The write, best effort, in the database of APP, the app's public tenant. ID is the internal id of the
 * primary user. */
void user_active_write(struct ctx *c, const struct tenant *app, struct str id);
/* The same as a call, to travel with others to that database. */
struct db_call user_active_call(struct str app, struct str id);

/* A line of the activity log, in T's database. USER: internal id of the primary user. */
struct user_event {
    const char *type; /* "emailpassword_sign_up" */
    struct str recipe_user, user;
    struct str principal, identifier;
};
struct db_call user_event_call(const struct tenant *t, const struct user_event *e);

#endif
