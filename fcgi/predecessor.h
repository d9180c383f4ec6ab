/* SPDX-License-Identifier: Apache-2.0
 *
 * The other side of upgrade.h: a master that was started to take the place of another one. Until that one
 * lets go it says nothing to systemd and owns neither the socket's name nor the .started file, and when that
 * one dies first it ends, for whoever supervises the service starts it again.
 */
#ifndef ST_FCGI_PREDECESSOR_H
#define ST_FCGI_PREDECESSOR_H

#include <stdbool.h>

/* Environment variables, valid for the process that LISTEN_PID names. */
#define PREDECESSOR_FD "ST_PREDECESSOR_FD" /* a number */
#define PREDECESSOR_SOCKET                                                                                   \
    "ST_PREDECESSOR_SOCKET" /* name of the socket that the service made; else empty                          \
                             */

struct master;

struct predecessor {
    int fd;           /* -1: there is none (any more) */
    bool stays;       /* it has let go, and the service ends with it */
    char socket[108]; /* to be removed in the end; "": it is not ours to remove */
};

/* Before listeners_open. */
void predecessor_find(struct predecessor *p);
/* Whether it is the service still. */
bool predecessor_serves(const struct master *m);
/* There is something to read, or it has died. */
void predecessor_listen(struct master *m);

#endif
