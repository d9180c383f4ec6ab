/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of the core keys, in the order in which the reference reports them (spec: config 2, "Validation
 * order").
 */
#include "config/internal.h"
#include "policy/policy.h"

static const char with_path[] = " The config file can be found here: ";

/* Reports TEXT, with the file's path behind it where the spec has it and there is a file. */
static enum st_err fail_with_path(struct config_build *b, const char *text, bool wants_path)
{
    bool path = wants_path && b->file;
    return config_fail(b->error, ST_BAD_REQUEST, "%s%s%s", text, path ? with_path : "", path ? b->file : "");
}

static bool in_range(const struct config *config, const struct config_key *key)
{
    const void *at = config_value(config, key);
    double number = 0;
    switch (key->type) {
    case CONFIG_INT:
        number = *(const int *)at;
        break;
    case CONFIG_LONG:
        number = (double)*(const int64_t *)at;
        break;
    case CONFIG_DOUBLE:
        number = *(const double *)at;
        break;
    case CONFIG_NINT:
        if (!((const struct config_nint *)at)->set)
            return true;
        number = ((const struct config_nint *)at)->value;
        break;
    case CONFIG_ENUM:
        for (const char *const *choice = key->choices; *choice; choice++)
            if (*(const char *const *)at == *choice)
                return true;
        return false;
    default:
        return true;
    }
    return number >= key->min && number <= key->max;
}

enum st_err config_check_key(struct config_build *b, enum config_key_id id)
{
    const struct config_key *key = &config_keys[id];
    bool skipped = b->config->test_mode && (key->marks & CONFIG_FREE_IN_TESTS);
    if (skipped || in_range(b->config, key))
        return ST_OK;
    return fail_with_path(b, key->error, key->marks & CONFIG_WITH_PATH);
}

static enum st_err fail(struct config_build *b, const char *text)
{
    return fail_with_path(b, text, false);
}

static enum st_err check_refresh_longer(struct config_build *b)
{
    const struct config *c = b->config;
    if (c->test_mode || c->refresh_token_validity * 60 > (double)c->access_token_validity)
        return ST_OK;
    return fail_with_path(
        b, "'refresh_token_validity' must be strictly greater than 'access_token_validity'.", true);
}

static bool is_key_text(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool fine = c == '=' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z');
        if (!fine)
            return false;
    }
    return true;
}

static enum st_err check_api_keys(struct config_build *b)
{
    struct str rest = str_of(b->config->api_keys);
    /* Commas at the end are ignored, as the reference's split does. */
    while (rest.n > 1 && rest.p[rest.n - 1] == ',')
        rest.n--;
    while (rest.p) {
        struct str key = str_trim(str_split(&rest, ','));
        if (key.n < 20)
            return fail(b, "One of the API keys is too short. Please use at least 20 characters");
        if (!is_key_text(key))
            return fail(
                b, "Invalid characters in API key. Please only use '=', '-' and alpha-numeric (including "
                   "capitals)");
    }
    return ST_OK;
}

static enum st_err check_saas_secret(struct config_build *b)
{
    struct str secret = str_of(b->config->supertokens_saas_secret);
    if (!secret.p)
        return ST_OK;
    if (!b->config->api_keys)
        return fail(b, "supertokens_saas_secret can only be used when api_key is also defined");
    if (secret.n < 40)
        return fail(b, "supertokens_saas_secret is too short. Please use at least 40 characters");
    if (!is_key_text(secret))
        return fail(
            b,
            "Invalid characters in supertokens_saas_secret key. Please only use '=', '-' and alpha-numeric "
            "(including capitals)");
    return ST_OK;
}

/* Only the parameters of the algorithm in use are checked. */
static enum st_err check_hash_parameters(struct config_build *b)
{
    if (str_is_c(STR("BCRYPT"), b->config->password_hashing_alg))
        return config_check_key(b, CONFIG_KEY_bcrypt_log_rounds);
    ST_TRY(config_check_key(b, CONFIG_KEY_argon2_iterations));
    ST_TRY(config_check_key(b, CONFIG_KEY_argon2_parallelism));
    ST_TRY(config_check_key(b, CONFIG_KEY_argon2_memory_kb));
    ST_TRY(config_check_key(b, CONFIG_KEY_argon2_hashing_pool_size));
    if (b->config->argon2_hashing_pool_size > b->config->max_server_pool_size)
        return fail(b, "'argon2_hashing_pool_size' must be <= 'max_server_pool_size'");
    return ST_OK;
}

static enum st_err check_base_path(struct config_build *b)
{
    return strchr(b->config->base_path, ' ') ? fail(b, "Invalid characters in base_path config") : ST_OK;
}

/* Making a policy of it is the check; who uses it makes another one. INHERITED was checked where it was set.
 */
static enum st_err check_regex(struct config_build *b, enum config_key_id id, const char *regex,
                               const char *inherited)
{
    if (!regex || regex == inherited)
        return ST_OK;
    struct policy *policy;
    if (!policy_new(str_of(regex), STR_NONE, &policy))
        return config_fail(b->error, ST_BAD_REQUEST, "Provided regular expression is invalid for %s config",
                           config_keys[id].name);
    policy_free(policy);
    return ST_OK;
}

static enum st_err check_ip_regexes(struct config_build *b)
{
    const struct config *c = b->config, *parent = b->parent;
    ST_TRY(
        check_regex(b, CONFIG_KEY_ip_allow_regex, c->ip_allow_regex, parent ? parent->ip_allow_regex : NULL));
    return check_regex(b, CONFIG_KEY_ip_deny_regex, c->ip_deny_regex, parent ? parent->ip_deny_regex : NULL);
}

/* major * 100 + minor of "5.4" or "5.4.0"; 0: not [0-9]+(.[0-9]+)*; -1: not a version that we speak. */
static int cdi_version(const char *text)
{
    static const struct {
        int major, first, last;
    } spoken[] = {{2, 7, 21}, {3, 0, 1}, {4, 0, 0}, {5, 0, 6}};
    int64_t part[2] = {0, 0}, number;
    bool more_zero = true;
    struct str rest = str_of(text);

    for (size_t i = 0; rest.p; i++) {
        struct str digits = str_split(&rest, '.');
        if (digits.n == 0 || strspn(digits.p, "0123456789") < digits.n)
            return 0;
        if (!str_to_i64(digits, &number) || number > 1000000)
            number = 1000000;
        if (i < 2)
            part[i] = number;
        else
            more_zero = more_zero && number == 0;
    }
    for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++)
        if (more_zero && part[0] == spoken[i].major && part[1] >= spoken[i].first &&
            part[1] <= spoken[i].last)
            return (int)(part[0] * 100 + part[1]);
    return -1;
}

static enum st_err check_cdi_version(struct config_build *b, enum config_key_id id, const char *text,
                                     unsigned *out)
{
    *out = 0;
    int version = text ? cdi_version(text) : 0;
    if (text && version <= 0)
        return config_fail(b->error, ST_BAD_REQUEST, "%s is not a %s", config_keys[id].name,
                           version ? "supported version" : "valid semantic version");
    *out = (unsigned)version;
    return ST_OK;
}

static enum st_err check_cdi_versions(struct config_build *b)
{
    struct config *c = b->config;
    ST_TRY(check_cdi_version(b, CONFIG_KEY_supertokens_max_cdi_version, c->supertokens_max_cdi_version,
                             &c->max_cdi));
    ST_TRY(check_cdi_version(b, CONFIG_KEY_supertokens_min_cdi_version, c->supertokens_min_cdi_version,
                             &c->min_cdi));
    if (c->max_cdi && c->min_cdi > c->max_cdi)
        return fail(b, "supertokens_min_cdi_version cannot be greater than supertokens_max_cdi_version");
    return ST_OK;
}

static enum st_err check_fcgi(struct config_build *b)
{
    static const enum config_key_id numbers[] = {
        CONFIG_KEY_fcgi_workers,       CONFIG_KEY_fcgi_hash_slots,        CONFIG_KEY_fcgi_hash_queue,
        CONFIG_KEY_fcgi_call_queue,    CONFIG_KEY_fcgi_request_timeout,   CONFIG_KEY_fcgi_max_body,
        CONFIG_KEY_fcgi_drain_timeout, CONFIG_KEY_fcgi_otlp_sample_ratio,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ST_TRY(config_check_key(b, numbers[i]));
    /* sun_path has 108 bytes. */
    if (b->config->fcgi_socket[0] != '/' || strlen(b->config->fcgi_socket) > 107)
        return fail(b, config_keys[CONFIG_KEY_fcgi_socket].error);
    if (b->config->fcgi_sites_dir && b->config->fcgi_sites_dir[0] != '/')
        return fail(b, config_keys[CONFIG_KEY_fcgi_sites_dir].error);
    const char *otlp = b->config->fcgi_otlp_endpoint;
    if (otlp && strncmp(otlp, "http://", 7) != 0 && strncmp(otlp, "https://", 8) != 0)
        return fail(b, config_keys[CONFIG_KEY_fcgi_otlp_endpoint].error);
    return ST_OK;
}

/* One step: the range of a key, or a check of its own. */
static const struct {
    enum config_key_id key;
    enum st_err (*check)(struct config_build *b);
} steps[] = {
    {CONFIG_KEY_core_config_version, NULL},
    {CONFIG_KEY_access_token_validity, NULL},
    {0, check_refresh_longer},
    {CONFIG_KEY_access_token_dynamic_signing_key_update_interval, NULL},
    {CONFIG_KEY_refresh_token_rotation_grace_period, NULL},
    {CONFIG_KEY_access_token_validity_jitter, NULL},
    {CONFIG_KEY_password_reset_token_lifetime, NULL},
    {CONFIG_KEY_email_verification_token_lifetime, NULL},
    {CONFIG_KEY_passwordless_code_lifetime, NULL},
    {CONFIG_KEY_passwordless_max_code_input_attempts, NULL},
    {CONFIG_KEY_totp_max_attempts, NULL},
    {CONFIG_KEY_totp_rate_limit_cooldown_sec, NULL},
    {CONFIG_KEY_max_server_pool_size, NULL},
    {0, check_api_keys},
    {0, check_saas_secret},
    {CONFIG_KEY_password_hashing_alg, NULL},
    {0, check_hash_parameters},
    {0, check_base_path},
    {CONFIG_KEY_log_level, NULL},
    {0, check_ip_regexes},
    {0, check_cdi_versions},
    {CONFIG_KEY_bulk_migration_parallelism, NULL},
    {CONFIG_KEY_bulk_migration_batch_size, NULL},
    {CONFIG_KEY_webauthn_recover_account_token_lifetime, NULL},
    {CONFIG_KEY_recent_token_reuse_behaviour, NULL},
    {0, check_fcgi},
};

enum st_err config_validate_core(struct config_build *b)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        ST_TRY(steps[i].check ? steps[i].check(b) : config_check_key(b, steps[i].key));
    return ST_OK;
}
