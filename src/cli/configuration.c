/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands on the configuration, reference pages, and the migration of a database.
 */
#include "cli/work.h"
#include "config/dump.h"
#include "config/reference.h"
#include "db/schema.h"
#include "deliver/template_check.h"
#include "reference/reference.h"
#include "site/pages.h"
#include "site/reference.h"
#include "site/site.h"

static void print_valid(const struct invocation *in, size_t sites)
{
    if (in->json)
        printf("{\"valid\":true,\"sites\":%zu}\n", sites);
    else if (sites > 0)
        printf("The configuration is valid, with %zu site%s.\n", sites, sites == 1 ? "" : "s");
    else
        puts("The configuration is valid.");
}

static bool has_good_templates(const struct sites *sites)
{
    struct site_error error;
    if (templates_check(sites, &error) == ST_OK)
        return true;
    print_error("%s", error.text);
    return false;
}

int config_test_run(const struct invocation *in)
{
    const struct config *config = work_load_config(in);
    const struct sites *sites = config ? work_load_sites(config) : NULL;
    bool valid = sites && has_good_templates(sites);
    if (valid)
        print_valid(in, sites_count(sites));
    sites_free(sites);
    config_free(config);
    return !valid;
}

int config_dump_run(const struct invocation *in)
{
    const struct config *config = work_load_config(in);
    if (!config)
        return 1;
    if (in->json)
        config_dump_json(config, stdout);
    else
        config_dump(config, stdout);
    config_free(config);
    return 0;
}

int config_default_run(const struct invocation *in)
{
    (void)in;
    config_default_yaml(stdout);
    return 0;
}

int config_keys_run(const struct invocation *in)
{
    (void)in;
    config_write_reference(stdout);
    return 0;
}

int api_core_run(const struct invocation *in)
{
    (in->openapi ? reference_write_core_openapi : reference_write_core)(stdout);
    return 0;
}

int api_auth_run(const struct invocation *in)
{
    (in->openapi ? reference_write_auth_openapi : reference_write_auth)(stdout);
    return 0;
}

int site_keys_run(const struct invocation *in)
{
    (void)in;
    site_write_reference(stdout);
    return 0;
}

/* The named site, or the only one. */
static const struct site *find_site(const struct sites *sites, const char *name)
{
    const struct site *found = name                      ? sites_find(sites, str_of(name))
                               : sites_count(sites) == 1 ? sites_at(sites, 0)
                                                         : NULL;
    if (!found)
        print_error(name ? "There is no such site" : "Which site? Name it with --site");
    return found;
}

int site_pages_run(const struct invocation *in)
{
    const struct config *config = work_load_config(in);
    const struct sites *sites = config ? work_load_sites(config) : NULL;
    const struct site *site = sites ? find_site(sites, in->site) : NULL;
    if (site) {
        struct arena arena;
        arena_init(&arena);
        fputs(site_pages_config(&arena, site).p, stdout);
        arena_free(&arena);
    }
    bool found = site != NULL;
    sites_free(sites);
    config_free(config);
    return !found;
}

int migrate_run(const struct invocation *in)
{
    const struct config *config = work_load_config(in);
    if (!config)
        return 1;
    struct arena arena;
    arena_init(&arena);
    struct ctx c = {.arena = &arena};
    enum st_err err =
        work_become_service_user(config) ? schema_migrate(&c, config, in->dry_run) : ST_INTERNAL;
    if (err)
        print_error("%s", c.message.p ? c.message.p : "the migration failed");
    arena_free(&arena);
    config_free(config);
    return err != ST_OK;
}
