/* SPDX-License-Identifier: Apache-2.0
 *
 * Password reset tokens (spec: cdi-emailpassword 4). The database holds the SHA-256 of a token only.
 */
#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "config/config.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "emailpassword/emailpassword.h"
#include "emailverification/emailverification.h"
#include "http/text.h"

enum { TOKEN_RANDOM_BYTES = 48 }; /* 96 hex digits, 128 characters as base64: the reference's form */

static struct str new_token(struct arena *a)
{
    unsigned char secret[TOKEN_RANDOM_BYTES];
    random_bytes(secret, sizeof secret);
    return base64_encode(a, BASE64_STANDARD, hex_encode(a, secret, sizeof secret));
}

struct db_call emailpassword_reset_token_call(struct arena *a, const struct tenant *t, struct str user_id,
                                              struct str email, struct str *token)
{
    *token = new_token(a);
    return DB_CALL(STMT_emailpassword_reset_token_create, db_str(t->id.app), db_str(user_id),
                   db_str(digest_sha256hex(a, *token)), db_str(email),
                   db_i64(clock_now_ms() + t->config->password_reset_token_lifetime));
}

enum st_err emailpassword_create_reset_token(struct ctx *c, const struct tenant *t, struct str user_id,
                                             struct str email, struct str *token,
                                             enum emailpassword_result *result)
{
    const PGresult *r;
    enum st_err err =
        db_run_one(c, t->db, &r, emailpassword_reset_token_call(c->arena, t, user_id, email, token));
    bool gone =
        err == ST_CONSTRAINT && db_violated(c, t->db, "emailpassword_pswd_reset_tokens", "_user_id_fkey");
    *result = gone || (err == ST_OK && db_rows(r) == 0) ? EMAILPASSWORD_UNKNOWN_USER : EMAILPASSWORD_OK;
    return gone ? ST_OK : err;
}

/* Rows of very old versions have no address: then it is that of the user's only login method. */
static enum st_err find_email(struct ctx *c, const struct tenant *t, struct str user_id, struct str *email)
{
    const struct user *user;
    *email = STR_NONE;
    ST_TRY(user_by_id(c, t->db, t->id.app, user_id, &user));
    if (user && user->nmethods == 1 && str_is(user->methods[0].recipe_id, STR("emailpassword")))
        *email = user->methods[0].email;
    return ST_OK;
}

struct consume {
    const struct tenant *tenant;
    struct str token, password_hash;
    bool mark_verified;
    struct emailpassword_reset found;
    enum emailpassword_result result;
};

enum token_take_column { USER_ID, EMAIL, EXPIRY, EXTERNAL_ID, TAKEN };

/* Sets k->found, and k->result to whether the token is good. */
static enum st_err take_token(struct ctx *c, struct db *db, struct consume *k)
{
    const PGresult *r;
    k->result = EMAILPASSWORD_INVALID_TOKEN;
    ST_TRY(DB_RUN(c, db, &r, STMT_emailpassword_reset_token_take, db_str(k->tenant->id.app),
                  db_str(digest_sha256hex(c->arena, k->token))));
    if (db_rows(r) == 0 || !db_true(r, 0, TAKEN) || db_int(r, 0, EXPIRY) < clock_now_ms())
        return ST_OK; /* an expired token is gone all the same */
    struct str external = db_text(r, 0, EXTERNAL_ID);
    k->found.user_id = db_id(r, 0, USER_ID);
    k->found.public_id = external.p ? external : k->found.user_id;
    k->found.email = db_text(r, 0, EMAIL);
    if (!k->found.email.p)
        ST_TRY(find_email(c, k->tenant, k->found.user_id, &k->found.email));
    if (k->found.email.p)
        k->result = EMAILPASSWORD_OK;
    return ST_OK;
}

static enum st_err consume_tx(struct ctx *c, struct db *db, void *arg)
{
    struct consume *k = arg;
    const PGresult *r;
    ST_TRY(take_token(c, db, k));
    if (k->result != EMAILPASSWORD_OK || !k->password_hash.p)
        return ST_OK;
    return DB_RUN(c, db, &r, STMT_emailpassword_set_hash, db_str(k->tenant->id.app), db_str(k->found.user_id),
                  db_str(k->password_hash));
}

enum st_err emailpassword_consume_reset_token(struct ctx *c, const struct tenant *t, struct str token,
                                              struct str password_hash, struct emailpassword_reset *out,
                                              enum emailpassword_result *result)
{
    struct consume k = {.tenant = t, .token = token, .password_hash = password_hash};
    /* Without a password to set it is one statement, which needs no transaction around it. */
    ST_TRY(password_hash.p ? db_tx(c, t->db, consume_tx, &k) : consume_tx(c, t->db, &k));
    *out = k.found;
    *result = k.result;
    return ST_OK;
}

/* ---- at the auth door ---- */

enum st_err emailpassword_reset_token_is_live(struct ctx *c, const struct tenant *t, struct str token,
                                              bool *out, struct str *email)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, t->db, &r, STMT_emailpassword_reset_token_live, db_str(t->id.app),
                  db_str(digest_sha256hex(c->arena, token)), db_i64(clock_now_ms())));
    *out = db_rows(r) > 0;
    *email = *out ? db_text(r, 0, 0) : STR_NONE;
    return ST_OK;
}

bool emailpassword_risks_takeover(const struct user *primary, struct str email)
{
    bool verified = false, other = false;
    for (size_t i = 0; i < primary->nmethods; i++) {
        const struct login_method *m = &primary->methods[i];
        bool same = str_is(m->email, email);
        verified |= same && m->verified;
        other |= m->phone.p || (m->email.p && !same);
    }
    return !verified && other;
}

static enum st_err reset_tx(struct ctx *c, struct db *db, void *arg)
{
    struct consume *k = arg;
    const struct user *user;
    ST_TRY(take_token(c, db, k));
    if (k->result != EMAILPASSWORD_OK)
        return ST_OK;
    ST_TRY(user_by_id(c, db, k->tenant->id.app, k->found.user_id, &user));
    const struct login_method *m = user ? user_method(user, k->found.user_id) : NULL;
    if (!user || (user->is_primary && emailpassword_risks_takeover(user, k->found.email))) {
        k->result = EMAILPASSWORD_INVALID_TOKEN;
        return ST_OK;
    }
    if (!m || !str_is(m->recipe_id, STR("emailpassword"))) {
        k->result = EMAILPASSWORD_UNKNOWN_USER; /* yet: see below */
        return ST_OK;
    }
    struct db_call calls[] = {
        DB_CALL(STMT_emailpassword_set_hash, db_str(k->tenant->id.app), db_str(k->found.user_id),
                db_str(k->password_hash)),
        emailverification_mark_call(k->tenant, method_public_id(m),
                                    email_normalise(c->arena, k->found.email)),
    };
    db_commit_with_next(c);
    return db_run(c, db, calls, k->mark_verified ? 2 : 1);
}

/* The token was made for a user without a password: one is made beside it. */
static enum st_err add_login(struct ctx *c, const struct consume *k, enum emailpassword_result *result)
{
    struct str id = random_uuid_str(c->arena), email = email_normalise(c->arena, k->found.email);
    struct db_call mark = emailverification_mark_call(k->tenant, id, email);
    struct emailpassword_new_user new_user = {.id = id,
                                              .email = email,
                                              .password_hash = k->password_hash,
                                              .with = &mark,
                                              .nwith = k->mark_verified};
    struct user user;
    ST_TRY(emailpassword_create_user(c, k->tenant, &new_user, &user, result));
    if (*result == EMAILPASSWORD_EMAIL_EXISTS)
        *result = EMAILPASSWORD_INVALID_TOKEN;
    return ST_OK;
}

enum st_err emailpassword_reset_password(struct ctx *c, const struct tenant *t, struct str token,
                                         struct str password_hash, bool mark_verified,
                                         enum emailpassword_result *result)
{
    struct consume k = {
        .tenant = t, .token = token, .password_hash = password_hash, .mark_verified = mark_verified};
    ST_TRY(db_tx(c, t->db, reset_tx, &k));
    *result = k.result;
    return k.result == EMAILPASSWORD_UNKNOWN_USER ? add_login(c, &k, result) : ST_OK;
}
