/* SPDX-License-Identifier: Apache-2.0
 *
 * systemd's side channels, spoken by hand (sd_notify(3), sd_watchdog_enabled(3)). Everything is a no-op when
 * the process was not started by systemd.
 */
#ifndef ST_FCGI_NOTIFY_H
#define ST_FCGI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
    int fd;              /* connected datagram socket; -1 without systemd */
    int64_t watchdog_ms; /* interval within which a sign of life is expected; 0: none */
};

void notify_open(struct notify *n);
void notify_close(struct notify *n);
/* TEXT: lines such as "READY=1\nSTATUS=serving". */
void notify_send(const struct notify *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* RELOADING=1, with the time that systemd tells this reload from an earlier one by. */
void notify_reloading(const struct notify *n);

/* Whether systemd runs this process as (part of) a unit. */
bool notify_under_systemd(void);

#endif
