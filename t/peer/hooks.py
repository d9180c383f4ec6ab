# SPDX-License-Identifier: Apache-2.0
#
# hooks.py DIR [port=N] [cert=FILE]: a receiver of webhooks of the tests on 127.0.0.1, with TLS where it has a
# certificate. DIR/peak: the most requests at one time. Each request becomes DIR/request-N: the answer's status, a line feed,
# and the request as it came. The path says what is answered:
#   /ok (204)  /status?500  /hold (until DIR/release exists, or the sender gives up)  /redirect  /endless (200 and a body without end)
#   /cut (closes without an answer)  /later?503 (with Retry-After: 3600)
#   /some: 500 for a body that holds one of the lines of DIR/failing
import os

from peer import directory, encrypted, lock, options, run, wait_released, write

busy = peak = 0
count = len([n for n in os.listdir(directory) if n.startswith("request-") and not n.endswith(".new")])


def fails(body):
    path = os.path.join(directory, "failing")
    if not os.path.exists(path):
        return False
    with open(path, "rb") as f:
        return any(line and line in body for line in f.read().split(b"\n"))


# The status, the headers to add, and whether the body never ends.
def answer(path, query, body, connection):
    if path == "/status":
        return query, "", False
    if path == "/some":
        return ("500" if fails(body) else "200"), "", False
    if path == "/redirect":
        return "302", "Location: /ok\r\n", False
    if path == "/later":
        return query, "Retry-After: 3600\r\n", False
    if path == "/endless":
        return "200", "", True
    gone = path == "/hold" and not wait_released(connection)
    return ("0" if gone or path == "/cut" else "204"), "", False


def note(change):
    global busy, peak
    with lock:
        busy += change
        if busy > peak:
            peak = busy
            write("peak", str(peak).encode())


def read_request(connection, rest):
    while b"\r\n\r\n" not in rest:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        rest += more
    head, rest = rest.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        rest += more
    return head, rest[:length], rest[length:]


def serve(connection):
    global count
    rest = b""
    try:
        if "cert" in options:
            connection = encrypted(connection)
        while True:
            head, body, rest = read_request(connection, rest)
            path, _, query = head.split(b" ")[1].decode().partition("?")
            note(1)
            status, headers, endless = answer(path, query, body, connection)
            note(-1)
            with lock:
                count += 1
                write("request-%d" % count, status.encode() + b"\n" + head + b"\r\n\r\n" + body)
            if status == "0":
                return
            length = "" if endless else "Content-Length: 0\r\n"
            connection.sendall(("HTTP/1.1 %s X\r\n%s%s\r\n" % (status, length, headers)).encode())
            while endless:
                connection.sendall(b"x" * 65536)
    except (EOFError, OSError):
        pass
    finally:
        connection.close()


run(serve)
