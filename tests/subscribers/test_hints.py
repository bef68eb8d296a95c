import time
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection

from subscribers import hints


@pytest.fixture
def published(monkeypatch):
    calls = []
    monkeypatch.setattr(hints, "publish", lambda name, args: calls.append((name, args)))
    return calls


@pytest.mark.django_db
def test_without_redis_a_hint_does_nothing(settings, published, django_capture_on_commit_callbacks):
    settings.REDIS_URL = ""

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        hints.hint("newsletter.tasks.tick")

    assert callbacks == []


@pytest.mark.django_db
def test_a_hint_is_published_after_the_commit(
    settings, published, django_capture_on_commit_callbacks
):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    with django_capture_on_commit_callbacks(execute=True):
        hints.hint("newsletter.tasks.send", 7)
        before_commit = list(published)
    hints._waiting.join()

    assert before_commit == []
    assert published == [("newsletter.tasks.send", (7,))]


@pytest.mark.django_db
def test_a_broker_that_is_away_costs_the_request_nothing(
    settings, caplog, django_capture_on_commit_callbacks
):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there

    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        hints.hint("newsletter.tasks.tick")
    took = time.monotonic() - began
    hints._waiting.join()

    assert took < 0.5
    assert "could not hint at newsletter.tasks.tick" in caplog.text


def test_a_hint_that_nobody_took_in_a_minute_is_forgotten(settings):
    settings.REDIS_URL = "memory://"

    hints.publish("newsletter.tasks.notices", ())

    with Connection("memory://") as broker:
        task = broker.SimpleQueue("celery").get(timeout=1).headers
    left = datetime.fromisoformat(task["expires"]) - datetime.now(UTC)
    assert task["task"] == "newsletter.tasks.notices"
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
