/* SPDX-License-Identifier: Apache-2.0 */
#include "started.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"

/* False: there is no such path. A host with a slash would leave the directory. */
static bool path_of(const char *directory, const struct config *config, char path[PATH_MAX])
{
    errno = EINVAL;
    if (strchr(config->host, '/'))
        return false;
    size_t n = strlen(directory);
    const char *slash = n && directory[n - 1] == '/' ? "" : "/";
    int length = snprintf(path, PATH_MAX, "%s%s.started", directory, slash);
    if (length <= 0 || length >= PATH_MAX)
        return false;
    /* Readable for whoever asks what runs, whatever the unit's UMask= is. */
    if (mkdir(path, 0755) == 0)
        (void)chmod(path, 0755);
    else if (errno != EEXIST)
        return false;
    length = snprintf(path, PATH_MAX, "%s%s.started/%s-%d", directory, slash, config->host, config->port);
    return length > 0 && length < PATH_MAX;
}

/* Not writable for everybody as the reference's: who reads it may send signals to the pid in it. */
static bool write_to(const char *path, const char *base_path)
{
    (void)unlink(path); /* of a master that was killed */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    bool ok = fchmod(fd, 0644) == 0 && dprintf(fd, "%d\n%s", (int)getpid(), base_path) > 0;
    return close(fd) == 0 && ok;
}

void started_write(struct started *s, const char *directory, const struct config *config)
{
    started_remove(s);
    if (!directory)
        return;
    if (!path_of(directory, config, s->path) || !write_to(s->path, config->base_path)) {
        LOG_WARN(NULL, "other programs will not find this service: .started in %s cannot be written: %s",
                 directory, strerror(errno));
        s->path[0] = '\0';
    }
}

void started_remove(struct started *s)
{
    if (s->path[0])
        (void)unlink(s->path);
    s->path[0] = '\0';
}
