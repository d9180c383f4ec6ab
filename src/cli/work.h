/* SPDX-License-Identifier: Apache-2.0
 *
 * What commands work with: the service's configuration, and its data through the modules that its doors use,
 * in a process without workers.
 */
#ifndef ST_CLI_WORK_H
#define ST_CLI_WORK_H

#include "cli/command.h"
#include "cli/print.h"
#include "json/write.h"
#include "runtime/runtime.h"

/* Where the configuration is when no option names it. */
#define CONFIG_FILE "/etc/supertokens/config.yaml"

/* --config, else CONFIG_FILE where there is one, else NULL: the environment alone. */
const char *work_config_file(const struct invocation *in);
/* NULL after an error that was printed; else for config_free. */
const struct config *work_load_config(const struct invocation *in);
/* NULL after an error that was printed; else for sites_free. */
const struct sites *work_load_sites(const struct config *config);

/* The user of packaged services. */
#define SERVICE_USER "supertokens"
/* A PostgreSQL behind a unix socket knows its clients by their system user. Root becomes SERVICE_USER for it,
 * where there is such a user and no password is configured; for good. False after an error that was printed.
 */
bool work_become_service_user(const struct config *config);

/* A command on data fills OUT, an object that is open, and returns; errors are told by ctx_fail. */
struct work {
    const struct invocation *in;
    struct ctx *c;
    struct service *service;
    struct tenancy *tenancy;
    struct tenant_id id;         /* --domain, --app, --tenant, checked */
    const struct tenant *tenant; /* by work_find_tenant */
    struct json_out out;
    struct layout layout;
};

/* Runs in->command->data; returns the exit status. */
int work_run(const struct invocation *in);

/* Gives the database its time anew, after a person took theirs. */
void work_restart_clock(struct work *w);

/* Sets W->tenant to the tenant that the options name. ST_BAD_REQUEST with the reference's text when there is
 * none. */
enum st_err work_find_tenant(struct work *w) ST_MUST_CHECK;

#endif
