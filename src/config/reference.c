/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reference.h"

#include "config/keys.h"

static const char *const types[] = {
    [CONFIG_STRING] = "text",
    [CONFIG_INT] = "integer",
    [CONFIG_LONG] = "integer",
    [CONFIG_DOUBLE] = "number",
    [CONFIG_BOOLEAN] = "`true`, `false`",
    [CONFIG_ENUM] = "",
    [CONFIG_NINT] = "integer or null",
};
static const char *const levels[] = {
    [CONFIG_CORE] = "service", [CONFIG_APP] = "app", [CONFIG_TENANT] = "tenant"};

static void write_key(FILE *out, const struct config_key *key)
{
    fprintf(out, "| `%s` | ", key->name);
    if (key->env)
        fprintf(out, "`%s`", key->env);
    fprintf(out, " | %s", types[key->type]);
    for (const char *const *choice = key->choices; choice && *choice; choice++)
        fprintf(out, "%s`%s`", choice == key->choices ? "" : ", ", *choice);
    if (key->marks & CONFIG_SECRET)
        fputs(", secret", out);
    fputs(" | ", out);
    if (key->fallback && strcmp(key->fallback, CONFIG_CPUS) == 0)
        fputs("number of processors", out);
    else if (key->fallback && key->fallback[0])
        fprintf(out, "`%s`", key->fallback);
    else
        fputs(key->fallback ? "empty" : "", out);
    fprintf(out, " | %s | %s |\n", levels[key->level], key->help);
}

void config_write_reference(FILE *out)
{
    fputs("## Keys\n\nThe last column but one says for whom a key can be set: for the whole *service* only "
          "(file, "
          "environment), also for an *app*, or also for a *tenant* (`core_config` of the multitenancy "
          "operations).\n",
          out);
    for (const struct config_key *key = config_keys; key < config_keys + CONFIG_KEYS; key++) {
        if (key->section)
            fprintf(
                out,
                "\n### %s\n\n| Key | Environment | Value | Default | Per | |\n|---|---|---|---|---|---|\n",
                key->section);
        write_key(out, key);
    }
}
