"""Polite calls to upstream services: never endless, never too much, never too often."""

from __future__ import annotations

import random
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings

from papers.sources import redirects, values
from papers.sources.base import SourceError, StoppedError
from papers.sources.timed import Deadline, Session

MAX_BYTES = 32 * 1024 * 1024  # of one answer, unpacked
TIMEOUTS = (5.0, 20.0)  # seconds to connect, and between two parts of an answer
LONGEST = 90.0  # seconds for a whole answer, with all redirects on the way to it
TRIES = 4
BACK_OFF = 2.0  # seconds before the second try, doubled for each further one
LONGEST_WAIT = 60.0  # seconds; who asks for more is asked again at the next round
PART = 65_536  # bytes read or unpacked at once
GZIP = 0x1F  # the first byte of each of its members
BUSY = frozenset({429, 500, 502, 503, 504})
# Seconds between two calls: https://info.arxiv.org/help/api/tou.html; our own habit elsewhere.
INTERVALS = {"arxiv.org": 3.0}
INTERVAL = 0.5

Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 200, or 304 where nothing changed since `etag` or `last_modified`
    content: bytes = b""
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    url: str = ""


class Turns:
    """Keeps calls to one host apart, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def take(self, host: str, interval: float, *, clock: Callable[[], float], sleep: Wait) -> None:
        with self._lock:
            at = max(clock(), self._next.get(host, 0.0))
            self._next[host] = at + interval
        if (ahead := at - clock()) > 0:
            sleep(ahead)


_turns = Turns()


def until(stop: threading.Event) -> Wait:
    """A sleep that `stop` ends at once with StoppedError."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppedError

    return sleep


class Client:
    """Asks upstream services; what it cannot have is a SourceError with a plain reason."""

    def __init__(
        self,
        *,
        timeouts: tuple[float, float] = TIMEOUTS,
        longest: float = LONGEST,
        tries: int = TRIES,
        intervals: Mapping[str, float] | None = None,
        sleep: Wait = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sleep` may raise, where the service that asks is stopped: see `until`."""
        self._timeouts, self._longest, self._tries = timeouts, longest, tries
        self._intervals = INTERVALS if intervals is None else intervals
        self._sleep, self._clock = sleep, clock
        self._deadline = Deadline(clock)
        self._session = Session(self._deadline)
        self._session.headers.update({"User-Agent": user_agent(), "Accept-Encoding": "gzip"})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        etag: str = "",
        last_modified: str = "",
        limit: int = MAX_BYTES,
    ) -> Answer:
        """The answer to a GET; raises SourceError where there is none that can be used.

        A busy or failing server is asked again, later each time, and not before it says so.
        """
        known = {
            "If-None-Match": values.validator(etag, values.ETAG_LONGEST),
            "If-Modified-Since": values.validator(last_modified, values.LAST_MODIFIED_LONGEST),
        }
        headers = {name: value for name, value in known.items() if value}
        for attempt in range(1, self._tries + 1):
            try:
                return self._once(url, params, headers, limit)
            except BusyError as busy:
                wait = busy.after if busy.after is not None else back_off(attempt)
                if attempt == self._tries or wait > LONGEST_WAIT:
                    raise SourceError(f"{busy}{asked(busy.after)}") from None
                self._sleep(wait)
        raise SourceError("was not asked")  # for `tries` below 1

    def _once(
        self, url: str, params: Mapping[str, str | int] | None, headers: dict[str, str], limit: int
    ) -> Answer:
        """One try; its time-limit holds for all redirects together."""
        first = host_of(url)
        self._take_turn(first)
        self._deadline.start(self._longest)
        for _ in range(redirects.MOST + 1):
            host = host_of(url)
            # Validators are between us and the host that is asked first.
            known = headers if host == first else {}
            with self._reasons(host), self._asked(url, params, known) as response:
                location = response.headers.get("Location")
                if response.status_code not in redirects.STATUSES or location is None:
                    answer = self._answer(response, limit)
                    return answer if host == first else replace(answer, etag="", last_modified="")
                url, params = followed(response.url, location), None
            self._take_turn(host_of(url))
        raise SourceError(f"{first} answered with more than {redirects.MOST} redirects")

    def _take_turn(self, host: str) -> None:
        _turns.take(host, self._interval(host), clock=self._clock, sleep=self._sleep)

    def _asked(
        self, url: str, params: Mapping[str, str | int] | None, headers: dict[str, str]
    ) -> requests.Response:
        return self._session.get(
            url, params=params, headers=headers, timeout=self._timeouts, stream=True
        )

    @contextmanager
    def _reasons(self, host: str) -> Iterator[None]:
        """What libraries raise, as a reason: BusyError where another try may fare better."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise SourceError(f"{host}: no safe connection: {innermost(error)}") from None
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            if self._deadline.left <= 0:
                raise SourceError(f"{host} sent for more than {self._longest:g} seconds") from None
            raise BusyError(f"{host} did not answer within {self._timeouts[1]:g} seconds") from None
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.ProtocolError,
        ) as error:
            raise BusyError(f"{host} cannot be reached: {innermost(error)}") from None
        except (
            requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError
        ) as error:  # fmt: skip
            raise SourceError(f"{host}: {innermost(error)}") from None

    def _answer(self, response: requests.Response, limit: int) -> Answer:
        host = host_of(response.url)
        if response.status_code in BUSY:
            after = retry_after(response.headers.get("Retry-After", ""))
            raise BusyError(f"{host} answered HTTP {response.status_code}", after=after)
        if response.status_code not in (200, 304):
            said = self._said(response, host)
            raise SourceError(f"{host} answered HTTP {response.status_code}{said and ': ' + said}")
        content = b"" if response.status_code == 304 else self._body(response, host, limit)
        return Answer(
            status=response.status_code,
            content=content,
            etag=values.validator(response.headers.get("ETag", ""), values.ETAG_LONGEST),
            last_modified=values.validator(
                response.headers.get("Last-Modified", ""), values.LAST_MODIFIED_LONGEST
            ),
            content_type=response.headers.get("Content-Type", "")[:100],
            url=response.url,
        )

    def _said(self, response: requests.Response, host: str) -> str:
        """The words that come with a refusal, where they can be read."""
        try:
            with self._reasons(host):
                return words(self._body(response, host, MAX_BYTES))
        except (SourceError, BusyError):
            return ""

    def _body(self, response: requests.Response, host: str, limit: int) -> bytes:
        """The unpacked bytes, read as they come: a drip or a flood ends at once."""
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length[:15]) > limit:
            raise SourceError(too_big(host, limit))
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise SourceError(f"{host} sent {encoding[:40]!r}, which was not asked for")
        parts = iter(partial(response.raw.read1, PART, decode_content=False), b"")
        body = bytearray()
        for part in unpacked(parts, host) if encoding.endswith("gzip") else parts:
            body += part
            if len(body) > limit:
                raise SourceError(too_big(host, limit))
            if self._deadline.left <= 0:
                raise SourceError(f"{host} sent for more than {self._longest:g} seconds")
        return bytes(body)

    def _interval(self, host: str) -> float:
        for domain, interval in self._intervals.items():
            if host == domain or host.endswith("." + domain):
                return interval
        return INTERVAL


class BusyError(Exception):
    """No answer yet; `after` is how many seconds the server wants to be left alone."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


def followed(url: str, location: str) -> str:
    """The address that a redirect leads to."""
    try:
        return redirects.target(url, location)
    except ValueError as error:
        raise SourceError(f"{host_of(url)} {error}") from None


def unpacked(parts: Iterable[bytes], host: str) -> Iterator[bytes]:
    """What gzip packed (RFC 1952), never much at a time; what follows its last member is left."""
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    came = has_more = False
    for part in parts:
        came = True
        while part or has_more:
            if unpack.eof:
                if part[0] != GZIP:
                    return
                unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                plain = unpack.decompress(part, PART)
            except zlib.error as error:
                raise SourceError(f"{host} sent what cannot be unpacked: {error}") from None
            yield plain
            has_more = len(plain) == PART and not unpack.eof
            part = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if came and not unpack.eof:
        raise BusyError(f"{host} broke off in the middle of its answer")


def host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an address without a host"
    except ValueError:
        raise SourceError("an address that cannot be read") from None


def user_agent() -> str:
    return f"PaperRound/0.1 (+{settings.SITE_URL}; mailto:{settings.SOURCE_CONTACT})"


def back_off(attempt: int) -> float:
    """Seconds before the next try, spread so that many do not come back together."""
    return float(BACK_OFF * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))


def retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which says seconds or a date (RFC 9110, 10.2.3)."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}", value, re.A):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def asked(after: float | None) -> str:
    return f" and asks for {after:,.0f} seconds of rest" if after else ""


def too_big(host: str, limit: int) -> str:
    return f"{host} sent more than {limit / 1024 / 1024:,.0f} MB"


def words(content: bytes) -> str:
    """What an answer says, for a reason: without markup, cut."""
    text = re.sub(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", " ",
                  content[:20_000].decode("utf-8", "replace"), flags=re.S | re.I)  # fmt: skip
    return " ".join(text.split())[:200]


def innermost(error: BaseException) -> str:
    """The last of the reasons that libraries wrap in one another."""
    while True:
        inner = error.__cause__ or error.__context__ or next(
            (arg for arg in error.args if isinstance(arg, BaseException)), None
        )  # fmt: skip
        if inner is None:
            break
        error = inner
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
