/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt/key_store.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"

static const struct str refresh_name = {"refresh_token_key", 17},
                        legacy_name = {"access_token_signing_key", 24};

static struct rsa_key *borrow(const struct key_set *old, struct str kid, int64_t created_at, struct str text)
{
    unsigned char hash[SHA256_SIZE];
    digest_sha256(text, hash);
    for (size_t i = 0; old && i < old->ndynamic + old->nstatic; i++) {
        struct rsa_key *key = old->keys[i];
        if (key->created_at == created_at && str_is(key->kid, kid) &&
            !memcmp(key->text_hash, hash, sizeof hash))
            return rsa_key_ref(key);
    }
    return NULL;
}

static void add_key(struct ctx *c, struct key_set *set, const struct key_set *old, bool dynamic,
                    struct str kid, int64_t created_at, struct str text)
{
    struct rsa_key *key = borrow(old, kid, created_at, text);
    if (!key)
        key = rsa_key_parse(c->arena, text, kid, created_at);
    if (key)
        key_set_add(set, key, dynamic);
    else
        LOG_ERROR(c, "signing key %.*s cannot be used", STR_ARG(kid));
}

static struct str dynamic_kid(struct arena *a, int64_t created_at)
{
    return arena_printf(a, "d-%" PRId64, created_at);
}

static struct key_set *new_set(struct ctx *c, size_t n)
{
    struct arena_cleanup *slot = arena_reserve_cleanup(c->arena, key_set_unref);
    struct key_set *set = key_set_new(n);
    if (!set)
        arena_out_of_memory(c->arena);
    slot->object = set;
    return set;
}

enum st_err key_store_load(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                           const struct key_set *old, const struct key_set **out, bool *legacy)
{
    struct db_call calls[] = {
        DB_CALL(STMT_keys_dynamic, db_str(app_id), db_i64(key_keep_since(clock_now_ms(), rules))),
        DB_CALL(STMT_keys_static, db_str(app_id)),
        DB_CALL(STMT_keys_values, db_str(app_id)),
    };
    ST_TRY(db_run(c, db, calls, sizeof calls / sizeof calls[0]));
    const PGresult *dynamic = calls[0].result, *constant = calls[1].result, *values = calls[2].result;
    struct key_set *set = new_set(c, db_rows(dynamic) + db_rows(constant));
    for (size_t row = 0; row < db_rows(dynamic); row++) {
        int64_t created_at = db_int(dynamic, row, 0);
        add_key(c, set, old, true, dynamic_kid(c->arena, created_at), created_at, db_text(dynamic, row, 1));
    }
    for (size_t row = 0; row < db_rows(constant); row++)
        add_key(c, set, old, false, db_text(constant, row, 0), db_int(constant, row, 2),
                db_text(constant, row, 1));
    *legacy = false;
    for (size_t row = 0; row < db_rows(values); row++) {
        if (str_is(db_text(values, row, 0), legacy_name))
            *legacy = true;
        else if (!db_is_null(values, row, 1) && !key_set_keep_refresh_key(set, db_text(values, row, 1)))
            arena_out_of_memory(c->arena);
    }
    *out = set;
    return ST_OK;
}

/* What the transaction knows and makes. Keys made in a try that had to be repeated serve the next one. */
struct making {
    struct str app_id;
    const struct key_rules *rules;
    struct key_stock *stock;
    unsigned needs;
    bool rotate, at_once; /* a dynamic key is made although none is due; it signs from the start */
    bool wrote;
    int64_t dynamic_created;
    struct str dynamic_text, static_text, refresh_text;

    /* Read anew in each try. */
    int64_t now, newest; /* newest dynamic key, if any */
    bool any_dynamic, any_static, any_refresh, any_legacy;
    struct str legacy_text;
    int64_t legacy_created;
};

static enum st_err make_key(struct ctx *c, struct key_stock *stock, struct str *text)
{
    if (text->p)
        return ST_OK;
    unsigned char *der = arena_alloc(c->arena, RSA_KEY_DER_MAX); /* wiped with the arena */
    size_t n;
    if (!key_stock_take(stock, der, &n) || !rsa_key_text(c->arena, (struct str){(char *)der, n}, text))
        return ctx_fail(c, ST_INTERNAL, "a signing key could not be made");
    return ST_OK;
}

/* 1000:<hex(salt)>:<hex(PBKDF2)>: a passphrase, which is used as a whole (spec: cdi-session 1.1). */
static enum st_err make_refresh_key(struct ctx *c, struct str *text)
{
    enum { ITERATIONS = 1000 };
    static const size_t size = 64;
    if (text->p)
        return ST_OK;
    char *bytes = arena_alloc(c->arena, 3 * size), *salt = bytes + size, *key = salt + size;
    random_bytes(bytes, 2 * size);
    if (!digest_pbkdf2_sha512(hex_encode(c->arena, bytes, size), (struct str){salt, size}, ITERATIONS,
                              (unsigned char *)key, size))
        arena_out_of_memory(c->arena);
    *text = ARENA_CONCAT(c->arena, STR("1000:"), hex_encode(c->arena, salt, size), STR(":"),
                         hex_encode(c->arena, key, size));
    return ST_OK;
}

/* Locks out other nodes and reads what there is. */
static enum st_err look(struct ctx *c, struct db *db, struct making *m)
{
    struct db_call calls[] = {
        DB_CALL(STMT_keys_try_lock, db_str(m->app_id)),
        DB_CALL(STMT_keys_dynamic_locked, db_str(m->app_id)),
        DB_CALL(STMT_keys_static_locked, db_str(m->app_id)),
        DB_CALL(STMT_keys_values_locked, db_str(m->app_id)),
    };
    ST_TRY(db_run(c, db, calls, sizeof calls / sizeof calls[0]));
    if (!db_true(calls[0].result, 0, 0))
        return ST_RETRY;
    const PGresult *values = calls[3].result;
    m->now = clock_now_ms();
    m->any_dynamic = db_rows(calls[1].result) > 0;
    m->newest = m->any_dynamic ? db_int(calls[1].result, 0, 0) : 0;
    m->any_static = db_rows(calls[2].result) > 0;
    m->any_refresh = m->any_legacy = false;
    for (size_t row = 0; row < db_rows(values); row++) {
        if (str_is(db_text(values, row, 0), refresh_name)) {
            m->any_refresh = !db_is_null(values, row, 1);
        } else {
            m->any_legacy = true;
            m->legacy_text = db_text(values, row, 1);
            m->legacy_created = db_int(values, row, 2);
        }
    }
    return ST_OK;
}

static struct db_call insert_dynamic(const struct making *m, int64_t created_at, struct str text)
{
    return DB_CALL(STMT_keys_dynamic_insert, db_str(m->app_id), db_i64(created_at), db_str(text));
}

static struct db_call insert_static(struct ctx *c, const struct making *m, int64_t created_at,
                                    struct str text)
{
    struct str kid = ARENA_CONCAT(c->arena, STR("s-"), random_uuid_str(c->arena));
    return DB_CALL(STMT_keys_static_insert, db_str(m->app_id), db_str(kid), db_i64(created_at), db_str(text));
}

/* The key of very old data becomes an ordinary one with the same age. */
static size_t move_legacy(struct ctx *c, struct making *m, struct db_call *calls)
{
    size_t n = 0;
    if (m->legacy_text.p && m->rules->legacy_is_dynamic) {
        calls[n++] = insert_dynamic(m, m->legacy_created, m->legacy_text);
        m->newest = m->any_dynamic && m->newest > m->legacy_created ? m->newest : m->legacy_created;
        m->any_dynamic = true;
    } else if (m->legacy_text.p) {
        calls[n++] = insert_static(c, m, m->legacy_created, m->legacy_text);
        m->any_static = true;
    }
    calls[n++] = DB_CALL(STMT_keys_legacy_delete, db_str(m->app_id));
    return n;
}

/* The newest key signs once it has been published for a while: one that is to sign at once is made out to be
 * so old already. */
static int64_t creation_time(const struct making *m)
{
    int64_t created = m->at_once ? m->now - key_publish_ms(m->rules) : m->now;
    return m->any_dynamic && created <= m->newest ? m->newest + 1 : created;
}

static enum st_err make_missing(struct ctx *c, struct db *db, void *arg)
{
    struct making *m = arg;
    struct db_call calls[6];
    size_t n = 0;
    m->wrote = false;
    ST_TRY(look(c, db, m));
    if (m->any_legacy)
        n = move_legacy(c, m, calls);
    if ((m->needs & KEYS_DYNAMIC) &&
        (m->rotate || key_is_due(&m->newest, m->any_dynamic, m->now, m->rules))) {
        ST_TRY(make_key(c, m->stock, &m->dynamic_text));
        m->dynamic_created = creation_time(m);
        calls[n++] = insert_dynamic(m, m->dynamic_created, m->dynamic_text);
    }
    if ((m->needs & KEYS_STATIC) && !m->any_static) {
        ST_TRY(make_key(c, m->stock, &m->static_text));
        calls[n++] = insert_static(c, m, m->now, m->static_text);
    }
    if ((m->needs & KEYS_REFRESH) && !m->any_refresh) {
        ST_TRY(make_refresh_key(c, &m->refresh_text));
        calls[n++] =
            DB_CALL(STMT_keys_refresh_insert, db_str(m->app_id), db_i64(m->now), db_str(m->refresh_text));
    }
    if (n == 0)
        return ST_OK; /* another node was faster */
    char payload[32];
    generation_payload(payload, sizeof payload, GENERATION_KEYS, generation_slot(m->app_id));
    calls[n++] = DB_CALL(STMT_notify, db_str(STR(GENERATION_CHANNEL)), db_str(str_of(payload)));
    db_commit_with_next(c);
    ST_TRY(db_run(c, db, calls, n));
    m->wrote = true;
    return ST_OK;
}

static enum st_err make(struct ctx *c, struct db *db, struct making *m)
{
    enum st_err err = db_tx(c, db, make_missing, m);
    if (err == ST_CONSTRAINT) /* the only ones there are point to the app */
        return ctx_fail(c, ST_INTERNAL, "the app %.*s has been removed", STR_ARG(m->app_id));
    return err;
}

enum st_err key_store_make(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                           struct key_stock *stock, unsigned needs, bool *wrote)
{
    struct making m = {.app_id = app_id, .rules = rules, .stock = stock, .needs = needs};
    enum st_err err = make(c, db, &m);
    *wrote = err == ST_OK && m.wrote;
    return err;
}

enum st_err key_store_rotate(struct ctx *c, struct db *db, struct str app_id, const struct key_rules *rules,
                             struct key_stock *stock, bool at_once, int64_t *created)
{
    struct making m = {.app_id = app_id,
                       .rules = rules,
                       .stock = stock,
                       .needs = KEYS_DYNAMIC,
                       .rotate = true,
                       .at_once = at_once};
    ST_TRY(make(c, db, &m));
    *created = m.dynamic_created;
    return ST_OK;
}
