/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGHUP: workers with the new configuration start beside the old ones, which end when all of them are ready.
 */
#include "base/clock.h"
#include "base/metrics.h"
#include "config/keys.h"
#include "master_state.h"
#include "site/site.h"

bool reload_is_next(const struct master *m, const struct child *child)
{
    return m->next && child->generation == m->generation + 1;
}

void reload_forget(struct master *m)
{
    config_free(m->next);
    sites_free(m->next_sites);
    m->next = NULL;
    m->next_sites = NULL;
}

void reload_abort(struct master *m, const char *why)
{
    LOG_ERROR(NULL, "the configuration was not reloaded, the service goes on with the previous one: %s", why);
    for (unsigned i = 0; i < m->children.n; i++)
        if (reload_is_next(m, &m->children.list[i]))
            child_end(&m->children.list[i], ORDER_RETIRE, master_drain_limit(m)); /* it may be serving */
    reload_forget(m);
    metrics_count(METRIC_reloads_last);
    notify_send(&m->notify, "READY=1\nSTATUS=Reload failed: %.200s", why);
}

static void warn_of_fixed_keys(const struct config *now, const struct config *next)
{
    static const enum config_key_id fixed[] = {
        CONFIG_KEY_fcgi_socket,   CONFIG_KEY_fcgi_hash_slots, CONFIG_KEY_log_level,
        CONFIG_KEY_info_log_path, CONFIG_KEY_error_log_path,
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (!config_value_equal(now, next, &config_keys[fixed[i]]))
            LOG_WARN(NULL, "%s changes only by a restart", config_keys[fixed[i]].name);
}

void reload_begin(struct master *m)
{
    char why[STARTUP_WHY];
    m->reload_wanted = false;
    notify_reloading(&m->notify);
    if (!startup_load(m->options, &m->next, why) ||
        !startup_sites(m->options, m->next, &m->next_sites, why)) {
        reload_abort(m, why);
        return;
    }
    warn_of_fixed_keys(m->config, m->next);
    m->reload_limit_ms = clock_monotonic_ms() + START_LIMIT_MS;
    for (unsigned i = 0, n = startup_workers(m->options, m->next); i < n; i++)
        if (!master_spawn(m, CHILD_WORKER, i, true)) {
            reload_abort(m, "not enough processes");
            return;
        }
}

/* All new workers accept connections: the old ones may go. */
void reload_finish(struct master *m)
{
    for (unsigned i = 0; i < m->children.n; i++)
        if (!reload_is_next(m, &m->children.list[i]))
            child_end(&m->children.list[i], ORDER_RETIRE, master_drain_limit(m));
    config_free(m->config);
    sites_free(m->sites);
    m->config = m->next;
    m->sites = m->next_sites;
    m->next = NULL;
    m->next_sites = NULL;
    m->generation++;
    metrics_count(METRIC_reloads);
    m->workers = startup_workers(m->options, m->config);
    for (unsigned i = 0; i < m->workers; i++)
        m->slots[i] = (struct slot){.start_ms = 0};
    m->slots[m->workers] = (struct slot){.start_ms = 1}; /* the jobs process */
    listener_reconfigure(&m->listener, m->config);
    started_write(&m->started, m->options->temp_dir, m->config);
    notify_send(&m->notify, "READY=1\nSTATUS=Serving with %u workers", m->workers);
    LOG_INFO(NULL, "the configuration was reloaded; %u new workers serve", m->workers);
}
