"""The grown form, for real: Redis, a worker and a beat of their own, and a letter that arrives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from newsletter.models import Digest
from papers import scoring
from papers.models import Fetch
from tests.factories import make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

PATIENCE = 90.0  # seconds; two interpreters must first start on a busy machine


@pytest.fixture
def broker():
    if not django_settings.REDIS_URL:
        pytest.skip("needs REDIS_URL")
    url = urlsplit(django_settings.REDIS_URL)._replace(path="/11").geturl()
    client = redis.Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()


@pytest.fixture
def celery(broker, tmp_path):
    """Worker and beat on the test's own database, Redis and outbox."""
    if connection.vendor != "postgresql":
        pytest.skip("needs DATABASE_URL of PostgreSQL")
    server = connection.settings_dict
    environment = {
        **os.environ,
        "DEBUG": "true",
        "DATABASE_URL": (
            f"postgres://{server['USER']}:{server['PASSWORD']}@{server['HOST']}:{server['PORT']}"
            f"/{server['NAME']}"
        ),
        "REDIS_URL": broker,
        "VAR_DIR": str(tmp_path),
        "EMAIL_URL": "",
        "MAIL_PROVIDER": "",
    }
    log = (tmp_path / "celery.log").open("wb")
    commands = (
        ["worker", "--concurrency", "1", "--loglevel", "INFO"],
        ["beat", "--loglevel", "INFO", "--max-interval", "1"],
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.celery_fast", *command],
            cwd=Path(__file__).resolve().parents[2],
            env=environment,
            stdout=log,
            stderr=log,
        )
        for command in commands
    ]
    yield tmp_path
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(60)
    log.close()


def arrived(folder: Path) -> list[Path]:
    return sorted((folder / "outbox").glob("*.eml"))


def test_a_due_reader_gets_a_letter_from_worker_and_beat(celery):
    now = timezone.now()
    topic = make_topic(name="Offline reinforcement learning", keywords=["offline RL"])
    papers = [
        make_paper(title=f"Offline RL for robot arm {n}", first_mentioned_on=now.date())
        for n in range(4)
    ]
    papers += [make_paper(first_mentioned_on=now.date()) for _ in range(5)]
    scoring.refresh([paper.pk for paper in papers], now=now)
    Fetch.objects.create(
        source="hf", target="today", status="done", started_at=now, finished_at=now
    )
    reader = make_subscriber(
        topics=[topic],
        hour=now.hour,
        timezone="UTC",
        confirmed_at=now - timedelta(days=10),
        rhythm_since=now - timedelta(days=1),
    )

    letters = Digest.objects.filter(subscriber=reader, status=Digest.Status.SENT)
    until = time.monotonic() + PATIENCE
    while not letters.exists() and time.monotonic() < until:
        time.sleep(0.2)

    log = (celery / "celery.log").read_text(errors="replace")[-3000:]
    assert (letters.count(), len(arrived(celery))) == (1, 1), log
    text = arrived(celery)[0].read_text()
    assert f"X-Envelope-To: {reader.email}" in text
    assert "Offline RL for robot arm" in text
