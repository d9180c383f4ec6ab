/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/work.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "fcgi/startup.h"
#include "multitenancy/multitenancy.h"
#include "runtime/shared.h"
#include "site/site.h"

enum { PATIENCE_MS = 30 * 1000 };

const char *work_config_file(const struct invocation *in)
{
    if (in->config_file)
        return in->config_file;
    /* One that may not be looked at is an error, not a reason to go on without. */
    return access(CONFIG_FILE, F_OK) == 0 || errno == EACCES ? CONFIG_FILE : NULL;
}

static void warn_of_unknown_key(void *context, const char *key, const char *file, unsigned line)
{
    (void)context;
    fprintf(stderr, "%s:%u: warning: unknown key '%s' is ignored\n", file, line, key);
}

const struct config *work_load_config(const struct invocation *in)
{
    struct config_options options = {
        .file = work_config_file(in),
        .test_mode = in->test_mode,
        .environment = environ,
        .unknown_key = warn_of_unknown_key,
    };
    struct config_error error = {.text = ""};
    const struct config *config = NULL;
    if (config_load(&options, &config, &error) == ST_OK)
        return config;
    print_error("%s", error.text);
    return NULL;
}

const struct sites *work_load_sites(const struct config *config)
{
    const struct sites *sites;
    struct site_error error;
    if (sites_load(config->fcgi_sites_dir, environ, &sites, &error) == ST_OK)
        return sites;
    print_error("%s", error.text);
    return NULL;
}

bool work_become_service_user(const struct config *config)
{
    char room[4096];
    struct passwd entry, *user = NULL;
    if (geteuid() != 0 || config->pg.host[0] != '/' || config->pg.password)
        return true;
    if (getpwnam_r(SERVICE_USER, &entry, room, sizeof room, &user) != 0 || !user)
        return true;
    if (setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0)
        return true;
    print_error("the user " SERVICE_USER " cannot be taken: %s", strerror(errno));
    return false;
}

/* The ids that the options name, in their canonical form. */
static enum st_err read_ids(struct work *w)
{
    const struct invocation *in = w->in;
    w->id = TENANT_BASE;
    if (in->domain)
        ST_TRY(multitenancy_read_domain(w->c, str_of(in->domain), &w->id.cud));
    if (in->app)
        ST_TRY(multitenancy_read_app(w->c, str_of(in->app), &w->id.app));
    if (in->tenant)
        ST_TRY(multitenancy_read_tenant(w->c, str_of(in->tenant), &w->id.tenant));
    return ST_OK;
}

enum st_err work_find_tenant(struct work *w)
{
    enum st_err err = tenancy_find(w->c, w->tenancy, w->id, &w->tenant);
    return err == ST_NOT_FOUND ? tenancy_unknown(w->c, w->id) : err;
}

static const char *reason(const struct ctx *c, enum st_err err)
{
    if (c->message.p)
        return c->message.p;
    return err == ST_UNAVAILABLE ? "the database cannot be reached"
                                 : "the database refused; what it said is above";
}

void work_restart_clock(struct work *w)
{
    w->c->deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
}

static int run(struct work *w)
{
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    w->c = &c;
    work_restart_clock(w);
    w->out = json_out(&arena);
    json_open(&w->out, NULL, '{');
    enum st_err err = read_ids(w);
    if (err == ST_OK)
        err = w->in->command->data(w);
    json_close(&w->out, '}');
    if (err == ST_OK)
        print_result(w->in, &arena, json_done(&w->out), &w->layout);
    else
        print_error("%s", reason(&c, err));
    arena_free(&arena);
    return err != ST_OK;
}

int work_run(const struct invocation *in)
{
    char why[STARTUP_WHY];
    int status = 1;
    struct work w = {.in = in};
    const struct config *config = work_load_config(in);
    struct shared *shared = NULL;
    /* Without sites: they may need secrets that only the service has. */
    bool ready = config && work_become_service_user(config);
    if (ready && !(shared = startup_shared(&(struct options){.environment = environ}, config, why)))
        print_error("%s", why);
    if (shared && !(w.service = runtime_open(config, NULL, shared)))
        print_error("the database settings cannot be used");
    if (w.service) {
        w.tenancy = service_tenancy(w.service);
        status = run(&w);
    }
    runtime_close(w.service);
    config_free(config);
    return status;
}
