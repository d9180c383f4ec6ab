/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

static void only_interrupt(int signal_number)
{
    (void)signal_number;
}

/* Ctrl-C ends the reading, not the process, whenever it comes: the terminal must show what is typed again. */
static struct str read_interruptible(struct arena *a, int tty, const char *question)
{
    struct sigaction before, interrupt = {.sa_handler = only_interrupt};
    sigset_t blocked, mask;
    sigemptyset(&interrupt.sa_mask);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &blocked, &mask);
    (void)sigaction(SIGINT, &interrupt, &before);
    dprintf(tty, "%s", question);
    struct pollfd line = {.fd = tty, .events = POLLIN};
    struct str answer = ppoll(&line, 1, NULL, &mask) == 1 ? read_line(a, tty) : STR_NONE;
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    (void)sigaction(SIGINT, &before, NULL);
    return answer;
}

/* The terminal is silent before the question is seen: an answer typed at once is neither shown nor dropped by
 * TCSAFLUSH. */
static struct str ask_hidden(struct arena *a, int tty, const char *question)
{
    struct termios shown, hidden;
    if (tcgetattr(tty, &shown) != 0)
        return STR_NONE;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
        return STR_NONE;
    struct str answer = read_interruptible(a, tty, question);
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
    struct str again = out->p ? ask_hidden(w->c->arena, tty, "The same again: ") : STR_NONE;
    close(tty);
    work_restart_clock(w);
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
    work_restart_clock(w);
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
    work_restart_clock(w);
    return answer.n > 0 && (answer.p[0] == 'y' || answer.p[0] == 'Y')
               ? ST_OK
               : ctx_fail(w->c, ST_BAD_REQUEST, "nothing was done");
}
