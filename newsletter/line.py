"""The bytes below the SMTP conversation: what is written, and whole replies, each in its time."""

from __future__ import annotations

import math
import re
import socket
import ssl
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from newsletter.outcomes import quoted

LONGEST_REPLY = 64 * 1024  # bytes; a server that says more is not an SMTP server
ONE_LINE = re.compile(rb"([0-9]{3}) ([^\r\n]*)\r?")


class SilenceError(Exception):
    """The connection broke or nothing came in time; the text says which."""


class Reply(NamedTuple):
    code: int
    text: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.code < 300


class Line:
    """A socket, and what came over it that nobody has read yet. After a SilenceError: close it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._is_tls = isinstance(connection, ssl.SSLSocket)
        self._buffer = b""
        self._patience: float | None = None  # the time-out that the socket has

    @property
    def has_more(self) -> bool:
        return bool(self._buffer)

    def close(self) -> None:
        self._socket.close()

    def write(self, timeout: float, *parts: bytes) -> None:
        """Write parts one after the other; without TLS none is copied for that."""
        try:
            self._wait_at_most(timeout)
            sent = 0 if self._is_tls else self._socket.sendmsg(parts)
            if sent < sum(map(len, parts)):
                self._socket.sendall(b"".join(parts)[sent:])
        except OSError as error:
            raise SilenceError(_why(error)) from error

    def pass_over(self, is_expected: Callable[[bytes], bool]) -> bool:
        """Read all that has come already where it is as expected, as a whole; else nothing."""
        if not is_expected(self._buffer):
            return False
        self._buffer = b""
        return True

    def reply(self, timeout: float) -> Reply:
        """The next complete reply; raises SilenceError where none comes."""
        deadline = math.inf  # set when something has to be waited for
        lines: list[str] = []
        while True:
            line, mark, rest = self._buffer.partition(b"\n")
            if not mark:
                deadline = min(deadline, time.monotonic() + timeout)
                self._receive(timeout)
                timeout = deadline - time.monotonic()
                continue
            self._buffer = rest
            if not lines and (reply := _one_line(line)):  # nearly every one
                return reply
            text = line.decode("utf-8", "replace").rstrip("\r")
            if not text[:3].isdigit() or text[3:4] not in ("", " ", "-"):
                raise SilenceError(f"not SMTP: {quoted(text)[:80]}")
            lines.append(text[4:])
            if text[3:4] != "-":
                return Reply(int(text[:3]), "\n".join(lines))
            if sum(map(len, lines)) > LONGEST_REPLY:
                raise SilenceError("a reply without end")

    def _receive(self, timeout: float) -> None:
        if timeout <= 0:
            raise SilenceError("no answer in time")
        try:
            self._wait_at_most(timeout)
            got = self._socket.recv(4096)
        except OSError as error:
            raise SilenceError(_why(error)) from error
        if not got:
            raise SilenceError("the connection was closed")
        self._buffer += got
        if len(self._buffer) > LONGEST_REPLY:
            raise SilenceError("a reply without end")

    def _wait_at_most(self, timeout: float) -> None:
        """Each setting is a call of the system; nearly always it is set already."""
        if timeout != self._patience:
            self._socket.settimeout(timeout)
            self._patience = timeout


@lru_cache(maxsize=64)  # servers repeat themselves
def _one_line(line: bytes) -> Reply | None:
    if match := ONE_LINE.fullmatch(line):
        return Reply(int(match[1]), match[2].decode("utf-8", "replace"))
    return None


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"the connection broke ({type(error).__name__})"
