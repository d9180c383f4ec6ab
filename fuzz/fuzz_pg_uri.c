/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection URIs of the database: the parts of one that is read make a URI that is read as the same parts.
 */
#include "config/internal.h"
#include "fuzz.h"
#include "http/percent.h"

static struct str item(struct str *list)
{
    return list->p ? str_split(list, ',') : STR("");
}

static struct str authority_of(struct arena *a, const struct config_uri *uri)
{
    struct str all = STR(""), hosts = uri->host, ports = uri->ports;
    while (hosts.p) {
        struct str host = percent_encode(a, item(&hosts)), port = item(&ports);
        all = ARENA_CONCAT(a, all, host, port.n ? STR(":") : STR(""), port, hosts.p ? STR(",") : STR(""));
    }
    return all;
}

static void expect_same(struct str a, struct str b)
{
    FUZZ_EXPECT((a.p != NULL) == (b.p != NULL) && str_is(a, b));
}

/* Hosts and ports of the query have no place in the authority when they do not come in pairs; nor has what
 * would be a user's name there. */
static bool fits_authority(const struct config_uri *uri)
{
    size_t hosts = 0, ports = 0;
    for (struct str rest = uri->host; rest.p; hosts++)
        (void)str_split(&rest, ',');
    for (struct str rest = uri->ports; rest.p; ports++)
        (void)str_split(&rest, ',');
    return uri->host.n && str_find(uri->host, '@') == uri->host.n && (!uri->ports.p || hosts == ports);
}

static void write_again(struct arena *a, const struct config_uri *uri)
{
    struct config_chunk *memory = NULL;
    struct config_uri again;
    bool failed;
    struct str user = uri->user.p ? percent_encode(a, uri->user) : STR("");
    struct str password = uri->password.p ? percent_encode(a, uri->password) : STR("");
    struct str text =
        ARENA_CONCAT(a, STR("postgresql://"), user, uri->password.p ? STR(":") : STR(""), password,
                     uri->user.p || uri->password.p ? STR("@") : STR(""), authority_of(a, uri), STR("/"),
                     uri->database.p ? percent_encode(a, uri->database) : STR(""));
    FUZZ_EXPECT(config_uri_parse(text, &again, &memory, &failed) && !failed);
    expect_same(again.user, uri->user);
    expect_same(again.password, uri->password);
    expect_same(again.host, uri->host);
    expect_same(again.database, uri->database);
    config_memory_free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct config_chunk *memory = NULL;
    struct config_uri uri;
    bool failed;
    struct str text = {(const char *)data, size};
    bool parsed = config_uri_parse(text, &uri, &memory, &failed);
    FUZZ_EXPECT(!failed);
    if (parsed) {
        FUZZ_EXPECT(uri.scheme.n > 0 && str_find(text, ' ') == text.n);
        FUZZ_EXPECT(str_find(uri.user, 0) == uri.user.n && str_find(uri.host, 0) == uri.host.n);
        for (struct str rest = uri.ports; rest.p;) {
            int64_t port = 0;
            struct str part = str_split(&rest, ',');
            FUZZ_EXPECT(!part.n || (str_to_i64(part, &port) && port >= 0 && port <= 65535));
        }
        if (fits_authority(&uri))
            write_again(&arena, &uri);
    }
    config_memory_free(memory);
    arena_reset(&arena);
    return 0;
}
