/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing mails and webhooks: what stands in the rows, and that they live and die with their transaction.
 */
#include "config_fixture.h"
#include "db_fixture.h"

#include "deliver/deliver.h"
#include "deliver/wake.h"

static struct fixture f;
static struct tenant tenant;
static struct deliver_wake wake;

static const struct site_webhook webhooks[] = {
    {.id = {"crm", 3}, .events = SITE_EVENT_SIGN_UP},
    {.id = {"audit", 5}, .events = SITE_EVENT_SIGN_UP | SITE_EVENT_SIGN_IN},
};
static const struct site site = {.name = {"shop", 4}, .webhooks = webhooks, .nwebhooks = 2};

static int start(void **state)
{
    (void)state;
    struct db_settings settings = fixture_settings();
    settings.schema = "st_deliver";
    fixture_open(&f, &settings);
    assert_int_equal(schema_prepare_settings(&f.c, &settings, NULL), ST_OK);
    tenant = (struct tenant){.id = TENANT_BASE, .db = f.db};
    tenant.config = load_fine(MINIMAL "password_reset_token_lifetime: 60000\n");
    deliver_use(&wake);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    deliver_use(NULL);
    config_free(tenant.config);
    fixture_close(&f);
    return 0;
}

/* The rows, oldest first; all columns in the order of the table. */
static const PGresult *rows(void)
{
    const PGresult *r;
    assert_int_equal(db_run_one(&f.c, f.db, &r, (struct db_call){.stmt = STMT_test_deliveries}), ST_OK);
    return r;
}

static void clear(void)
{
    fixture_next(&f);
    assert_int_equal(db_run_one(&f.c, f.db, NULL, (struct db_call){.stmt = STMT_test_clear_deliveries}),
                     ST_OK);
}

#define assert_text(R, ROW, NAME, WANT) assert_string_equal(PQgetvalue(R, ROW, PQfnumber(R, NAME)), WANT)

static void write_call(struct db_call call)
{
    assert_int_equal(db_run_one(&f.c, f.db, NULL, call), ST_OK);
}

static void test_mail(void **state)
{
    (void)state;
    clear();
    uint64_t before = atomic_load(&wake.written[deliver_wake_slot(tenant.config)]);
    struct mail m = {.kind = MAIL_PASSWORD_RESET, .to = STR("a@b.c"), .link = STR("https://x/?t=1")};
    write_call(deliver_mail_call(&f.c, &site, &tenant, &m));
    m.kind = MAIL_EMAIL_VERIFICATION;
    m.language = STR("de-AT,de;q=0.9");
    write_call(deliver_mail_call(&f.c, &site, &tenant, &m));
    assert_int_equal(atomic_load(&wake.written[deliver_wake_slot(tenant.config)]), before + 2);
    const PGresult *r = rows();
    assert_int_equal(ROWS(r), 2);
    assert_text(r, 0, "payload",
                "{\"kind\":\"password-reset\",\"to\":\"a@b.c\",\"link\":\"https://x/?t=1\"}");
    assert_text(r, 1, "payload",
                "{\"kind\":\"email-verification\",\"to\":\"a@b.c\",\"link\":\"https://x/?t=1\","
                "\"language\":\"de-AT,de;q=0.9\"}");
    assert_text(r, 0, "app_id", "public");
    assert_text(r, 0, "tenant_id", "public");
    assert_text(r, 0, "site", "shop");
    assert_text(r, 0, "target", "mail");
    assert_true(PQgetisnull(r, 0, PQfnumber(r, "user_id")));
    assert_text(r, 0, "lifetime", "60000");
    assert_text(r, 1, "lifetime", "86400000");
    assert_string_not_equal(PQgetvalue(r, 0, PQfnumber(r, "message_id")),
                            PQgetvalue(r, 1, PQfnumber(r, "message_id")));
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in %s", part, text);
}

static void test_events(void **state)
{
    (void)state;
    struct db_call calls[DELIVER_EVENT_CALLS];
    clear();
    struct event e = {.kind = SITE_EVENT_SIGN_UP,
                      .user_id = STR("u1"),
                      .recipe_user_id = STR("r1"),
                      .recipe_id = STR("emailpassword"),
                      .email = STR("a\"@b.c"),
                      .form_fields = json_parse(&f.arena, STR("{\"age\":\"7\"}"))};
    assert_int_equal(deliver_event_calls(&f.c, &site, &tenant, &e, calls), 2);
    assert_int_equal(db_run(&f.c, f.db, calls, 2), ST_OK);
    e = (struct event){.kind = SITE_EVENT_SIGN_IN,
                       .user_id = STR("u2"),
                       .recipe_user_id = STR("r2"),
                       .recipe_id = STR("thirdparty"),
                       .third_party_id = STR("google"),
                       .third_party_user_id = STR("g2")};
    assert_int_equal(deliver_event_calls(&f.c, &site, &tenant, &e, calls), 1);
    assert_int_equal(db_run(&f.c, f.db, calls, 1), ST_OK);
    const PGresult *r = rows();
    assert_int_equal(ROWS(r), 3);
    assert_text(r, 0, "target", "webhook crm");
    assert_text(r, 1, "target", "webhook audit");
    assert_text(r, 2, "target", "webhook audit");
    assert_text(r, 0, "user_id", "u1");
    assert_text(r, 0, "lifetime", "259200000");
    const char *body = PQgetvalue(r, 0, PQfnumber(r, "payload"));
    assert_has(body, "{\"type\":\"user.signed_up\",\"timestamp\":\"20");
    assert_has(body, "Z\",\"data\":{\"site\":\"shop\",\"tenantId\":\"public\",\"userId\":\"u1\","
                     "\"recipeUserId\":\"r1\",\"recipeId\":\"emailpassword\",\"email\":\"a\\\"@b.c\","
                     "\"formFields\":{\"age\":\"7\"}}}");
    assert_has(PQgetvalue(r, 2, PQfnumber(r, "payload")),
               "\"recipeId\":\"thirdparty\",\"thirdParty\":{\"id\":\"google\",\"userId\":\"g2\"}}}");
}

static enum st_err write_and_fail(struct ctx *c, struct db *db, void *arg)
{
    struct mail m = {.to = STR("a@b.c"), .link = STR("https://x/")};
    ST_TRY(db_run_one(c, db, NULL, deliver_mail_call(c, &site, arg, &m)));
    return ctx_fail(c, ST_BAD_REQUEST, "what the mail tells of did not happen");
}

static void test_rolled_back(void **state)
{
    (void)state;
    clear();
    assert_int_equal(db_tx(&f.c, f.db, write_and_fail, &tenant), ST_BAD_REQUEST);
    assert_int_equal(ROWS(rows()), 0);
}

static void write_event(struct str user)
{
    struct db_call calls[DELIVER_EVENT_CALLS];
    struct event e = {.kind = SITE_EVENT_SIGN_IN, .user_id = user, .recipe_user_id = user};
    assert_int_equal(deliver_event_calls(&f.c, &site, &tenant, &e, calls), 1);
    write_call(calls[0]);
}

/* An event behind one of the same user that fails is not looked at before that one is. */
static void test_behind_a_failure(void **state)
{
    (void)state;
    clear();
    write_event(STR("u1"));
    write_event(STR("u1"));
    const PGresult *r = rows();
    assert_text(r, 1, "wait", "0");
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_fail_deliveries, db_i64(3600 * 1000)), ST_OK);
    write_event(STR("u1"));
    write_event(STR("u2"));
    r = rows();
    assert_text(r, 3, "wait", "0");
    assert_string_equal(PQgetvalue(r, 2, PQfnumber(r, "due_at")), PQgetvalue(r, 0, PQfnumber(r, "due_at")));
}

static void age(int64_t ms)
{
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_test_age_deliveries, db_i64(ms)), ST_OK);
}

static size_t run_portion(enum stmt stmt)
{
    const PGresult *r;
    assert_int_equal(DB_RUN(&f.c, f.db, &r, stmt, db_i64(1000)), ST_OK);
    return db_affected(r);
}

/* What belongs to no configured site or webhook: nobody takes it, so housekeeping has to. */
static void test_forgotten(void **state)
{
    enum { HOUR = 3600 * 1000 };
    (void)state;
    struct mail m = {.to = STR("a@b.c"), .link = STR("https://x/?token=secret")};
    clear();
    write_call(deliver_mail_call(&f.c, &site, &tenant, &m)); /* for a minute */
    age(HOUR);
    assert_int_equal(run_portion(STMT_deliver_give_up_forgotten), 0);
    write_event(STR("u1"));
    age(72 * (int64_t)HOUR);
    assert_int_equal(run_portion(STMT_deliver_give_up_forgotten), 1);
    const PGresult *r = rows();
    assert_text(r, 0, "payload", "");
    assert_text(r, 0, "last_error", "its site or webhook is not configured any more");
    assert_true(PQgetisnull(r, 1, PQfnumber(r, "failed_at")));
    age(2 * HOUR);
    assert_int_equal(run_portion(STMT_deliver_give_up_forgotten), 1);
    r = rows();
    assert_has(PQgetvalue(r, 1, PQfnumber(r, "payload")), "\"userId\":\"u1\"");
    age(30 * 24 * (int64_t)HOUR - HOUR);
    assert_int_equal(run_portion(STMT_deliver_forget), 1);
    age(2 * HOUR);
    assert_int_equal(run_portion(STMT_deliver_forget), 1);
    assert_int_equal(ROWS(rows()), 0);
}

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail),        cmocka_unit_test(test_events),
        cmocka_unit_test(test_rolled_back), cmocka_unit_test(test_behind_a_failure),
        cmocka_unit_test(test_forgotten),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
