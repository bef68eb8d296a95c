"""Real processes, a real relay, a real kill: nothing lost, nothing doubled without a mark."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from newsletter.models import Attempt, Sender
from tests.smtp_server import Do, Event, SmtpServer

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

LETTERS = 240  # more than one batch, so that two connections share them
FEW = 160  # less than one batch
MANY = 900  # more than two processes claim at once


@pytest.fixture
def environment(request, transactional_db, tmp_path):
    """A database that other processes can open: PostgreSQL's test one, or a file; with letters."""
    url = f"sqlite:///{tmp_path / 'house.sqlite3'}"
    if connection.vendor == "postgresql":
        at = connection.settings_dict
        url = f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    made = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "DATABASE_URL": url,
        "VAR_DIR": str(tmp_path),
        "REDIS_URL": "",
        "MAIL_PROVIDER": "",
        "UNCERTAIN_GRACE": "0",
        "DEBUG": "true",
        "MAIL_CONNECTIONS": "2",
    }
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(tmp_path / "house.sqlite3")) as copy:
            connection.connection.backup(copy)
    run(made, "-m", "tests.newsletter.many_digests", str(getattr(request, "param", LETTERS)))
    return made


def start(environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def run(environment: dict[str, str], *command: str) -> str:
    process = start(environment, *command)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return out


def ledger(environment: dict[str, str]) -> dict[str, dict]:
    lines = run(environment, "manage.py", "export_deliveries").splitlines()
    return {row["address"]: row for row in map(json.loads, lines)}


def through(server: SmtpServer, environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}


@pytest.mark.parametrize("environment", [FEW], indirect=True)
def test_two_hosts_send_each_letter_of_a_small_edition_once_a_fair_part_each(environment):
    both, parts = threading.Barrier(2, timeout=120), Counter()

    def note(event: Event) -> None:
        if event.phase == "connect" and event.connection <= 2:
            both.wait()  # each has claimed by now
        if event.phase == "dot":
            parts[event.connection] += 1
            time.sleep(0.005)

    with SmtpServer(note) as server:
        alone = {**through(server, environment), "MAIL_CONNECTIONS": "1"}
        hosts = [{**alone, "VAR_DIR": f"{environment['VAR_DIR']}/{n}"} for n in range(2)]
        ends = [s.wait(timeout=300) for s in [start(h, "manage.py", "send_digests") for h in hosts]]

    assert ends == [0, 0]
    assert len(server.recipients) == len(set(server.recipients)) == FEW
    assert {row["status"] for row in ledger(environment).values()} == {"sent"}
    assert min(parts[1], parts[2]) >= FEW / 4


@pytest.mark.services
@pytest.mark.parametrize("environment", [MANY], indirect=True)
def test_two_hosts_with_one_redis_keep_the_rate_limit_together(environment):
    if connection.vendor != "postgresql" or not settings.REDIS_URL:
        pytest.skip("needs DATABASE_URL of PostgreSQL and REDIS_URL")
    rate, times = 250, []

    def note(event: Event) -> None:
        if event.phase == "dot":
            times.append(time.monotonic())

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("paper-round:bucket:relay")  # of the processes, not of this test
    with SmtpServer(note) as server:
        shared = {"REDIS_URL": settings.REDIS_URL, "MAIL_RATE": str(rate)}
        hosts = [
            {**through(server, environment), **shared, "VAR_DIR": f"{environment['VAR_DIR']}/{n}"}
            for n in range(2)
        ]
        ends = [s.wait(timeout=300) for s in [start(h, "manage.py", "send_digests") for h in hosts]]

    assert ends == [0, 0]
    assert Counter(server.recipients).most_common(1)[0][1] == 1
    assert len(server.recipients) == MANY
    senders = {row["sender"] for row in Attempt.objects.values("sender")}
    hosts_at_work = set(Sender.objects.filter(pk__in=senders).values_list("pid", flat=True))
    assert len(hosts_at_work) == 2
    # The limit holds in every span; a token is taken a moment before its letter's dot is seen.
    spans = [(b - a, n) for n in (2 * rate, MANY) for a, b in ends_of(sorted(times), n)]
    assert all(n <= rate + rate * (span + 0.5) for span, n in spans)


def ends_of(times: list[float], n: int) -> list[tuple[float, float]]:
    """First and last of every `n` in a row."""
    return list(zip(times, times[n - 1 :], strict=False))


@pytest.mark.parametrize("accepts", [True, False])
def test_a_killed_sender_loses_nothing_and_what_may_be_double_is_marked(environment, accepts):
    at_letter = threading.Semaphore(100)
    victim: list[subprocess.Popen[str]] = []

    def kill(event: Event) -> Do | None:
        if event.phase != "dot" or at_letter.acquire(blocking=False) or not victim:
            return None
        os.killpg(victim.pop().pid, signal.SIGKILL)
        return Do(accept=accepts, drop=True)

    with SmtpServer(kill) as server:
        reached = through(server, environment)
        victim.append(start(reached, "manage.py", "send_digests"))
        killed = victim[0]
        assert killed.wait(timeout=300) == -signal.SIGKILL
        run(reached, "manage.py", "send_digests")

    times = Counter(server.recipients)
    rows = ledger(environment)
    assert len(times) == LETTERS
    assert {row["status"] for row in rows.values()} == {"sent"}
    # Two connections of one process: each may have had one letter in flight.
    doubles = [address for address, n in times.items() if n > 1]
    assert len(doubles) <= 2
    assert all(rows[address]["uncertain_attempts"] for address in doubles)
