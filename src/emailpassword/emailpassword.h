/* SPDX-License-Identifier: Apache-2.0
 *
 * The email-password recipe (spec: cdi-emailpassword). E-mail addresses given to these functions are
 * normalised (http/text.h) unless said otherwise. Hashing is a job that a hash thread runs between two of
 * these calls, so no function here hashes.
 */
#ifndef ST_EMAILPASSWORD_EMAILPASSWORD_H
#define ST_EMAILPASSWORD_EMAILPASSWORD_H

#include "crypto/password_hash.h"
#include "tenancy/tenancy.h"
#include "users/user.h"

enum emailpassword_result {
    EMAILPASSWORD_OK,
    EMAILPASSWORD_EMAIL_EXISTS,
    EMAILPASSWORD_UNKNOWN_USER,
    EMAILPASSWORD_EMAIL_CHANGE_NOT_ALLOWED,
    EMAILPASSWORD_INVALID_TOKEN,
};

/* Addresses of SDKs for users without one (spec: cdi-conventions 10). */
bool emailpassword_is_fake_email(struct str email);

/* 403 when the tenant does not have the recipe enabled; the rule depends on the interface version (section
 * 3). */
enum st_err emailpassword_check_enabled(struct ctx *c, const struct tenant *t, int cdi) ST_MUST_CHECK;

/* Jobs for exchange_await. The password and the texts must live as long as the request. */
struct password_job *emailpassword_hash_job(struct arena *a, const struct tenant *t, struct str password);
struct password_job *emailpassword_verify_job(struct arena *a, const struct tenant *t, struct str password,
                                              struct str stored);
/* After the job: 503 and 500 of jobs that could not be done. */
enum st_err emailpassword_job_error(struct ctx *c, const struct password_job *job) ST_MUST_CHECK;

struct emailpassword_new_user {
    struct str id; /* a UUID; absent: a new one is made */
    struct str email, password_hash;
    bool imported;              /* no verified address, no activity */
    const struct db_call *with; /* written in the same transaction, e.g. deliver_event_calls */
    size_t nwith;               /* at most DELIVER_EVENT_CALLS */
};

/* Creates the user; *USER is set for EMAILPASSWORD_OK. ST_BAD_REQUEST: the tenant is gone. */
enum st_err emailpassword_create_user(struct ctx *c, const struct tenant *t,
                                      const struct emailpassword_new_user *in, struct user *user,
                                      enum emailpassword_result *result) ST_MUST_CHECK;

/* The user of this tenant that signs in with EMAIL. METHOD is NULL when there is none. */
struct emailpassword_candidate {
    const struct user *user;
    const struct login_method *method;
    struct str password_hash;
};
enum st_err emailpassword_find(struct ctx *c, const struct tenant *t, struct str email,
                               struct emailpassword_candidate *out) ST_MUST_CHECK;

/* Activity log and last activity after a sign-in, best effort; with calls that go with them (at most
 * DELIVER_EVENT_CALLS) a failure is an error. */
enum st_err emailpassword_signed_in(struct ctx *c, const struct tenant *t,
                                    const struct emailpassword_candidate *who, const struct db_call *with,
                                    size_t nwith) ST_MUST_CHECK;

/* Replaces e-mail and/or password hash (absent: unchanged) of a recipe user in DB, by internal or external
 * id. */
enum st_err emailpassword_update(struct ctx *c, struct db *db, struct str app, struct str user_id,
                                 struct str email, struct str password_hash,
                                 enum emailpassword_result *result) ST_MUST_CHECK;

/* Makes a reset token for any user of the app; EMAIL is kept as given. */
enum st_err emailpassword_create_reset_token(struct ctx *c, const struct tenant *t, struct str user_id,
                                             struct str email, struct str *token,
                                             enum emailpassword_result *result) ST_MUST_CHECK;

/* The same for a user who has just been looked up, as a call that travels with others. *TOKEN is what the
 * user gets.
 */
struct db_call emailpassword_reset_token_call(struct arena *a, const struct tenant *t, struct str user_id,
                                              struct str email, struct str *token);

struct emailpassword_reset {
    struct str user_id, public_id, email;
};
/* Takes a token (all tokens of its user end), and sets the hash unless it is absent, in one transaction. */
enum st_err emailpassword_consume_reset_token(struct ctx *c, const struct tenant *t, struct str token,
                                              struct str password_hash, struct emailpassword_reset *out,
                                              enum emailpassword_result *result) ST_MUST_CHECK;

/* Could whoever gets a mail at EMAIL take over a primary user with it: is it not verified there, while the
 * user has another address or a phone number (spec: fdi-recipes 1.5, step 3)? */
bool emailpassword_risks_takeover(const struct user *primary, struct str email);

/* Is there such a token, good for now, and for which address (absent in rows of very old versions)? Looked at
 * before a hash is computed for it. */
enum st_err emailpassword_reset_token_is_live(struct ctx *c, const struct tenant *t, struct str token,
                                              bool *out, struct str *email) ST_MUST_CHECK;

/* A reset at the auth door (fdi-recipes 1.6): takes the token, and sets the hash of the user's own login
 * method unless the user could be taken over with it. A user who has no password yet gets a login method with
 * one. With MARK_VERIFIED the address counts as verified, since the token came by mail. */
enum st_err emailpassword_reset_password(struct ctx *c, const struct tenant *t, struct str token,
                                         struct str password_hash, bool mark_verified,
                                         enum emailpassword_result *result) ST_MUST_CHECK;

#endif
