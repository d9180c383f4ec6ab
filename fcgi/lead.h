/* SPDX-License-Identifier: Apache-2.0
 *
 * Which node leads: the one whose jobs process holds the advisory lock, on a connection of its own.
 */
#ifndef ST_FCGI_LEAD_H
#define ST_FCGI_LEAD_H

#include <libpq-fe.h>
#include <stdbool.h>

struct config;

struct lead {
    const struct config *config;
    PGconn *pg;
    bool leading; /* as of the last question, for the log */
};

/* Asks the database, connecting first if need be; waits at most some seconds for it. */
bool lead_is_ours(struct lead *l);
void lead_close(struct lead *l);

#endif
