/* SPDX-License-Identifier: Apache-2.0
 *
 * For development: a file per mail, and its link in the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "deliver/mail.h"

/* Files sort by the time of their mails. */
static struct str file_name(struct arena *a, const struct queue_item *item)
{
    char stamp[32];
    struct tm tm;
    time_t s = (time_t)(item->created_ms / 1000);
    size_t n = strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", gmtime_r(&s, &tm));
    return arena_printf(a, "%.*s.%03dZ-%.*s.eml", (int)n, stamp, (int)(item->created_ms % 1000),
                        STR_ARG(item->message_id));
}

static bool write_all(const char *path, struct str bytes)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    size_t n = 0;
    ssize_t more = 1;
    while (n < bytes.n && (more = write(file, bytes.p + n, bytes.n - n)) > 0)
        n += (size_t)more;
    bool ok = n == bytes.n && fsync(file) == 0;
    return close(file) == 0 && ok;
}

bool mail_to_directory(struct ctx *c, const struct site *site, const struct queue_item *item,
                       const struct mail_ready *mail, const char **why)
{
    struct str directory = site->mail.directory, name = file_name(c->arena, item);
    struct str path = ARENA_CONCAT(c->arena, directory, STR("/"), name);
    struct str temporary = ARENA_CONCAT(c->arena, directory, STR("/."), name);
    (void)mkdir(directory.p, 0700);
    if (!write_all(temporary.p, mail->bytes) || rename(temporary.p, path.p) != 0) {
        *why = strerror(errno);
        (void)unlink(temporary.p);
        return false;
    }
    LOG_INFO(c, "mail '%.*s' to %.*s is in %.*s: %.*s", STR_ARG(mail->kind), STR_ARG(mail->to), STR_ARG(path),
             STR_ARG(mail->link));
    return true;
}
