/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

bool notify_under_systemd(void)
{
    return getenv("NOTIFY_SOCKET") || getenv("INVOCATION_ID");
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n < 2 || n >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') /* abstract name space */
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, length) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int64_t number_in_environment(const char *name)
{
    int64_t value;
    return str_to_i64(str_of(getenv(name)), &value) && value > 0 ? value : 0;
}

void notify_open(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int64_t watched_pid = number_in_environment("WATCHDOG_PID");
    n->fd = path ? connect_to(path) : -1;
    n->watchdog_ms = 0;
    if (watched_pid == 0 || watched_pid == getpid())
        n->watchdog_ms = number_in_environment("WATCHDOG_USEC") / 1000;
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

void notify_send(const struct notify *n, const char *format, ...)
{
    char text[512];
    if (n->fd < 0)
        return;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length > 0)
        (void)send(n->fd, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1,
                   MSG_NOSIGNAL);
}

void notify_reloading(const struct notify *n)
{
    struct timespec t; /* not in milliseconds: it must not be before the signal */
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}
