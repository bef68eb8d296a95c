"""A fast SMTP server as a process of its own: takes letters, writes each down, misbehaves if told.

python -m benchmarks.sink [--log FILE] [--delay SECONDS] [--faults SEED [--open-for SECONDS]]
    [--idle SECONDS]

Prints its port on the first line. Each accepted letter is a JSON line of the log, on the disk
before the answer: at, event, to, header_to, message_id, sha, reply (what the client was told: 250,
451, or "dropped"). Without a log it only counts and, at its end, prints `letters bytes sha`, where
sha is the sum of all letters' digests, whatever their order.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TextIO

HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10000000\r\n"
DOT = b"\r\n.\r\n"
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
TO = re.compile(rb"^To:\s*(.+?)\r?$", re.IGNORECASE | re.MULTILINE)
CLOSED_FOR = 0.5  # seconds during which nobody can connect, now and then


@dataclass
class Faults:
    """What goes wrong, and how often; the same for the same seed and the same letters."""

    seed: int
    open_for: float = 8.0  # seconds between two times when nobody can connect
    greylisted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def at_connect(self) -> bool:
        return self.chance.random() < 0.02

    def at_rcpt(self, to: str) -> str:
        """The reply to a recipient, empty where all is well."""
        n = self._number(to)
        if n % 100 == 1:
            return "550 5.1.1 no such user"
        if n % 5 == 0 and to not in self.greylisted:
            self.greylisted.add(to)
            return "451 4.7.1 greylisted, come again"
        return "421 4.3.2 closing for a moment" if self.chance.random() < 0.001 else ""

    def at_body(self) -> str:
        """`cut` (dropped before the dot), `lost` (taken, no answer), `lie` (taken, 451), or ""."""
        draw = self.chance.random()
        for name, share in (("cut", 0.004), ("lost", 0.002), ("lie", 0.002)):
            if draw < share:
                return name
            draw -= share
        return ""

    def _number(self, to: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed} {to}".encode()).digest()[:4])


@dataclass
class Sink:
    log: TextIO | None = None
    delay: float = 0.0  # seconds before each reply
    idle: float = 0.0  # seconds of silence after which a connection is closed; 0: never
    faults: Faults | None = None
    letters: int = 0
    bytes: int = 0
    sha: int = 0

    def write(self, **line: object) -> None:
        """Put a line on the disk."""
        if self.log:
            self.log.write(json.dumps({"at": time.time(), **line}) + "\n")
            self.log.flush()
            os.fsync(self.log.fileno())

    def accept(self, to: str, data: bytes, reply: str) -> None:
        self.letters += 1
        self.bytes += len(data)
        sha = hashlib.sha256(data).digest()
        self.sha = (self.sha + int.from_bytes(sha[:8])) % 2**64
        if self.log:
            head = data.partition(b"\r\n\r\n")[0]
            message_id, header = MESSAGE_ID.search(head), TO.search(head)
            self.write(
                event="accepted",
                to=to,
                header_to=header[1].decode() if header else "",
                message_id=message_id[1].decode() if message_id else "",
                sha=sha.hex()[:16],
                reply=reply,
            )


class Talk(asyncio.Protocol):
    """One connection. Replies leave in order, each `delay` after what it answers."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.in_body = False
        self.fault = ""
        self.to = ""
        self.has_recipient = False
        self.queue: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.spoke_at = time.monotonic()
        self._look_if_idle()
        if self.sink.faults and self.sink.faults.at_connect():
            self.say(b"421 4.3.2 too busy\r\n", hang_up=True)
        else:
            self.say(b"220 sink\r\n")

    def _look_if_idle(self) -> None:
        if not self.sink.idle or self.transport.is_closing():
            return
        if (left := self.spoke_at + self.sink.idle - time.monotonic()) <= 0:
            self.transport.close()
        else:
            asyncio.get_running_loop().call_later(left, self._look_if_idle)

    def data_received(self, data: bytes) -> None:
        self.spoke_at = time.monotonic()
        self.buffer += data
        replies: list[bytes] = []
        while not self.transport.is_closing():
            if self.in_body:
                if self.fault == "cut" and self.buffer:
                    self.transport.abort()
                    return
                # A body that begins with a dot alone on its line is an empty one.
                end = -2 if self.buffer.startswith(b".\r\n") else self.buffer.find(DOT)
                if end == -1:
                    break
                body, rest = bytes(self.buffer[: max(end, 0)]), end + len(DOT)
                del self.buffer[:rest]
                self.in_body = False
                if not self.take(body, replies):
                    return
            else:
                end = self.buffer.find(b"\r\n")
                if end == -1:
                    break
                line = bytes(self.buffer[:end])
                del self.buffer[: end + 2]
                self.obey(line, replies)
        if replies:
            self.say(b"".join(replies))

    def take(self, body: bytes, replies: list[bytes]) -> bool:
        """Keep a whole letter; False where the connection is gone."""
        self.has_recipient = False
        told = {"lost": "dropped", "lie": "451"}.get(self.fault, "250")
        self.sink.accept(self.to, body, told)
        if told == "dropped":
            self.transport.abort()
            return False
        replies.append(b"250 taken\r\n" if told == "250" else b"451 4.3.0 try again\r\n")
        return True

    def obey(self, line: bytes, replies: list[bytes]) -> None:
        verb, faults = line[:4].upper(), self.sink.faults
        if verb in (b"EHLO", b"HELO"):
            replies.append(HELLO)
        elif verb == b"RCPT":
            self.to = line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
            refusal = faults.at_rcpt(self.to) if faults else ""
            self.has_recipient = not refusal
            if refusal:
                self.sink.write(event="refused", to=self.to, reply=refusal[:3])
            replies.append(f"{refusal}\r\n".encode() if refusal else b"250 fine\r\n")
            if refusal.startswith("421"):
                self.say(b"".join(replies), hang_up=True)
                replies.clear()
        elif verb == b"DATA" and not self.has_recipient:
            replies.append(b"503 5.5.1 no recipient\r\n")
        elif verb == b"DATA":
            self.in_body = True
            self.fault = faults.at_body() if faults else ""
            replies.append(b"354 go on\r\n")
        elif verb == b"QUIT":
            self.say(b"".join([*replies, b"221 bye\r\n"]), hang_up=True)
            replies.clear()
        else:
            self.has_recipient = False
            replies.append(b"250 fine\r\n")

    def say(self, data: bytes, *, hang_up: bool = False) -> None:
        if not self.sink.delay:
            self._write(data, hang_up)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(self.sink.delay, self._write, data, hang_up)

    def _write(self, data: bytes, hang_up: bool) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)
            if hang_up:
                self.transport.close()


async def serve(sink: Sink, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Talk(sink), "127.0.0.1", port, backlog=512)
    port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), sink.faults.open_for if sink.faults else None)
        except TimeoutError:
            # Connections that are open stay; new ones are refused for a moment.
            server.close()
            await asyncio.sleep(CLOSED_FOR)
            server = await loop.create_server(lambda: Talk(sink), "127.0.0.1", port)
    server.close()
    print(sink.letters, sink.bytes, sink.sha, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--faults", type=int, metavar="SEED")
    parser.add_argument("--open-for", type=float, default=8.0)
    parser.add_argument("--idle", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    faults = None if options.faults is None else Faults(options.faults, options.open_for)
    log = open(options.log, "a", encoding="utf-8") if options.log else None  # noqa: SIM115
    asyncio.run(serve(Sink(log, options.delay, options.idle, faults), options.port))


if __name__ == "__main__":
    main()
