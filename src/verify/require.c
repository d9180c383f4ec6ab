/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/require.h"

#include "http/percent.h"

/* CLAIM is the member of the payload, or NULL. */
typedef bool claim_test(json_object *claim, struct str value);
typedef void claim_reason(struct json_out *j, json_object *claim, struct str value);

struct claim_rule {
    const char *word;
    bool takes_value;
    const char *claim;
    claim_test *test;
    claim_reason *reason;
};

static json_object *value_of(json_object *claim)
{
    json_object *value = NULL;
    json_object_object_get_ex(claim, "v", &value);
    return value;
}

static bool is_true(json_object *claim, struct str value)
{
    (void)value;
    json_object *v = value_of(claim);
    return json_object_is_type(v, json_type_boolean) && json_object_get_boolean(v);
}

static bool includes(json_object *claim, struct str value)
{
    json_object *v = value_of(claim);
    size_t n = json_object_is_type(v, json_type_array) ? json_object_array_length(v) : 0;
    for (size_t i = 0; i < n; i++) {
        struct str member = json_str(json_object_array_get_idx(v, i));
        if (member.p && str_is(member, value))
            return true;
    }
    return false;
}

static void add_actual(struct json_out *j, json_object *claim)
{
    json_object *v = value_of(claim);
    if (v)
        json_add_raw(j, "actualValue", json_text(j->buf.arena, v));
}

static void add_message(struct json_out *j, json_object *claim)
{
    json_add_str(j, "message", value_of(claim) ? STR("wrong value") : STR("value does not exist"));
}

static void reason_of_true(struct json_out *j, json_object *claim, struct str value)
{
    (void)value;
    add_message(j, claim);
    json_add_bool(j, "expectedValue", true);
    add_actual(j, claim);
}

static void reason_of_includes(struct json_out *j, json_object *claim, struct str value)
{
    add_message(j, claim);
    json_add_str(j, "expectedToInclude", value);
    add_actual(j, claim);
}

static void reason_of_mfa(struct json_out *j, json_object *claim, struct str value)
{
    (void)claim;
    (void)value;
    json_add_str(j, "message", STR("MFA requirement for auth is not satisfied"));
}

#define EMAIL_VERIFIED "email verified"

static const struct claim_rule rules[] = {
    {"role", true, "st-role", includes, reason_of_includes},
    {"permission", true, "st-perm", includes, reason_of_includes},
    {EMAIL_VERIFIED, false, "st-ev", is_true, reason_of_true},
    {"mfa", false, "st-mfa", is_true, reason_of_mfa},
};

static const struct {
    const char *word;
    size_t flag;
} switches[] = {
    {"check database", offsetof(struct requirements, check_database)},
    {"anti-csrf", offsetof(struct requirements, anti_csrf)},
    {"preflight", offsetof(struct requirements, preflight)},
    {"email unverified", offsetof(struct requirements, unverified)},
};

static bool read_switch(struct str word, struct requirements *out)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (str_is_c(word, switches[i].word)) {
            *(bool *)((char *)out + switches[i].flag) = true;
            return true;
        }
    return false;
}

/* Values may be percent-encoded, for those with a comma. */
static bool read_value(struct arena *a, struct str raw, struct str *out)
{
    if (!raw.n)
        return false;
    char *text = arena_alloc(a, raw.n + 1), *end = percent_decode(text, raw, false);
    *out = (struct str){text, end ? (size_t)(end - text) : 0};
    return end && str_is_utf8(*out);
}

static bool read_claim(struct arena *a, struct str part, struct requirements *out)
{
    size_t equals = str_find(part, '=');
    bool has_value = equals < part.n;
    struct str word = str_trim(str_head(part, equals)), value = str_trim(str_from(part, equals + 1));
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!str_is_c(word, rules[i].word) || has_value != rules[i].takes_value)
            continue;
        if (out->nclaims == REQUIRE_CLAIMS)
            return false;
        out->claims[out->nclaims].rule = &rules[i];
        return !has_value || read_value(a, value, &out->claims[out->nclaims].value) ? ++out->nclaims : false;
    }
    return false;
}

bool requirements_read(struct arena *a, struct str text, struct requirements *out, struct str *wrong)
{
    *out = (struct requirements){.nclaims = 0};
    *wrong = text;
    if (text.n > REQUIRE_BYTES)
        return false;
    text = str_trim(text);
    for (struct str rest = text.n ? text : STR_NONE; rest.p;) {
        *wrong = str_trim(str_split(&rest, ','));
        if (!read_switch(*wrong, out) && !read_claim(a, *wrong, out))
            return false;
    }
    return true;
}

static bool is_about_email(const struct claim_rule *rule)
{
    return strcmp(rule->word, EMAIL_VERIFIED) == 0;
}

void requirements_add_verified_email(struct requirements *r)
{
    const struct claim_rule *rule = rules;
    while (!is_about_email(rule))
        rule++;
    for (size_t i = 0; i < r->nclaims; i++)
        if (r->claims[i].rule == rule)
            return;
    if (!r->unverified)
        r->claims[r->nclaims++].rule = rule;
}

struct claims_failed requirements_check(const struct requirements *r, json_object *payload,
                                        struct json_out *j)
{
    struct claims_failed failed = {.n = 0};
    for (size_t i = 0; i < r->nclaims; i++) {
        const struct claim_rule *rule = r->claims[i].rule;
        json_object *claim = NULL;
        json_object_object_get_ex(payload, rule->claim, &claim);
        if (rule->test(claim, r->claims[i].value))
            continue;
        failed.n++;
        failed.email = failed.email || is_about_email(rule);
        json_open(j, NULL, '{');
        json_add_str(j, "id", str_of(rule->claim));
        json_open(j, "reason", '{');
        rule->reason(j, claim, r->claims[i].value);
        json_close(j, '}');
        json_close(j, '}');
    }
    return failed;
}
