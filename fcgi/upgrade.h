/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGUSR2: another program takes the place of this one, usually a newer version that a package put there, and
 * no request is lost. The master starts the program as its successor with the listening sockets (LISTEN_FDS,
 * as systemd would) and one end of a socket pair. The successor starts as any master does, with memory,
 * workers and a jobs process of its own; when all its workers serve it says so, is told that it is the
 * service now, and the workers here retire. Until then nothing here has changed: whatever keeps it from
 * getting ready (its file, the configuration, the database, a crash) is logged, and the service goes on.
 *
 * Why a child and not execve() in place, which would keep the process id: after an execve() there is no way
 * back, and the old workers would depend on a master that is not theirs, may crash before it is ready, does
 * not hear of their keys' changes and cannot start them again. As a child the successor is an ordinary start
 * of the service, and all that is new is this hand-over.
 *
 * The process id: systemd is told the new one (MAINPID=), and this process ends when its workers have. Under
 * any other supervisor this process stays, without workers, as the one that is watched: it passes signals on
 * and ends with its successor and with its status.
 *
 * What does not survive: the counters of GET /requests/stats begin anew, and keys made in advance are made
 * again. Two nodes' worth of processes run for a moment, which the jobs are made for: one of them leads.
 */
#ifndef ST_FCGI_UPGRADE_H
#define ST_FCGI_UPGRADE_H

#include <limits.h>
#include <stdbool.h>

struct child;
struct child_setup;
struct master;

/* What a master says to its successor, one letter. */
enum upgrade_order {
    UPGRADE_LEAD = 'L',   /* be the service; this process ends soon, whoever supervises knows the new one */
    UPGRADE_FOLLOW = 'F', /* be the service, for as long as this process lives */
};

/* The file to start, PATH_MAX bytes: as it was started where that was said in full, for a link may point to
 * another version by now. False: it is not known. */
bool upgrade_find_program(const char *name, char path[PATH_MAX]);

void upgrade_begin(struct master *m);
void upgrade_abort(struct master *m, const char *why);
void upgrade_finish(struct master *m, struct child *successor); /* it is ready */
void upgrade_ended(struct master *m, const struct child *successor, int status, const char *why);
/* The one that is starting or serves; NULL: there is none. */
struct child *upgrade_successor(struct master *m);

/* In the child: becomes the successor. */
_Noreturn void upgrade_exec(const struct child_setup *setup);

#endif
