/* SPDX-License-Identifier: Apache-2.0
 *
 * The stored form of the core keys and what follows from them (spec: config 2, "Normalisation" and
 * "Derived"), with the checks that the reference makes only then.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/internal.h"

/* Trimmed; null when nothing is left. */
static void trim(struct config_build *b, const char **value)
{
    struct str trimmed = str_trim(str_of(*value));
    *value = trimmed.n ? config_keep(b, *value, trimmed) : NULL;
}

/* "", or a slash, parts with single slashes between, and none at the end. */
static void normalise_base_path(struct config_build *b)
{
    char path[CONFIG_MAX_VALUE + 2];
    size_t n = 0;
    if (b->config->base_path[0])
        path[n++] = '/';
    for (const char *p = b->config->base_path; *p; p++)
        if (*p != '/' || path[n - 1] != '/')
            path[n++] = *p;
    if (n && path[n - 1] == '/')
        n--;
    b->config->base_path = config_keep(b, b->config->base_path, (struct str){path, n});
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Sorts the keys and joins them again. Whitespace is only around them: inside it was refused. */
static void normalise_api_keys(struct config_build *b)
{
    struct config *c = b->config;
    if (b->parent && c->api_keys == b->parent->api_keys)
        return; /* list and text are shared */
    c->api_key_list = NULL;
    c->api_key_count = 0;
    if (!c->api_keys)
        return;

    struct str rest = str_of(c->api_keys);
    size_t most = 1;
    for (size_t i = 0; i < rest.n; i++)
        most += rest.p[i] == ',';
    struct str *list = config_memory_get(&c->memory, most * sizeof *list);
    char *text = config_memory_get(&c->memory, rest.n + 1);
    if (!list || !text) {
        b->out_of_memory = true;
        return;
    }
    size_t n = 0, used = 0;
    while (rest.p) {
        struct str key = str_trim(str_split(&rest, ','));
        if (key.n)
            list[n++] = key;
    }
    qsort(list, n, sizeof *list, compare);
    for (size_t i = 0; i < n; i++) {
        if (i)
            text[used++] = ',';
        memcpy(text + used, list[i].p, list[i].n);
        list[i].p = text + used;
        used += list[i].n;
    }
    text[used] = '\0';
    c->api_keys = text;
    c->api_key_list = list;
    c->api_key_count = n;
}

static void normalise_log_path(struct config_build *b, enum config_key_id id, const char **path,
                               const char *file)
{
    char text[4096];
    if (*path && str_is_ci(str_of(*path), STR("null")))
        *path = NULL;
    else if (!config_is_set(b->config, id) && b->install_dir && !b->parent) {
        size_t n = strlen(b->install_dir);
        const char *slash = n && b->install_dir[n - 1] == '/' ? "" : "/";
        int length = snprintf(text, sizeof text, "%s%slogs/%s", b->install_dir, slash, file);
        if (length > 0 && (size_t)length < sizeof text)
            *path = config_keep(b, *path, str_of(text));
    }
}

const char *config_normalise_cud(struct str input, char *out)
{
    static const char invalid[] = "connectionUriDomain is invalid";
    input = str_trim(input);
    if (input.n == 0)
        return "connectionUriDomain should not be an empty String";
    size_t host = str_find(input, ':');
    struct str port = str_from(input, host + 1);
    if (host < input.n && (port.n == 0 || port.n > 5))
        return invalid;
    for (size_t i = 0; i < port.n; i++)
        if (port.p[i] < '0' || port.p[i] > '9')
            return invalid;
    bool need_label = true; /* [a-z0-9-]+(\.[a-z0-9-]+)* */
    for (size_t i = 0; i < host; i++) {
        char c = input.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        bool label = (out[i] >= 'a' && out[i] <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!label && (c != '.' || need_label))
            return invalid;
        need_label = !label;
    }
    out[host] = '\0';
    return need_label ? invalid : NULL;
}

const char *config_normalise_id(struct str input, char *out)
{
    bool good = true;
    input = str_trim(input);
    for (size_t i = 0; i < input.n; i++) {
        char c = input.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        good &= (out[i] >= 'a' && out[i] <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    out[input.n] = '\0';
    if (input.n == 0)
        return "should not be an empty String";
    if (str_starts((struct str){out, input.n}, STR("appid-")))
        return "must not start with 'appid-'";
    if (!good)
        return "can only contain letters, numbers and hyphens";
    return input.n > CONFIG_MAX_ID ? "can have at most 64 characters" : NULL;
}

static enum st_err normalise_load_only_cud(struct config_build *b)
{
    const char **cud = &b->config->supertokens_saas_load_only_cud;
    char text[CONFIG_MAX_VALUE + 1];
    if (!*cud)
        return ST_OK;
    if (config_normalise_cud(str_of(*cud), text))
        return config_fail(b->error, ST_BAD_REQUEST, "supertokens_saas_load_only_cud is invalid");
    *cud = config_keep(b, *cud, str_of(text));
    return ST_OK;
}

/* http or https, a host, and a port that is a number if there is one. */
static bool is_url(const char *text)
{
    struct str url = str_trim(str_of(text));
    struct str scheme = str_head(url, str_find(url, ':'));
    if (!str_is_ci(scheme, STR("http")) && !str_is_ci(scheme, STR("https")))
        return false;
    url = str_from(url, scheme.n);
    if (!str_starts(url, STR("://")))
        return false;
    url = str_from(url, 3);
    struct str authority = str_head(url, strcspn(url.p, "/?#"));
    if (str_find(authority, '@') < authority.n)
        authority = str_from(authority, str_find(authority, '@') + 1);
    struct str host =
        str_head(authority, str_find(authority, authority.n && authority.p[0] == '[' ? ']' : ':'));
    struct str port = str_from(authority, host.n);
    if (port.n && port.p[0] == ']')
        port = str_from(port, 1);
    int64_t number = 0;
    if (port.n && (port.p[0] != ':' || (port.n > 1 && !str_to_i64(str_from(port, 1), &number))))
        return false;
    return host.n > 0 && number >= 0 && number <= 65535 && !memchr(url.p, ' ', url.n);
}

static enum st_err check_url(struct config_build *b, enum config_key_id id, const char *url)
{
    if (!url || is_url(url))
        return ST_OK;
    return config_fail(b->error, ST_BAD_REQUEST, "%s is not a valid URL", config_keys[id].name);
}

static enum st_err normalise_oauth(struct config_build *b)
{
    struct config *c = b->config;
    const char **configured = &c->oauth_provider_url_configured_in_oauth_provider;
    ST_TRY(check_url(b, CONFIG_KEY_oauth_provider_public_service_url, c->oauth_provider_public_service_url));
    ST_TRY(check_url(b, CONFIG_KEY_oauth_provider_admin_service_url, c->oauth_provider_admin_service_url));
    ST_TRY(check_url(b, CONFIG_KEY_oauth_provider_consent_login_base_url,
                     c->oauth_provider_consent_login_base_url));
    if (!config_is_set(c, CONFIG_KEY_oauth_provider_url_configured_in_oauth_provider))
        *configured = c->oauth_provider_public_service_url;
    ST_TRY(check_url(b, CONFIG_KEY_oauth_provider_url_configured_in_oauth_provider, *configured));

    int n_set = !!c->oauth_provider_public_service_url + !!c->oauth_provider_admin_service_url +
                !!c->oauth_provider_consent_login_base_url;
    if (n_set == 1 || n_set == 2)
        return config_fail(b->error, ST_BAD_REQUEST,
                           "If any of the following is set, all of them has to be set: "
                           "oauth_provider_public_service_url, oauth_provider_admin_service_url, "
                           "oauth_provider_consent_login_base_url");
    return ST_OK;
}

/* Milliseconds, cut off towards zero and kept in range. */
static int64_t to_ms(double seconds)
{
    double ms = trunc(seconds * 1000);
    return ms >= 9e18 ? INT64_MAX : ms <= -9e18 ? INT64_MIN : (int64_t)ms;
}

/* Position of an enum member among its row's choices, which are in the order of the C enum. */
static int choice(const char *value, enum config_key_id id)
{
    int i = 0;
    while (config_keys[id].choices[i] && config_keys[id].choices[i] != value)
        i++;
    return i;
}

static void derive_values(struct config *c)
{
    static const enum log_level levels[] = {LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL,
                                            LOG_NONE};
    c->access_token_validity_ms = c->access_token_validity * 1000;
    c->refresh_token_validity_ms = to_ms(c->refresh_token_validity * 60);
    c->signing_key_update_interval_ms = to_ms(c->access_token_dynamic_signing_key_update_interval * 3600);
    c->log_threshold = levels[choice(c->log_level, CONFIG_KEY_log_level)];
    c->reuse =
        (enum config_reuse)choice(c->recent_token_reuse_behaviour, CONFIG_KEY_recent_token_reuse_behaviour);
    c->hash_alg = (enum config_hash_alg)choice(c->password_hashing_alg, CONFIG_KEY_password_hashing_alg);
    if (c->argon2_hashing_pool_size < 1)
        c->argon2_hashing_pool_size = 1;
    if (c->firebase_password_hashing_pool_size < 1)
        c->firebase_password_hashing_pool_size = 1;
}

enum st_err config_normalise_core(struct config_build *b)
{
    struct config *c = b->config;
    if (!c->saml_sp_entity_id)
        c->saml_sp_entity_id = "https://saml.supertokens.com";
    trim(b, &c->ip_allow_regex);
    trim(b, &c->ip_deny_regex);
    normalise_log_path(b, CONFIG_KEY_info_log_path, &c->info_log_path, "info.log");
    normalise_log_path(b, CONFIG_KEY_error_log_path, &c->error_log_path, "error.log");
    normalise_base_path(b);
    normalise_api_keys(b);
    derive_values(c);
    ST_TRY(normalise_load_only_cud(b));
    ST_TRY(normalise_oauth(b));
    return b->out_of_memory ? config_out_of_memory(b->error) : ST_OK;
}
