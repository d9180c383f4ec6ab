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

static void give_up(const PGresult *r, int row)
{
    int id = (int)strtol(PQgetvalue(r, row, PQfnumber(r, "id")), NULL, 10);
    assert_int_equal(DB_RUN(&f.c, f.db, NULL, STMT_deliver_give_up, db_i64(id), db_i64(0),
                            db_str(STR("no answer")), db_null()),
                     ST_OK);
}

static struct given_up_list given_up(struct given_up_filter which, size_t limit)
{
    struct given_up_list list;
    assert_int_equal(deliver_given_up_list(&f.c, f.db, &which, limit, &list), ST_OK);
    return list;
}

static size_t resend(struct given_up_filter which)
{
    size_t n;
    assert_int_equal(deliver_given_up_resend(&f.c, f.db, &which, &n), ST_OK);
    return n;
}

/* A mail, two events, and one that is still on its way. */
static void write_given_up(void)
{
    struct mail m = {.to = STR("a@b.c"), .link = STR("https://x/?token=secret")};
    clear();
    write_call(deliver_mail_call(&f.c, &site, &tenant, &m));
    write_event(STR("u1"));
    write_event(STR("u2"));
    write_event(STR("u3"));
    const PGresult *r = rows();
    for (int i = 0; i < 3; i++)
        give_up(r, i);
}

#define ANY ((struct given_up_filter){.site = STR_NONE})
#define assert_str(S, WANT) assert_true(str_is_c((S), (WANT)))

static void test_given_up_seen(void **state)
{
    (void)state;
    write_given_up();
    struct given_up_list list = given_up(ANY, 2);
    assert_int_equal(list.n, 2);
    assert_int_equal(list.in_all, 3);
    assert_str(list.v[0].user_id, "u2");
    assert_str(list.v[0].target, "webhook audit");
    assert_str(list.v[0].what, "user.signed_in");
    assert_str(list.v[0].why, "no answer");
    assert_true(list.v[0].failed_ms >= list.v[0].created_ms && list.v[0].can_resend);
    list = given_up((struct given_up_filter){.target = STR("mail")}, 10);
    assert_int_equal(list.n, 1);
    assert_str(list.v[0].what, "password-reset");
    assert_str(list.v[0].to, "a@b.c");
    assert_false(list.v[0].user_id.p);
    assert_int_equal(given_up((struct given_up_filter){.message_id = list.v[0].message_id}, 10).n, 1);
    assert_int_equal(given_up((struct given_up_filter){.site = STR("other")}, 10).n, 0);
}

static void test_given_up_resent(void **state)
{
    (void)state;
    write_given_up();
    struct given_up_list list = given_up(ANY, 10);
    age(30 * 1000);
    assert_int_equal(resend((struct given_up_filter){.message_id = list.v[1].message_id}), 1);
    assert_int_equal(resend((struct given_up_filter){.target = STR("mail")}), 1);
    const PGresult *r = rows();
    assert_true(PQgetisnull(r, 0, PQfnumber(r, "failed_at")) && PQgetisnull(r, 1, PQfnumber(r, "failed_at")));
    assert_false(PQgetisnull(r, 2, PQfnumber(r, "failed_at")));
    assert_text(r, 0, "lifetime", "60000"); /* to the end of its link */
    assert_true(strtoll(PQgetvalue(r, 1, PQfnumber(r, "lifetime")), NULL, 10) > 259200000 + 29000);
    assert_text(r, 1, "due_at", "0");
    assert_text(r, 3, "attempts", "0");
    assert_int_equal(resend((struct given_up_filter){.site = STR("shop")}), 1); /* the third */
    assert_int_equal(resend(ANY), 0);
}

/* An expired link is of no use, and does not stay. */
static void test_given_up_expired(void **state)
{
    size_t n;
    (void)state;
    write_given_up();
    assert_int_equal(run_portion(STMT_deliver_drop_links), 0);
    age(2 * 60 * 1000);
    assert_false(given_up((struct given_up_filter){.target = STR("mail")}, 1).v[0].can_resend);
    assert_int_equal(resend((struct given_up_filter){.target = STR("mail")}), 0);
    assert_int_equal(run_portion(STMT_deliver_drop_links), 1);
    assert_int_equal(run_portion(STMT_deliver_drop_links), 0);
    struct given_up_list list = given_up((struct given_up_filter){.target = STR("mail")}, 1);
    assert_str(list.v[0].to, "a@b.c");
    const PGresult *r = rows();
    assert_null(strstr(PQgetvalue(r, 0, PQfnumber(r, "payload")), "secret"));
    assert_int_equal(deliver_given_up_remove(&f.c, f.db, &ANY, &n), ST_OK);
    assert_int_equal(n, 3);
    assert_int_equal(ROWS(rows()), 1); /* what is on its way stays */
}

int main(void)
{
    fixture_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_behind_a_failure),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_given_up_seen),
        cmocka_unit_test(test_given_up_resent),
        cmocka_unit_test(test_given_up_expired),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
