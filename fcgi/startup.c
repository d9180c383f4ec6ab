/* SPDX-License-Identifier: Apache-2.0 */
#include "startup.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "db/schema.h"
#include "deliver/template_check.h"
#include "runtime/shared.h"
#include "site/site.h"

enum { FILES_WANTED = 65536 };

static void warn_of_unknown_key(void *context, const char *key, const char *file, unsigned line)
{
    (void)context;
    LOG_WARN(NULL, "unknown configuration key '%s' in %s, line %u", key, file, line);
}

static struct config_options config_options(const struct options *o)
{
    return (struct config_options){
        .file = o->config_file,
        .install_dir = o->install_dir,
        .port = o->port,
        .host = o->host,
        .test_mode = o->test_mode,
        .environment = o->environment,
        .unknown_key = warn_of_unknown_key,
    };
}

bool startup_load(const struct options *o, const struct config **out, char why[STARTUP_WHY])
{
    struct config_options options = config_options(o);
    struct config_error error = {.text = ""};
    enum st_err err = config_load(&options, out, &error);
    const char *prefix =
        err == ST_BAD_REQUEST ? "io.supertokens.pluginInterface.exceptions.InvalidConfigException: " : "";
    if (err != ST_OK)
        snprintf(why, STARTUP_WHY, "%s%s", prefix, error.text);
    return err == ST_OK;
}

bool startup_sites(const struct options *o, const struct config *config, const struct sites **out,
                   char why[STARTUP_WHY])
{
    struct site_error error;
    enum st_err err = sites_load(config->fcgi_sites_dir, o->environment, out, &error);
    if (err == ST_OK && (err = templates_check(*out, &error)) != ST_OK) {
        sites_free(*out);
        *out = NULL;
    }
    if (err != ST_OK)
        snprintf(why, STARTUP_WHY, "%s", error.text);
    return err == ST_OK;
}

bool startup_log(const struct options *o, const struct config *config, char why[STARTUP_WHY])
{
    const char *structured = getenv("USE_STRUCTURED_LOGGING");
    struct log_options options = {
        .level = config->log_threshold,
        .info_path = o->foreground ? NULL : config->info_log_path,
        .error_path = o->foreground ? NULL : config->error_log_path,
        .structured = structured && strcmp(structured, "true") == 0,
    };
    return log_open(&options, why, STARTUP_WHY);
}

/* The signals are blocked, so one that came while we waited for the database is pending. */
static bool told_to_end(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

bool startup_schema(const struct config *config, char why[STARTUP_WHY])
{
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    enum st_err err = schema_prepare(&c, config, told_to_end);
    if (err != ST_OK)
        snprintf(why, STARTUP_WHY, "%.*s", STR_ARG(c.message));
    arena_free(&arena);
    return err == ST_OK;
}

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (unsigned)n;
}

struct shared *startup_shared(const struct options *o, const struct config *config, char why[STARTUP_WHY])
{
    struct config_options options = config_options(o);
    unsigned slots = config->fcgi_hash_slots > 0 ? (unsigned)config->fcgi_hash_slots : processors();
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int err = s == MAP_FAILED ? errno : 0;
    if (!err)
        err = hash_slots_init(&s->hash_slots, slots);
    if (!err)
        err = hash_slots_init(&s->argon2_slots, HASH_SLOTS_MAX);
    if (!err)
        err = hash_slots_init(&s->scrypt_slots, HASH_SLOTS_MAX);
    if (!err)
        err = key_stock_init(&s->key_stock);
    if (!err)
        err = stats_init(&s->stats);
    if (!err)
        err = metrics_init(&s->metrics);
    if (err)
        snprintf(why, STARTUP_WHY, "shared memory: %s", strerror(err));
    if (err)
        return NULL;
    s->master_pid = getpid();
    if (!config_file_path(&options, s->config_file))
        s->config_file[0] = '\0';
    return s;
}

unsigned startup_workers(const struct options *o, const struct config *config)
{
    return o->workers > 0             ? o->workers
           : config->fcgi_workers > 0 ? (unsigned)config->fcgi_workers
                                      : processors();
}

void startup_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void startup_print_failure(const char *why)
{
    fprintf(stderr, "\033[31mTenant(, public, public) | What caused the crash: %s\033[0m\n", why);
}
