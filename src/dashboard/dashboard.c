/* SPDX-License-Identifier: Apache-2.0 */
#include "dashboard/dashboard.h"

#include "base/clock.h"
#include "base/random.h"

/* ---- addresses ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

/* ([A-Za-z0-9-]+<any>)+[A-Za-z]{2,}: all the ways to read it at once, since one after another may take
 * exponential time. */
static bool is_domain(struct str s)
{
    bool in_label = false, behind = false, one_letter = false, letters = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool starts = i == 0 || behind || in_label;
        bool now_letters = is_letter(c) && (one_letter || letters);
        one_letter = is_letter(c) && behind;
        letters = now_letters;
        behind = in_label && c != '\n' && c != '\r';
        in_label = is_label(c) && starts;
    }
    return letters;
}

static bool is_after_at(struct str s)
{
    bool one = s.n == 1 && (strchr("{},.", s.p[0]) || (s.p[0] >= '0' && s.p[0] <= '9'));
    return one || is_domain(s);
}

bool dashboard_email_is_valid(struct str email)
{
    for (size_t at = 1; at < email.n; at++) {
        if (email.p[at - 1] == '\n' || email.p[at - 1] == '\r')
            return false; /* the part before @ has no line breaks */
        if (email.p[at] == '@' && is_after_at(str_from(email, at + 1)))
            return true;
    }
    return false;
}

/* ---- users ---- */

static void read_user(const PGresult *r, size_t row, struct dashboard_user *out)
{
    *out = (struct dashboard_user){db_id(r, row, 0), db_text(r, row, 1), db_int(r, row, 2)};
}

/* What a violated constraint means. */
static enum st_err judge(const struct ctx *c, const struct db *db, enum st_err err,
                         enum dashboard_result *result)
{
    if (err != ST_CONSTRAINT || !db_violated(c, db, "dashboard_users", "_email_key"))
        return err == ST_CONSTRAINT ? ST_INTERNAL : err;
    *result = DASHBOARD_EMAIL_EXISTS;
    return ST_OK;
}

enum st_err dashboard_user_create(struct ctx *c, struct db *db, struct str app, struct str email,
                                  struct str password_hash, struct dashboard_user *out,
                                  enum dashboard_result *result)
{
    const PGresult *r;
    *result = DASHBOARD_OK;
    *out = (struct dashboard_user){random_uuid_str(c->arena), email, clock_now_ms()};
    return judge(c, db,
                 DB_RUN(c, db, &r, STMT_dashboard_user_insert, db_str(app), db_str(out->id), db_str(email),
                        db_str(password_hash), db_i64(out->time_joined_ms)),
                 result);
}

enum st_err dashboard_users(struct ctx *c, struct db *db, struct str app, struct dashboard_user **out,
                            size_t *n)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_dashboard_users, db_str(app)));
    *n = db_rows(r);
    *out = ARENA_ARRAY(c->arena, *n + 1, struct dashboard_user);
    for (size_t i = 0; i < *n; i++)
        read_user(r, i, &(*out)[i]);
    return ST_OK;
}

enum st_err dashboard_user_update(struct ctx *c, struct db *db, struct str app, struct dashboard_who who,
                                  struct str new_email, struct str new_password_hash,
                                  struct dashboard_user *out, enum dashboard_result *result)
{
    struct db_call calls[] = {
        DB_CALL(STMT_dashboard_sessions_end, db_str(app), db_str(who.id), db_str(who.email)),
        DB_CALL(STMT_dashboard_user_update, db_str(app), db_str(who.id), db_str(who.email), db_str(new_email),
                db_str(new_password_hash)),
    };
    *result = DASHBOARD_OK;
    ST_TRY(judge(c, db, db_run(c, db, calls, sizeof calls / sizeof calls[0]), result));
    if (*result == DASHBOARD_OK && db_rows(calls[1].result) == 0)
        *result = DASHBOARD_UNKNOWN_USER;
    else if (*result == DASHBOARD_OK)
        read_user(calls[1].result, 0, out);
    return ST_OK;
}

enum st_err dashboard_user_delete(struct ctx *c, struct db *db, struct str app, struct dashboard_who who,
                                  bool *existed)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_dashboard_user_delete, db_str(app), db_str(who.id), db_str(who.email)));
    *existed = db_affected(r) > 0;
    return ST_OK;
}
