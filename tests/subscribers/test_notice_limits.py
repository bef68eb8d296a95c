"""How often a reader is written to, however many ask for it at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from subscribers.models import Notice, Subscriber
from tests.factories import NOW, make_subscriber

THREADS = 12


def asked_at_once(subscriber: Subscriber, kind: str) -> list[bool]:
    """What each of many threads was told, each on a connection of its own."""
    gate = Barrier(THREADS)

    def ask(_: int) -> bool:
        gate.wait()
        try:
            return Notice.objects.queue(subscriber, kind, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, range(THREADS)))


@pytest.mark.parametrize("kind", ["sign_in", "already", "confirm"])
@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_gets_the_letter(kind):
    if connection.vendor == "sqlite":
        pytest.skip("threads share the tests' SQLite, which lies in memory; see below")

    answers = asked_at_once(make_subscriber(), kind)

    assert sorted(answers) == [False] * (THREADS - 1) + [True]
    assert Notice.objects.count() == 1


IN_A_FILE = """
import django
django.setup()
from django.core.management import call_command
from tests.factories import make_subscriber
from tests.subscribers.test_notice_limits import asked_at_once
call_command("migrate", verbosity=0)
readers = [make_subscriber() for _ in range(8)]
print([sum(asked_at_once(reader, "sign_in")) for reader in readers])
"""


def test_of_many_who_ask_at_once_one_gets_the_letter_on_sqlite_too(tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/it.sqlite3",
        "VAR_DIR": str(tmp_path),
        "REDIS_URL": "",
    }

    ran = subprocess.run(
        [sys.executable, "-c", IN_A_FILE], env=environment, capture_output=True, text=True
    )

    assert ran.stdout.strip() == str([1] * 8), ran.stderr
