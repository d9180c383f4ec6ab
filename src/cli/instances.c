/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/instances.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/print.h"
#include "config/config.h"

/* Of packaged services, and of those that root starts. */
#define SYSTEM_DIRECTORY "/run/supertokens"
#define DAEMON "supertokens-fcgid"

enum { COMM_MAX = 15, FILE_MAX = 64 * 1024, ARGUMENTS_MAX = 64 };

/* At most FILE_MAX bytes; STR_NONE: it cannot be read. */
static struct str read_small(struct arena *a, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return STR_NONE;
    char *text = arena_alloc(a, FILE_MAX + 1);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<FILE_MAX; n += got> 0 ? (size_t)got : 0)
        got = read(fd, text + n, FILE_MAX - n);
    close(fd);
    text[n] = '\0';
    return (struct str){text, n};
}

static struct str read_proc(struct arena *a, pid_t pid, const char *name)
{
    return read_small(a, arena_printf(a, "/proc/%d/%s", (int)pid, name).p);
}

/* A process that has ended and waits to be collected has no command line. */
bool instance_runs(pid_t pid)
{
    struct arena arena;
    arena_init(&arena);
    struct str name = read_proc(&arena, pid, "comm");
    bool runs = str_starts(name, str_head(STR(DAEMON), COMM_MAX)) && read_proc(&arena, pid, "cmdline").n > 0;
    arena_free(&arena);
    return runs;
}

/* ---- what a process was started with ---- */

static struct str absolute(struct arena *a, pid_t pid, const char *path)
{
    if (path[0] == '/')
        return str_of(path);
    char *cwd = arena_alloc(a, PATH_MAX);
    ssize_t n = readlink(arena_printf(a, "/proc/%d/cwd", (int)pid).p, cwd, PATH_MAX - 1);
    return n > 0 ? arena_printf(a, "%.*s/%s", (int)n, cwd, path) : str_of(path);
}

static void read_command_line(struct arena *a, struct instance *it)
{
    char *argv[ARGUMENTS_MAX + 1];
    int argc = 0;
    struct str rest = read_proc(a, it->pid, "cmdline");
    while (rest.p && rest.n && argc < ARGUMENTS_MAX)
        argv[argc++] = (char *)(uintptr_t)str_split(&rest, '\0').p;
    argv[argc] = NULL;
    optind = 0; /* getopt begins anew */
    opterr = 0;
    if (argc > 0)
        (void)options_read(&it->options, argc, argv);
    struct config_options options = {0};
    if (it->options.config_file)
        options.file = absolute(a, it->pid, it->options.config_file).p;
    if (it->options.install_dir)
        options.install_dir = absolute(a, it->pid, it->options.install_dir).p;
    char *path = arena_alloc(a, PATH_MAX);
    it->config_file = config_file_path(&options, path) ? str_of(path) : STR_NONE;
}

/* ---- the files ---- */

static bool is_known(const struct instances *all, pid_t pid)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].pid == pid)
            return true;
    return false;
}

static void add(struct arena *a, struct instances *out, const char *directory, const char *name)
{
    struct str text = read_small(a, arena_printf(a, "%s/%s", directory, name).p), rest = text;
    const char *dash = strrchr(name, '-');
    int64_t pid;
    if (!dash || out->n == INSTANCES_MAX || !text.p || !str_to_i64(str_split(&rest, '\n'), &pid) || pid < 1 ||
        pid > INT32_MAX || is_known(out, (pid_t)pid) || !instance_runs((pid_t)pid))
        return; /* left over, or none of ours */
    struct instance *it = &out->v[out->n++];
    *it = (struct instance){
        .pid = (pid_t)pid,
        .host = arena_str(a, (struct str){name, (size_t)(dash - name)}),
        .port = arena_str(a, str_of(dash + 1)),
    };
    read_command_line(a, it);
}

static void look_in(struct arena *a, struct instances *out, const char *directory)
{
    struct str path = arena_printf(a, "%s/.started", directory);
    DIR *d = opendir(path.p);
    if (!d && errno == EACCES)
        print_error("%s: %s", path.p, strerror(errno)); /* there may be services that are not seen */
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            add(a, out, path.p, entry->d_name);
    closedir(d);
}

/* Where this user may write; not in /tmp, where others can be faster. */
static struct str own_directory(struct arena *a)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
    if (runtime && runtime[0] == '/')
        return arena_printf(a, "%s/supertokens", runtime);
    return home && home[0] == '/' ? arena_printf(a, "%s/.supertokens", home) : STR_NONE;
}

void instances_find(const struct invocation *in, struct arena *a, struct instances *out)
{
    struct str own = own_directory(a);
    out->n = 0;
    if (in->temp_dir)
        look_in(a, out, in->temp_dir);
    if (in->install_dir)
        look_in(a, out, in->install_dir);
    if (in->temp_dir || in->install_dir)
        return;
    look_in(a, out, SYSTEM_DIRECTORY);
    if (own.p)
        look_in(a, out, own.p);
}

static bool is_writable(const char *path)
{
    return (mkdir(path, 0755) == 0 || errno == EEXIST) && access(path, W_OK | X_OK) == 0;
}

struct str instances_directory(struct arena *a)
{
    struct str own = own_directory(a);
    return is_writable(SYSTEM_DIRECTORY) ? STR(SYSTEM_DIRECTORY)
           : own.p && is_writable(own.p) ? own
                                         : STR_NONE;
}

/* ---- what the system says of a process ---- */

/* The fields of /proc/PID/stat behind the name, which may hold anything: the first is the state, field 3. */
static struct str stat_field(struct arena *a, pid_t pid, unsigned field)
{
    struct str text = read_proc(a, pid, "stat");
    const char *end = text.p ? strrchr(text.p, ')') : NULL;
    struct str rest = end ? str_of(end + 1) : STR_NONE, one = STR_NONE;
    for (unsigned i = 2; rest.p && i <= field; i++)
        one = str_split(&rest, ' ');
    return one;
}

static bool is_child(struct arena *a, pid_t pid, pid_t parent)
{
    enum { PARENT = 4 };
    int64_t n;
    return str_to_i64(stat_field(a, pid, PARENT), &n) && n == parent;
}

size_t instance_children(pid_t parent, pid_t *children, size_t max)
{
    struct arena arena;
    size_t n = 0;
    DIR *d = opendir("/proc");
    arena_init(&arena);
    for (struct dirent *entry; d && n < max && (entry = readdir(d)); arena_reset(&arena)) {
        int64_t pid;
        if (str_to_i64(str_of(entry->d_name), &pid) && is_child(&arena, (pid_t)pid, parent))
            children[n++] = (pid_t)pid;
    }
    arena_free(&arena);
    if (d)
        closedir(d);
    return n;
}

int64_t instance_started_ms(pid_t pid)
{
    enum { START_TIME = 22 };
    struct arena arena;
    struct timespec since_boot;
    int64_t ticks, per_second = sysconf(_SC_CLK_TCK);
    arena_init(&arena);
    bool known = str_to_i64(stat_field(&arena, pid, START_TIME), &ticks) && per_second > 0 &&
                 clock_gettime(CLOCK_BOOTTIME, &since_boot) == 0;
    arena_free(&arena);
    if (!known)
        return 0;
    return clock_now_ms() - (since_boot.tv_sec * 1000 + since_boot.tv_nsec / 1000000) +
           ticks * 1000 / per_second;
}
