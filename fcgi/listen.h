/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening sockets: made here, or handed over by systemd. Unix sockets only: who can connect can claim
 * any REMOTE_ADDR, so access is a matter of the socket's file mode.
 */
#ifndef ST_FCGI_LISTEN_H
#define ST_FCGI_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

enum { LISTEN_MAX = 8 };

struct listeners {
    int fd[LISTEN_MAX]; /* non-blocking, close-on-exec */
    unsigned n;
    char path[108]; /* of the socket that we made and remove in the end; "" when systemd owns them */
};

/* Takes the sockets of LISTEN_FDS (sd_listen_fds(3)), or makes one at PATH with mode 0660 in place of a dead
 * one. On failure returns false with the reason in WHY. */
bool listeners_open(struct listeners *l, const char *path, char *why, size_t why_size);
/* Removes the socket's name, so that new connections fail at once instead of waiting for nobody. */
void listeners_unlink(struct listeners *l);
void listeners_close(struct listeners *l);

#endif
