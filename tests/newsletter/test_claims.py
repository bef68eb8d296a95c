"""Letters are taken a few at a time, whatever lies in the table beside them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter import claims, delivery, letter
from newsletter.models import Digest, Sender
from newsletter.schedule import LATE
from tests.factories import NOW, make_digest, make_edition

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def make_sender(**fields) -> Sender:
    return Sender.objects.create(**{"host": "here", "pid": 1, "started_at": NOW, **fields})


def claimed(sender: Sender, **what) -> list[int]:
    return [digest.pk for digest in claims.claim(sender.pk, NOW, **what)]


def test_letters_of_several_editions_are_taken_in_order_of_the_editions():
    today, yesterday = make_edition(date=NOW.date()), make_edition(date=(NOW - DAY).date())
    late = make_digest(edition=yesterday)
    first, second, third = (make_digest(edition=today) for _ in range(3))

    assert claims.waiting(NOW, most=10) == 4
    assert claims.waiting(NOW, most=2) == 2
    assert claimed(make_sender(), most=2) == [first.pk, second.pk]
    assert claimed(make_sender(), most=2) == [late.pk, third.pk]
    assert claims.waiting(NOW, most=10) == 0


@pytest.mark.parametrize("status", ["paused", "held", "cancelled", "closed"])
def test_nothing_is_taken_of_an_edition_that_is_not_open(status):
    make_digest(edition=make_edition(status=status))

    assert claimed(make_sender(), most=2) == []
    assert claims.waiting(NOW, most=2) == 0


@pytest.mark.parametrize(
    ("waiting", "holding", "share"),
    [(40, 0, 10), (14, 0, 7), (14, 1, 4), (14, 3, 2), (3, 3, 2), (0, 0, 2)],
)
def test_a_share_is_the_smaller_the_less_is_left_and_the_more_senders_there_are(
    waiting, holding, share
):
    for _ in range(waiting):
        make_digest(papers=[])
    for _ in range(holding):
        make_digest(papers=[], status=Digest.Status.CLAIMED, sender=make_sender())

    assert claims.fair_share(make_sender().pk, most=10, least=2).letters == share


def test_taken_is_what_could_go_and_nothing_else():
    late, soon = NOW - LATE - timedelta(seconds=1), NOW + timedelta(seconds=1)
    ready = [{}, {"not_before": NOW}, {"due_at": NOW - LATE}, {"due_at": late, "kind": "first"}]
    not_ready = [
        {"due_at": soon},
        {"due_at": soon, "kind": "first"},
        {"due_at": late},
        {"not_before": soon},
        {"status": "sent", "sent_at": NOW},
    ]
    made = [make_digest(papers=[], **fields) for fields in ready + not_ready]
    expected = [digest.pk for digest in made[: len(ready)]]
    could_go = list(claims.claimable(NOW).order_by("pk").values_list("pk", flat=True))

    taken = claims.claim(make_sender().pk, NOW, most=len(made))

    assert [digest.pk for digest in taken] == could_go == expected


def test_a_choice_of_one_reader_takes_that_readers_letters_only():
    digest, _ = make_digest(papers=[]), make_digest(papers=[])
    choice = claims.Choice(email=digest.subscriber.email)

    taken = claims.claim(make_sender().pk, NOW, most=2, choice=choice)

    assert taken == [digest]


@pytest.mark.parametrize(("waiting", "sure"), [(3, 0), (4, 0), (7, 0), (8, 1), (16, 3), (40, 7)])
def test_where_much_is_left_a_sender_need_not_ask_each_time(waiting, sure):
    for _ in range(waiting):
        make_digest(papers=[])

    assert claims.fair_share(make_sender().pk, most=2, least=1) == (min(2, -(-waiting // 2)), sure)


def test_what_a_claimed_letter_prints_was_read_with_it():
    make_digest()
    (digest,) = claims.claim(make_sender().pk, NOW, most=1)
    left_out = digest.get_deferred_fields(), digest.subscriber.get_deferred_fields()

    (made,) = letter.print_batch([digest])

    assert made.to == digest.subscriber.email
    assert (digest.get_deferred_fields(), digest.subscriber.get_deferred_fields()) == left_out


def test_a_claimed_letter_is_read_as_django_reads_it():
    made = make_digest(updates=[{"paper": 1, "kind": "code", "detail": "x"}])

    (digest,) = claims.claim(make_sender().pk, NOW, most=1)

    row = Digest.objects.select_related("subscriber").get(pk=made.pk)
    for name in claims.PRINTED:
        assert getattr(digest, name) == getattr(row, name), name
        assert type(getattr(digest, name)) is type(getattr(row, name)), name
    for name in claims.PRINTED_OF_READER:
        assert getattr(digest.subscriber, name) == getattr(row.subscriber, name), name


def test_letters_that_a_sender_holds_already_are_not_given_to_it_again():
    sender = make_sender()
    make_digest()
    make_digest(status=Digest.Status.CLAIMED, sender=sender)
    make_digest()

    taken = claims.claim(sender.pk, NOW, most=3)

    assert len(taken) == 2


def test_claims_and_sweeps_do_not_read_over_the_letters_of_other_days():
    if connection.vendor != "sqlite":
        pytest.skip("its plans depend on what the tables hold")
    make_digest(status=Digest.Status.CLAIMED, sender=make_sender())
    make_digest()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        claimed(make_sender(), most=2)
        claims.waiting(NOW, most=2)
        delivery.sweep(NOW)
        claims.release(1)

    assert [step for query in asked for step in plan(query["sql"]) if reads_over(step)] == []


def plan(sql: str) -> list[str]:
    if not sql.startswith(("SELECT", "UPDATE")):
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
        return [row[3] for row in cursor.fetchall()]


def reads_over(step: str) -> bool:
    table = Digest._meta.db_table
    return step == f"SCAN {table}" or (table in step and "PRIMARY KEY (rowid>" in step)
