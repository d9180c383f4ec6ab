/* SPDX-License-Identifier: Apache-2.0 */
#include "predecessor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "master_state.h"
#include "upgrade.h"

static bool number_of(const char *name, int64_t *number)
{
    return str_to_i64(str_of(getenv(name)), number);
}

static bool is_socket(int fd)
{
    int type = 0;
    socklen_t n = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

void predecessor_find(struct predecessor *p)
{
    int64_t pid, fd;
    const char *path = getenv(PREDECESSOR_SOCKET);
    *p = (struct predecessor){.fd = -1};
    if (path && number_of("LISTEN_PID", &pid) && pid == getpid() && number_of(PREDECESSOR_FD, &fd) &&
        fd > 2 && fd <= 3 + LISTEN_MAX && is_socket((int)fd)) {
        p->fd = (int)fd;
        (void)fcntl(p->fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(p->fd, F_SETFL, fcntl(p->fd, F_GETFL) | O_NONBLOCK);
        snprintf(p->socket, sizeof p->socket, "%s", path);
    }
    (void)unsetenv(PREDECESSOR_FD);
    (void)unsetenv(PREDECESSOR_SOCKET);
}

bool predecessor_serves(const struct master *m)
{
    return m->predecessor.fd >= 0 && m->phase == PHASE_STARTING;
}

static void take_over(struct master *m, bool stays)
{
    struct predecessor *p = &m->predecessor;
    p->stays = stays;
    snprintf(m->listeners.path, sizeof m->listeners.path, "%s", p->socket);
    notify_open(&m->notify);
    master_started(m);
}

static void is_gone(struct master *m)
{
    close(m->predecessor.fd);
    m->predecessor.fd = -1;
    if (m->phase == PHASE_STARTING) {
        LOG_ERROR(NULL, "the process that this one was to follow is gone");
        master_end(m, 1);
    } else if (m->predecessor.stays && m->phase == PHASE_SERVING) {
        m->listeners.path[0] = '\0'; /* it may be the next service's by now */
        master_end(m, 1);
    }
}

void predecessor_listen(struct master *m)
{
    char letter;
    ssize_t n = read(m->predecessor.fd, &letter, 1);
    if (n == 1 && m->phase == PHASE_STARTING && (letter == UPGRADE_LEAD || letter == UPGRADE_FOLLOW))
        take_over(m, letter == UPGRADE_FOLLOW);
    else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        is_gone(m);
}
