/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of src/config/ share. A configuration is built in this order: sources are read into a list
 * of raw values (source_*.c), converted to the members' types (convert.c), checked (validate.c, postgres.c)
 * and normalised with everything that follows from them (normalise.c, postgres.c).
 */
#ifndef ST_CONFIG_INTERNAL_H
#define ST_CONFIG_INTERNAL_H

#include "config/keys.h"

enum {
    CONFIG_MAX_FILE = 1 << 20,   /* bytes of a config file */
    CONFIG_MAX_DEPTH = 32,       /* nesting of a config file */
    CONFIG_MAX_VALUE = 16384,    /* bytes of a value */
    CONFIG_MAX_ID = 64,          /* bytes of the id of an app or tenant: what the columns hold */
    CONFIG_MAX_IDENTIFIER = 63,  /* PostgreSQL's limit */
    CONFIG_MAX_TABLE_PREFIX = 28 /* so that prefix, underscore and the longest table name stay within it */
};

/* ---- memory.c: bump allocation owned by one configuration; wiped when freed ---- */
struct config_chunk;
void *config_memory_get(struct config_chunk **memory, size_t size); /* aligned; NULL: out of memory */
const char *config_memory_text(struct config_chunk **memory, struct str text); /* copy with NUL, or NULL */
void config_memory_free(struct config_chunk *memory);

/* ---- raw values ---- */
enum config_raw_kind {
    CONFIG_RAW_NULL,
    CONFIG_RAW_BOOLEAN,
    CONFIG_RAW_NUMBER,
    CONFIG_RAW_STRING,
    CONFIG_RAW_OTHER
};

struct config_raw {
    const struct config_key *key;
    struct str text;
    enum config_raw_kind kind;
    bool by_alias; /* a key and its alias are two entries; the later one wins (spec: config 1) */
    unsigned line; /* in the file; 0 elsewhere */
};

/* In the order in which they take effect and in which errors are reported. Zero-initialise. */
struct config_source {
    struct config_raw values[2 * CONFIG_KEYS];
    size_t n;
    struct config_chunk *memory;
};

struct config_raw *config_source_find(struct config_source *source, const struct config_key *key,
                                      bool by_alias);
/* Replaces the entry of RAW's key in place, or appends one. The text is copied. */
enum st_err config_source_put(struct config_source *source, const struct config_raw *raw,
                              struct config_error *e) ST_MUST_CHECK;

/* source_yaml.c; PATH is only for messages */
enum st_err config_source_yaml(struct config_source *source, struct str yaml, const char *path,
                               const struct config_options *options, struct config_error *e) ST_MUST_CHECK;
/* source_env.c */
enum st_err config_source_env(struct config_source *source, char *const *environment,
                              struct config_error *e) ST_MUST_CHECK;
/* source_credentials.c */
enum st_err config_source_credentials(struct config_source *source, char *const *environment,
                                      struct config_error *e) ST_MUST_CHECK;
/* source.c: a tenant's core_config. Unknown keys are skipped, keys of level CORE too unless WITH_CORE. */
enum st_err config_source_json(struct config_source *source, struct json_object *own, bool with_core,
                               struct config_error *e) ST_MUST_CHECK;

/* ---- building ---- */
struct config_build {
    struct config *config;
    const struct config *parent; /* NULL for the base */
    struct config_error *error;
    const char *file;        /* absolute path for messages, or NULL */
    const char *install_dir; /* or NULL */
    bool out_of_memory;
};

enum st_err config_fail(struct config_error *e, enum st_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum st_err config_out_of_memory(struct config_error *e);

/* TEXT as a string of the configuration: OLD itself when it is equal, so that inherited strings are shared.
 * Returns NULL and sets out_of_memory when there is none. */
const char *config_keep(struct config_build *b, const char *old, struct str text);

/* convert.c */
enum st_err config_set(struct config_build *b, const struct config_raw *raw) ST_MUST_CHECK;
enum st_err config_set_default(struct config_build *b, const struct config_key *key) ST_MUST_CHECK;

/* validate.c */
enum st_err config_check_key(struct config_build *b, enum config_key_id id) ST_MUST_CHECK;
enum st_err config_validate_core(struct config_build *b) ST_MUST_CHECK;
/* normalise.c */
enum st_err config_normalise_core(struct config_build *b) ST_MUST_CHECK;
/* postgres.c */
enum st_err config_validate_pg(struct config_build *b) ST_MUST_CHECK;
enum st_err config_resolve_pg(struct config_build *b) ST_MUST_CHECK;

/* config.c: config_derive for the checks: keys of level CORE are converted and checked too. */
enum st_err config_derive_with_core(const struct config *parent, struct json_object *own,
                                    const struct config **out, struct config_error *e) ST_MUST_CHECK;

/* ---- pg_uri.c ---- */
struct config_uri {
    /* p == NULL where the URI does not have the part. The query is as written, the others are
     * percent-decoded. */
    struct str scheme, user, password, host, ports, database, query;
};

/* Parses postgresql://[user[:password]@]host[:port][,host[:port]...][/dbname][?query]. False: not such a URI,
 * or out of memory (then memory_failed is set). */
bool config_uri_parse(struct str text, struct config_uri *uri, struct config_chunk **memory,
                      bool *memory_failed);
/* PART with %XX decoded and a NUL behind it; broken escapes stay as they are. p == NULL: out of memory. */
struct str config_uri_decode(struct str part, struct config_chunk **memory);
/* Value of NAME in a query of a=b&c=d, as written; p == NULL when it is not there. The last one wins. */
struct str config_query_get(struct str query, const char *name);

#endif
