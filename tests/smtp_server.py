"""A small SMTP server of our own that misbehaves as told, and remembers what it accepted.

`script(event)` is asked before each answer; it returns what to do, or None to behave well.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

EXTENSIONS = ("PIPELINING", "8BITMIME", "SIZE 10000000")


@dataclass(frozen=True)
class Event:
    """One moment at which the server may misbehave."""

    phase: str  # connect, ehlo, auth, mail, rcpt, data, dot, next (after an accepted letter)
    connection: int  # 1 is the first
    letter: int  # on this connection, 1 is the first
    to: str = ""


@dataclass(frozen=True)
class Do:
    """Answer `reply` (nothing where empty), having accepted or not, then hang up or fall silent."""

    reply: str = ""
    accept: bool = False
    drop: bool = False
    silent: bool = False


DROP = Do(drop=True)
SILENT = Do(silent=True)
Script = Callable[[Event], Do | None]


@dataclass
class Accepted:
    to: str
    data: bytes


class HangUp(Exception):
    pass


@dataclass
class SmtpServer:
    script: Script = lambda event: None
    extensions: tuple[str, ...] = EXTENSIONS
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    password: str = ""
    injected: str = ""  # follows the reply to STARTTLS, still in the clear
    is_eager: bool = False  # answers DATA with 354 although there is no recipient
    accepted: list[Accepted] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> SmtpServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def recipients(self) -> list[str]:
        return [letter.to for letter in self.accepted]

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            self.connections += 1
            talk = Talk(self, connection, self.connections)
            threading.Thread(target=talk.run, daemon=True).start()


class Talk:
    def __init__(self, server: SmtpServer, connection: socket.socket, number: int) -> None:
        self.server, self.socket, self.number = server, connection, number
        self.letter = 1
        self.to = ""
        self.has_sender = self.has_recipient = False

    def run(self) -> None:
        with contextlib.suppress(OSError, HangUp, ValueError):
            if self.server.implicit_tls:
                self._secure()
            self.file = self.socket.makefile("rb")
            self._answer("connect", "220 mail.example.org ready")
            while line := self.file.readline():
                self._obey(line.decode("utf-8", "replace").strip())
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _obey(self, line: str) -> None:
        self.server.commands.append(line)
        verb = line[:4].upper()
        if verb in ("EHLO", "HELO"):
            names = self.server.extensions
            lines = ["mail.example.org", *names] if verb == "EHLO" else ["mail.example.org"]
            text = "".join(f"250-{name}\r\n" for name in lines[:-1]) + f"250 {lines[-1]}"
            self._answer("ehlo", text)
        elif verb == "STAR":
            self._send(f"220 go ahead{self.server.injected}")
            self._secure()
            self.file = self.socket.makefile("rb")
        elif verb == "AUTH":
            self._log_in(line)
        elif verb == "MAIL":
            self.to, self.has_recipient = "", False
            self.has_sender = self._answer("mail", "250 sender fine")
        elif verb == "RCPT":
            self.to = line.partition("<")[2].partition(">")[0]
            if self.has_sender:
                self.has_recipient = self._answer("rcpt", "250 recipient fine")
            else:
                self._send("503 no sender")
        elif verb == "DATA":
            if not self.has_recipient and self.server.is_eager:
                self._send("354 go on")
                assert self.file.readline() == b".\r\n", "a body for nobody"
                self._send("554 for whom?")
            elif not self.has_recipient:
                self._send("503 no recipient")
            elif self._answer("data", "354 go on"):
                self._take()
        elif verb == "RSET":
            self._send("250 forgotten")
        elif verb == "QUIT":
            self._send("221 bye")
            raise HangUp
        else:
            self._send("502 what?")

    def _log_in(self, line: str) -> None:
        if line.upper() == "AUTH LOGIN":
            self._send("334 VXNlcm5hbWU6")
            self.file.readline()
            self._send("334 UGFzc3dvcmQ6")
            given = self.file.readline().decode().strip()
        else:
            given = line.rpartition(" ")[2]
        good = given == self.server.password
        self._answer("auth", "235 welcome" if good else "535 wrong password")

    def _take(self) -> None:
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise HangUp
            lines.append(line)
        event = self._event("dot")
        do = self.server.script(event)
        if do is None or do.accept:
            self.server.accepted.append(Accepted(self.to, b"".join(lines)))
        self._do(do, f"250 queued as {self.number}.{self.letter}")
        if do is None and (after := self.server.script(self._event("next"))):
            self._do(after, "")
        self.letter += 1

    def _event(self, phase: str) -> Event:
        return Event(phase, self.number, self.letter, self.to)

    def _answer(self, phase: str, reply: str) -> bool:
        """Say it, unless the script has other ideas; whether it was said."""
        do = self.server.script(self._event(phase))
        self._do(do, reply)
        return do is None

    def _do(self, do: Do | None, reply: str) -> None:
        do = do or Do(reply)
        if do.silent:
            while not self.server._closing.wait(0.05):
                pass
            raise HangUp
        if do.reply:
            self._send(do.reply)
        if do.drop:
            raise HangUp

    def _send(self, text: str) -> None:
        self.socket.sendall(f"{text}\r\n".encode())

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.socket = self.server.tls.wrap_socket(self.socket, server_side=True)


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Until the condition holds; AssertionError where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
