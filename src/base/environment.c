/* SPDX-License-Identifier: Apache-2.0 */
#include "base/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const char *environment_find(char *const *environment, struct str name)
{
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name.p, name.n) == 0 && (*environment)[name.n] == '=')
            return *environment + name.n + 1;
    return NULL;
}

/* -1: the file cannot be read to its end, or to SIZE. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
    size_t used = 0;
    ssize_t n = 1;
    while (used < size && n > 0) {
        n = read(fd, buffer + used, size - used);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            used += (size_t)n;
    }
    return n < 0 ? -1 : (ssize_t)used;
}

static struct str without_line_ends(struct str text)
{
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    return text;
}

enum st_err environment_credential(char *const *environment, const char *name, char *buffer, size_t size,
                                   struct str *value, const char **why)
{
    char path[PATH_MAX];
    const char *directory = environment_find(environment, STR("CREDENTIALS_DIRECTORY"));
    if (!directory || directory[0] != '/')
        return ST_NOT_FOUND;
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || length >= (int)sizeof path)
        return ST_NOT_FOUND;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ST_NOT_FOUND;
    struct stat st;
    bool usable = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t n = usable ? read_all(fd, buffer, size) : -1;
    if (fd >= 0)
        close(fd);
    *value = without_line_ends((struct str){buffer, n > 0 ? (size_t)n : 0});
    *why = n < 0                               ? "cannot be read"
           : value->n == 0                     ? "is empty"
           : str_find(*value, '\0') < value->n ? "has a NUL in it"
                                               : NULL;
    return *why ? ST_BAD_REQUEST : ST_OK;
}
