"""Real processes, a real relay, a real kill: nothing lost, nothing doubled without a mark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from tests.smtp_server import Do, Event, SmtpServer

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

LETTERS = 240  # more than one batch, so that two connections share them


@pytest.fixture
def environment(transactional_db, tmp_path):
    """A database that other processes can open: PostgreSQL's test one, or a file."""
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
        run(made, "manage.py", "migrate", "-v0")
    run(made, "-m", "tests.newsletter.many_digests", str(LETTERS))
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


def test_two_senders_at_once_send_each_letter_once(environment):
    with SmtpServer() as server:
        reached = through(server, environment)
        senders = [start(reached, "manage.py", "send_digests") for _ in range(2)]
        ends = [sender.wait(timeout=300) for sender in senders]

    assert ends == [0, 0]
    assert Counter(server.recipients).most_common(1)[0][1] == 1
    assert len(server.recipients) == LETTERS
    assert {row["status"] for row in ledger(environment).values()} == {"sent"}


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
