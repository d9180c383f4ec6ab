/* SPDX-License-Identifier: Apache-2.0
 *
 * Users that come with a password hash of another system (spec: cdi-emailpassword 4, passwordhash/import).
 */
#include "emailpassword/import_cdi.h"

#include "config/config.h"
#include "emailpassword/emailpassword.h"
#include "http/text.h"

const struct field import_hash_fields[] = {
    FIELD(struct import_hash_in, email, FIELD_STRING),
    FIELD(struct import_hash_in, passwordHash, FIELD_STRING),
    FIELD_OPTIONAL(struct import_hash_in, hashingAlgorithm, FIELD_STRING),
    FIELDS_END,
};

struct import_algorithm {
    struct str name; /* as clients write it */
    enum password_algorithm algorithm;
    const char *title; /* in the error text */
};

static const struct import_algorithm algorithms[] = {
    {{"ARGON2", 6}, PASSWORD_ARGON2, "Argon2"},
    {{"BCRYPT", 6}, PASSWORD_BCRYPT, "BCrypt"},
    {{"FIREBASE_SCRYPT", 15}, PASSWORD_FIREBASE_SCRYPT, "Firebase SCrypt"},
};

enum st_err check_import_hash(struct core_call *k)
{
    struct import_hash_in *in = k->in;
    struct str name = str_trim(in->hashingAlgorithm);
    in->passwordHash = arena_str(k->c->arena, str_trim(in->passwordHash));
    if (in->passwordHash.n == 0)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Password hash cannot be an empty string");
    if (!in->has_hashingAlgorithm)
        return ST_OK;
    if (name.n == 0)
        return ctx_fail(k->c, ST_BAD_REQUEST, "Hashing Algorithm cannot be an empty string");
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        if (str_is_ci(name, algorithms[i].name))
            in->algorithm = &algorithms[i];
    return in->algorithm ? ST_OK : ctx_fail(k->c, ST_BAD_REQUEST, "Unsupported password hashing algorithm");
}

static enum st_err check_format(struct core_call *k, const struct import_hash_in *in)
{
    enum password_algorithm found = password_format(in->passwordHash.p, in->passwordHash.n);
    if (!in->algorithm)
        return found != PASSWORD_UNKNOWN
                   ? ST_OK
                   : ctx_fail(k->c, ST_BAD_REQUEST, "Password hash is in invalid format");
    if (in->algorithm->algorithm == PASSWORD_FIREBASE_SCRYPT &&
        !k->tenant->app->config->firebase_password_hashing_signer_key)
        return ctx_fail(k->c, ST_INTERNAL, "'firebase_password_hashing_signer_key' cannot be null");
    return found == in->algorithm->algorithm
               ? ST_OK
               : ctx_fail(k->c, ST_BAD_REQUEST, "Password hash is in invalid %s format",
                          in->algorithm->title);
}

static enum st_err answer(struct core_call *k, const struct user *user, bool existed)
{
    answer_status(k, "OK");
    ST_TRY(user_write(k->c, &k->out, "user", user, k->cdi));
    json_add_bool(&k->out, "didUserAlreadyExist", existed);
    return ST_OK;
}

static enum st_err replace_hash(struct core_call *k, struct str email, struct str hash)
{
    struct emailpassword_candidate known;
    enum emailpassword_result result = EMAILPASSWORD_UNKNOWN_USER;
    ST_TRY(emailpassword_find(k->c, k->tenant, email, &known));
    if (known.method)
        ST_TRY(emailpassword_update(k->c, k->tenant->db, k->tenant->id.app, known.method->user_id, STR_NONE,
                                    hash, &result));
    if (result != EMAILPASSWORD_OK) /* it was removed between two statements */
        return ctx_fail(k->c, ST_UNAVAILABLE, "the user was changed at the same time, please try again");
    return answer(k, known.user, true);
}

enum st_err post_import_hash(struct core_call *k)
{
    const struct import_hash_in *in = k->in;
    ST_TRY(emailpassword_check_enabled(k->c, k->tenant, k->cdi));
    ST_TRY(check_format(k, in));
    struct emailpassword_new_user new_user = {.email = email_normalise(k->c->arena, in->email),
                                              .password_hash = in->passwordHash,
                                              .imported = true};
    enum emailpassword_result result;
    struct user user;
    ST_TRY(emailpassword_create_user(k->c, k->tenant, &new_user, &user, &result));
    if (result == EMAILPASSWORD_EMAIL_EXISTS)
        return replace_hash(k, new_user.email, in->passwordHash);
    return answer(k, &user, false);
}
