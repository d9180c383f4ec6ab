/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of src/config/: configurations from text.
 */
#ifndef ST_T_CONFIG_FIXTURE_H
#define ST_T_CONFIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"

/* The two settings that every configuration needs. */
#define MINIMAL "core_config_version: 0\npostgresql_user: u\n"

struct loaded {
    const struct config *config; /* NULL when it failed */
    enum st_err err;
    struct config_error error;
    char path[64]; /* of the file, which is gone by now */
};

/* A file that exists only as long as its descriptor. */
static inline int write_file(char path[64], const char *text, size_t n)
{
    int fd = memfd_create("config.yaml", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

/* Loads the N bytes of YAML as the file OPTIONS->file. */
static inline struct loaded load_bytes(const char *yaml, size_t n, struct config_options options)
{
    struct loaded l = {0};
    int fd = write_file(l.path, yaml, n);
    options.file = l.path;
    l.err = config_load(&options, &l.config, &l.error);
    close(fd);
    return l;
}

static inline struct loaded load(const char *yaml, char *const *environment)
{
    return load_bytes(yaml, strlen(yaml), (struct config_options){.environment = environment});
}

/* A configuration that must be fine. */
static inline const struct config *load_fine(const char *yaml)
{
    struct loaded l = load(yaml, NULL);
    if (l.err != ST_OK)
        fail_msg("%s", l.error.text);
    return l.config;
}

static inline struct json_object *json(const char *text)
{
    struct json_object *object = json_tokener_parse(text);
    assert_non_null(object);
    return object;
}

#endif
