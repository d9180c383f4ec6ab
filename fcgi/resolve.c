/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { HOST_MAX = 256, LIMIT_S = 30 };

/* The next host of a list, as a C string; false at its end or when it is too long to be one. */
static bool next_host(struct str *rest, char out[HOST_MAX])
{
    if (!rest->p)
        return false;
    struct str host = str_split(rest, ',');
    return snprintf(out, HOST_MAX, "%.*s", STR_ARG(host)) < HOST_MAX;
}

static bool is_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return host[0] && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

bool resolve_needed(const char *hosts)
{
    char host[HOST_MAX];
    struct str rest = str_of(hosts);
    while (next_host(&rest, host))
        if (is_name(host))
            return true;
    return false;
}

static bool look_up(const char *name, char out[HOST_MAX])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    if (getaddrinfo(name, NULL, &hints, &found) != 0)
        return false;
    int err = getnameinfo(found->ai_addr, found->ai_addrlen, out, HOST_MAX, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    return err == 0;
}

static _Noreturn void child(const char *hosts, int fd)
{
    char host[HOST_MAX], address[HOST_MAX];
    struct str rest = str_of(hosts);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)alarm(LIMIT_S);
    if (fd > 3) /* nothing of the master's, least of all its socket, is to outlive it here */
        (void)close_range(3, (unsigned)fd - 1, 0);
    (void)close_range(fd > 3 ? (unsigned)fd + 1 : 4, ~0U, 0);
    for (bool first = true; next_host(&rest, host); first = false) {
        address[0] = 0; /* a socket directory has no address */
        if (!is_name(host) && host[0] != '/')
            snprintf(address, sizeof address, "%s", host);
        if (is_name(host) && !look_up(host, address))
            _exit(1);
        if ((!first && write(fd, ",", 1) != 1) || write(fd, address, strlen(address)) < 0)
            _exit(1);
    }
    (void)!write(fd, "\n", 1);
    _exit(0);
}

bool resolve_start(struct resolve *r, const char *hosts)
{
    int ends[2];
    *r = (struct resolve){.fd = -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        child(hosts, ends[1]);
    close(ends[1]);
    r->fd = ends[0];
    if (pid < 0)
        resolve_stop(r);
    return pid > 0;
}

enum resolve_state resolve_read(struct resolve *r)
{
    ssize_t n = read(r->fd, r->addresses + r->n, sizeof r->addresses - 1 - r->n);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return RESOLVE_MORE;
    if (n > 0) {
        r->n += (size_t)n;
        return r->n < sizeof r->addresses - 1 ? RESOLVE_MORE : RESOLVE_FAILED;
    }
    bool whole = n == 0 && r->n > 0 && r->addresses[r->n - 1] == '\n';
    r->addresses[whole ? r->n - 1 : 0] = 0;
    return whole ? RESOLVE_DONE : RESOLVE_FAILED;
}

void resolve_stop(struct resolve *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1; /* the child ends by itself soon */
}
