/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer to auth_request.
 */
#include "verify/verify.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/base64.h"
#include "verify/judge.h"

/* Headers are for programs that split them at commas and know ASCII: everything else, and the percent sign,
 * is percent-encoded. */
static void add_encoded(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c > ' ' && c < 0x7F && c != '%' && c != ',')
            buf_char(b, (char)c);
        else
            buf_printf(b, "%%%02X", c);
    }
}

static void add_text(struct auth_call *k, const char *name, struct str value)
{
    struct buf b = buf_in(k->c->arena);
    add_encoded(&b, value);
    http_add_header(&k->x->rs, name, buf_str(&b));
}

static json_object *value_of(json_object *claims, const char *key)
{
    json_object *claim = NULL, *value = NULL;
    json_object_object_get_ex(claims, key, &claim);
    json_object_object_get_ex(claim, "v", &value);
    return value;
}

static void add_list(struct auth_call *k, const char *name, json_object *values)
{
    struct buf b = buf_in(k->c->arena);
    if (!json_object_is_type(values, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(values); i++) {
        buf_add(&b, i ? STR(",") : STR(""));
        add_encoded(&b, json_str(json_object_array_get_idx(values, i)));
    }
    http_add_header(&k->x->rs, name, buf_str(&b));
}

static void add_claims(struct auth_call *k, json_object *claims)
{
    json_object *verified = value_of(claims, "st-ev");
    add_list(k, "X-ST-Roles", value_of(claims, "st-role"));
    add_list(k, "X-ST-Permissions", value_of(claims, "st-perm"));
    if (json_object_is_type(verified, json_type_boolean))
        http_add_header(&k->x->rs, "X-ST-Email-Verified",
                        json_object_get_boolean(verified) ? STR("true") : STR("false"));
}

/* The payload as base64url, which is how a token has it; of legacy tokens the user's part. */
static struct str payload_of(struct auth_call *k, const struct auth_session *s)
{
    struct jwt_parts parts;
    if (s->token.version >= 3 && jwt_split(s->text, &parts))
        return parts.payload;
    return base64_encode(k->c->arena, BASE64_URL_UNPADDED, s->token.user_data);
}

/* An answer that nginx may keep for a second, where that is configured: not one that the database was asked
 * for, nor one whose token ends meanwhile. nginx counts whole seconds, from when it stores the answer. */
static bool may_be_kept(const struct judgement *j)
{
    enum { KEPT_MS = 1000, STORED_MS = 4000 };
    return !j->from_database && j->session.token.expires_ms > clock_now_ms() + KEPT_MS + STORED_MS;
}

static void answer_session(struct auth_call *k, const struct judgement *j)
{
    const struct access_token *t = &j->session.token;
    k->x->rs.status = 200;
    add_text(k, "X-ST-User-Id", t->user_id);
    add_text(k, "X-ST-Recipe-User-Id", t->recipe_user_id);
    add_text(k, "X-ST-Session-Handle", t->session_handle);
    add_text(k, "X-ST-Tenant-Id", t->tenant_id);
    http_add_header(&k->x->rs, "X-ST-Payload", payload_of(k, &j->session));
    if (j->claims)
        add_claims(k, j->claims);
    if (!may_be_kept(j))
        http_add_header(&k->x->rs, "Cache-Control", STR("no-store"));
}

enum st_err verify_begin(struct service *s, struct exchange *x)
{
    struct auth_call *k;
    struct judgement judgement;
    ST_TRY(auth_call_new(s, x, &k));
    ST_TRY(judge(k, &judgement));
    x->rs.status = judgement.verdict == JUDGED_INVALID_CLAIMS ? 403 : 401;
    if (judgement.verdict == JUDGED_GOOD)
        answer_session(k, &judgement);
    if (judgement.verdict == JUDGED_PREFLIGHT_PASSES) {
        x->rs.status = 200;
        http_add_header(&x->rs, "Cache-Control", STR("no-store"));
    }
    return ST_OK;
}

/* An error of the service is a 403 for nginx; X-ST-Error has the status that it really is, for the door
 * "denied". */
void verify_finish(struct exchange *x, enum st_err err)
{
    if (!err) {
        LOG_DEBUG(&x->ctx, "verify door ended with status %d", x->rs.status);
        return;
    }
    struct str text;
    int status = http_error(&x->ctx, err, &text);
    x->rs.nheaders = 0;
    x->rs.status = 403;
    if (status != 403)
        http_add_header(&x->rs, "X-ST-Error", arena_printf(&x->arena, "%d", status));
    if (err == ST_UNAVAILABLE)
        LOG_ERROR(&x->ctx, "verify door failed: %d %.*s", status, STR_ARG(x->ctx.message));
}
