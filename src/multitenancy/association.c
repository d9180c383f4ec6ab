/* SPDX-License-Identifier: Apache-2.0 */
#include "multitenancy/association.h"

#include "users/lock.h"

/* What can be taken, the most telling kind first. */
static const struct kind {
    const char *type;
    enum association_result taken;
    const char *text; /* of a conflict between primary users */
} kinds[] = {
    {"tparty", ASSOCIATION_THIRD_PARTY_USER_EXISTS, "third party info"},
    {"email", ASSOCIATION_EMAIL_EXISTS, "email"},
    {"phone", ASSOCIATION_PHONE_EXISTS, "phone number"},
};

struct change {
    const struct tenant *tenant;
    struct str recipe_user;
    struct association *out;
    struct locked_user user;
};

/* Locks the user. Without ASSOCIATION_OK there is none. */
static enum st_err lock_user(struct ctx *c, struct db *db, struct change *in)
{
    struct str app = in->tenant->id.app;
    struct locked_users locked;
    const PGresult *r;
    *in->out = (struct association){.result = ASSOCIATION_UNKNOWN_USER};
    ST_TRY(DB_RUN(c, db, &r, STMT_user_internal_id, db_str(app), db_str(in->recipe_user)));
    if (db_rows(r) == 0)
        return ST_OK;
    struct str id = db_id(r, 0, 0);
    ST_TRY(users_lock(c, db, app, &id, 1, &locked));
    const struct locked_user *user = users_locked(&locked, id);
    if (!user)
        return ST_OK;
    ST_TRY(DB_RUN(c, db, &r, STMT_association_look, db_str(app), db_str(in->tenant->id.tenant), db_str(id)));
    if (!db_true(r, 0, 0)) /* its login was deleted, the id lives on as that of its group */
        return ST_OK;
    in->user = *user;
    in->out->result = ASSOCIATION_OK;
    in->out->was_associated = db_true(r, 0, 1);
    return ST_OK;
}

/* R: owners and types of what was to be reserved. The kind of which somebody else is the owner, or NULL. */
static const struct kind *find_taken(const PGresult *r, struct str self, struct str *owner)
{
    for (const struct kind *kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++)
        for (size_t row = 0; row < db_rows(r); row++) {
            *owner = db_id(r, row, 0);
            if (!str_is(*owner, self) && str_is_c(db_text(r, row, 1), kind->type))
                return kind;
        }
    return NULL;
}

static enum st_err reserve_for_group(struct ctx *c, struct db *db, struct change *in)
{
    struct tenant_id t = in->tenant->id;
    struct str owner;
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_association_reserve_for_primary, db_str(t.app), db_str(t.tenant),
                  db_str(in->user.primary_id)));
    const struct kind *kind = find_taken(r, in->user.primary_id, &owner);
    if (!kind)
        return ST_OK;
    in->out->result = ASSOCIATION_NOT_ALLOWED;
    in->out->reason = arena_printf(c->arena, "Another primary user with %s already exists: %.*s", kind->text,
                                   STR_ARG(owner));
    return ST_CONSTRAINT; /* undoes the reservations */
}

static enum st_err add_tx(struct ctx *c, struct db *db, void *arg)
{
    struct change *in = arg;
    struct tenant_id t = in->tenant->id;
    struct str owner;
    const PGresult *r;
    ST_TRY(lock_user(c, db, in));
    if (in->out->result != ASSOCIATION_OK || in->out->was_associated)
        return ST_OK;
    if (in->user.is_primary_or_linked)
        ST_TRY(reserve_for_group(c, db, in));
    ST_TRY(DB_RUN(c, db, &r, STMT_association_reserve, db_str(t.app), db_str(t.tenant), db_str(in->user.id)));
    const struct kind *kind = find_taken(r, in->user.id, &owner);
    if (!kind)
        return ST_OK;
    in->out->result = kind->taken;
    return ST_CONSTRAINT;
}

enum st_err association_add(struct ctx *c, const struct tenant *t, struct str recipe_user,
                            struct association *out)
{
    struct change change = {.tenant = t, .recipe_user = recipe_user, .out = out};
    enum st_err err = db_tx(c, t->db, add_tx, &change);
    if (err != ST_CONSTRAINT || out->result != ASSOCIATION_OK)
        return err == ST_CONSTRAINT ? ST_OK : err;
    if (db_violated(c, t->db, "recipe_user_tenants", "_tenant_id_fkey") ||
        db_violated(c, t->db, "primary_user_tenants", "_app_id_fkey"))
        return tenancy_unknown(c, t->id); /* removed a moment ago */
    return err;
}

static enum st_err remove_tx(struct ctx *c, struct db *db, void *arg)
{
    struct change *in = arg;
    ST_TRY(lock_user(c, db, in));
    if (in->out->result != ASSOCIATION_OK)
        return ST_OK;
    struct db_arg app = db_str(in->tenant->id.app), tenant = db_str(in->tenant->id.tenant),
                  id = db_str(in->user.id);
    struct db_call calls[6] = {
        DB_CALL(STMT_association_end_sessions, app, tenant, id),
        DB_CALL(STMT_association_drop_email_tokens, app, tenant, id),
        DB_CALL(STMT_association_drop_roles, app, tenant, id),
        DB_CALL(STMT_association_drop_totp_codes, app, tenant, id),
        DB_CALL(STMT_association_release, app, tenant, id),
    };
    size_t n = 5;
    if (in->user.is_primary_or_linked)
        calls[n++] = DB_CALL(STMT_association_release_for_primary, app, db_str(in->user.primary_id));
    db_commit_with_next(c);
    return db_run(c, db, calls, n);
}

enum st_err association_remove(struct ctx *c, const struct tenant *t, struct str recipe_user,
                               struct association *out)
{
    struct change change = {.tenant = t, .recipe_user = recipe_user, .out = out};
    return db_tx(c, t->db, remove_tx, &change);
}
