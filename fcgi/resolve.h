/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks host names up without blocking the caller: in a short-lived child process, as the C library's
 * resolver and libpq only know how to wait.
 */
#ifndef ST_FCGI_RESOLVE_H
#define ST_FCGI_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

enum { RESOLVE_SIZE = 512 };

struct resolve {
    int fd; /* becomes readable when there is something for resolve_read; -1: nothing is under way */
    size_t n;
    char addresses[RESOLVE_SIZE];
};

enum resolve_state { RESOLVE_MORE, RESOLVE_DONE, RESOLVE_FAILED };

/* Whether HOSTS, a list in libpq's form, holds names that must be looked up (no addresses, no socket
 * directories). */
bool resolve_needed(const char *hosts);
/* False: no process could be started. The child is reaped by whoever reaps all children. */
bool resolve_start(struct resolve *r, const char *hosts);
/* On RESOLVE_DONE r->addresses is a list in the form of libpq's hostaddr. */
enum resolve_state resolve_read(struct resolve *r);
void resolve_stop(struct resolve *r);

#endif
