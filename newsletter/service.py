"""`manage.py run`: web, clock, sender and fetcher as one process tree, or Celery's parts."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter import rounds
from papers import ingest, vectors
from papers.models import VectorModel

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds between two looks for what a reader waits for
FETCH_LOOK_EVERY = 30.0
FIT_EVERY = timedelta(days=1)
GRACE = 45.0  # seconds that a part may take to finish what it holds
QUICK_DEATH = 5.0  # a part that lived shorter is started again ever more slowly
SLOWEST_RESTART = 60.0
PORT_PATIENCE = 3.0  # seconds in which the parts of a service that was killed leave the port


def refusal(bind: str) -> str:
    """Why the site cannot listen on HOST:PORT, in the system's words; empty where it can.

    A unix socket is not tried: gunicorn takes the place of one that was left behind.
    """
    if bind.startswith("unix:"):
        return ""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    until = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            # As gunicorn does it: a name is one of IPv4.
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, int(port)))
        except TypeError as error:  # no label of a name is that long
            return str(error)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                return error.strerror or str(error)
            time.sleep(0.1)
        else:
            return ""


# The parts, each a process of its own


def web(bind: str) -> None:
    """Serve the site: gunicorn in this process, its workers below it."""
    from gunicorn.app.wsgiapp import WSGIApplication  # reads sys.argv

    sys.argv = [
        "gunicorn", "newsletter.wsgi:application", "--bind", bind, "--workers", "2",
        "--threads", "4", "--log-level", "warning",
    ]  # fmt: skip
    WSGIApplication("%(prog)s").run()


def clock(_bind: str) -> None:
    """Tick every minute; between, look for who waits in front of the screen."""
    stop = _on_signal()
    last_minute = None
    while not stop.is_set():
        now = timezone.now()
        minute = now.replace(second=0, microsecond=0)
        if minute != last_minute:
            _guarded(lambda at: rounds.tick(at, send=False), now)
            last_minute = minute
        else:
            _guarded(rounds.at_once, now)
        stop.wait(LOOK_EVERY)


def sender(_bind: str) -> None:
    stop = _on_signal()
    while not stop.is_set():
        _guarded(lambda now: rounds.send_letters(now, stop=stop), timezone.now())
        stop.wait(LOOK_EVERY)


def fetcher(_bind: str) -> None:
    """Ask the sources when it is their time, and fit the vectors once a day."""
    stop = _on_signal()
    while not stop.is_set():
        _guarded(lambda now: ingest.fetch_due(now, stop=stop), timezone.now())
        if not stop.is_set():
            _guarded(fit_when_due, timezone.now())
        stop.wait(FETCH_LOOK_EVERY)


def fit_when_due(now: datetime) -> None:
    if not VectorModel.objects.filter(fitted_at__gt=now - FIT_EVERY).exists():
        vectors.fit(now)


def worker(_bind: str) -> None:
    from newsletter.celery import app

    app.worker_main(["worker", "--concurrency", "2", "--loglevel", settings.LOG_LEVEL])


def beat(_bind: str) -> None:
    from newsletter.celery import app

    app.start(["beat", "--loglevel", settings.LOG_LEVEL])


PARTS: Mapping[str, Callable[[str], None]] = {
    "web": web,
    "clock": clock,
    "sender": sender,
    "fetcher": fetcher,
    "worker": worker,
    "beat": beat,
}
EMBEDDED = ("web", "clock", "sender", "fetcher")
GROWN = ("web", "worker", "beat")


def parts() -> tuple[str, ...]:
    """What this service consists of: Celery does the work where there is a broker."""
    return GROWN if settings.REDIS_URL else EMBEDDED


def play(part: str, bind: str, *, lifeline: int | None) -> None:
    """Be one part until told to stop, or until whoever holds the lifeline's other end is gone."""
    if lifeline is not None:
        threading.Thread(target=_follow, args=(lifeline,), name="lifeline", daemon=True).start()
    PARTS[part](bind)


def _follow(lifeline: int) -> None:
    os.read(lifeline, 1)  # nothing is ever written: this returns when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


def _on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _guarded(step: Callable[[datetime], object], now: datetime) -> None:
    try:
        step(now)
    except Exception:
        # A part outlives whatever one round meets, a database that is away included.
        logger.exception("this round failed; the next one follows")
        connection.close()


# Their keeper


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    start_again_at: float | None = None


@dataclass
class Keeper:
    """Starts the parts, starts again what ends, and takes all down together.

    The parts hold the reading end of a pipe whose writing end lives here: when this process is
    killed, the pipe closes and they end as well, so that no orphan keeps the port.
    """

    bind: str
    names: Sequence[str]
    children: dict[str, Child] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lifeline, self.hold = os.pipe()

    def run(self) -> None:
        stop = _on_signal()
        for name in self.names:
            self._start(name)
        while not stop.wait(0.5):
            for child in list(self.children.values()):
                self._look_after(child)
        self._stop_all()

    def _start(self, name: str, failures: int = 0) -> None:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [
                sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "run", "--part", name,
                "--bind", self.bind, "--lifeline", str(self.lifeline),
            ],
            pass_fds=[self.lifeline],
        )  # fmt: skip
        self.children[name] = Child(name, process, time.monotonic(), failures)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                self._start(child.name, child.failures)
            return
        code = child.process.poll()
        if code is None:
            return
        lived = now - child.started
        child.failures = child.failures + 1 if lived < QUICK_DEATH else 0
        wait = min(SLOWEST_RESTART, 2.0**child.failures) if child.failures else 0.0
        logger.error("%s ended with %s; starting it again in %.0f s", child.name, code, wait)
        child.start_again_at = now + wait

    def _stop_all(self) -> None:
        living = [c.process for c in self.children.values() if c.process.poll() is None]
        for process in living:
            process.terminate()
        until = time.monotonic() + GRACE
        for process in living:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.error("a part did not stop within %.0f s and was killed", GRACE)
                process.kill()
                process.wait()
        os.close(self.hold)
