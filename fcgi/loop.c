/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "service/service.h"

/* What an event is about: the upper half of epoll's data, the file descriptor being the lower one. */
enum source { SOURCE_LISTENER, SOURCE_CONNECTION, SOURCE_RESUME, SOURCE_STOP };

enum {
    RECEIVE_TIMEOUT_MS = 10 * 1000, /* nginx has the whole request when it connects, so pauses mean trouble */
    NO_DESCRIPTORS_PAUSE_MS = 100,
};

static bool watch(struct loop *l, int operation, enum source source, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)source << 32 | (unsigned)fd};
    return epoll_ctl(l->epoll, operation, fd, &event) == 0;
}

/* EPOLLEXCLUSIVE wakes one worker, always the first in the queue that has a thread to spare; whoever was
 * woken therefore leaves the queue and joins again at its end (loop_accept). */
static bool watch_listener(struct loop *l, int fd)
{
    return watch(l, EPOLL_CTL_ADD, SOURCE_LISTENER, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE) ||
           errno == EEXIST;
}

static void unwatch(struct loop *l, int fd)
{
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

int loop_open(struct loop *l)
{
    int err = pthread_mutex_init(&l->lock, NULL);
    if (err)
        return err;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->resume_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll < 0 || l->resume_event < 0 || l->stop_event < 0 ||
        !watch(l, EPOLL_CTL_ADD, SOURCE_RESUME, l->resume_event, EPOLLIN | EPOLLET) ||
        !watch(l, EPOLL_CTL_ADD, SOURCE_STOP, l->stop_event, EPOLLIN))
        return errno;
    for (unsigned i = 0; i < l->listeners->n; i++)
        if (!watch_listener(l, l->listeners->fd[i]))
            return errno;
    return 0;
}

static void free_request(struct request *r)
{
    if (r->fd >= 0)
        close(r->fd);
    request_end(r);
    arena_free(&r->x.arena);
    free(r);
}

void loop_close(struct loop *l)
{
    for (struct request *r = l->spare, *next; r; r = next) {
        next = r->next;
        free_request(r);
    }
    for (struct request *r = l->resumed_first, *next; r; r = next) {
        next = r->next;
        free_request(r);
    }
    close(l->epoll);
    close(l->resume_event);
    close(l->stop_event);
    (void)pthread_mutex_destroy(&l->lock);
}

static struct request *take_request(struct loop *l, int fd, bool polled)
{
    pthread_mutex_lock(&l->lock);
    struct request *r = l->spare;
    if (r) {
        l->spare = r->next;
        l->spares--;
    }
    pthread_mutex_unlock(&l->lock);
    if (!r && (r = calloc(1, sizeof *r)) != NULL) {
        arena_init(&r->x.arena);
        (void)FCGX_InitRequest(&r->fcgi, -1, 0);
    }
    if (!r)
        return NULL;
    r->fd = fd;
    r->polled = polled;
    r->next = NULL;
    return r;
}

static void give_back(struct loop *l, struct request *r)
{
    pthread_mutex_lock(&l->lock);
    bool keep = l->spares < 2 * l->threads;
    if (keep) {
        r->next = l->spare;
        l->spare = r;
        l->spares++;
    }
    pthread_mutex_unlock(&l->lock);
    if (!keep)
        free_request(r);
}

static void close_connection(struct loop *l, int fd)
{
    if (fd >= 0)
        close(fd);
    atomic_fetch_sub(&l->connections, 1);
    metrics_gauge(METRIC_connections, -1);
}

/* The request is over: the connection waits for the next one, or is closed. */
static void finish(struct loop *l, struct request *r, bool usable)
{
    enum { NEXT_REQUEST = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT };
    int fd = r->fd;
    bool polled = r->polled;
    request_end(r);
    fault_end(r);
    r->fd = -1;
    give_back(l, r);
    atomic_fetch_sub(&l->busy, 1);
    metrics_gauge(METRIC_busy, -1);
    if (!usable || !watch(l, polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, SOURCE_CONNECTION, fd, NEXT_REQUEST))
        close_connection(l, fd);
}

static void answer(struct loop *l, struct request *r)
{
    finish(l, r, request_answer(r, atomic_load(&l->draining)));
}

static bool submit(struct loop *l, struct request *r)
{
    return r->x.call ? caller_submit(l->caller, r) : hash_submit(l->hash, r);
}

static void go_on(struct loop *l, struct request *r, enum serve_state state)
{
    if (state == SERVE_WAITING) {
        fault_leave();
        if (submit(l, r))
            return; /* R is no longer ours */
        fault_enter(r);
        service_refuse(l->service, &r->x);
    }
    answer(l, r);
}

/* R is known to loop_expire meanwhile. A peer that sends byte by byte meets no time-out of the socket. */
static enum request_state read_request(struct loop *l, struct request *r)
{
    pthread_mutex_lock(&l->lock);
    r->reading_fd = r->fd;
    r->read_until = clock_monotonic_ms() + l->limits.timeout_ms;
    r->previous = NULL;
    r->next = l->reading;
    if (r->next)
        r->next->previous = r;
    l->reading = r;
    pthread_mutex_unlock(&l->lock);

    enum request_state state = request_read(r, &l->limits);

    pthread_mutex_lock(&l->lock);
    if (r->next)
        r->next->previous = r->previous;
    if (r->previous)
        r->previous->next = r->next;
    else
        l->reading = r->next;
    r->next = NULL;
    pthread_mutex_unlock(&l->lock);
    return state;
}

void loop_expire(struct loop *l)
{
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&l->lock);
    for (struct request *r = l->reading; r; r = r->next) {
        if (now <= r->read_until)
            continue;
        /* Its thread finds the end of the stream and closes it. Once only: then the number is another's. */
        (void)shutdown(r->reading_fd, SHUT_RDWR);
        r->read_until = INT64_MAX;
    }
    pthread_mutex_unlock(&l->lock);
}

static void serve(struct loop *l, int fd, bool polled)
{
    struct request *r = take_request(l, fd, polled);
    if (!r) {
        close_connection(l, fd);
        return;
    }
    atomic_fetch_add(&l->busy, 1);
    metrics_gauge(METRIC_busy, 1);
    switch (read_request(l, r)) {
    case REQUEST_READY:
        go_on(l, r, service_begin(l->service, &r->x));
        break;
    case REQUEST_ANSWERED:
        answer(l, r);
        break;
    case REQUEST_LOST:
        finish(l, r, false);
        break;
    }
}

/* Something to read, or the end of a kept connection, which is none of libfcgi's business. */
static void connection_event(struct loop *l, int fd, unsigned events)
{
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && request_peek(fd) != PEEK_DATA)
        close_connection(l, fd);
    else
        serve(l, fd, true);
}

static void start_connection(struct loop *l, int fd, bool serve_now)
{
    struct timeval timeout = {.tv_sec = RECEIVE_TIMEOUT_MS / 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    atomic_fetch_add(&l->connections, 1);
    metrics_gauge(METRIC_connections, 1);
    if (serve_now && request_peek(fd) == PEEK_DATA)
        serve(l, fd, false);
    else if (!watch(l, EPOLL_CTL_ADD, SOURCE_CONNECTION, fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT))
        close_connection(l, fd);
}

static bool out_of_resources(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS;
}

static void accept_one(struct loop *l, int listener)
{
    unwatch(l, listener);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && out_of_resources(errno)) {
        LOG_ERROR(NULL, "cannot accept connections: %s", strerror(errno));
        nanosleep(&(struct timespec){.tv_nsec = NO_DESCRIPTORS_PAUSE_MS * 1000000L}, NULL);
    }
    pthread_mutex_lock(&l->lock); /* loop_drain may run meanwhile */
    /* Whatever else is waiting to be accepted makes an event again at once. */
    bool watched = atomic_load(&l->draining) || watch_listener(l, listener);
    pthread_mutex_unlock(&l->lock);
    if (!watched)
        LOG_ERROR(NULL, "cannot wait for connections: %s", strerror(errno));
    if (fd >= 0)
        start_connection(l, fd, true);
}

static void wake_for_resumed(struct loop *l)
{
    (void)!write(l->resume_event, &(uint64_t){1}, sizeof(uint64_t));
}

static void resume_one(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct request *r = l->resumed_first;
    if (r)
        l->resumed_first = r->next;
    bool more = l->resumed_first != NULL;
    pthread_mutex_unlock(&l->lock);
    if (more) /* several may have come with one event */
        wake_for_resumed(l);
    if (!r)
        return;
    r->next = NULL;
    fault_enter(r);
    if (r->dropped) {
        service_refuse(l->service, &r->x);
        answer(l, r);
    } else {
        go_on(l, r, service_resume(l->service, &r->x));
    }
}

void loop_resume(struct loop *l, struct request *r)
{
    r->next = NULL;
    pthread_mutex_lock(&l->lock);
    if (l->resumed_first)
        l->resumed_last->next = r;
    else
        l->resumed_first = r;
    l->resumed_last = r;
    pthread_mutex_unlock(&l->lock);
    wake_for_resumed(l);
}

void loop_run(struct loop *l, _Atomic int64_t *busy_since)
{
    for (;;) {
        struct epoll_event event;
        atomic_store_explicit(busy_since, 0, memory_order_relaxed);
        if (epoll_wait(l->epoll, &event, 1, -1) != 1)
            continue; /* interrupted */
        atomic_store_explicit(busy_since, clock_monotonic_ms(), memory_order_relaxed);
        int fd = (int)(uint32_t)event.data.u64;
        switch ((enum source)(event.data.u64 >> 32)) {
        case SOURCE_LISTENER:
            accept_one(l, fd);
            break;
        case SOURCE_CONNECTION:
            connection_event(l, fd, event.events);
            break;
        case SOURCE_RESUME:
            resume_one(l);
            break;
        case SOURCE_STOP:
            return;
        }
    }
}

/* The socket is to be dead as soon as nobody accepts from it any more, or clients of a service whose master
 * was killed would wait for nobody, and the next master would think that it is served. The number stays
 * taken: a thread may be about to use it. */
static void let_go(const struct loop *l, int listener)
{
    (void)dup3(l->stop_event, listener, O_CLOEXEC);
}

void loop_drain(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->draining, true);
    for (unsigned i = 0; i < l->listeners->n; i++)
        unwatch(l, l->listeners->fd[i]);
    pthread_mutex_unlock(&l->lock);
    for (unsigned i = 0; i < l->listeners->n; i++) {
        int fd;
        while ((fd = accept4(l->listeners->fd[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
            start_connection(l, fd, false);
        let_go(l, l->listeners->fd[i]);
    }
}

void loop_stop(struct loop *l)
{
    (void)!write(l->stop_event, &(uint64_t){1}, sizeof(uint64_t));
}
