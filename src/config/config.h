/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration (spec: config 1 to 3, cdi-multitenancy 1.2 and 3.6).
 *
 * A struct config holds the effective values of one level: of the whole service (config_load), or of a
 * connection URI domain, app or tenant (config_derive). It is immutable once built and may be read by any
 * thread; references are counted. Its strings live as long as it does, and derived configs share the strings
 * they inherit, so a derived config keeps its parent alive.
 */
#ifndef ST_CONFIG_CONFIG_H
#define ST_CONFIG_CONFIG_H

#include <limits.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct json_object;

enum config_key_id {
#define KEY(name, ...) CONFIG_KEY_##name,
#include "config/keys.def"
#undef KEY
    CONFIG_KEYS
};

enum config_reuse { CONFIG_REUSE_IS_THEFT, CONFIG_REUSE_IS_UNAUTHORISED };
enum config_hash_alg { CONFIG_HASH_ARGON2, CONFIG_HASH_BCRYPT };
enum config_migration_mode {
    CONFIG_LEGACY,
    CONFIG_DUAL_WRITE_READ_OLD,
    CONFIG_DUAL_WRITE_READ_NEW,
    CONFIG_MIGRATED
};

struct config_nint {
    int value;
    bool set; /* false: null */
};

/* The database connection after the URI has been laid over the single keys (spec: config 3). */
struct config_pg {
    const char *host;     /* libpq's form: a name, a socket directory, or several separated by commas */
    const char *ports;    /* libpq's form: one, or one per host */
    const char *user;     /* or NULL */
    const char *password; /* or NULL; secret */
    const char *database;
    const char *schema;
    const char *attributes; /* a=b&c=d */
    const char *scheme;
    const char *table_prefix; /* "" or with the underscore at its end */
    int port;                 /* the first one */
};

#define CONFIG_MEMBER_STRING(name) const char *name;
#define CONFIG_MEMBER_ENUM(name) const char *name;
#define CONFIG_MEMBER_INT(name) int name;
#define CONFIG_MEMBER_LONG(name) int64_t name;
#define CONFIG_MEMBER_DOUBLE(name) double name;
#define CONFIG_MEMBER_BOOLEAN(name) bool name;
#define CONFIG_MEMBER_NINT(name) struct config_nint name;

struct config {
    /* One member per row of keys.def: the configured value, normalised where the spec says so. Units are in
     * the rows' help. Database keys are as configured; what is in effect is in pg below. */
#define KEY(name, type, ...) CONFIG_MEMBER_##type(name)
#include "config/keys.def"
#undef KEY

    /* What follows from them. */
    int64_t access_token_validity_ms;
    int64_t refresh_token_validity_ms;
    int64_t signing_key_update_interval_ms;
    const struct str *api_key_list; /* sorted by bytes; secret */
    size_t api_key_count;           /* api_keys != NULL decides whether a key is needed, not this */
    enum log_level log_threshold;
    enum config_reuse reuse;
    enum config_hash_alg hash_alg;
    enum config_migration_mode migration;
    unsigned max_cdi, min_cdi; /* major * 100 + minor, 0 when not set */
    struct config_pg pg;
    /* Tenants with equal ids share a database (user pool) or a connection pool. */
    const char *user_pool_id;       /* |host|port|database|schema */
    const char *connection_pool_id; /* secret: contains the password */
    bool test_mode;

    /* Private to src/config/. */
    uint64_t set[(CONFIG_KEYS + 63) / 64]; /* bit per key: configured at this level or one it inherits from */
    const struct config *parent;
    struct config_chunk *memory;
    atomic_uint references;
};

_Static_assert(sizeof(struct config) <= 1024, "one per tenant: keep it small");

/* Text of the first error, in the spec's words where it has some; never holds secrets. */
struct config_error {
    char text[640];
};

struct config_options {
    const char *file; /* YAML file; NULL: config.yaml in install_dir, or no file where that is NULL too */
    const char *install_dir; /* default place of file and logs; or NULL */
    const char *port, *host; /* start options, or NULL */
    bool test_mode; /* the three session checks that the reference skips in its test mode are skipped */
    char *const *environment; /* "NAME=value" strings, NULL at the end; NULL: no environment */
    /* Called for keys of the file that are not known (they are ignored); may be NULL. */
    void (*unknown_key)(void *context, const char *key, const char *file, unsigned line);
    void *context;
};

/* The file's path as messages and GET /config show it: absolute, not resolved. False: there is none, or its
 * path is too long. */
bool config_file_path(const struct config_options *options, char path[PATH_MAX]);

/* Builds the base configuration: defaults, file, credentials ($CREDENTIALS_DIRECTORY), environment, start
 * options. ST_NOT_FOUND: the file cannot be opened; ST_BAD_REQUEST: it or the environment is invalid;
 * ST_UNAVAILABLE: out of memory. */
enum st_err config_load(const struct config_options *options, const struct config **out,
                        struct config_error *error) ST_MUST_CHECK;

/* Builds the configuration of one level from its own stored core_config OWN (a JSON object, NULL for none)
 * and the effective configuration of the next level: that of the app's public tenant for a tenant, of the
 * connection URI domain's public tenant for an app, the base for a connection URI domain; a level that does
 * not exist is skipped. Unknown keys and keys of level CORE are ignored (config_check_tenant refuses them).
 * Without anything of its own a level gets another reference to PARENT. Errors as config_load. */
enum st_err config_derive(const struct config *parent, struct json_object *own, const struct config **out,
                          struct config_error *error) ST_MUST_CHECK;

const struct config *config_ref(const struct config *config);
void config_free(const struct config *config); /* gives one reference back; NULL is allowed */

/* Whether KEY was configured here or at a level this one inherits from (false: its default is in effect). */
bool config_is_set(const struct config *config, enum config_key_id key);

/* A tenant as the checks across tenants see it. */
struct config_tenant {
    struct str cud, app, tenant; /* canonical: "" / public / public */
    const struct config *config; /* effective; NULL (invalid, not loaded): not compared */
};

struct config_check {
    struct config_tenant target; /* .config is not used */
    const struct config *parent; /* what the target inherits from, as for config_derive */
    struct json_object *own;     /* the target's merged core_config */
    struct json_object *stored;  /* its core_config before the request, or NULL */
    bool protect;                /* SaaS secret configured and not shown (spec: cdi-multitenancy 1.3) */
    /* All other tenants as they will be after the change: where they inherit from the target, derived anew
     * from it. An entry for the target itself is skipped. */
    const struct config_tenant *others;
    size_t n_others;
};

/* The checks of a create or update request that follow from the configuration (spec: cdi-multitenancy 3.6 up
 * to and including the pool rules; migration_mode transitions and providers are the caller's). On ST_OK *OUT,
 * when OUT is not NULL, is the target's effective configuration. ST_BAD_REQUEST, ST_FORBIDDEN: error->text is
 * the answer. */
enum st_err config_check_tenant(const struct config_check *check, const struct config **out,
                                struct config_error *error) ST_MUST_CHECK;

/* The app rule alone, for the caller's own loops: the first key of level APP that differs, or NULL. */
const char *config_app_conflict(const struct config *a, const struct config *b);
/* The same for the keys that must be equal within a user pool. */
const char *config_pool_conflict(const struct config *a, const struct config *b);

/* Normalises a connection URI domain: trimmed, lower-case, port cut (spec: cdi-multitenancy 1.1). Returns
 * NULL, or the spec's error text. OUT needs room for input.n + 1 bytes. */
const char *config_normalise_cud(struct str input, char *out);
/* The same for the id of an app or tenant: trimmed, lower-case. The text is to stand behind the id's name. */
const char *config_normalise_id(struct str input, char *out);

#endif
