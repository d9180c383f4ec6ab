/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <fcntl.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 4096 };

/* Up to the line break, byte by byte: what follows belongs to others. STR_NONE: none, or too long. */
static struct str read_line(struct arena *a, int fd)
{
    char *line = arena_alloc(a, PASSWORD_MAX + 1);
    size_t n = 0;
    ssize_t got = 1;
    while (n < PASSWORD_MAX && (got = read(fd, line + n, 1)) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    return got < 0 || n == PASSWORD_MAX ? STR_NONE : (struct str){line, n};
}

static struct str ask_hidden(struct arena *a, int tty, const char *question)
{
    struct termios shown, hidden;
    if (tcgetattr(tty, &shown) != 0)
        return STR_NONE;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(tty, "%s", question);
    if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
        return STR_NONE;
    struct str answer = read_line(a, tty);
    (void)tcsetattr(tty, TCSAFLUSH, &shown);
    dprintf(tty, "\n");
    return answer;
}

static enum st_err ask_twice(struct work *w, struct str *out)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return ctx_fail(w->c, ST_BAD_REQUEST, "there is no terminal to ask on: use --password-stdin");
    *out = ask_hidden(w->c->arena, tty, "Password: ");
    struct str again = ask_hidden(w->c->arena, tty, "The same again: ");
    close(tty);
    if (!out->p || !again.p)
        return ctx_fail(w->c, ST_BAD_REQUEST, "no password was read");
    if (out->n != again.n || sodium_memcmp(out->p, again.p, out->n) != 0)
        return ctx_fail(w->c, ST_BAD_REQUEST, "the two passwords differ");
    return ST_OK;
}

enum st_err ask_password(struct work *w, struct str *out)
{
    if (!w->in->password_stdin)
        return ask_twice(w, out);
    *out = read_line(w->c->arena, STDIN_FILENO);
    return out->p ? ST_OK : ctx_fail(w->c, ST_BAD_REQUEST, "no password was read");
}

enum st_err ask_whether(struct work *w, const char *question)
{
    if (w->in->yes)
        return ST_OK;
    if (!isatty(STDIN_FILENO))
        return ctx_fail(w->c, ST_BAD_REQUEST, "%s There is nobody to ask: use --yes", question);
    fprintf(stderr, "%s [y/N] ", question);
    struct str answer = read_line(w->c->arena, STDIN_FILENO);
    return answer.n > 0 && (answer.p[0] == 'y' || answer.p[0] == 'Y')
               ? ST_OK
               : ctx_fail(w->c, ST_BAD_REQUEST, "nothing was done");
}
