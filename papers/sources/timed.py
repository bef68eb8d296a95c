"""Calls that end in time, whatever comes: status line, headers and body alike.

A time-out of a socket starts anew with each byte, so that a server could drip for ever.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
from collections.abc import Callable
from socket import socket
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter


class Deadline(threading.local):
    """When the call that this thread makes has to be over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = float("inf")

    def start(self, seconds: float) -> None:
        self._at = self._clock() + seconds

    @property
    def left(self) -> float:
        """Seconds; none or less where it is over."""
        return self._at - self._clock()


class Session(requests.Session):
    """Follows nothing, so that it neither reads nor keeps the body of a redirect."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter(deadline))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class Adapter(HTTPAdapter):
    def __init__(self, deadline: Deadline) -> None:
        self._answers = type("Answers", (TimedResponse,), {"deadline": deadline})
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if pool.ConnectionCls.response_class is not self._answers:
            named = {"response_class": self._answers}
            pool.ConnectionCls = type("TimedConnection", (pool.ConnectionCls,), named)
        return pool


class TimedResponse(http.client.HTTPResponse):
    deadline: ClassVar[Deadline]

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw: Any = self.fp
        self.fp = io.BufferedReader(TimedIO(raw.detach(), sock, self.deadline))


class TimedIO(io.RawIOBase):
    """What a socket sends, until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket, deadline: Deadline) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.left
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
