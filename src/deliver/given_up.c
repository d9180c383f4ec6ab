/* SPDX-License-Identifier: Apache-2.0
 *
 * What was given up: to be seen, sent again or removed by an operator.
 */
#include "deliver/deliver.h"
#include "deliver/row.h"

enum column {
    MESSAGE_ID,
    APP,
    TENANT,
    SITE,
    TARGET,
    USER,
    PAYLOAD,
    ATTEMPTS,
    CREATED,
    FAILED,
    WHY,
    CAN_RESEND,
    IN_ALL,
};

static struct str member(json_object *object, const char *name)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, name, &value) ? json_str(value) : STR_NONE;
}

static struct given_up read_row(struct arena *a, const PGresult *r, size_t row)
{
    struct given_up g = {
        .message_id = db_text(r, row, MESSAGE_ID),
        .app = db_text(r, row, APP),
        .tenant = db_text(r, row, TENANT),
        .site = db_text(r, row, SITE),
        .target = db_text(r, row, TARGET),
        .user_id = db_text(r, row, USER),
        .why = db_text(r, row, WHY),
        .attempts = db_int(r, row, ATTEMPTS),
        .created_ms = db_int(r, row, CREATED),
        .failed_ms = db_int(r, row, FAILED),
        .can_resend = db_true(r, row, CAN_RESEND),
    };
    bool is_mail = str_is(g.target, DELIVER_TARGET_MAIL);
    json_object *payload = json_parse(a, db_text(r, row, PAYLOAD)); /* nothing is left of some */
    g.what = member(payload, is_mail ? "kind" : "type");
    if (is_mail)
        g.to = member(payload, "to");
    return g;
}

enum st_err deliver_given_up_list(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                  size_t limit, struct given_up_list *out)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_deliver_given_up_list, db_str(which->message_id), db_str(which->site),
                  db_str(which->target), db_i64((int64_t)limit)));
    *out = (struct given_up_list){.n = db_rows(r)};
    out->v = ARENA_ARRAY(c->arena, out->n, struct given_up);
    for (size_t i = 0; i < out->n; i++)
        out->v[i] = read_row(c->arena, r, i);
    if (out->n > 0)
        out->in_all = db_int(r, 0, IN_ALL);
    return ST_OK;
}

enum st_err deliver_given_up_resend(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                    size_t *n)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_deliver_given_up_resend, db_str(which->message_id), db_str(which->site),
                  db_str(which->target), db_i64(DELIVER_WEBHOOK_LIFETIME_MS)));
    *n = db_affected(r);
    return ST_OK;
}

enum st_err deliver_given_up_remove(struct ctx *c, struct db *db, const struct given_up_filter *which,
                                    size_t *n)
{
    const PGresult *r;
    ST_TRY(DB_RUN(c, db, &r, STMT_deliver_given_up_remove, db_str(which->message_id), db_str(which->site),
                  db_str(which->target)));
    *n = db_affected(r);
    return ST_OK;
}
