"""The SMTP conversation over one connection, which knows at every moment how far it got.

RFC 5321 with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), STARTTLS (RFC 3207) and
AUTH (RFC 4954). One recipient a message. Nothing here raises for a letter: it gets an Outcome.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from newsletter.line import Line, Reply, SilenceError
from newsletter.models import Attempt
from newsletter.outcomes import Outcome, quoted

SENT, RETRY, FAILED = Attempt.Outcome.SENT, Attempt.Outcome.RETRY, Attempt.Outcome.FAILED
UNCERTAIN, NOT_TRIED = Attempt.Outcome.UNCERTAIN, Attempt.Outcome.NOT_TRIED

# What may stand between < and > of MAIL and RCPT: RFC 5321's Dot-string, and a domain name.
MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
# Good replies to MAIL, RCPT and DATA, of a line each.
GO_AHEAD = re.compile(rb"(?:2[0-9]{2} [^\r\n]*\r?\n){2}354 [^\r\n]*\r?\n")


@dataclass(frozen=True)
class Timeouts:
    """Seconds of silence after which each phase is given up (RFC 5321 §4.5.3.2, shortened where
    nothing is at stake; after the dot a lost reply costs a possible duplicate, so it is long)."""

    connect: float = 15.0
    greeting: float = 30.0
    command: float = 60.0
    dot: float = 300.0


@dataclass(frozen=True)
class Relay:
    """Where the mail goes, and how."""

    host: str
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    implicit_tls: bool = False
    hello: str = "localhost"
    pipelining: bool = True  # use it where it is announced
    letters: int = 100  # on one connection; many relays close it soon after
    timeouts: Timeouts = field(default_factory=Timeouts)
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


class Envelope(NamedTuple):
    sender: str
    to: str
    size: int  # bytes of the letter as it travels
    is_8bit: bool = False


class RelayError(Exception):
    """The relay itself is at fault, not a letter."""

    def __init__(self, phase: str, why: str, code: int | None = None) -> None:
        super().__init__(why)
        self.outcome = Outcome(NOT_TRIED, phase, code, quoted(why))


class Dialogue:
    """One connection. `envelope()` until it returns None, then `body()`; again for the next."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.extensions: dict[str, str] = {}
        self.pipelines = False  # whether commands may be sent before replies are read
        self.letters = 0  # ended on this connection
        self.phase = "connect"  # how far the present letter has got
        self._line: Line | None = None
        self._ahead = False  # an envelope is on the wire, its replies unread
        self._stale = False  # a refused transaction stands open: RSET comes first

    @property
    def is_open(self) -> bool:
        return self._line is not None

    # Opening and closing

    def open(self) -> None:
        """Connect, greet, secure and log in; raises RelayError where the relay will not have us."""
        try:
            self._connect()
        except RelayError:
            self.abort()
            raise
        except SilenceError as error:
            self.abort()
            raise RelayError("connect", str(error)) from error
        except OSError as error:
            self.abort()
            why = getattr(error, "verify_message", "") or error.strerror or type(error).__name__
            raise RelayError("connect", f"{type(error).__name__}: {why}") from error

    def _connect(self) -> None:
        relay, timeouts = self.relay, self.relay.timeouts
        raw = socket.create_connection((relay.host, relay.port), timeouts.connect)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._attach(raw)
        if relay.implicit_tls:
            self._attach(relay.tls().wrap_socket(raw, server_hostname=relay.host))
        self._expect(self._reply(timeouts.greeting), "connect")
        self._hello()
        if relay.starttls:
            if "STARTTLS" not in self.extensions:
                raise RelayError("tls", "the relay does not offer STARTTLS")
            self._expect(self._ask("STARTTLS"), "tls")
            if self._line and self._line.has_more:
                raise RelayError("tls", "the relay spoke before TLS began")  # CVE-2011-0411
            self._attach(relay.tls().wrap_socket(raw, server_hostname=relay.host))
            self._hello()
        if relay.user:
            self._log_in()

    def _attach(self, connection: socket.socket) -> None:
        self._line = Line(connection)
        self.letters, self._ahead, self._stale = 0, False, False

    def _hello(self) -> None:
        reply = self._ask(f"EHLO {self.relay.hello}")
        if reply.is_good:
            lines = reply.text.split("\n")[1:]
            self.extensions = {
                name.upper(): value
                for name, _, value in (line.strip().partition(" ") for line in lines)
            }
            self.pipelines = self.relay.pipelining and "PIPELINING" in self.extensions
            return
        self.extensions, self.pipelines = {}, False
        self._expect(self._ask(f"HELO {self.relay.hello}"), "connect")

    def _log_in(self) -> None:
        user, password = self.relay.user, self.relay.password
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            self._expect(self._ask("AUTH PLAIN " + _b64(f"\0{user}\0{password}")), "auth")
        elif "LOGIN" in offered:
            for line in ("AUTH LOGIN", _b64(user)):
                self._expect(self._ask(line), "auth", good=334)
            self._expect(self._ask(_b64(password)), "auth")
        else:
            raise RelayError("auth", "the relay offers neither AUTH PLAIN nor AUTH LOGIN")

    def close(self) -> None:
        """Say goodbye where somebody listens."""
        if self.is_open and not self._ahead:
            try:
                self._write(1.0, b"QUIT\r\n")
                self._reply(1.0)
            except SilenceError:
                pass  # nothing was in the air
        self.abort()

    def abort(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None
        self.letters, self._ahead, self._stale = 0, False, False

    # One letter

    def envelope(self, letter: Envelope) -> Outcome | None:
        """Bring the letter to where its body may go: None. Else what came; nothing has left.

        Opens the connection where there is none. A server that closes a connection after some
        letters says nothing about the next one: that is asked again on a new connection.
        """
        if not self._ahead and self.letters >= self.relay.letters:
            self.close()
        outcome: Outcome | None = None
        for _ in range(2):
            used = self.letters > 0
            try:
                if not self.is_open:
                    self.open()
                if not self._ahead and (refusal := self._unmailable(letter)):
                    return refusal
                outcome, is_recycled = self._offer(letter)
            except RelayError as fault:
                return fault.outcome
            except SilenceError as error:
                self.abort()
                outcome, is_recycled = Outcome(RETRY, self.phase, None, str(error)), True
            if not (used and is_recycled):
                break
        return outcome

    def body(self, data: bytes, then: Envelope | None = None) -> Outcome:
        """Send the prepared letter (CRLF, dots doubled, no final dot) and read the answer.

        The next letter's envelope, if given, travels in the same write: RFC 2920 §3.1 lets a
        message's end be followed by the next MAIL. envelope() then reads what came of it.
        """
        end, timeout = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n", self.relay.timeouts.dot
        if then and self.may_go_on and self._unmailable(then) is None:
            end += self._lines(then)
            self._ahead = True
        self.phase = "dot"
        try:
            self._write(timeout, data, end)
            reply = self._reply(timeout)
        except SilenceError as error:
            self.abort()
            return Outcome(UNCERTAIN, self.phase, None, str(error))
        self.phase = "answered"
        self.letters += 1
        if reply.code == 421:
            self.abort()
        return _judge(reply, self.phase)

    @property
    def may_go_on(self) -> bool:
        """Whether the next envelope can travel with the letter now open."""
        return self.pipelines and self.letters + 1 < self.relay.letters

    def forget(self) -> None:
        """The letter whose envelope went ahead does not come: end before its body is due."""
        if self._ahead:
            self.abort()

    def _unmailable(self, letter: Envelope) -> Outcome | None:
        if len(letter.to) > 254 or not MAILBOX.fullmatch(letter.to):
            return Outcome(FAILED, "compose", None, "the address cannot be mailed to")
        limit = self.extensions.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < letter.size:
            return Outcome(FAILED, "compose", None, f"{letter.size} bytes; the relay takes {limit}")
        return None

    def _lines(self, letter: Envelope) -> bytes:
        """What opens a letter: up to DATA where commands may be pipelined, else the first."""
        reset = "RSET\r\n" if self._stale else ""
        size = f" SIZE={letter.size}" if "SIZE" in self.extensions else ""
        kind = " BODY=8BITMIME" if letter.is_8bit and "8BITMIME" in self.extensions else ""
        mail = f"MAIL FROM:<{letter.sender}>{size}{kind}\r\n"
        if self.pipelines:
            return f"{reset}{mail}RCPT TO:<{letter.to}>\r\nDATA\r\n".encode("ascii")
        return (reset or mail).encode("ascii")

    def _offer(self, letter: Envelope) -> tuple[Outcome | None, bool]:
        """Ask, unless that was done ahead, and read the replies, each of them.

        None where the body may go; True where the connection failed rather than the letter.
        """
        timeout = self.relay.timeouts.command
        self.phase = "mail"
        if not self._ahead:
            self._write(timeout, self._lines(letter))
        self._ahead = False
        if self._stale:
            self._reply(timeout)
            self._stale = False
            if not self.pipelines:
                self._write(timeout, self._lines(letter))
        phase, reply = self._replies(letter, timeout)
        if reply is None:
            return None, False
        self.letters += 1
        if reply.code == 421:
            self.abort()
        self._stale = self.is_open
        return _judge(reply, phase), reply.code == 421

    def _replies(self, letter: Envelope, timeout: float) -> tuple[str, Reply | None]:
        """The phase and reply of the first refusal; None where all three were good."""
        if self.pipelines and self._line and self._line.pass_over(_is_go_ahead):  # nearly always
            self.phase = "data"
            return self.phase, None
        refusal: tuple[str, Reply] | None = None
        for phase, line in (("mail", ""), ("rcpt", f"RCPT TO:<{letter.to}>"), ("data", "DATA")):
            self.phase = phase
            if line and not self.pipelines:
                self._write(timeout, f"{line}\r\n".encode("ascii"))
            try:
                reply = self._reply(timeout)
            except SilenceError:
                if refusal is None:
                    raise
                self.abort()  # it refused, then hung up: the refusal stands
                break
            is_good = reply.code == 354 if phase == "data" else reply.is_good
            if not is_good and refusal is None:
                refusal = phase, reply
                if not self.pipelines or reply.code == 421:
                    break
            elif phase == "data" and is_good and refusal:
                # It wants the body of a letter nobody gets: RFC 2920 §3.1 says to send none.
                self._write(timeout, b".\r\n")
                self._reply(timeout)
        return refusal or ("data", None)

    # Bytes

    def _ask(self, line: str) -> Reply:
        self._write(self.relay.timeouts.command, f"{line}\r\n".encode())
        return self._reply(self.relay.timeouts.command)

    @staticmethod
    def _expect(reply: Reply, phase: str, *, good: int = 0) -> None:
        if reply.code != good and (good or not reply.is_good):
            raise RelayError(phase, reply.text, reply.code)

    def _write(self, timeout: float, *parts: bytes) -> None:
        if self._line is None:
            raise SilenceError("the connection is closed")
        self._line.write(timeout, *parts)

    def _reply(self, timeout: float) -> Reply:
        if self._line is None:
            raise SilenceError("the connection is closed")
        return self._line.reply(timeout)


@lru_cache(maxsize=64)  # servers repeat themselves
def _is_go_ahead(said: bytes) -> bool:
    """Whether this answers MAIL, RCPT and DATA, each as hoped: the body may follow."""
    return GO_AHEAD.fullmatch(said) is not None


def _judge(reply: Reply, phase: str) -> Outcome:
    """What a refusal, or the answer to the final dot, means for the letter."""
    text = quoted(reply.text)
    if reply.is_good and phase == "answered":
        return Outcome(SENT, phase, reply.code, text)
    if 400 <= reply.code < 500:
        return Outcome(RETRY, phase, reply.code, text)
    # MAIL names only ourselves (552 speaks of the size), and these codes ask for a login: no
    # other letter would fare better.
    if (phase == "mail" and reply.code != 552) or reply.code in (530, 535, 538):
        return Outcome(NOT_TRIED, phase, reply.code, text)
    if 500 <= reply.code < 600:
        return Outcome(FAILED, phase, reply.code, text)
    return Outcome(UNCERTAIN if phase == "answered" else RETRY, phase, reply.code, text)


def mailable(address: str) -> str:
    """The address with its domain in ASCII (RFC 3490), as an envelope needs it."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
