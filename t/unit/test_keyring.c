/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing keys of several nodes on one database, and verifying access tokens with them. Run by
 * t/unit/with-postgres.
 */
#include "db_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/base64.h"
#include "json/json.h"
#include "jwt/keys.h"
#include "key_fixture.h"
#include "session/access_token.h"

enum { HOUR = 3600 * 1000, I = 168 * HOUR, A = HOUR };

static const struct key_rules rules = {.interval_ms = I, .access_validity_ms = A, .legacy_is_dynamic = true};
static PGconn *admin; /* sees and changes the tables as another program would */

/* A process: its own generations and keyring. */
struct node {
    struct fixture f;
    struct generations generations;
    struct keyring *ring;
};

static struct node one, two;
static struct key_stock stock; /* of copies of one key: making real ones takes most of a second each */

static void fill_stock(void)
{
    struct arena arena;
    struct str der;
    arena_init(&arena);
    assert_int_equal(key_stock_init(&stock), 0);
    assert_true(base64_decode(&arena, BASE64_STANDARD, STR(KEY_FIXTURE_PKCS8), &der));
    for (int i = 0; i < KEY_STOCK_SIZE; i++) {
        memcpy(stock.slots[i].der, der.p, der.n);
        stock.slots[i].n = der.n;
    }
    stock.count = KEY_STOCK_SIZE;
    arena_free(&arena);
}

static const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a statement; its first value, or "". */
static const char *sql(const char *format, ...)
{
    static char value[8192];
    char text[8192];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    PGresult *r = PQexec(admin, text);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(admin));
    (void)snprintf(value, sizeof value, "%s", PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return value;
}

static void assert_str(struct str got, const char *want)
{
    assert_non_null(got.p);
    if (!str_is_c(got, want))
        fail_msg("got %.*s\nwant %s", STR_ARG(got), want);
}

static void node_open(struct node *n)
{
    struct db_settings settings = fixture_settings();
    fixture_open(&n->f, &settings);
    memset(&n->generations, 0, sizeof n->generations);
    n->ring = keyring_new(STR("public"), &n->generations, &stock);
    assert_non_null(n->ring);
}

static void node_close(struct node *n)
{
    arena_reset(&n->f.arena);
    keyring_unref(n->ring);
    fixture_close(&n->f);
}

static int setup(void **state)
{
    (void)state;
    sql("TRUNCATE key_value, jwt_signing_keys, session_access_token_signing_keys");
    fill_stock();
    node_open(&one);
    node_open(&two);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_close(&one);
    node_close(&two);
    return 0;
}

static void changed(struct node *n) /* as the master does after NOTIFY */
{
    generation_bump(&n->generations, GENERATION_KEYS, generation_slot(STR("public")));
}

static const struct rsa_key *signing(struct node *n, bool dynamic)
{
    const struct rsa_key *key;
    assert_int_equal(keys_for_signing(&n->f.c, n->ring, n->f.db, &rules, dynamic, &key), ST_OK);
    return key;
}

static const struct rsa_key *find(struct node *n, const char *kid)
{
    const struct rsa_key *key;
    assert_int_equal(keys_find(&n->f.c, n->ring, n->f.db, &rules, str_of(kid), &key), ST_OK);
    return key;
}

static struct str jwks(struct node *n, int64_t *max_age)
{
    struct str json;
    assert_int_equal(keys_jwks_json(&n->f.c, n->ring, n->f.db, &rules, &json, max_age), ST_OK);
    return json;
}

static void makes_keys_at_first_need(void **state)
{
    (void)state;
    const struct rsa_key *none = find(&one, "d-1");
    assert_null(none); /* looking for a key makes none */
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "0");

    const struct rsa_key *dynamic = signing(&one, true), *constant = signing(&one, false);
    assert_str(dynamic->kid, arena_printf(&one.f.arena, "d-%lld", (long long)dynamic->created_at).p);
    assert_true(str_starts(constant->kid, STR("s-")));
    assert_ptr_equal(signing(&one, true), dynamic);
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "1");
    assert_string_equal(sql("SELECT algorithm FROM jwt_signing_keys"), "RS256");

    struct str refresh, other;
    assert_int_equal(keys_refresh_token_key(&one.f.c, one.ring, one.f.db, &rules, &refresh), ST_OK);
    assert_int_equal(refresh.n, 5 + 128 + 1 + 128);
    assert_true(str_starts(refresh, STR("1000:")));
    assert_int_equal(refresh.p[5 + 128], ':');
    assert_int_equal(keys_refresh_token_key(&two.f.c, two.ring, two.f.db, &rules, &other), ST_OK);
    assert_true(str_is(refresh, other));
    assert_true(str_is(signing(&two, true)->kid, dynamic->kid));
    assert_true(str_is(signing(&two, false)->kid, constant->kid));
}

static void publishes_a_key_set(void **state)
{
    (void)state;
    int64_t max_age;
    struct str json = jwks(&one, &max_age);
    json_object *keys = json_parse(&one.f.arena, json);
    assert_int_equal(json_object_array_length(keys), 2);
    json_object *kid;
    json_object_object_get_ex(json_object_array_get_idx(keys, 0), "kid", &kid);
    assert_true(str_is(json_str(kid), signing(&one, true)->kid));
    json_object_object_get_ex(json_object_array_get_idx(keys, 1), "kid", &kid);
    assert_true(str_is(json_str(kid), signing(&one, false)->kid));
    assert_in_range(max_age, (I - KEY_PUBLISH_MS) / 1000 - 10, (I - KEY_PUBLISH_MS) / 1000);
}

static void costs_nothing_when_known(void **state)
{
    (void)state;
    int64_t max_age;
    jwks(&one, &max_age);
    fixture_next(&one.f);
    signing(&one, true);
    signing(&one, false);
    jwks(&one, &max_age);
    assert_int_equal(one.f.c.round_trips, 0);
    changed(&one);
    signing(&one, true);
    signing(&one, true);
    assert_int_equal(one.f.c.round_trips, 1);
}

static void *race(void *arg)
{
    struct node *n = arg;
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    const struct rsa_key *key;
    struct str refresh;
    bool ok = keys_for_signing(&c, n->ring, n->f.db, &rules, true, &key) == ST_OK &&
              keys_for_signing(&c, n->ring, n->f.db, &rules, false, &key) == ST_OK &&
              keys_refresh_token_key(&c, n->ring, n->f.db, &rules, &refresh) == ST_OK;
    arena_free(&arena);
    return ok ? NULL : arg;
}

static void only_one_node_makes_a_key(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, i % 2 ? &one : &two), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "1");
    assert_string_equal(sql("SELECT count(*) FROM jwt_signing_keys"), "1");
    assert_string_equal(sql("SELECT count(*) FROM key_value"), "1");
}

static void rotates(void **state)
{
    (void)state;
    signing(&one, true);
    int64_t old = clock_now_ms() - I + KEY_PUBLISH_MS / 2, max_age; /* 30 s before rotation */
    sql("UPDATE session_access_token_signing_keys SET created_at_time = %lld", (long long)old);
    struct str kid = arena_printf(&one.f.arena, "d-%lld", (long long)old);
    changed(&one);
    assert_true(str_is(signing(&one, true)->kid, kid)); /* the successor is there but not used yet */
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "2");
    assert_int_equal(json_object_array_length(json_parse(&one.f.arena, jwks(&one, &max_age))), 3);
    sql("UPDATE session_access_token_signing_keys SET created_at_time = created_at_time - %d",
        KEY_PUBLISH_MS);
    changed(&one);
    assert_false(str_is(signing(&one, true)->kid, kid)); /* 30 s after rotation */
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "2");
    sql("UPDATE session_access_token_signing_keys SET created_at_time = created_at_time - %lld",
        2 * (long long)A);
    changed(&one);
    jwks(&one, &max_age);
    assert_int_equal(json_object_array_length(json_parse(&one.f.arena, jwks(&one, &max_age))),
                     2); /* expired */
    assert_int_equal(keys_delete_expired(&one.f.c, one.f.db, STR("public"), &rules), ST_OK);
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "1");
}

static void unknown_keys_are_looked_up_once(void **state)
{
    (void)state;
    signing(&one, true);
    int64_t created = signing(&two, true)->created_at;
    assert_null(find(&two, "d-5")); /* uses up the reload of this second */
    sql("UPDATE session_access_token_signing_keys SET created_at_time = created_at_time + 1"); /* no NOTIFY */
    struct str kid = arena_printf(&one.f.arena, "d-%lld", (long long)created + 1);
    assert_non_null(find(&one, kid.p));
    fixture_next(&two.f);
    for (int i = 0; i < 200; i++)
        assert_null(find(&two, "forged"));
    assert_in_range(two.f.c.round_trips, 0, 1);
    fixture_sleep_ms(1050);
    assert_non_null(find(&two, arena_printf(&two.f.arena, "d-%lld", (long long)created + 1).p));
}

static void legacy_key_moves(void **state)
{
    (void)state;
    const int64_t created = clock_now_ms() - HOUR;
    for (int dynamic = 0; dynamic < 2; dynamic++) {
        struct key_rules r = rules;
        const struct rsa_key *key;
        r.legacy_is_dynamic = dynamic;
        sql("TRUNCATE key_value, jwt_signing_keys, session_access_token_signing_keys");
        sql("INSERT INTO key_value (name, value, created_at_time) VALUES ('access_token_signing_key', '%s', "
            "%lld)",
            KEY_FIXTURE_SPKI ";" KEY_FIXTURE_PKCS8, (long long)created);
        changed(&one);
        assert_int_equal(keys_for_signing(&one.f.c, one.ring, one.f.db, &r, dynamic, &key), ST_OK);
        assert_str(key->n, KEY_FIXTURE_N);
        assert_int_equal(key->created_at, created);
        assert_string_equal(sql("SELECT count(*) FROM key_value"), "0");
        assert_string_equal(sql("SELECT count(*) FROM jwt_signing_keys"), dynamic ? "0" : "1");
    }
}

static void tells_the_other_nodes(void **state)
{
    (void)state;
    sql("LISTEN " GENERATION_CHANNEL);
    signing(&one, true);
    sql("SELECT 1");
    PQconsumeInput(admin);
    PGnotify *note = PQnotifies(admin);
    assert_non_null(note);
    uint64_t before = generation_now(&two.generations, GENERATION_KEYS, generation_slot(STR("public")));
    assert_true(generation_apply(&two.generations, note->extra));
    assert_int_not_equal(before,
                         generation_now(&two.generations, GENERATION_KEYS, generation_slot(STR("public"))));
    PQfreemem(note);
    sql("UNLISTEN *");
}

static enum st_err sign_without_database(struct fixture *away, bool dynamic, const struct rsa_key **key)
{
    away->c.deadline_ms = clock_monotonic_ms() + 50;
    return keys_for_signing(&away->c, one.ring, away->db, &rules, dynamic, key);
}

static void goes_on_without_database(void **state)
{
    (void)state;
    const struct rsa_key *key, *again;
    struct db_settings settings = fixture_settings_of("host=/nonexistent user=x dbname=x");
    struct fixture away;
    fixture_open(&away, &settings);
    assert_int_equal(sign_without_database(&away, true, &key), ST_UNAVAILABLE);
    key = signing(&one, true);
    changed(&one);
    assert_int_equal(sign_without_database(&away, true, &again), ST_OK);
    assert_ptr_equal(again, key);
    assert_int_equal(sign_without_database(&away, false, &again), ST_UNAVAILABLE);
    fixture_close(&away);
}

static void unusable_key_is_an_error(void **state)
{
    (void)state;
    const struct rsa_key *key;
    sql("INSERT INTO session_access_token_signing_keys (created_at_time, value) VALUES (%lld, 'x|y')",
        (long long)clock_now_ms());
    assert_int_equal(keys_for_signing(&one.f.c, one.ring, one.f.db, &rules, true, &key), ST_INTERNAL);
    assert_string_equal(sql("SELECT count(*) FROM session_access_token_signing_keys"), "1");
}

static void running_out_of_memory_blocks_no_one(void **state)
{
    (void)state;
    signing(&two, true);
    jmp_buf recover;
    for (volatile size_t limit = 64; limit < 20000; limit += 64) {
        const struct rsa_key *key;
        changed(&one);
        one.f.arena.limit = limit;
        one.f.arena.recover = &recover;
        if (setjmp(recover) == 0)
            assert_int_equal(keys_for_signing(&one.f.c, one.ring, one.f.db, &rules, true, &key), ST_OK);
        one.f.arena.limit = 0;
        one.f.arena.recover = NULL;
        fixture_next(&one.f);
    }
    signing(&one, true);
    assert_int_equal(fixture_leased(&one.f), 0);
}

/* ---- access tokens ---- */

static struct str mint(struct node *n, int version, bool dynamic, int64_t expires_ms)
{
    struct access_token t = {.version = version,
                             .issued_ms = clock_now_ms(),
                             .expires_ms = expires_ms,
                             .user_id = STR("u"),
                             .recipe_user_id = STR("r"),
                             .session_handle = STR("h"),
                             .refresh_token_hash1 = STR("hash"),
                             .tenant_id = STR("t1")};
    struct str text;
    json_object *data = json_parse(&n->f.arena, STR("{\"role\":[\"a\"]}"));
    assert_int_equal(access_token_mint(&n->f.c, signing(n, dynamic), &t, data, &text), ST_OK);
    return text;
}

static struct access_token_result verify(struct node *n, struct verified_tokens *cache, struct str text)
{
    struct access_token_verifier v = {.ring = n->ring, .db = n->f.db, .rules = rules, .cache = cache};
    struct access_token_result r;
    assert_int_equal(access_token_verify(&n->f.c, &v, text, clock_now_ms(), &r), ST_OK);
    return r;
}

static void assert_good(const struct access_token_result *r, int version)
{
    assert_int_equal(r->state, ACCESS_TOKEN_GOOD);
    assert_null(r->message.p);
    assert_int_equal(r->token.version, version);
    assert_str(r->token.user_id, "u");
    assert_str(r->token.recipe_user_id, version == 5 ? "r" : "u");
    assert_str(r->token.tenant_id, version >= 4 ? "t1" : "public");
    assert_null(r->token.anti_csrf_token.p);
    assert_str(r->token.user_data, "{\"role\":[\"a\"]}");
}

static void verifies_all_versions(void **state)
{
    (void)state;
    struct verified_tokens *cache = verified_tokens_new();
    for (int version = 1; version <= 5; version++)
        for (int dynamic = 0; dynamic < 2; dynamic++) {
            struct str token = mint(&one, version, dynamic, clock_now_ms() + HOUR);
            struct access_token_result r = verify(&one, NULL, token);
            assert_good(&r, version);
            for (int i = 0; i < 2; i++) { /* put, then got */
                r = verify(&two, cache, token);
                assert_good(&r, version);
            }
        }
    arena_reset(&two.f.arena);
    verified_tokens_free(cache);
}

static void refuses_bad_tokens(void **state)
{
    (void)state;
    struct verified_tokens *cache = verified_tokens_new();
    struct str token = mint(&one, 5, true, clock_now_ms() - 1000);
    struct access_token_result r = verify(&one, cache, token);
    assert_int_equal(r.state, ACCESS_TOKEN_EXPIRED);
    assert_str(r.message, "Access token expired");
    assert_str(r.token.session_handle, "h");
    r = verify(&one, cache, STR("x"));
    assert_int_equal(r.state, ACCESS_TOKEN_MALFORMED);
    assert_str(r.message, "Invalid JWT");
    token = mint(&one, 5, true, clock_now_ms() + HOUR);
    char *end = (char *)(uintptr_t)token.p + token.n - 5;
    *end = *end == 'A' ? 'B' : 'A';
    r = verify(&one, cache, token);
    assert_int_equal(r.state, ACCESS_TOKEN_FORGED);
    assert_str(r.message, "JWT verification failed");
    struct rsa_key *foreign = rsa_key_parse(&one.f.arena, STR(KEY_FIXTURE_TEXT), STR("d-1"), 1);
    struct str header = STR("{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"d-1\"}");
    r = verify(&one, cache, jwt_sign(&one.f.arena, foreign, header, STR("{}")));
    assert_int_equal(r.state, ACCESS_TOKEN_FORGED);
    assert_str(r.message, "Key not found");
    rsa_key_unref(foreign);
    const struct rsa_key *own = signing(&one, false); /* a token of the JWT recipe */
    header =
        arena_printf(&one.f.arena, "{\"kid\":\"%.*s\",\"typ\":\"JWT\",\"alg\":\"RS256\"}", STR_ARG(own->kid));
    r = verify(&one, cache, jwt_sign(&one.f.arena, own, header, STR("{\"iat\":1,\"exp\":2,\"iss\":\"d\"}")));
    assert_int_equal(r.state, ACCESS_TOKEN_INCOMPLETE);
    assert_str(r.message, ACCESS_TOKEN_INCOMPLETE_TEXT " sub");
    arena_reset(&one.f.arena);
    verified_tokens_free(cache);
}

static void cache_follows_keys(void **state)
{
    (void)state;
    struct verified_tokens *cache = verified_tokens_new();
    struct str token = mint(&one, 5, true, clock_now_ms() + HOUR);
    struct access_token_result r = verify(&one, cache, token);
    assert_int_equal(r.state, ACCESS_TOKEN_GOOD);
    changed(&one); /* the same keys: what was verified stays so */
    one.f.c.round_trips = 0;
    r = verify(&one, cache, token);
    assert_int_equal(r.state, ACCESS_TOKEN_GOOD);
    assert_int_equal(one.f.c.round_trips, 1);
    sql("TRUNCATE session_access_token_signing_keys");
    changed(&one);
    r = verify(&one, cache, token);
    assert_int_equal(r.state, ACCESS_TOKEN_FORGED);
    assert_str(r.message, "Key not found");
    arena_reset(&one.f.arena);
    verified_tokens_free(cache);
}

static void create_tables(void)
{
    sql("CREATE TABLE key_value (app_id VARCHAR(64) NOT NULL DEFAULT 'public',"
        " tenant_id VARCHAR(64) NOT NULL DEFAULT 'public', name VARCHAR(128) NOT NULL, value TEXT,"
        " created_at_time BIGINT, PRIMARY KEY (app_id, tenant_id, name))");
    sql("CREATE TABLE session_access_token_signing_keys (app_id VARCHAR(64) NOT NULL DEFAULT 'public',"
        " created_at_time BIGINT NOT NULL, value TEXT, PRIMARY KEY (app_id, created_at_time))");
    sql("CREATE TABLE jwt_signing_keys (app_id VARCHAR(64) NOT NULL DEFAULT 'public', key_id VARCHAR(255) "
        "NOT NULL,"
        " key_string TEXT NOT NULL, algorithm VARCHAR(10) NOT NULL, created_at BIGINT,"
        " PRIMARY KEY (app_id, key_id))");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(makes_keys_at_first_need),
        TEST(publishes_a_key_set),
        TEST(costs_nothing_when_known),
        TEST(only_one_node_makes_a_key),
        TEST(rotates),
        TEST(unknown_keys_are_looked_up_once),
        TEST(legacy_key_moves),
        TEST(tells_the_other_nodes),
        TEST(goes_on_without_database),
        TEST(unusable_key_is_an_error),
        TEST(running_out_of_memory_blocks_no_one),
        TEST(verifies_all_versions),
        TEST(refuses_bad_tokens),
        TEST(cache_follows_keys),
    };
    fixture_start();
    admin = PQconnectdb(fixture_conninfo());
    create_tables();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    PQfinish(admin);
    return failed;
}
