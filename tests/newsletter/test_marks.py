"""The marks around a letter, and what is made of them when the database forgets some."""

import socket
import subprocess
from datetime import UTC, timedelta, timezone

import pytest
from django.db import connection

from newsletter import claims, sweeping
from newsletter.marks import Done, Marks, Next, Second
from newsletter.models import Attempt, Digest, Sender
from newsletter.outcomes import Outcome
from newsletter.schedule import LATE
from newsletter.senders import RESTART_PATIENCE, present
from newsletter.sqlite import utc
from tests.factories import NOW, make_digest

pytestmark = pytest.mark.django_db

SENT = Outcome(Attempt.Outcome.SENT, "answered", 250, "queued")
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs DATABASE_URL of PostgreSQL"
)


@pytest.fixture
def sender():
    with present(lambda: NOW) as sender:
        yield sender


def hand_over(marks: Marks, digest: Digest) -> Done:
    (held,) = claims.claim(marks.sender.pk, NOW, most=1)
    tried = marks.step(None, Next(held, digest.subscriber.email, ""), NOW)
    assert tried
    return Done(tried, SENT)


def crash_before_the_mark(digest: Digest, sender_id: int | None, status: str) -> None:
    """What PostgreSQL knows after a crash that forgot the last marks, but not the claim."""
    digest.attempt_log.all().delete()
    Digest.objects.filter(pk=digest.pk).update(status=status, sender=sender_id, attempts=0)


def outcome_of(digest: Digest) -> tuple[str, int, list[str]]:
    digest.refresh_from_db()
    return digest.status, digest.attempts, [a.outcome for a in digest.attempt_log.all()]


@pytest.mark.parametrize("was_taken_back", [False, True])
def test_a_letter_whose_mark_was_forgotten_is_written_down_as_sent(sender, was_taken_back):
    digest, marks = make_digest(), Marks(sender)
    done = hand_over(marks, digest)
    if was_taken_back:
        crash_before_the_mark(digest, None, "pending")
    else:
        crash_before_the_mark(digest, sender.pk, "claimed")

    settled = [marks.settle_late(done, NOW) for _ in range(2)]

    assert settled == [True, False]
    assert outcome_of(digest) == ("sent", 1, ["sent"])


def test_a_letter_that_another_sender_has_by_now_stays_theirs(sender):
    digest, marks = make_digest(), Marks(sender)
    done = hand_over(marks, digest)
    with present(lambda: NOW) as other:
        crash_before_the_mark(digest, other.pk, "claimed")

        settled = marks.settle_late(done, NOW)

        assert not settled
        assert outcome_of(digest) == ("claimed", 0, ["sent"])


def test_a_letter_settled_in_time_is_not_settled_again(sender):
    digest, marks = make_digest(), Marks(sender)
    done = hand_over(marks, digest)
    marks.step(done, None, NOW)

    settled = marks.settle_late(done, NOW + timedelta(minutes=1))

    assert not settled
    assert digest.attempt_log.get().finished_at == NOW


def test_an_erased_reader_leaves_nothing_to_settle(sender):
    digest, marks = make_digest(), Marks(sender)
    done = hand_over(marks, digest)
    digest.delete()

    assert not marks.settle_late(done, NOW)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's sequences do it")
@pytest.mark.parametrize("were_some", [False, True])
def test_each_attempt_has_an_id_that_nobody_else_gets(sender, were_some):
    marks, digest = Marks(sender), make_digest()
    if were_some:
        digest.attempt_log.create(number=1, started_at=NOW, outcome="retry")
    done = hand_over(marks, digest)

    with present(lambda: NOW) as other:
        others = hand_over(Marks(other), make_digest())
    another = digest.attempt_log.create(number=9, started_at=NOW)

    taken = [done.tried.attempt_id, others.tried.attempt_id, another.pk]
    assert len({*taken, *marks._ids}) == 3 + len(marks._ids)
    assert another.pk > max(marks._ids)


def test_a_letter_that_gets_too_late_while_others_are_marked_does_not_go(sender):
    marks = Marks(sender)
    due = make_digest().due_at
    make_digest()
    held = claims.claim(sender.pk, NOW, most=2)
    times = [due + LATE, due + LATE + timedelta(seconds=1)]

    tried = [
        marks.step(None, Next(digest, digest.subscriber.email, ""), now)
        for digest, now in zip(held, times, strict=True)
    ]

    assert [mark is not None for mark in tried] == [True, False]


def test_a_letter_accepted_at_its_second_try_keeps_nothing_of_its_refusal(sender):
    digest = make_digest(attempts=1, reason="451 greylisted", not_before=NOW)
    marks = Marks(sender)

    marks.step(hand_over(marks, digest), None, NOW + timedelta(seconds=1))

    assert outcome_of(digest) == ("sent", 2, ["sent"])
    assert (digest.reason, digest.not_before) == ("", None)
    assert (digest.sender, digest.claimed_at) == (None, None)
    assert digest.sent_at == NOW + timedelta(seconds=1)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="psycopg takes instants as they are")
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
@pytest.mark.parametrize("microsecond", [0, 1200])
def test_an_instant_is_written_as_django_writes_it(zone, microsecond):
    at = NOW.astimezone(zone).replace(microsecond=microsecond)

    written = Second(at.replace(microsecond=7), utc).written(at)

    assert utc(at) == written == connection.ops.adapt_datetimefield_value(at)


@on_postgresql
@pytest.mark.parametrize(("durable", "kept"), [("batch", 1), ("full", 0)])
def test_what_a_crash_may_forget_is_remembered_until_it_is_on_the_disk(
    sender, settings, durable, kept
):
    settings.SENDER_DURABLE = durable
    digest, marks = make_digest(), Marks(sender)
    done = hand_over(marks, digest)

    marks.step(done, None, NOW)

    assert len(marks.volatile) == kept


@on_postgresql
def test_a_restart_of_postgresql_leaves_living_senders_time_to_write_down(sender):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        restart = cursor.fetchone()[0]
    before = restart - timedelta(minutes=1)
    Sender.objects.filter(pk=sender.pk).update(started_at=before)
    digest = make_digest(due_at=restart)
    Digest.objects.filter(pk=digest.pk).update(status="claimed", sender=sender.pk)

    soon = sweeping.take_back(restart + timedelta(minutes=1))
    later = sweeping.take_back(restart + RESTART_PATIENCE)

    assert not soon["taken back"]
    assert later["taken back"] == 1


@on_postgresql
@pytest.mark.parametrize(
    ("host", "now", "taken_back"),
    [
        (None, timedelta(minutes=1), 1),
        ("elsewhere", timedelta(minutes=1), 0),
        ("elsewhere", timedelta(days=-30), 1),  # a clock that was set by hand
    ],
)
def test_a_restart_of_postgresql_spares_only_who_may_still_live(host, now, taken_back):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        restart = cursor.fetchone()[0]
    gone = subprocess.Popen(["true"])
    gone.wait()
    sender = Sender.objects.create(
        host=host or socket.gethostname(), pid=gone.pid, started_at=restart - timedelta(minutes=1)
    )
    digest = make_digest(due_at=restart)
    Digest.objects.filter(pk=digest.pk).update(status="claimed", sender=sender.pk)

    counts = sweeping.take_back(restart + now)

    assert counts["taken back"] == taken_back


def test_sqlite_marks_a_letter_without_a_temporary_table(sender):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has them")
    marks, asked = Marks(sender), []
    done, following = hand_over(marks, make_digest()), make_digest()
    (held,) = claims.claim(sender.pk, NOW, most=1)
    connection.connection.set_trace_callback(asked.append)

    marks.step(done, Next(held, following.subscriber.email, ""), NOW)

    connection.connection.set_trace_callback(None)
    marked = [sql for sql in asked if sql.startswith(("UPDATE", "INSERT"))]
    assert len(marked) == 4
    assert [sql for sql in marked if "OpenEphemeral" in steps(sql)] == []


def steps(sql: str) -> set[str]:
    return {row[1] for row in connection.connection.execute(f"EXPLAIN {sql}")}
