/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of configuration keys (keys.def) and generic access to a configuration by key: for the
 * dashboard's core-config list, the protection of SaaS settings, `config dump` and the man page.
 */
#ifndef ST_CONFIG_KEYS_H
#define ST_CONFIG_KEYS_H

#include "config/config.h"

enum config_type {
    CONFIG_STRING,
    CONFIG_INT,
    CONFIG_LONG,
    CONFIG_DOUBLE,
    CONFIG_BOOLEAN,
    CONFIG_ENUM, /* a string that is one of .choices, any case; upper-case in struct config */
    CONFIG_NINT
};

enum config_level { CONFIG_CORE, CONFIG_APP, CONFIG_TENANT };

enum config_mark {
    CONFIG_LISTED = 1 << 0,    /* in the dashboard's core-config list */
    CONFIG_EDITABLE = 1 << 1,  /* isPluginPropertyEditable there */
    CONFIG_PLUGIN = 1 << 2,    /* database key */
    CONFIG_PROTECTED = 1 << 3, /* hidden from callers without the SaaS secret, where one is configured */
    CONFIG_SECRET = 1 << 4,    /* never shown in a dump or log */
    CONFIG_URI = 1 << 5,       /* may contain a password */
    CONFIG_USER_POOL = 1 << 6, /* part of the user pool's identity */
    CONFIG_CONNECTION_POOL = 1 << 7, /* part of the connection pool's identity */
    CONFIG_SAME_IN_POOL = 1 << 8,    /* must be equal within a user pool */
    CONFIG_WITH_PATH = 1 << 9,       /* the base configuration's error names the file */
    CONFIG_FREE_IN_TESTS = 1 << 10   /* not checked in test mode */
};

#define CONFIG_CPUS "@cpus" /* .fallback: number of processors */

struct config_key {
    const char *name;
    const char *env;            /* or NULL: not settable by the environment */
    const char *alias;          /* further name in the file and in core_config, or NULL */
    const char *section;        /* title, on the first key of each part */
    const char *fallback;       /* default as text, NULL for null */
    const char *const *choices; /* of an ENUM, NULL at the end */
    const char *table;          /* the key renames this table */
    const char *error;          /* text when out of range or not a choice; NULL: no such check */
    const char *help;
    double min, max; /* inclusive, when error is set */
    enum config_type type;
    enum config_level level;
    unsigned marks;  /* enum config_mark */
    uint16_t offset; /* of the member of struct config */
    uint16_t shown;  /* of the value in effect, where that is another member (database keys); else 0 */
};

extern const struct config_key config_keys[CONFIG_KEYS];

/* By name or alias; NULL when there is none. */
const struct config_key *config_key_find(struct str name);

static inline enum config_key_id config_key_index(const struct config_key *key)
{
    return (enum config_key_id)(key - config_keys);
}

/* Member of CONFIG that KEY stands for: as configured, or as in effect. The type is the row's. */
const void *config_value(const struct config *config, const struct config_key *key);
const void *config_value_shown(const struct config *config, const struct config_key *key);
/* Equality of the values in effect. */
bool config_value_equal(const struct config *a, const struct config *b, const struct config_key *key);

/* New json-c values (the caller's); null is a NULL pointer with *OK still true, out of memory sets *OK to
 * false. Doubles are printed with a decimal point (168.0). */
struct json_object *config_value_json(const struct config *config, const struct config_key *key, bool *ok);
struct json_object *config_fallback_json(const struct config_key *key, bool *ok);
/* "string", "number", "boolean" or "enum": valueType of the dashboard. migration_mode is a "string" there. */
const char *config_value_type(const struct config_key *key);

/* Writes the value as text (no quotes) into OUT; returns the length that was needed, like snprintf, or -1 for
 * null. */
int config_value_text(const struct config *config, const struct config_key *key, char *out, size_t size);

#endif
