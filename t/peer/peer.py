# SPDX-License-Identifier: Apache-2.0
#
# What hooks.py and smtp.py have in common: their arguments DIR [key=value...], files in DIR, and a thread for each connection
# to 127.0.0.1. DIR/port says at which port (port=N; without it a free one). Modules of python3-minimal only.
import os, select, signal, socket, ssl, sys, threading

directory = sys.argv[1]
options = dict(a.split("=", 1) for a in sys.argv[2:])
lock = threading.Lock()


# Whole or not at all.
def write(name, data):
    path = os.path.join(directory, name)
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)


# What holds goes on when the test says so; false when the other side has gone before.
def wait_released(connection):
    while not os.path.exists(os.path.join(directory, "release")):
        if select.select([connection], [], [], 0.02)[0]:
            return False
    return True


def encrypted(connection):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["cert"])
    return context.wrap_socket(connection, server_side=True)


def run(serve):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(options.get("port", "0"))))
    listener.listen(128)
    write("port", str(listener.getsockname()[1]).encode())
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
