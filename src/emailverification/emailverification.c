/* SPDX-License-Identifier: Apache-2.0
 *
 * The database holds the SHA-256 of a token only.
 */
#include "emailverification/emailverification.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "config/config.h"
#include "crypto/base64.h"
#include "crypto/digest.h"

enum { TOKEN_RANDOM_BYTES = 48 }; /* 96 hex digits, 128 characters as base64: the reference's form */

static struct str new_token(struct arena *a)
{
    unsigned char secret[TOKEN_RANDOM_BYTES];
    random_bytes(secret, sizeof secret);
    return base64_encode(a, BASE64_URL_UNPADDED, hex_encode(a, secret, sizeof secret));
}

static struct db_call insert_call(struct ctx *c, enum stmt stmt, const struct tenant *t, struct str user_id,
                                  struct str email, struct str *token)
{
    int64_t expiry = clock_now_ms() + t->config->email_verification_token_lifetime;
    *token = new_token(c->arena);
    return DB_CALL(stmt, db_str(t->id.app), db_str(t->id.tenant), db_str(user_id), db_str(email),
                   db_str(digest_sha256hex(c->arena, *token)), db_i64(expiry));
}

struct db_call emailverification_token_call(struct ctx *c, const struct tenant *t, struct str user_id,
                                            struct str email, struct str *token)
{
    return insert_call(c, STMT_emailverification_token_add, t, user_id, email, token);
}

enum st_err emailverification_create_token(struct ctx *c, const struct tenant *t, struct str user_id,
                                           struct str email, struct str *token)
{
    const PGresult *r;
    enum st_err err = db_run_one(
        c, t->db, &r, insert_call(c, STMT_emailverification_token_create, t, user_id, email, token));
    if (err == ST_CONSTRAINT && db_violated(c, t->db, "emailverification_tokens", "_tenant_id_fkey"))
        return tenancy_unknown(c, t->id);
    ST_TRY(err);
    if (db_rows(r) == 0)
        *token = STR_NONE;
    return ST_OK;
}

enum st_err emailverification_consume(struct ctx *c, const struct tenant *t, struct str token,
                                      struct emailverification_verified *out)
{
    const PGresult *r;
    *out = (struct emailverification_verified){0};
    ST_TRY(DB_RUN(c, t->db, &r, STMT_emailverification_token_take, db_str(t->id.app), db_str(t->id.tenant),
                  db_str(digest_sha256hex(c->arena, token)), db_i64(clock_now_ms())));
    if (db_rows(r))
        *out = (struct emailverification_verified){db_text(r, 0, 0), db_text(r, 0, 1)};
    return ST_OK;
}

enum st_err emailverification_revoke_tokens(struct ctx *c, const struct tenant *t, struct str user_id,
                                            struct str email)
{
    return DB_RUN(c, t->db, NULL, STMT_emailverification_tokens_drop, db_str(t->id.app), db_str(t->id.tenant),
                  db_str(user_id), db_str(email));
}

/* ---- verified addresses ---- */

struct look {
    bool verified, known; /* the user is one of this database */
};

static enum st_err look(struct ctx *c, struct db *db, struct str app, struct str user_id, struct str email,
                        struct look *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_emailverification_look, db_str(app), db_str(user_id), db_str(email)));
    *out = (struct look){db_true(r, 0, 0), db_true(r, 0, 1)};
    return ST_OK;
}

enum st_err emailverification_is_verified(struct ctx *c, struct db *db, struct str app, struct str user_id,
                                          struct str email, bool *out)
{
    struct look found;
    ST_TRY(look(c, db, app, user_id, email, &found));
    *out = found.verified;
    return ST_OK;
}

enum st_err emailverification_find_verified(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                                            struct str user_id, struct str email, bool *out)
{
    struct tenant_databases dbs; /* the app's own is the first */
    struct look found;
    ST_TRY(look(c, app->db, app->id.app, user_id, email, &found));
    *out = found.verified;
    if (found.verified || found.known)
        return ST_OK;
    ST_TRY(tenancy_databases(c, tenancy, app, &dbs));
    for (size_t i = 1; i < dbs.n && !*out; i++)
        ST_TRY(emailverification_is_verified(c, dbs.v[i], app->id.app, user_id, email, out));
    return ST_OK;
}

static struct db_call unset_call(struct str app, struct str user_id, struct str email)
{
    return DB_CALL(STMT_emailverification_unset, db_str(app), db_str(user_id), db_str(email));
}

enum st_err emailverification_unverify(struct ctx *c, struct tenancy *tenancy, const struct tenant *app,
                                       struct str user_id, struct str email)
{
    struct tenant_databases dbs; /* the app's own is the first */
    const PGresult *r;
    ST_TRY(db_run_one(c, app->db, &r, unset_call(app->id.app, user_id, email)));
    if (db_affected(r))
        return ST_OK;
    ST_TRY(tenancy_databases(c, tenancy, app, &dbs));
    for (size_t i = 1; i < dbs.n; i++)
        ST_TRY(db_run_one(c, dbs.v[i], &r, unset_call(app->id.app, user_id, email)));
    return ST_OK;
}

struct db_call emailverification_mark_call(const struct tenant *t, struct str user_id, struct str email)
{
    return DB_CALL(STMT_emailverification_mark, db_str(t->id.app), db_str(t->id.tenant), db_str(user_id),
                   db_str(email));
}

enum st_err emailverification_mark(struct ctx *c, const struct tenant *t, struct str user_id,
                                   struct str email)
{
    return db_run_one(c, t->db, NULL, emailverification_mark_call(t, user_id, email));
}

struct db_call emailverification_set_call(struct str app, struct str user_id, struct str email)
{
    return DB_CALL(STMT_emailverification_set, db_str(app), db_str(user_id), db_str(email));
}

static bool verifies(const struct user *u, struct str email)
{
    for (size_t i = 0; i < u->nmethods; i++)
        if (u->methods[i].verified && u->methods[i].email.p && str_is(u->methods[i].email, email))
            return true;
    return false;
}

enum st_err emailverification_mark_linked(struct ctx *c, const struct tenant *t, const struct user **user,
                                          const struct login_method **method)
{
    const struct user *u = *user;
    const struct login_method *m = *method;
    if (!u->is_primary || m->verified || !m->email.p || !verifies(u, m->email))
        return ST_OK;
    ST_TRY(emailverification_mark(c, t, method_public_id(m), m->email));
    struct user *now = ARENA_NEW(c->arena, struct user);
    struct login_method *methods = ARENA_ARRAY(c->arena, u->nmethods, struct login_method);
    memcpy(methods, u->methods, u->nmethods * sizeof methods[0]);
    methods[m - u->methods].verified = true;
    *now = *u;
    now->methods = methods;
    *user = now;
    *method = &methods[m - u->methods];
    return ST_OK;
}
