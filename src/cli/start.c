/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens start (spec: config 6): in the background until the service says that it has started, or in
 * the foreground in the place of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/work.h"

#define DAEMON "supertokens-fcgid"

enum { ARGUMENTS_MAX = 24, POLL_MS = 20, OUTPUT_MAX = 16 * 1024 };

struct command_line {
    const char *v[ARGUMENTS_MAX];
    size_t n;
};

static void add(struct command_line *line, const char *name, const char *value)
{
    if (!value)
        return;
    line->v[line->n++] = name;
    line->v[line->n++] = value;
}

/* Beside this program, or where installations have it. */
static const char *find_daemon(struct arena *a)
{
    static const char *const places[] = {"", "../sbin/"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    while (n > 0 && self[n - 1] != '/')
        n--;
    for (size_t i = 0; n > 0 && i < sizeof places / sizeof places[0]; i++) {
        struct str path = arena_printf(a, "%.*s%s" DAEMON, (int)n, self, places[i]);
        if (access(path.p, X_OK) == 0)
            return path.p;
    }
    return DAEMON; /* by PATH */
}

static const char *absolute(struct arena *a, const char *path)
{
    char resolved[PATH_MAX];
    return path && realpath(path, resolved) ? arena_str(a, str_of(resolved)).p : path;
}

static bool make_command(const struct invocation *in, struct arena *a, struct command_line *line,
                         const char **directory)
{
    const char *config = in->install_dir && !in->config_file ? NULL : work_config_file(in);
    *directory = in->temp_dir ? in->temp_dir : in->install_dir;
    if (!*directory)
        *directory = instances_directory(a).p;
    if (!*directory) {
        print_error("there is no directory for what runs: name one with --with-temp-dir");
        return false;
    }
    *directory = absolute(a, *directory);
    line->v[line->n++] = find_daemon(a);
    add(line, "--config", absolute(a, config));
    add(line, "--install-dir", absolute(a, in->install_dir));
    add(line, "--temp-dir", *directory);
    add(line, "--socket", in->socket);
    add(line, "--workers", in->workers);
    add(line, "--host", in->host);
    add(line, "--port", in->port);
    if (in->foreground)
        line->v[line->n++] = "--foreground";
    line->v[line->n] = NULL;
    return true;
}

static void print_command(const struct command_line *line)
{
    printf("Command to be run:");
    for (size_t i = 0; i < line->n; i++)
        printf(" %s", line->v[i]);
    putchar('\n');
    fflush(stdout);
}

static int execute(const struct command_line *line)
{
    execvp(line->v[0], (char *const *)(uintptr_t)line->v);
    return print_error("%s: %s", line->v[0], strerror(errno));
}

static volatile pid_t started_pid;

/* Who gives up waiting wants no service. */
static void give_up(int signal_number)
{
    if (started_pid > 0)
        (void)kill(started_pid, SIGTERM);
    _exit(128 + signal_number);
}

static pid_t start_in_background(const struct command_line *line, int log)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int null = open("/dev/null", O_RDONLY);
    (void)setsid();
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        _exit(1);
    _exit(execute(line));
}

/* Shows what was written since the last call; true when it says that PID has started. LINE keeps the
 * beginning of a line that is not complete. */
static bool follow(int log, pid_t pid, struct buf *line)
{
    char text[OUTPUT_MAX], end[40];
    bool started = false;
    snprintf(end, sizeof end, "with PID: %d", (int)pid);
    for (ssize_t n; (n = read(log, text, sizeof text)) > 0;) {
        fwrite(text, 1, (size_t)n, stdout);
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] != '\n') {
                buf_char(line, text[i]);
                continue;
            }
            struct str whole = buf_str(line);
            started = started || (str_starts(whole, STR("Started SuperTokens on")) && strstr(whole.p, end));
            line->n = 0;
        }
    }
    fflush(stdout);
    return started;
}

static int wait_until_started(struct arena *a, pid_t pid, int log)
{
    struct buf line = buf_in(a);
    for (int status;;) {
        bool ended = waitpid(pid, &status, WNOHANG) == pid;
        if (follow(log, pid, &line))
            return 0;
        if (ended)
            return 1;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
}

static int start(struct arena *a, const struct command_line *line, const char *directory)
{
    struct str path = arena_printf(a, "%s/supertokens.log", directory);
    int out = open(path.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    int log = out < 0 ? -1 : open(path.p, O_RDONLY | O_CLOEXEC);
    if (log < 0 || lseek(log, 0, SEEK_END) < 0) {
        int status = print_error("%s: %s", path.p, strerror(errno));
        if (out >= 0)
            close(out);
        return status;
    }
    started_pid = start_in_background(line, out);
    (void)signal(SIGINT, give_up);
    (void)signal(SIGTERM, give_up);
    close(out);
    int status = started_pid > 0 ? wait_until_started(a, started_pid, log)
                                 : print_error("no process could be started: %s", strerror(errno));
    close(log);
    return status;
}

int start_run(const struct invocation *in)
{
    struct command_line line = {.n = 0};
    struct arena arena;
    const char *directory;
    int status = 1;
    arena_init(&arena);
    if (make_command(in, &arena, &line, &directory)) {
        print_command(&line);
        status = in->foreground ? execute(&line) : start(&arena, &line, directory);
    }
    arena_free(&arena);
    return status;
}
