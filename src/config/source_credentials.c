/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials of systemd: a file named like a key or like its environment variable holds the key's value.
 * They go before the file, for they are how a unit keeps its secrets, and behind the environment, which is
 * what is laid over everything for one start, as in the reference.
 */
#include "base/environment.h"
#include "config/internal.h"

/* An empty one is an error and not as good as none, unlike elsewhere: a lost secret must not open a door. */
static enum st_err put(struct config_source *source, const struct config_key *key, const char *name,
                       char *const *environment, struct config_error *e)
{
    char buffer[CONFIG_MAX_VALUE + 2];
    const char *why = NULL;
    struct config_raw raw = {.key = key, .kind = CONFIG_RAW_STRING};
    enum st_err err = environment_credential(environment, name, buffer, sizeof buffer, &raw.text, &why);
    if (err == ST_BAD_REQUEST)
        (void)config_fail(e, ST_BAD_REQUEST, "credential '%s' %s", name, why);
    else if (err == ST_OK)
        err = config_source_put(source, &raw, e);
    explicit_bzero(buffer, sizeof buffer);
    return err;
}

enum st_err config_source_credentials(struct config_source *source, char *const *environment,
                                      struct config_error *e)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        enum st_err by_name = put(source, key, key->name, environment, e);
        if (by_name != ST_OK && by_name != ST_NOT_FOUND)
            return by_name;
        enum st_err by_env = key->env ? put(source, key, key->env, environment, e) : ST_NOT_FOUND;
        if (by_env != ST_OK && by_env != ST_NOT_FOUND)
            return by_env;
        if (by_name == ST_OK && by_env == ST_OK)
            return config_fail(e, ST_BAD_REQUEST, "credentials '%s' and '%s' are the same key", key->name,
                               key->env);
    }
    return ST_OK;
}
