/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master.h"
#include "notify.h"
#include "site/site.h"
#include "startup.h"

static int check(const struct options *o)
{
    const struct config *config = NULL;
    const struct sites *sites = NULL;
    char why[STARTUP_WHY];
    bool valid = startup_load(o, &config, why) && startup_sites(o, config, &sites, why);
    if (valid)
        puts("The configuration is valid.");
    else
        startup_print_failure(why);
    sites_free(sites);
    config_free(config);
    return !valid;
}

int main(int argc, char **argv)
{
    struct options o = {.argv = argv, .environment = environ};
    enum options_outcome outcome = options_read(&o, argc, argv);
    if (outcome != OPTIONS_RUN)
        return (int)outcome;
    if (!o.temp_dir)
        o.temp_dir = getenv("RUNTIME_DIRECTORY"); /* of the systemd unit */
    if (o.test_mode && notify_under_systemd()) {
        fputs("supertokens-fcgid: --test-mode is refused in a systemd unit\n", stderr);
        return 1;
    }
    if (sodium_init() < 0) {
        fputs("supertokens-fcgid: no source of random numbers\n", stderr);
        return 1;
    }
    return o.check ? check(&o) : master_run(&o);
}
