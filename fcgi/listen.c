/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    FIRST_SYSTEMD_FD = 3,
    BACKLOG = 4096, /* a full queue is an instant 502; the kernel cuts it to net.core.somaxconn */
    LET_GO_MS = 3000,
    PROBE_PAUSE_MS = 100,
};

static bool is_listening_unix_socket(int fd)
{
    int domain = 0, type = 0, listening = 0;
    socklen_t n = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening;
}

static unsigned handed_over_by_systemd(void)
{
    int64_t pid, count;
    if (!str_to_i64(str_of(getenv("LISTEN_PID")), &pid) || pid != getpid() ||
        !str_to_i64(str_of(getenv("LISTEN_FDS")), &count) || count < 1)
        return 0;
    return count > LISTEN_MAX ? LISTEN_MAX + 1 : (unsigned)count;
}

static bool take_from_systemd(struct listeners *l, unsigned count, char *why, size_t why_size)
{
    if (count > LISTEN_MAX) {
        snprintf(why, why_size, "more than %d sockets in LISTEN_FDS", LISTEN_MAX);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        int fd = FIRST_SYSTEMD_FD + (int)i;
        if (!is_listening_unix_socket(fd)) {
            snprintf(why, why_size, "socket %d of LISTEN_FDS is not a listening unix stream socket", fd);
            return false;
        }
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        l->fd[l->n++] = fd;
    }
    return true;
}

static bool is_dead(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    bool dead =
        connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(probe);
    return dead;
}

/* What a crashed master left behind is removed; a socket that someone serves, or anything else, is not. Its
 * workers may need a moment to notice that it is dead. */
static bool make_room(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT;
    bool dead = false;
    int64_t end = clock_monotonic_ms() + LET_GO_MS;
    while (S_ISSOCK(st.st_mode) && !(dead = is_dead(address)) && clock_monotonic_ms() < end)
        nanosleep(&(struct timespec){.tv_nsec = PROBE_PAUSE_MS * 1000000L}, NULL);
    errno = EADDRINUSE;
    return dead && unlink(address->sun_path) == 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, n);
    if (!make_room(&address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    mode_t before = umask(0117); /* no moment at which others could connect */
    int err = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(before);
    if (err == 0)
        err = listen(fd, BACKLOG);
    if (err != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

/* The first line is the reference's (spec: config 7). */
static const char could_not_bind[] =
    "Error while starting webserver. Possible reasons:\n"
    "- Another instance of SuperTokens is already running on the same socket\n"
    "- The directory of the socket does not exist or is not writable\n"
    "%s: %s";

bool listeners_open(struct listeners *l, const char *path, char *why, size_t why_size)
{
    *l = (struct listeners){.n = 0};
    unsigned count = handed_over_by_systemd();
    /* Not for programs that we might start. */
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (count > 0)
        return take_from_systemd(l, count, why, why_size);
    int fd = listen_at(path);
    if (fd < 0) {
        snprintf(why, why_size, could_not_bind, path, strerror(errno));
        return false;
    }
    l->fd[l->n++] = fd;
    snprintf(l->path, sizeof l->path, "%s", path);
    return true;
}

void listeners_unlink(struct listeners *l)
{
    if (l->path[0])
        (void)unlink(l->path);
    l->path[0] = 0;
}

void listeners_close(struct listeners *l)
{
    for (unsigned i = 0; i < l->n; i++)
        close(l->fd[i]);
    l->n = 0;
}
