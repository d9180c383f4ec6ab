/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers of the auth door (spec: fdi 5, 6).
 */
#include "auth/frame.h"

void auth_answer_json(struct exchange *x, int status, struct json_out *j)
{
    json_close(j, '}');
    x->rs.status = status;
    x->rs.content_type = "application/json; charset=utf-8";
    x->rs.body = json_done(j);
}

static void answer_message(struct exchange *x, int status, struct str text)
{
    struct json_out j = json_out(&x->arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "message", text);
    auth_answer_json(x, status, &j);
}

enum st_err auth_answer_message(struct auth_call *k, int status, struct str text)
{
    answer_message(k->x, status, text);
    return ST_ANSWERED;
}

void auth_answer_error(struct exchange *x, enum st_err err)
{
    struct str text;
    int status = http_error(&x->ctx, err, &text);
    x->rs.nheaders = 0;
    if (err == ST_UNAVAILABLE)
        http_add_header(&x->rs, "Retry-After", STR("1"));
    answer_message(x, status, text);
}

void auth_refuse(struct auth_call *k, const char *status, const char *reason)
{
    auth_status(k, status);
    json_add_str(&k->out, "reason", str_of(reason));
}

/* ---- versions ---- */

/* Digits at the start of a part, at most 99. */
static int small_number(struct str part)
{
    int n = 0;
    for (size_t i = 0; i < part.n && part.p[i] >= '0' && part.p[i] <= '9'; i++)
        n = n * 10 + (part.p[i] - '0') > 99 ? 99 : n * 10 + (part.p[i] - '0');
    return n;
}

int auth_fdi_largest(struct str header)
{
    int largest = 0;
    while (header.p) {
        struct str version = str_trim(str_split(&header, ','));
        struct str major = str_split(&version, '.'), minor = str_split(&version, '.');
        int number = small_number(major) * 100 + small_number(minor);
        largest = number > largest ? number : largest;
    }
    return largest ? largest : AUTH_FDI_NEWEST;
}

/* Are users shown with all their login methods? */
static bool shows_whole_user(int fdi)
{
    return (fdi >= 118 && fdi < 200) || fdi >= 300;
}

static const struct login_method *method_of_session(const struct auth_call *k, const struct user *u)
{
    const struct login_method *m = k->session ? user_method(u, k->session->token.recipe_user_id) : NULL;
    return m ? m : &u->methods[0]; /* the oldest */
}

void auth_write_user(struct auth_call *k, const struct user *user)
{
    if (shows_whole_user(k->fdi))
        user_write_fdi(k->c, &k->out, "user", user);
    else
        user_write_fdi_old(&k->out, "user", user, method_of_session(k, user));
}

void auth_write_created(struct auth_call *k, bool created)
{
    json_add_bool(&k->out, shows_whole_user(k->fdi) ? "createdNewRecipeUser" : "createdNewUser", created);
}
