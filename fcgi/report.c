/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

void report_send(int fd, enum report what)
{
    char letter = (char)what;
    (void)!write(fd, &letter,
                 1); /* a full pipe means that the master is busy; a later sign of life will do */
}

void report_failure(int fd, const char *why)
{
    report_send(fd, REPORT_FAILED);
    (void)!write(fd, why, strlen(why));
}

void child_prepare(pid_t master)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != master) /* it died before that */
        _exit(1);
}

enum order child_wait(int timeout_ms)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    int64_t end = clock_monotonic_ms() + timeout_ms;
    for (int64_t left = timeout_ms; left >= 0; left = end - clock_monotonic_ms()) {
        struct timespec wait = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        switch (sigtimedwait(&set, NULL, &wait)) {
        case SIGTERM:
            return ORDER_END;
        case SIGHUP:
            return ORDER_RETIRE;
        case SIGUSR1:
            log_reopen();
        }
    }
    return ORDER_NONE;
}
