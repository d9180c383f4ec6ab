# SPDX-License-Identifier: Apache-2.0
#
# smtp.py DIR [key=value...]: a mail server of the tests on 127.0.0.1.
#   tls=none|starttls|implicit cert=FILE (PEM with key)
#   user=U password=P          asks for AUTH (PLAIN, LOGIN), and takes no mail without
# Each mail becomes DIR/mail-N.eml with its envelope and what the email package reads in DIR/mail-N.info ("name: value"
# lines), .text and .html. The recipient's local part says what happens: refuse-550, refuse-451 (any code) at RCPT, spam
# (554 at the end of DATA), cut (the connection ends there), hold (until DIR/release exists).
import base64, email, email.policy, re

from peer import encrypted, lock, options, run, wait_released, write

tls = options.get("tls", "none")
count = 0


def keep(envelope, raw):
    global count
    with lock:
        count += 1
        n = count
    message = email.message_from_bytes(raw, policy=email.policy.default)
    info = dict(envelope)
    for part in message.walk():
        for defect in part.defects:
            info["defect"] = repr(defect)
        if part.get_content_maintype() == "text":
            suffix = "html" if part.get_content_subtype() == "html" else "text"
            write("mail-%d.%s" % (n, suffix), part.get_content().encode())
            info["part " + suffix] = part["Content-Transfer-Encoding"]
    for name in message.keys():
        for defect in message[name].defects:
            info["defect"] = name + ": " + repr(defect)
        info["header " + name] = str(message[name])
    info["longest line"] = str(max(len(line) for line in raw.split(b"\r\n")))
    info["bare line ends"] = str(len(re.findall(rb"(?<!\r)\n|\r(?!\n)", raw)))
    write("mail-%d.eml" % n, raw)
    write("mail-%d.info" % n, "".join("%s: %s\n" % item for item in info.items()).encode())


class Session:
    def __init__(self, connection):
        self.connection = connection
        self.secure = tls == "implicit"
        self.user = None
        self.rest = b""
        self.reset()

    def reset(self):
        self.sender = None
        self.recipients = []

    def say(self, text):
        self.connection.sendall(text.encode() + b"\r\n")

    def line(self):
        while b"\r\n" not in self.rest:
            more = self.connection.recv(65536)
            if not more:
                raise EOFError
            self.rest += more
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def ehlo(self):
        lines = ["tests", "SMTPUTF8", "8BITMIME"]
        if tls == "starttls" and not self.secure:
            lines.append("STARTTLS")
        if "user" in options and (tls == "none" or self.secure):
            lines.append("AUTH PLAIN LOGIN")
        for line in lines[:-1]:
            self.say("250-" + line)
        self.say("250 " + lines[-1])

    def start_tls(self):
        self.say("220 go on")
        self.connection = encrypted(self.connection)
        self.secure, self.rest, self.user = True, b"", None

    def ask(self, prompt):
        self.say("334 " + base64.b64encode(prompt).decode())
        return base64.b64decode(self.line())

    def auth(self, words):
        if words[1].upper() == b"PLAIN":
            data = base64.b64decode(words[2]) if len(words) > 2 else self.ask(b"")
            user, password = data.split(b"\0")[1:]
        else:
            user = base64.b64decode(words[2]) if len(words) > 2 else self.ask(b"Username:")
            password = self.ask(b"Password:")
        if (user.decode(), password.decode()) == (options["user"], options["password"]):
            self.user = user.decode()
            self.say("235 welcome")
        else:
            self.say("535 wrong user or password")

    def recipient(self, line):
        address = line.split(b"<", 1)[1].rsplit(b">", 1)[0].decode()
        refused = re.match(r"refuse-(\d+)", address)
        if refused:
            self.say(refused.group(1) + " no")
        else:
            self.recipients.append(address)
            self.say("250 ok")

    def data(self):
        self.say("354 go on")
        raw = b""
        while True:
            line = self.line()
            if line == b".":
                break
            raw += (line[1:] if line.startswith(b".") else line) + b"\r\n"
        name = self.recipients[0]
        if name.startswith("cut"):
            self.connection.close()
            raise EOFError
        if name.startswith("spam"):
            return self.say("554 5.7.1 no")
        if name.startswith("hold"):
            wait_released(self.connection)
        keep({"from": self.sender, "to": " ".join(self.recipients), "tls": str(self.secure), "user": str(self.user)}, raw)
        self.say("250 kept")

    def run(self):
        if tls == "implicit":
            self.connection = encrypted(self.connection)
        self.say("220 tests ESMTP")
        while True:
            line = self.line()
            words = line.split(b" ")
            verb = words[0].upper()
            if verb == b"EHLO":
                self.ehlo()
            elif verb == b"STARTTLS" and tls == "starttls":
                self.start_tls()
            elif verb == b"AUTH":
                self.auth(words)
            elif verb == b"MAIL" and "user" in options and not self.user:
                self.say("530 log in first")
            elif verb == b"MAIL":
                self.reset()
                self.sender = line.split(b"<", 1)[1].rsplit(b">", 1)[0].decode()
                self.say("250 ok")
            elif verb == b"RCPT":
                self.recipient(line)
            elif verb == b"DATA":
                self.data()
            elif verb == b"RSET" or verb == b"NOOP":
                self.say("250 ok")
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("502 what?")


def serve(connection):
    try:
        Session(connection).run()
    except (EOFError, OSError):
        pass
    finally:
        connection.close()


run(serve)
