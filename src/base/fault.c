/* SPDX-License-Identifier: Apache-2.0
 *
 * A function that the program defines takes the place of the library's, for all libraries too. The
 * sanitizer's own, which does the work, is reached by its second name.
 */
#include "base/fault.h"

#ifdef ST_FAULTS

#include <errno.h>
#include <sanitizer/common_interface_defs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum fault_kind kind, counted;
} kinds[] = {
    {"alloc", FAULT_ALLOC, FAULT_ALLOC},    {"memory", FAULT_MEMORY, FAULT_ALLOC},
    {"write", FAULT_WRITE, FAULT_WRITE},    {"short", FAULT_SHORT, FAULT_SHORT},
    {"lease", FAULT_LEASE, FAULT_LEASE},    {"send", FAULT_SEND, FAULT_SEND},
    {"answer", FAULT_ANSWER, FAULT_ANSWER}, {"error", FAULT_ERROR, FAULT_ERROR},
    {"retry", FAULT_RETRY, FAULT_RETRY},
};

/* Written while no request is armed, and read by those who work for the armed one. */
static _Atomic(const void *) armed;
static enum fault_kind counted;
static bool from_there_on;
static uint64_t fail_at;
static _Atomic uint64_t seen;
static atomic_bool fired;

static _Thread_local bool inside;

static bool read_plan(struct str plan)
{
    size_t colon = str_find(plan, ':');
    int64_t n;
    if (colon >= plan.n || !str_to_i64(str_from(plan, colon + 1), &n) || n < 1)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!str_is_c(str_head(plan, colon), kinds[i].name))
            continue;
        counted = kinds[i].counted;
        from_there_on = kinds[i].kind == FAULT_MEMORY;
        fail_at = (uint64_t)n;
        return true;
    }
    return false;
}

void fault_arm(const void *request, struct str plan)
{
    if (!plan.p || atomic_load(&armed) || !read_plan(plan))
        return;
    atomic_store(&seen, 0);
    atomic_store(&fired, false);
    atomic_store(&armed, request);
    inside = true;
}

void fault_enter(const void *request)
{
    inside = inside || atomic_load(&armed) == request;
}

void fault_leave(void)
{
    inside = false;
}

void fault_end(const void *request)
{
    inside = false;
    (void)atomic_compare_exchange_strong(&armed, &request, NULL);
}

bool fault_hits(enum fault_kind kind)
{
    if (!inside || kind != counted)
        return false;
    uint64_t number = atomic_fetch_add(&seen, 1) + 1;
    bool hit = from_there_on ? number >= fail_at : number == fail_at;
    if (hit && !atomic_exchange(&fired, true) && getenv("ST_FAULT_TRACE"))
        __sanitizer_print_stack_trace(); /* into the log: where it was met first */
    return hit;
}

const char *fault_report(void)
{
    static _Thread_local char text[64];
    (void)snprintf(text, sizeof text, "fired=%d seen=%llu", atomic_load(&fired),
                   (unsigned long long)atomic_load(&seen));
    return text;
}

/* ---- allocation ---- */

/* RETURNS NAME(PARAMETERS) as it is, and NULL where it is to fail. */
#define FAILING(NAME, PARAMETERS, ARGUMENTS, TYPE)                                                           \
    TYPE __interceptor_##NAME PARAMETERS;                                                                    \
    TYPE NAME PARAMETERS                                                                                     \
    {                                                                                                        \
        if (!fault_hits(FAULT_ALLOC))                                                                        \
            return __interceptor_##NAME ARGUMENTS;                                                           \
        errno = ENOMEM;                                                                                      \
        return NULL;                                                                                         \
    }

FAILING(malloc, (size_t size), (size), void *)
FAILING(calloc, (size_t n, size_t size), (n, size), void *)
FAILING(realloc, (void *p, size_t size), (p, size), void *)
FAILING(reallocarray, (void *p, size_t n, size_t size), (p, n, size), void *)
FAILING(aligned_alloc, (size_t alignment, size_t size), (alignment, size), void *)
FAILING(strdup, (const char *s), (s), char *)
FAILING(strndup, (const char *s, size_t n), (s, n), char *)

int __interceptor_posix_memalign(void **out, size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size)
{
    return fault_hits(FAULT_ALLOC) ? ENOMEM : __interceptor_posix_memalign(out, alignment, size);
}

/* ---- writing ---- */

/* A peer that has gone does not come back: libpq waits for its last words. */
static bool send_fails(int fd)
{
    if (!fault_hits(FAULT_WRITE))
        return false;
    (void)shutdown(fd, SHUT_RDWR);
    errno = EPIPE;
    return true;
}

static size_t shortened(size_t n)
{
    return n > 1 && fault_hits(FAULT_SHORT) ? 1 : n;
}

ssize_t __interceptor_write(int fd, const void *p, size_t n);
ssize_t write(int fd, const void *p, size_t n)
{
    if (!fault_hits(FAULT_WRITE))
        return __interceptor_write(fd, p, shortened(n));
    errno = EIO;
    return -1;
}

ssize_t __interceptor_send(int fd, const void *p, size_t n, int flags);
ssize_t send(int fd, const void *p, size_t n, int flags)
{
    return send_fails(fd) ? -1 : __interceptor_send(fd, p, shortened(n), flags);
}

ssize_t __interceptor_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (send_fails(fd))
        return -1;
    struct msghdr now = *message;
    struct iovec first;
    if (now.msg_iovlen > 0 && fault_hits(FAULT_SHORT)) {
        first = (struct iovec){now.msg_iov[0].iov_base, now.msg_iov[0].iov_len > 0};
        now.msg_iov = &first;
        now.msg_iovlen = 1;
    }
    return __interceptor_sendmsg(fd, &now, flags);
}

#endif
