from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from newsletter import delivery, digests, preflight, rounds, status
from newsletter.models import Digest, Heartbeat
from papers import scoring
from papers.models import Fetch
from subscribers import notices
from subscribers.models import Subscriber
from tests.factories import NOW, make_digest, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def due_reader():
    """One reader whose hour is NOW, with papers that fit them."""
    Fetch.objects.create(
        source="hf", target="x", status="done", started_at=NOW, finished_at=NOW - timedelta(hours=1)
    )
    topic = make_topic(name="Offline reinforcement learning", keywords=["offline RL"])
    papers = [make_paper(title=f"Offline RL for robot arm {n}") for n in range(5)]
    papers += [make_paper() for _ in range(5)]
    scoring.refresh([paper.pk for paper in papers], now=NOW)
    return make_subscriber(
        topics=[topic],
        hour=7,
        confirmed_at=NOW - timedelta(days=10),
        rhythm_since=NOW - timedelta(hours=1),
    )


def test_one_tick_builds_and_sends_the_letter_that_is_due(due_reader):
    counts = rounds.tick(NOW)

    assert counts[rounds.ERRORS] == 0
    assert counts["built pending"] == 1
    assert Digest.objects.get(subscriber=due_reader).status == Digest.Status.SENT


def test_a_second_tick_in_the_same_minute_changes_nothing(due_reader):
    rounds.tick(NOW)

    counts = rounds.tick(NOW)

    assert (counts["built pending"], counts["letters sent"]) == (0, 0)
    assert Digest.objects.count() == 1


def test_a_step_that_fails_is_counted_and_the_others_are_done(due_reader, monkeypatch):
    def broken(*, now):
        raise RuntimeError("the relay bit")

    monkeypatch.setattr(notices, "send_due", broken)

    counts = rounds.tick(NOW)

    assert counts[rounds.ERRORS] == 1
    assert Digest.objects.get().status == Digest.Status.SENT


def test_a_tick_is_noted_for_the_status_page():
    rounds.tick(NOW)

    assert Heartbeat.objects.get(name=status.TICK).beat_at == NOW


def test_a_pause_that_is_over_ends_with_the_tick():
    reader = make_subscriber(
        status=Subscriber.Status.PAUSED,
        confirmed_at=NOW - timedelta(days=9),
        paused_until=NOW - timedelta(minutes=1),
    )

    rounds.tick(NOW)

    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE


def test_a_newcomer_need_not_wait_for_the_minute(due_reader):
    Subscriber.objects.filter(pk=due_reader.pk).update(confirmed_at=NOW, hour=20)

    rounds.at_once(NOW)

    assert Digest.objects.get().kind == Digest.Kind.FIRST


def test_no_letter_leaves_without_a_postal_address(settings):
    settings.DEBUG, settings.POSTAL_ADDRESS = False, ""
    digest = make_digest()

    counts = rounds.send_letters(NOW)

    digest.refresh_from_db()
    assert (counts, digest.status) == (Counter(), Digest.Status.PENDING)
    assert "POSTAL_ADDRESS" in preflight.forbids_sending()


def test_the_command_says_what_it_did_and_fails_where_a_step_failed(
    due_reader, monkeypatch, capsys
):
    call_command("tick", now=NOW)
    said = capsys.readouterr().out

    monkeypatch.setattr(delivery, "sweep", lambda now: 1 / 0)
    with pytest.raises(CommandError, match="1 steps failed"):
        call_command("tick", now=NOW)

    assert "built pending: 1" in said


def test_the_command_takes_an_instant_and_refuses_nonsense(monkeypatch):
    ticked = []
    monkeypatch.setattr(rounds, "tick", lambda now, send: ticked.append((now, send)) or Counter())

    call_command("tick", "--now", "2026-02-20T08:00:00+01:00", "--no-send")
    with pytest.raises(CommandError, match="it looks like 2026-02-20T07:00:00Z"):
        call_command("tick", "--now", "tomorrow")

    assert ticked == [(datetime(2026, 2, 20, 7, tzinfo=UTC), False)]


def test_an_edition_is_built_by_hand_and_nothing_is_sent(due_reader, capsys):
    call_command("build_edition", now=NOW, dry_run=True)
    assert Digest.objects.count() == 0

    call_command("build_edition", now=NOW)

    assert Digest.objects.get().status == Digest.Status.PENDING
    assert "daily 2026-02-20: 1 readers due" in capsys.readouterr().out


def test_only_the_asked_for_date_is_built(due_reader):
    call_command("build_edition", now=NOW, date=NOW.date() - timedelta(days=1))

    left = [reader.subscriber_id for *_, due in digests.all_due(NOW) for reader in due]
    assert left == [due_reader.pk]
    assert not Digest.objects.filter(edition__date=NOW.date()).exists()
