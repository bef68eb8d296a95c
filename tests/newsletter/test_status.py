"""What the operator sees of the service's health, always in a word."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from newsletter import status, throttle
from newsletter.models import DeliveryEvent, Edition
from papers.models import Fetch
from tests.factories import NOW, make_digest, make_edition, make_subscriber

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def seen(line: status.Line) -> tuple[str, str]:
    return line.colour.name, line.word


def fetched(minutes: int, outcome: str = "done", **fields) -> Fetch:
    return Fetch.objects.create(
        source="hf",
        target="2026-02-20",
        status=outcome,
        started_at=NOW - minutes * MINUTE,
        finished_at=NOW,
        **fields,
    )


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (None, ("RED", "never ran")),
        (1, ("GREEN", "on time")),
        (5, ("AMBER", "late")),
        (11, ("RED", "stopped")),
    ],
)
def test_the_clock_is_judged_by_its_last_tick(age, said):
    if age is not None:
        status.beat(status.TICK, now=NOW - 30 * MINUTE)
        status.beat(status.TICK, now=NOW - age * MINUTE)

    assert seen(status.clock(NOW)) == said


@pytest.mark.parametrize(
    ("fetches", "said"),
    [
        ([], ("AMBER", "not asked yet")),
        ([(10, "done")], ("GREEN", "on time")),
        ([(10, "unchanged")], ("GREEN", "on time")),
        ([(10, "partial")], ("AMBER", "partly refused")),
        ([(130, "done")], ("AMBER", "late")),
        ([(70, "done"), (10, "failed")], ("AMBER", "failed last time")),
        ([(1500, "done"), (10, "failed")], ("RED", "silent")),
        ([(10, "failed")], ("RED", "failing")),
        ([(10, "done"), (1, "running")], ("GREEN", "on time")),
    ],
)
def test_a_source_is_judged_by_its_ledger(fetches, said, settings):
    settings.FETCH_EVERY = 60
    for age, outcome in fetches:
        fetched(age, outcome, reason="HTTP 503" if outcome == "failed" else "")

    line = status.source("hf", NOW)

    assert seen(line) == said
    assert ("HTTP 503" in line.facts) == any(outcome == "failed" for _, outcome in fetches)


def test_a_source_tells_age_counts_and_the_next_run(settings):
    settings.FETCH_EVERY = 60
    fetched(12, new=119, changed=3)

    assert status.source("hf", NOW).facts == (
        "12 min ago: 119 new, 3 changed, 0 refused; next in 48 min"
    )


def test_an_edition_tells_what_became_of_its_letters():
    for state in ("sent", "delivered", "bounced", "pending"):
        make_digest(papers=[], status=state, sent_at=None if state == "pending" else NOW)
    make_digest(papers=[], status="skipped", reason="withdrew")

    line = status.edition_line(Edition.objects.get())

    assert line.facts == (
        "sent 3, failed 0, skipped 1, expired 0, delivered 1, bounced 1, complained 0, waiting 1"
    )
    assert seen(line) == ("AMBER", "many came back")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ("GREEN", "complete")),
        ({"status": "held", "reason": "complaint brake"}, ("RED", "held")),
        ({"status": "paused"}, ("AMBER", "paused")),
    ],
)
def test_an_edition_that_is_stopped_says_so(fields, said):
    edition = make_edition(**fields)

    line = status.edition_line(edition)

    assert seen(line) == said
    assert fields.get("reason", "") in line.facts


def test_an_older_held_edition_is_not_forgotten():
    make_edition(status="held")
    make_edition(date=NOW.date() + timedelta(days=1))

    words = [line.word for line in status.editions()]

    assert words == ["complete", "held", "none yet"]


@pytest.mark.parametrize(
    ("late", "said"),
    [(None, "empty"), (5, "moving"), (31, "slow"), (121, "stuck"), (-60, "empty")],
)
def test_the_queue_is_judged_by_its_oldest_letter(late, said):
    if late is not None:
        make_digest(papers=[], due_at=NOW - late * MINUTE)

    assert status.queue(NOW).word == said


def test_a_paused_way_out_says_how_long_and_why(settings):
    settings.MAIL_PROVIDER, settings.REDIS_URL = "resend", ""
    throttle.pause("provider:resend", 300, "HTTP 401", now=NOW)

    line = next(status.ways_out(NOW))

    assert (line.name, line.word, line.facts) == (
        "provider:resend",
        "paused",
        "for 5 min: HTTP 401",
    )


def test_a_redis_that_is_down_is_told_quickly(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    started = time.monotonic()
    line = status.redis_line()

    assert seen(line) == ("AMBER", "does not answer")
    assert time.monotonic() - started < 1.5


def test_the_next_letters_are_named():
    assert status.next_letters(NOW).word == "nobody"
    make_subscriber(timezone="Europe/Berlin", hour=9)

    assert status.next_letters(NOW).facts == "08:00 UTC, in 60 min"


def test_a_zone_that_no_clock_knows_any_more_goes_by_utc():
    make_subscriber(timezone="Mars/Olympus_Mons", hour=9)

    assert status.next_letters(NOW).facts == "09:00 UTC, in 2 h"


def test_events_that_wait_are_counted():
    DeliveryEvent.objects.create(
        provider="x", event_key="1", kind="bounced", received_at=NOW - timedelta(hours=2)
    )

    line = status.events(NOW)

    assert (line.word, line.facts) == ("slow", "1, the oldest from 2 h ago")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (90, "90 s"), (150, "2 min"), (7200, "2 h"), (260_000, "3 days")],
)
def test_times_are_said_in_one_unit(seconds, said):
    assert status.span(timedelta(seconds=seconds)) == said


def test_the_page_is_for_staff(client):
    assert client.get("/status/").status_code == 302

    client.force_login(User.objects.create_user("reader"))
    assert client.get("/status/").status_code == 302

    client.force_login(User.objects.create_user("op", is_staff=True))
    page = client.get("/status/").content.decode()
    assert "Something is wrong." in page
    assert "never ran" in page
    assert "noindex" in page


def test_more_letters_cost_no_more_queries(client):
    client.force_login(User.objects.create_user("op", is_staff=True))
    counts = []
    for _ in range(2):
        for _ in range(5):
            make_digest(papers=[])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/status/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_probe_sees_the_database_and_the_clock(client, monkeypatch):
    assert client.get("/healthz").json() == {"database": "answers", "tick": "never ran"}

    def gone(now):
        raise OperationalError("gone")

    monkeypatch.setattr(status, "clock", gone)
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (503, {"database": "does not answer"})


def test_a_probe_may_ask_by_the_machines_own_address(client):
    response = client.get("/healthz", headers={"host": "10.0.0.7:8000"})

    assert response.status_code == 200
    assert response.json()["database"] == "answers"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert client.post("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 405


@pytest.mark.parametrize("address", ["/", "/healthz/", "/healthz2", "/status/"])
def test_all_else_is_refused_under_an_unknown_name_and_says_why(client, caplog, address):
    response = client.get(address, headers={"host": "other.example.net"})

    page = response.content.decode()
    assert response.status_code == 400
    assert "This address is not served here" in page
    assert f'href="{django_settings.SITE_URL}/"' in page
    assert "too many fields" not in page
    assert "other.example.net" in caplog.text
    assert "ALLOWED_HOSTS" in caplog.text


def test_a_form_of_too_many_fields_is_told_so(client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3

    response = client.post("/", {f"field{n}": "1" for n in range(9)})

    assert response.status_code == 400
    assert "too many fields" in response.content.decode()
