/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <math.h>

#define AT_LEAST(MIN, TEXT) .min = (MIN), .max = INFINITY, .error = TEXT
#define BETWEEN(MIN, MAX, TEXT) .min = (MIN), .max = (MAX), .error = TEXT
#define CHOICES(...)                                                                                         \
    .choices = (const char *const[])                                                                         \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
#define SHOWN(MEMBER) .shown = offsetof(struct config, MEMBER)
#define TABLE(NAME) .table = NAME, .marks = CONFIG_PLUGIN | CONFIG_SAME_IN_POOL

#define KEY(NAME, TYPE, LEVEL, ...)                                                                          \
    [CONFIG_KEY_##NAME] = {.name = #NAME,                                                                    \
                           .type = CONFIG_##TYPE,                                                            \
                           .level = CONFIG_##LEVEL,                                                          \
                           .offset = offsetof(struct config, NAME),                                          \
                           __VA_ARGS__},

const struct config_key config_keys[CONFIG_KEYS] = {
#include "config/keys.def"
};

/* Names are looked up while a configuration is read, some dozens of times: a linear search is enough. */
const struct config_key *config_key_find(struct str name)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        if (str_is_c(name, key->name) || (key->alias && str_is_c(name, key->alias)))
            return key;
    return NULL;
}

const void *config_value(const struct config *config, const struct config_key *key)
{
    return (const char *)config + key->offset;
}

const void *config_value_shown(const struct config *config, const struct config_key *key)
{
    return (const char *)config + (key->shown ? key->shown : key->offset);
}
