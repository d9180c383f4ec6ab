/* SPDX-License-Identifier: Apache-2.0
 *
 * Life of a configuration: the base from file, environment and options, and the derived ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/internal.h"

const struct config *config_ref(const struct config *config)
{
    atomic_fetch_add_explicit(&((struct config *)config)->references, 1, memory_order_relaxed);
    return config;
}

static void destroy(struct config *config)
{
    config_memory_free(config->memory);
    free(config);
}

void config_free(const struct config *config)
{
    while (config) {
        struct config *c = (struct config *)config;
        if (atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
            return;
        config = c->parent;
        destroy(c);
    }
}

/* ---- the base ---- */

/* The whole file into a fresh buffer (the caller's). */
static enum st_err read_file(const char *path, char **text, size_t *n, struct config_error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return config_fail(e, ST_NOT_FOUND, "%s: %s", path, strerror(errno));
    char *buffer = malloc(CONFIG_MAX_FILE + 1);
    size_t used = 0;
    ssize_t got = buffer ? 1 : -1;
    while (got > 0 && used <= CONFIG_MAX_FILE) {
        got = read(fd, buffer + used, CONFIG_MAX_FILE + 1 - used);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            used += (size_t)got;
    }
    int why = errno;
    close(fd);
    *text = buffer;
    *n = used;
    if (!buffer)
        return config_out_of_memory(e);
    if (got < 0)
        return config_fail(e, ST_NOT_FOUND, "%s: %s", path, strerror(why));
    if (used > CONFIG_MAX_FILE)
        return config_fail(e, ST_BAD_REQUEST, "%s: larger than %d bytes", path, CONFIG_MAX_FILE);
    return ST_OK;
}

static enum st_err read_yaml(struct config_source *source, const char *path,
                             const struct config_options *options, struct config_error *e)
{
    char *text = NULL;
    size_t n = 0;
    enum st_err err = read_file(path, &text, &n, e);
    if (err == ST_OK)
        err = config_source_yaml(source, (struct str){text, n}, path, options, e);
    if (text)
        explicit_bzero(text, n);
    free(text);
    return err;
}

/* The start options port and host. */
static enum st_err read_options(struct config_source *source, const struct config_options *options,
                                struct config_error *e)
{
    int64_t port;
    struct config_raw raw = {.kind = CONFIG_RAW_STRING};
    if (options->port) {
        if (!str_to_i64(str_of(options->port), &port))
            return config_fail(e, ST_BAD_REQUEST, "For input string: \"%.200s\"", options->port);
        raw.key = &config_keys[CONFIG_KEY_port];
        raw.text = str_of(options->port);
        ST_TRY(config_source_put(source, &raw, e));
    }
    if (options->host) {
        raw.key = &config_keys[CONFIG_KEY_host];
        raw.text = str_of(options->host);
        ST_TRY(config_source_put(source, &raw, e));
    }
    return ST_OK;
}

/* Without a file there is no version of its format to ask for. */
static enum st_err assume_version(struct config_source *source, struct config_error *e)
{
    struct config_raw raw = {
        .key = &config_keys[CONFIG_KEY_core_config_version], .text = STR("0"), .kind = CONFIG_RAW_STRING};
    return config_source_put(source, &raw, e);
}

/* Converts the values of the database keys (PLUGIN) or of the core keys. */
static enum st_err set_all(struct config_build *b, const struct config_source *source, bool plugin)
{
    for (size_t i = 0; i < source->n; i++)
        if (!!(source->values[i].key->marks & CONFIG_PLUGIN) == plugin)
            ST_TRY(config_set(b, &source->values[i]));
    return ST_OK;
}

static enum st_err build_core(struct config_build *b, const struct config_source *source)
{
    ST_TRY(set_all(b, source, false));
    ST_TRY(config_validate_core(b));
    return config_normalise_core(b);
}

static enum st_err build_pg(struct config_build *b, const struct config_source *source)
{
    ST_TRY(set_all(b, source, true));
    ST_TRY(config_validate_pg(b));
    return config_resolve_pg(b);
}

bool config_file_path(const struct config_options *options, char path[PATH_MAX])
{
    char directory[PATH_MAX] = "";
    if (!options->file && !options->install_dir)
        return false;
    const char *file = options->file ? options->file : "config.yaml";
    if (!options->file && options->install_dir)
        snprintf(directory, sizeof directory, "%s", options->install_dir);
    else if (file[0] != '/' && !getcwd(directory, sizeof directory))
        return false;
    size_t n = strlen(directory);
    const char *slash = n == 0 || directory[n - 1] == '/' ? "" : "/";
    int length = snprintf(path, PATH_MAX, "%s%s%s", directory, slash, file);
    return length > 0 && length < PATH_MAX;
}

static enum st_err read_sources(struct config_source *source, const struct config_options *options,
                                const char *path, struct config_error *e)
{
    if (path)
        ST_TRY(read_yaml(source, path, options, e));
    else
        ST_TRY(assume_version(source, e));
    ST_TRY(config_source_credentials(source, options->environment, e));
    ST_TRY(config_source_env(source, options->environment, e));
    return read_options(source, options, e);
}

static enum st_err build_base(struct config_build *b, const struct config_source *source)
{
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++)
        ST_TRY(config_set_default(b, key));
    ST_TRY(build_core(b, source));
    return build_pg(b, source);
}

enum st_err config_load(const struct config_options *options, const struct config **out,
                        struct config_error *e)
{
    char path[PATH_MAX];
    bool has_file = options->file || options->install_dir;
    struct config_source source = {0};
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return config_out_of_memory(e);
    config->references = 1;
    config->test_mode = options->test_mode;
    struct config_build b = {.config = config, .error = e, .install_dir = options->install_dir};
    enum st_err err = ST_OK;
    if (has_file && !config_file_path(options, path))
        err = config_fail(e, ST_NOT_FOUND, "%s: path is too long",
                          options->file ? options->file : "config.yaml");
    if (has_file)
        b.file = path;
    if (err == ST_OK)
        err = read_sources(&source, options, b.file, e);
    if (err == ST_OK)
        err = build_base(&b, &source);
    config_memory_free(source.memory);
    if (err == ST_OK) {
        *out = config;
        return ST_OK;
    }
    destroy(config);
    return err;
}

/* ---- derived ones ---- */

static enum st_err derive(const struct config *parent, struct json_object *own, bool with_core,
                          const struct config **out, struct config_error *e)
{
    struct config_source source = {0};
    enum st_err err = config_source_json(&source, own, with_core, e);
    if (err != ST_OK || source.n == 0) {
        config_memory_free(source.memory);
        if (err == ST_OK)
            *out = config_ref(parent);
        return err;
    }
    struct config *config = malloc(sizeof *config);
    if (!config) {
        config_memory_free(source.memory);
        return config_out_of_memory(e);
    }
    /* All but the count, which other threads change meanwhile. */
    memcpy(config, parent, offsetof(struct config, references));
    config->memory = NULL;
    config->parent = config_ref(parent);
    atomic_init(&config->references, 1);

    struct config_build b = {.config = config, .parent = parent, .error = e};
    err = build_pg(&b, &source);
    if (err == ST_OK)
        err = build_core(&b, &source);
    config_memory_free(source.memory);
    if (err == ST_OK)
        *out = config;
    else
        config_free(config);
    return err;
}

enum st_err config_derive(const struct config *parent, struct json_object *own, const struct config **out,
                          struct config_error *e)
{
    return derive(parent, own, false, out, e);
}

enum st_err config_derive_with_core(const struct config *parent, struct json_object *own,
                                    const struct config **out, struct config_error *e)
{
    return derive(parent, own, true, out, e);
}
