"""Readers of whom nothing was heard: asked once, then paused, and back with one click."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter import digests, dormancy, letter, rounds, status
from newsletter.models import Digest, Edition
from papers import scoring
from papers.models import Fetch
from subscribers.models import ConsentEvent, Subscriber
from tests.factories import make_digest, make_edition, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 2, 16, 7, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO = MONDAY - 61 * DAY
PAUSED = MONDAY + 31 * DAY  # for the letter left a moment after its hour


@pytest.fixture
def topic():
    return make_topic(name="Offline reinforcement learning", keywords=["offline RL"])


def reader(topic, **fields):
    fields = {"hour": 7, "confirmed_at": LONG_AGO, "rhythm_since": LONG_AGO, **fields}
    return make_subscriber(topics=[topic], **fields)


def play(now):
    """The minute `now` of a service whose sources list two fitting papers a day."""
    Fetch.objects.create(
        source="hf", target=f"{now}", status="done", started_at=now, finished_at=now
    )
    listed = {"published_at": now, "first_mentioned_on": now.date()}
    papers = [make_paper(title=f"Offline RL for robot arm {n}", **listed) for n in range(2)]
    papers += [make_paper(**listed) for _ in range(3)]
    status.beat(status.TICK, now=now - timedelta(minutes=1))  # or it looks like a restored backup
    with time_machine.travel(now, tick=False):
        scoring.refresh([paper.pk for paper in papers], now=now)
        return rounds.tick(now)


def play_days(first, last):
    """Ticks of these days after MONDAY; what they did, by day."""
    return {day: play(MONDAY + day * DAY) for day in range(first, last + 1)}


def kinds(subscriber):
    """Of their letters, but for those of days that were not played."""
    rows = subscriber.digests.exclude(reason=digests.TOO_LATE).order_by("due_at")
    return list(rows.values_list("kind", "status"))


ASKED, LETTER = ("still_useful", "sent"), ("regular", "sent")


def test_a_dormant_reader_is_asked_once_and_letters_go_on(topic):
    ada = reader(topic)

    play_days(0, 3)

    assert kinds(ada) == [ASKED, LETTER, LETTER, LETTER]
    question = ada.digests.get(kind="still_useful")
    assert not question.entries.exists()
    assert "We have not heard from you for two months." in letter.email(question).body


@pytest.mark.parametrize(
    "sign",
    [
        {"last_seen_at": MONDAY - 59 * DAY},
        {"rhythm_since": MONDAY - 59 * DAY},
        {"confirmed_at": MONDAY - 59 * DAY},
    ],
)
def test_any_sign_of_life_within_sixty_days_keeps_the_question_away(topic, sign):
    ada = reader(topic, **sign)

    play(MONDAY)

    assert kinds(ada) == [LETTER]


def test_a_weekly_reader_is_asked_on_their_day(topic):
    wes = reader(topic, cadence="weekly", weekdays=0b0000010)

    play_days(0, 1)

    assert kinds(wes) == [ASKED]
    assert wes.digests.get().edition.cadence == Edition.Cadence.WEEKLY


def test_thirty_days_of_silence_after_the_question_pause_a_reader(topic):
    ada = reader(topic)

    counts = play_days(0, 32)

    ada.refresh_from_db()
    assert {day: n["paused"] for day, n in counts.items() if n["paused"]} == {31: 1}
    assert (ada.status, ada.paused_until) == (Subscriber.Status.PAUSED, None)
    assert max(ada.digests.values_list("due_at", flat=True)) == PAUSED - DAY
    assert [kind for kind, _ in kinds(ada)].count("still_useful") == 1
    event = ConsentEvent.objects.get()
    assert (event.kind, event.door, event.subscriber) == ("paused", "clock", ada)


def test_a_letter_that_waits_for_a_paused_reader_is_not_sent(topic):
    ada = reader(topic)
    play(MONDAY)
    today = make_edition(date=PAUSED.date())
    waiting = make_digest(subscriber=ada, edition=today, due_at=PAUSED, built_at=PAUSED)

    play(PAUSED)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("skipped", "reader is paused")


@pytest.mark.parametrize("word", ["keep", "weekly"])
@pytest.mark.parametrize("after", [5, 40])
def test_an_answer_keeps_or_brings_back_the_letters(topic, client, word, after):
    ada = reader(topic)
    play(MONDAY)
    token = ada.digests.get(kind="still_useful").view_token
    if after > 31:
        play(PAUSED)
    with time_machine.travel(MONDAY + after * DAY, tick=False):
        page = client.post(f"/e/{token}/{word}")

    play_days(42, 48)

    ada.refresh_from_db()
    assert page.status_code == 200
    assert ada.status == Subscriber.Status.ACTIVE
    assert ada.cadence == ("weekly" if word == "weekly" else "daily")
    assert ada.digests.filter(due_at__gt=PAUSED + 10 * DAY, kind="regular").exists()
    assert [kind for kind, _ in kinds(ada)].count("still_useful") == 1


def test_opening_the_answers_page_brings_nobody_back(topic, client):
    ada = reader(topic)
    play(MONDAY)
    play(PAUSED)

    client.get(f"/e/{ada.digests.get(kind='still_useful').view_token}/keep")

    ada.refresh_from_db()
    assert ada.status == Subscriber.Status.PAUSED


def test_a_reader_who_falls_silent_again_is_asked_again(topic):
    ada = reader(topic)
    play(MONDAY)
    Subscriber.objects.update(last_seen_at=MONDAY + DAY)

    for day in (61, 62, 63):
        play(MONDAY + day * DAY)

    assert kinds(ada) == [ASKED, LETTER, ASKED, LETTER]


@pytest.mark.parametrize(
    ("became", "reason"), [("failed", "no such mailbox"), ("expired", "late"), ("bounced", "full")]
)
def test_a_question_that_did_not_arrive_pauses_nobody_and_comes_again(topic, became, reason):
    ada = reader(topic)
    play(MONDAY)
    Digest.objects.filter(kind="still_useful").update(status=became, reason=reason)

    play(MONDAY + DAY)
    play(PAUSED)

    ada.refresh_from_db()
    assert kinds(ada) == [("still_useful", became), ASKED, LETTER]
    assert ada.status == Subscriber.Status.ACTIVE


def test_who_was_asked_before_a_long_standstill_is_asked_anew_and_not_paused(topic):
    ada = reader(topic)
    play(MONDAY)

    play(MONDAY + 100 * DAY)

    ada.refresh_from_db()
    assert kinds(ada) == [ASKED, ASKED]
    assert ada.status == Subscriber.Status.ACTIVE


def test_many_are_paused_page_by_page_each_with_a_proof(topic, monkeypatch):
    monkeypatch.setattr(dormancy, "PAGE", 3)
    silent = [reader(topic) for _ in range(7)]
    alive = reader(topic)
    play(MONDAY)
    Subscriber.objects.filter(pk=alive.pk).update(last_seen_at=MONDAY + 9 * DAY)

    counts = play(PAUSED)

    assert counts["paused"] == 7
    events = ConsentEvent.objects.filter(kind="paused")
    assert {event.subscriber for event in events} == set(silent)
    assert Subscriber.objects.get(status="active") == alive


def test_the_question_costs_no_query_a_reader(topic):
    def queries_for(number, hour):
        for _ in range(number):
            reader(topic, hour=hour)
        with CaptureQueriesContext(connection) as captured:
            digests.build_due(MONDAY + timedelta(hours=hour - 7))
        return len(captured)

    Fetch.objects.create(
        source="hf", target="x", status="done", started_at=MONDAY, finished_at=MONDAY
    )
    queries_for(1, 7)

    assert queries_for(2, 8) == queries_for(9, 9)
