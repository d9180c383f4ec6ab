/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that are lost on demand (base/fault.h).
 */
#include "db/internal.h"

#ifdef ST_FAULTS

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

static bool receive(int socket, void *p, size_t n)
{
    for (char *at = p; n > 0;) {
        struct pollfd ready = {.fd = socket, .events = POLLIN};
        (void)poll(&ready, 1, -1);
        ssize_t got = recv(socket, at, n, 0);
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* Up to the message ReadyForQuery. (PostgreSQL: "Message Flow") */
static void swallow_answers(int socket)
{
    struct {
        unsigned char type, length[4];
    } head;
    while (receive(socket, &head, sizeof head) && head.type != 'Z') {
        uint32_t length;
        char byte;
        memcpy(&length, head.length, sizeof length);
        for (length = ntohl(length); length > 4 && receive(socket, &byte, 1); length--)
            ;
    }
}

void faults_before_sending(PGconn *pg)
{
    if (fault_hits(FAULT_SEND))
        (void)shutdown(PQsocket(pg), SHUT_RDWR);
}

void faults_after_sending(PGconn *pg)
{
    if (!fault_hits(FAULT_ANSWER))
        return;
    while (PQflush(pg) > 0)
        ;
    swallow_answers(PQsocket(pg));
    (void)shutdown(PQsocket(pg), SHUT_RDWR);
}

const char *faults_statement(void)
{
    if (fault_hits(FAULT_ERROR))
        return "DO $$BEGIN RAISE SQLSTATE 'XX000'; END$$";
    if (fault_hits(FAULT_RETRY))
        return "DO $$BEGIN RAISE SQLSTATE '40001'; END$$";
    return NULL;
}

#endif
