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

enum { TOKEN_RANDOM_BYTES = 48 }; /* 96 hex digits, 128 characters as base64: the reference's form */

static struct str new_token(struct arena *a)
{
    unsigned char secret[TOKEN_RANDOM_BYTES];
    random_bytes(secret, sizeof secret);
    return base64_encode(a, BASE64_STANDARD, hex_encode(a, secret, sizeof secret));
}

enum st_err emailpassword_create_reset_token(struct ctx *c, const struct tenant *t, struct str user_id,
                                             struct str email, struct str *token,
                                             enum emailpassword_result *result)
{
    const PGresult *r;
    *token = new_token(c->arena);
    int64_t expiry = clock_now_ms() + t->config->password_reset_token_lifetime;
    enum st_err err =
        DB_RUN(c, t->db, &r, STMT_emailpassword_reset_token_create, db_str(t->id.app), db_str(user_id),
               db_str(digest_sha256hex(c->arena, *token)), db_str(email), db_i64(expiry));
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
    struct emailpassword_reset found;
    enum emailpassword_result result;
};

enum token_take_column { USER_ID, EMAIL, EXPIRY, EXTERNAL_ID, TAKEN };

static enum st_err consume_tx(struct ctx *c, struct db *db, void *arg)
{
    struct consume *k = arg;
    const PGresult *r;
    struct db_arg app = db_str(k->tenant->id.app);
    k->result = EMAILPASSWORD_INVALID_TOKEN;
    ST_TRY(DB_RUN(c, db, &r, STMT_emailpassword_reset_token_take, app,
                  db_str(digest_sha256hex(c->arena, k->token))));
    if (db_rows(r) == 0 || !db_true(r, 0, TAKEN) || db_int(r, 0, EXPIRY) < clock_now_ms())
        return ST_OK; /* an expired token is gone all the same */
    struct str external = db_text(r, 0, EXTERNAL_ID);
    k->found.user_id = db_id(r, 0, USER_ID);
    k->found.public_id = external.p ? external : k->found.user_id;
    k->found.email = db_text(r, 0, EMAIL);
    if (!k->found.email.p)
        ST_TRY(find_email(c, k->tenant, k->found.user_id, &k->found.email));
    if (!k->found.email.p)
        return ST_OK;
    if (k->password_hash.p)
        ST_TRY(DB_RUN(c, db, &r, STMT_emailpassword_set_hash, app, db_str(k->found.user_id),
                      db_str(k->password_hash)));
    k->result = EMAILPASSWORD_OK;
    return ST_OK;
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
