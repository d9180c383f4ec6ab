/* SPDX-License-Identifier: Apache-2.0
 *
 * The service's one connection that LISTENs to what other nodes write (base/generations.h). It lives in the
 * master, whose loop it never blocks: everything happens in listener_run, called when the file descriptor is
 * ready or a time has come.
 */
#ifndef ST_FCGI_LISTENER_H
#define ST_FCGI_LISTENER_H

#include <libpq-fe.h>
#include <poll.h>
#include <stdint.h>

#include "base/generations.h"
#include "config/config.h"
#include "resolve.h"

enum listener_state {
    LISTENER_WAITING, /* until the next try */
    LISTENER_RESOLVING,
    LISTENER_CONNECTING,
    LISTENER_SUBSCRIBING,
    LISTENER_LISTENING,
};

struct listener {
    enum listener_state state;
    struct generations *generations;
    const struct config *config; /* a reference */
    PGconn *pg;
    struct resolve resolve;
    short events;                /* that the connection waits for */
    int64_t due_ms;              /* of the next try, or the end of this one; not while listening */
    int64_t bump_all_ms;         /* next time that everything is read again as a net */
    unsigned failures;           /* in a row, of all hosts together */
    unsigned host, hosts, tried; /* the next one's number, how many there are, how many failed since */
};

void listener_open(struct listener *l, struct generations *generations, const struct config *config);
/* After a reload: the next connection is made with this configuration, now. */
void listener_reconfigure(struct listener *l, const struct config *config);
struct pollfd listener_poll(const struct listener *l);
int64_t
listener_due(const struct listener *l); /* monotonic ms at which listener_run is to be called at the latest */
void listener_run(struct listener *l, short revents);
void listener_close(struct listener *l);
/* In a forked child: lets go of the connection without telling the server. */
void listener_forget(struct listener *l);

#endif
