/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration: the input as the whole file, as an environment variable (which one, its length says), and
 * (when it is JSON) as what is stored of a tenant. It is refused in words or keeps what everything else
 * counts on.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "config/pg.h"
#include "fuzz.h"
#include "json/json.h"

#define MINIMAL "core_config_version: 0\npostgresql_user: u\n"

static const char *file_of(struct str text)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("config.yaml", MFD_CLOEXEC);
    FUZZ_EXPECT(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static void expect_consistent(const struct config *c)
{
    struct config_pg_conninfo conninfo;
    FUZZ_EXPECT(c->access_token_validity_ms > 0 &&
                c->refresh_token_validity_ms > c->access_token_validity_ms);
    FUZZ_EXPECT(c->pg.host && c->pg.ports && c->pg.database && c->pg.schema && c->pg.table_prefix);
    FUZZ_EXPECT(config_pg_is_identifier(c->pg.schema, 63));
    FUZZ_EXPECT(!c->min_cdi || !c->max_cdi || c->min_cdi <= c->max_cdi);
    for (size_t i = 1; i < c->api_key_count; i++)
        FUZZ_EXPECT(str_cmp(c->api_key_list[i - 1], c->api_key_list[i]) <= 0);
    for (int which = CONFIG_PG_MAIN; which <= CONFIG_PG_LISTEN; which++) {
        FUZZ_EXPECT(config_pg_conninfo(c, (enum config_pg_which)which, &conninfo) == ST_OK);
        for (size_t i = 0; conninfo.keywords[i]; i++)
            FUZZ_EXPECT(i < 47 && conninfo.values[i]);
        config_pg_conninfo_free(&conninfo);
    }
}

/* Gives one reference of *C back. */
static void load(const struct config_options *options, const struct config **c)
{
    struct config_error error = {.text = ""};
    enum st_err err = config_load(options, c, &error);
    if (err == ST_OK) {
        expect_consistent(*c);
        return;
    }
    FUZZ_EXPECT(err == ST_BAD_REQUEST && strlen(error.text) > 0);
    *c = NULL;
}

static void derive(struct arena *a, const struct config *base, struct str text)
{
    struct config_error error = {.text = ""};
    const struct config *own, *again;
    json_object *value = json_parse(a, text);
    if (config_derive(base, value, &own, &error) != ST_OK) {
        FUZZ_EXPECT(strlen(error.text) > 0);
        return;
    }
    expect_consistent(own);
    FUZZ_EXPECT(own->port == base->port); /* no tenant sets what belongs to the process */
    FUZZ_EXPECT(config_derive(base, value, &again, &error) == ST_OK);
    FUZZ_EXPECT(strcmp(own->user_pool_id, again->user_pool_id) == 0);
    config_free(again);
    config_free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static const struct config *base;
    const struct config *c;
    struct str text = {(const char *)data, size};
    if (!base)
        load(&(struct config_options){.file = file_of(STR(MINIMAL))}, &base);
    FUZZ_EXPECT(base);
    load(&(struct config_options){.file = file_of(text)}, &c);
    config_free(c);
    struct str value = str_head(text, str_find(text, 0));
    static const char *const names[] = {
        "POSTGRESQL_CONNECTION_URI=",   "API_KEYS=", "ACCESS_TOKEN_VALIDITY=", "IP_ALLOW_REGEX=",
        "SUPERTOKENS_MAX_CDI_VERSION=", "BASE_PATH="};
    struct str variable = ARENA_CONCAT(&arena, str_of(names[size % (sizeof names / sizeof names[0])]), value);
    char *const environment[] = {(char *)(uintptr_t)variable.p, NULL};
    load(&(struct config_options){.file = file_of(STR(MINIMAL)), .environment = environment}, &c);
    config_free(c);
    derive(&arena, base, text);
    arena_reset(&arena);
    return 0;
}
